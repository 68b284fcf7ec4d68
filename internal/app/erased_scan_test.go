package app_test

import (
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"avow/internal/access"
)

// heap is one place where something may lie: a column of a row, a file, a dump, a key of Redis, the log.
type heap struct{ where, text string }

// further are the places that only engines have which come with the tag integration: a dump, Redis.
var further []func(b *bench) []heap

// places are all places, what is sealed there opened as well. Tables are those of the catalogue, so that a new one is among them by itself.
func (b *bench) places() []heap {
	b.Helper()
	all := b.rows()
	if file, ok := strings.CutPrefix(b.config.DatabaseURL, "sqlite:"); ok {
		files, err := filepath.Glob(file + "*")
		b.must(err)
		for _, name := range files {
			text, err := os.ReadFile(name)
			b.must(err)
			all = append(all, heap{"file " + filepath.Base(name), string(text)})
		}
	}
	for _, more := range further {
		all = append(all, more(b)...)
	}
	return append(all, heap{"log", b.log.String()})
}

// catalogues list the tables of a database.
var catalogues = map[string]string{
	"sqlite": `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'`,
	"pgx":    `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'`,
}

// rows are all columns of all rows of all tables.
func (b *bench) rows() (all []heap) {
	b.Helper()
	driver, source := "pgx", b.config.DatabaseURL
	if file, ok := strings.CutPrefix(source, "sqlite:"); ok {
		driver, source = "sqlite", file
	}
	db, err := sql.Open(driver, source)
	b.must(err)
	defer func() { _ = db.Close() }()
	tables := 0
	for _, table := range b.selected(db, catalogues[driver]) {
		tables++
		for _, row := range b.selected(db, "SELECT * FROM "+table.text) {
			all = append(all, heap{"table " + table.text + ", " + row.where, row.text})
			all = append(all, b.opened("table "+table.text+", "+row.where, row.text)...)
		}
	}
	if tables < 15 {
		b.Fatalf("got %d tables, want all", tables)
	}
	return all
}

// selected are the columns of a query's answer, by their names.
func (b *bench) selected(db *sql.DB, query string) (all []heap) {
	b.Helper()
	rows, err := db.QueryContext(b.Context(), query)
	b.must(err)
	defer func() { _ = rows.Close() }()
	names, err := rows.Columns()
	b.must(err)
	for rows.Next() {
		values, targets := make([]any, len(names)), make([]any, len(names))
		for i := range values {
			targets[i] = &values[i]
		}
		b.must(rows.Scan(targets...))
		for i, v := range values {
			if raw, ok := v.([]byte); ok {
				v = string(raw)
			}
			all = append(all, heap{names[i], fmt.Sprint(v)})
		}
	}
	b.must(rows.Err())
	return all
}

// opened is what a text holds if it is sealed for any purpose.
func (b *bench) opened(where, text string) (all []heap) {
	b.Helper()
	keys := b.keys()
	for _, purpose := range []access.Purpose{access.ForSessionCache, access.ForDelivery, access.ForCapture, access.ForKeySecret, access.ForEndpointSecret} {
		if plain, err := keys.Open(purpose, []byte(text)); err == nil {
			all = append(all, heap{where + ", opened", string(plain)})
			all = append(all, inner(where, plain)...)
		}
	}
	return all
}

// inner are the members of a JSON text that hold another text in base64, as the body of a webhook is kept.
func inner(where string, plain []byte) (all []heap) {
	var members map[string]any
	if json.Unmarshal(plain, &members) != nil {
		return nil
	}
	for name, v := range members {
		text, _ := v.(string)
		if deep, err := base64.StdEncoding.DecodeString(text); err == nil && len(deep) > 0 {
			all = append(all, heap{where + ", opened, " + name, string(deep)})
		}
	}
	return all
}

// spellings are the forms in which a value may lie somewhere; exact ones are compared with regard to case.
func spellings(value string) (folded, exact []string) {
	quoted, _ := json.Marshal(value)
	ascii := strings.Trim(fmt.Sprintf("%+q", value), `"`)
	folded = []string{value, url.QueryEscape(value), url.PathEscape(value), hex.EncodeToString([]byte(value)), strings.Trim(string(quoted), `"`), ascii}
	for i := range folded {
		folded[i] = strings.ToLower(folded[i])
	}
	for shift := range 3 { // wherever in a text it begins
		padded := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("\x00", shift) + value))
		exact = append(exact, padded[(shift*8+5)/6:len(padded)-1])
	}
	for _, text := range exact[:3] {
		exact = append(exact, strings.NewReplacer("+", "-", "/", "_").Replace(text))
	}
	return folded, exact
}

// found tells where a value lies.
func found(value string, places []heap) (where []string) {
	folded, exact := spellings(value)
	for _, p := range places {
		lower := strings.ToLower(p.text)
		hit := false
		for _, s := range folded {
			hit = hit || strings.Contains(lower, s)
		}
		for _, s := range exact {
			hit = hit || strings.Contains(p.text, s)
		}
		if hit {
			where = append(where, p.where)
		}
	}
	return where
}
