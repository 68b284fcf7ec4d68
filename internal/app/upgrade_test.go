//go:build integration

package app_test

import (
	"database/sql"
	"testing"

	"avow/internal/pgtest"
	"avow/internal/store"
)

// A rolling upgrade migrates first, then replaces replicas one by one: meanwhile this release works on the schema of the next. What that will be nobody knows, but what
// it may do is known: add tables, indexes and columns that have a default. The engines of this file are databases to which all of that has been done.

// nextRelease are its changes on either engine.
var nextRelease = []string{
	`CREATE TABLE next_table (id TEXT NOT NULL PRIMARY KEY)`,
	`CREATE INDEX next_index ON accounts (status)`,
	`INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, TRUE)`,
}

// nextColumn goes to every table.
const nextColumn = ` ADD COLUMN next_release TEXT NOT NULL DEFAULT 'unknown to this release'`

func nextPostgres(t *testing.T) string {
	t.Helper()
	database := pgtest.URL(t)
	pgtest.Exec(t, database, nextRelease...)
	pgtest.Exec(t, database, `DO $$ DECLARE name TEXT; BEGIN
  FOR name IN SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_name NOT LIKE 'goose%' LOOP
    EXECUTE 'ALTER TABLE ' || name || $next$`+nextColumn+`$next$;
  END LOOP;
END $$`)
	return database
}

func nextSQLite(t *testing.T) string {
	t.Helper()
	file := migrated(t)
	database := "sqlite:" + file
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	statements := nextRelease
	for _, table := range tables(t, db) {
		statements = append(statements, "ALTER TABLE "+table+nextColumn)
	}
	for _, s := range statements {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
	return database
}

func tables(t *testing.T, db *sql.DB) []string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'goose%' AND name NOT LIKE 'sqlite%'`)
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
