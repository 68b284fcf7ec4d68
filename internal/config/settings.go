package config

import (
	"cmp"
	"reflect"
	"slices"
	"strings"
)

// Setting describes one setting to the command line and to the docs.
type Setting struct {
	// Name is the environment variable, such as AVOW_DATABASE_URL.
	Name string
	// Flag is the flag without dashes, such as database-url; empty for secrets.
	Flag string
	// Default is for people to read: a value, or words where it depends on
	// something. Never pass it to [Load] as if it had been given.
	Default string
	// Help is one line of plain text.
	Help string
	// Secret settings have no flag and are never shown.
	Secret bool
}

// Settings lists every setting in the order of the docs.
func Settings() []Setting {
	var list []Setting
	for _, field := range fields() {
		list = append(list, describe(field))
	}
	return list
}

func describe(field reflect.StructField) Setting {
	s := Setting{
		Name:    field.Tag.Get("env"),
		Default: cmp.Or(field.Tag.Get("default"), field.Tag.Get("envDefault")),
		Help:    field.Tag.Get("help"),
		Secret:  field.Tag.Get("secret") == "true",
	}
	if !s.Secret {
		s.Flag = flagOf(field, s.Name)
	}
	return s
}

func flagOf(field reflect.StructField, name string) string {
	if flag := field.Tag.Get("flag"); flag != "" {
		return flag
	}
	return strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(name, prefix)), "_", "-")
}

func settingNames() []string {
	var names []string
	for _, s := range Settings() {
		names = append(names, s.Name)
	}
	return names
}

// fields are the fields of Config that hold a setting.
func fields() []reflect.StructField {
	all := reflect.VisibleFields(reflect.TypeFor[Config]())
	return slices.DeleteFunc(all, func(f reflect.StructField) bool { return f.Tag.Get("env") == "-" })
}

func nameOfField(field string) string {
	found, _ := reflect.TypeFor[Config]().FieldByName(field)
	return found.Tag.Get("env")
}
