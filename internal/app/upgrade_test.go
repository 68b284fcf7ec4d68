//go:build integration

package app_test

import (
	"database/sql"
	"path/filepath"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"avow/internal/pgtest"
	"avow/internal/store"
)

// A rolling upgrade migrates first, then replaces replicas one by one: meanwhile this release works on the schema of the next. What that will be nobody knows, but what
// it may do is known: add columns that have a default, indexes and tables. The engines of this file are databases to which all of that has been done.

// nextColumn is added to every table; names of columns or their number are all that this release may rely on, not both.
const nextColumn = ` ADD COLUMN next_release TEXT NOT NULL DEFAULT 'unknown to this release'`

// tablesOf lists the tables of an engine.
var tablesOf = map[string]string{
	"sqlite": `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'goose%' AND name NOT LIKE 'sqlite%'`,
	"pgx":    `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_name NOT LIKE 'goose%'`,
}

func nextPostgres(t *testing.T) string {
	t.Helper()
	database := pgtest.URL(t)
	upgrade(t, "pgx", database)
	return database
}

func nextSQLite(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "next.db")
	database := "sqlite:" + file
	if err := store.Migrate(t.Context(), database, func(string) {}); err != nil {
		t.Fatal(err)
	}
	upgrade(t, "sqlite", file)
	return database
}

// upgrade does to a database what the next release's migration may do.
func upgrade(t *testing.T, driver, name string) {
	t.Helper()
	db, err := sql.Open(driver, name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	statements := []string{
		`CREATE TABLE next_table (id TEXT NOT NULL PRIMARY KEY)`,
		`CREATE INDEX next_index ON accounts (status)`,
		`INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, TRUE)`,
	}
	for _, table := range names(t, db, tablesOf[driver]) {
		statements = append(statements, "ALTER TABLE "+table+nextColumn)
	}
	for _, s := range statements {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

func names(t *testing.T, db *sql.DB, query string) []string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var found []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		found = append(found, name)
	}
	if len(found) < 10 {
		t.Fatalf("got %d tables, want all", len(found))
	}
	return found
}

// TestOlderReleaseServes reads the schema's state as `serve` does before it starts.
func TestOlderReleaseServes(t *testing.T) {
	t.Parallel()
	for _, database := range []string{nextPostgres(t), nextSQLite(t)} {
		status, err := store.Status(t.Context(), database)
		if err != nil || status.Version != 9999 || status.Latest >= status.Version {
			t.Errorf("got %+v, %v, want version 9999, newer than what this release needs", status, err)
		}
		s, err := store.Open(t.Context(), store.Options{URL: database})
		if err != nil {
			t.Fatalf("got %v, want the newer schema served", err)
		}
		_ = s.Close()
	}
}
