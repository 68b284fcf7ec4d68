package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"reflect"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"avow/internal/app"
	"avow/internal/config"
	"avow/internal/event"
)

// session is one run of a command.
type session struct {
	ctx   context.Context
	env   environment
	json  bool
	flags map[string]string
}

// settingFlags holds one flag for every setting that is no secret, built from the settings' own list.
type settingFlags struct {
	names []string
	value reflect.Value
}

func newSettingFlags() *settingFlags {
	f := &settingFlags{}
	var fields []reflect.StructField
	for _, s := range config.Settings() {
		if s.Secret {
			continue
		}
		tag := fmt.Sprintf(`name:%q help:%q group:"Settings (flag or environment variable)" placeholder:"VALUE"`, s.Flag, s.Name+". "+s.Help)
		fields = append(fields, reflect.StructField{Name: "S" + strconv.Itoa(len(fields)), Type: reflect.TypeFor[*string](), Tag: reflect.StructTag(tag)})
		f.names = append(f.names, s.Flag)
	}
	f.value = reflect.New(reflect.StructOf(fields))
	return f
}

// target is the struct that the parser fills.
func (f *settingFlags) target() any { return f.value.Interface() }

// given returns the flags that stood on the command line.
func (f *settingFlags) given() map[string]string {
	given := map[string]string{}
	for i, name := range f.names {
		if text, ok := f.value.Elem().Field(i).Interface().(*string); ok && text != nil {
			given[name] = *text
		}
	}
	return given
}

func (s *session) config(p config.Profile) (config.Config, error) {
	return config.Load(p, s.flags, s.env.vars)
}

// options are what an App is made of in this process.
func (s *session) options(c config.Config, publicURL string) app.Options {
	return app.Options{
		Config: c, PublicURL: publicURL, Log: s.logger(c), Random: rand.Reader, Version: version,
		Now: func() time.Time { return time.Now().UTC().Truncate(time.Microsecond) },
	}
}

func (s *session) logger(c config.Config) *slog.Logger {
	o := &slog.HandlerOptions{Level: c.LogLevel}
	if c.LogFormat == config.LogJSON || c.LogFormat == config.LogAuto && !terminal(s.env.err) {
		return slog.New(slog.NewJSONHandler(s.env.err, o))
	}
	return slog.New(slog.NewTextHandler(s.env.err, o))
}

func terminal(w any) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// with opens the database that the settings name, also while a server runs on it, and closes it after use.
func (s *session) with(use func(*app.App) error) error {
	c, err := s.config(config.Command)
	if err != nil {
		return err
	}
	if err := app.UseKeyFile(&c); err != nil {
		return err
	}
	a, err := app.New(s.ctx, s.options(c, c.PublicURL))
	if err != nil {
		return err
	}
	err = use(a)
	if closed := a.Close(); err == nil {
		err = closed
	}
	return err
}

// print shows one value: a line of JSON, or its members one a line for people.
func (s *session) print(v any) error {
	if s.json {
		line, err := event.Marshal(v)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(s.env.out, "%s\n", line)
		return err
	}
	table := tabwriter.NewWriter(s.env.out, 0, 0, 2, ' ', 0)
	value := reflect.ValueOf(v)
	for _, field := range reflect.VisibleFields(value.Type()) {
		if field.Anonymous {
			continue
		}
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		fmt.Fprintf(table, "%s\t%s\n", name, plain(value.FieldByIndex(field.Index).Interface()))
	}
	return table.Flush()
}

func plain(v any) string {
	if text, ok := v.(string); ok {
		return text
	}
	if text, ok := v.(fmt.Stringer); ok {
		return text.String()
	}
	line, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(line)
}

// list shows values one after the other; for people with an empty line between them, or a word when there are none.
func list[T any](s *session, all []T) error {
	if len(all) == 0 && !s.json {
		_, err := fmt.Fprintln(s.env.out, "none")
		return err
	}
	for i, one := range all {
		if i > 0 && !s.json {
			fmt.Fprintln(s.env.out)
		}
		if err := s.print(one); err != nil {
			return err
		}
	}
	return nil
}

// done tells people that something was carried out; scripts see the exit code.
func (s *session) done(what string) error {
	if s.json {
		return nil
	}
	_, err := fmt.Fprintln(s.env.out, what)
	return err
}

// stamp shows an instant; never is empty.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
