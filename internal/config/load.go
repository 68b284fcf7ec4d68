package config

import (
	"errors"
	"log/slog"
	"reflect"

	"github.com/caarlos0/env/v11"
)

// Load reads and checks every setting.
//
// flags holds the flags that were given, keyed by [Setting].Flag; environ has
// the form of os.Environ. A flag wins over the environment, and NAME_FILE names
// a file that holds the value of NAME. A value without any text, or with nothing
// but commas, counts as unset.
//
// The error is an [*Error] with all problems at once.
func Load(profile Profile, flags map[string]string, environ []string) (Config, error) {
	cfg, err := Read(profile, flags, environ)
	if err != nil {
		return Config{}, err
	}
	return cfg, nil
}

// Read is Load for whoever wants to look at what can be read although there are problems: a setting with a problem may have any value.
func Read(profile Profile, flags map[string]string, environ []string) (Config, error) {
	var found problems
	values := gather(&found, flags, environ)
	cfg := parse(&found, values)
	cfg.Profile = profile
	(&checker{problems: &found, values: values, cfg: &cfg}).run()
	return cfg, found.err()
}

// parse turns the texts into typed fields.
func parse(found *problems, values map[string]string) Config {
	var cfg Config
	err := env.ParseWithOptions(&cfg, env.Options{Environment: values, FuncMap: parsers})
	var all env.AggregateError
	if !errors.As(err, &all) {
		return cfg
	}
	for _, one := range all.Errors {
		var wrong env.ParseError
		if errors.As(one, &wrong) {
			found.add(nameOfField(wrong.Name), "%s", explain(wrong))
		} else {
			// Only a mistake in the tags of Config gets here.
			found.add("settings", "%v", one)
		}
	}
	return cfg
}

// explain gives the text for an error that env found in a field.
func explain(wrong env.ParseError) string {
	if wrong.Type == reflect.TypeFor[slog.Level]() {
		// slog's own sentence does not list the levels.
		return "want debug, info, warn or error"
	}
	return wrong.Err.Error()
}
