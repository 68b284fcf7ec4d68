//go:build integration

package store

import (
	"context"
	"database/sql"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pressly/goose/v3"

	"avow/internal/access"
	"avow/internal/account"
	"avow/internal/pgtest"
	"avow/internal/skill"
	"avow/internal/storetest"
)

// bothEngines are the addresses of an empty database of each engine.
func bothEngines(t *testing.T) map[string]string {
	t.Helper()
	post := pgtest.URL(t)
	execute(t, post, "DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
	return map[string]string{"sqlite": "sqlite:" + filepath.Join(t.TempDir(), "a.db"), "postgres": post}
}

func database(t *testing.T, url string) *sql.DB {
	t.Helper()
	db, err := dialectOf(url).open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func execute(t *testing.T, url string, statements ...string) {
	t.Helper()
	db := database(t, url)
	for _, s := range statements {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// columnsOf lists every column of every table with its type, whether it may be NULL and what it is by default.
var columnsOf = map[string]string{
	"sqlite": `SELECT m.name || '.' || p.name || ' ' || lower(p.type) || CASE WHEN p."notnull" THEN ' not null' ELSE '' END || COALESCE(' ' || p.dflt_value, '')
FROM sqlite_master m JOIN pragma_table_info(m.name) p WHERE m.type = 'table' AND m.name NOT LIKE 'goose%' AND m.name NOT LIKE 'sqlite%' ORDER BY 1`,
	"postgres": `SELECT table_name || '.' || column_name || ' ' || data_type || CASE WHEN is_nullable = 'NO' THEN ' not null' ELSE '' END || COALESCE(' ' || column_default, '')
FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE 'goose%' ORDER BY 1`,
}

var indexesOf = map[string]string{
	"sqlite":   `SELECT name || ' ' || tbl_name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name NOT LIKE 'goose%' ORDER BY 1`,
	"postgres": `SELECT indexname || ' ' || tablename FROM pg_indexes WHERE schemaname = 'public' AND tablename NOT LIKE 'goose%' AND indexname NOT LIKE '%_key' AND indexname NOT LIKE '%_pkey' ORDER BY 1`,
}

// TestTablesAreAlike holds the two engines' schemas together: the same tables, columns and indexes; only the type of bytes has two names.
func TestTablesAreAlike(t *testing.T) {
	t.Parallel()
	got := map[string][]string{}
	for engine, url := range bothEngines(t) {
		if err := Migrate(t.Context(), url, func(string) {}); err != nil {
			t.Fatal(err)
		}
		got[engine] = append(lines(t, url, columnsOf[engine]), lines(t, url, indexesOf[engine])...)
	}
	if len(got["sqlite"]) < 50 {
		t.Errorf("got %d columns, want all", len(got["sqlite"]))
	}
	if diff := cmp.Diff(got["sqlite"], got["postgres"]); diff != "" {
		t.Errorf("got PostgreSQL +, want as SQLite -:\n%s", diff)
	}
}

func lines(t *testing.T, url, query string) []string {
	t.Helper()
	rows, err := database(t, url).QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var found []string
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		found = append(found, strings.NewReplacer(" blob", " bytea", "::text", "").Replace(line))
	}
	return found
}

// oldRows are what version 2 of the schema held: an account with a code, a verification with two skills and two items, a session without what is given in it.
const oldRows = `INSERT INTO organisations VALUES ('org_1', 'acme', '{}', FALSE, 1);
INSERT INTO accounts VALUES ('a1', 'org_1', 'a@example.com', 'a@example.com', 'created', FALSE, FALSE, '', '{}', 1, 1, 7);
INSERT INTO account_codes VALUES ('a1', 'verify_email', 'org_1', 'r1', HASH, 3, 'dlv_1', 11, 12);
INSERT INTO skill_users VALUES ('org_1', 'live', 'u1', 'Anna', 'a@example.com', 'a@example.com', '', NULL, 1, 5);
INSERT INTO verifications VALUES ('org_1', 'live', 'v1', 'u1', 'key_1', 's', 'https://c.example', 'Anna', 'human', '', 1, 0, 0);
INSERT INTO verification_skills VALUES ('org_1', 'live', 'v1', 1, 'k2', 'B', '[]', 'verified', 21, 'reviewer', 2), ('org_1', 'live', 'v1', 0, 'k1', 'A "q"', '["https://p.example"]', 'pending', 0, '', 2);
INSERT INTO verification_items VALUES ('org_1', 'live', 'v1', 0, 'rec_1', 'project', 'p1', 'P', '', 'D', 0, NULL), ('org_1', 'live', 'v1', 1, 'rec_2', 'certificate', 'c1', 'C', 'O', '', NULL, NULL);
INSERT INTO sessions VALUES ('org_1', 'live', 'v1', HASH, '[{"projectId":"p1","name":"P"}]', '[]', '[]', '[]', 1, 99)`

// TestDocumentsKeepWhatRowsHeld migrates a filled database of version 2.
func TestDocumentsKeepWhatRowsHeld(t *testing.T) {
	t.Parallel()
	hashes := map[string]string{"sqlite": "X'" + strings.Repeat("ab", 32) + "'", "postgres": "'\\x" + strings.Repeat("ab", 32) + "'::bytea"}
	for engine, url := range bothEngines(t) {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			upTo(t, url, 2)
			execute(t, url, strings.Split(strings.ReplaceAll(oldRows, "HASH", hashes[engine]), ";\n")...)
			if err := Migrate(t.Context(), url, func(string) {}); err != nil {
				t.Fatal(err)
			}
			expectOldRows(t, url)
		})
	}
}

func upTo(t *testing.T, url string, version int64) {
	t.Helper()
	if !isPostgres(url) {
		if err := makeFile(fileOf(url)); err != nil {
			t.Fatal(err)
		}
	}
	err := withProvider(url, func(p *goose.Provider) error {
		_, err := p.UpTo(t.Context(), version)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func expectOldRows(t *testing.T, url string) {
	t.Helper()
	s, err := Open(context.Background(), Options{URL: url, Keys: storetest.Keys(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	at := func(us int64) time.Time { return time.UnixMicro(us).UTC() }
	hash := hashFrom([]byte(strings.Repeat("\xab", 32)))
	a, err := s.View(t.Context(), account.Key{Name: account.Named(account.ByID, "a1")})
	wantCode := &account.Code{ID: "r1", Hash: hash, Wrong: 3, Delivery: "dlv_1", CreatedAt: at(11), ExpiresAt: at(12)}
	if diff := cmp.Diff(wantCode, a.Code); err != nil || diff != "" {
		t.Errorf("code: %v, got (+), want (-):\n%s", err, diff)
	}
	v, err := s.ViewVerification(t.Context(), skill.Subject{Verification: "v1"})
	wantSkills := []skill.Skill{
		{ID: "k1", Name: `A "q"`, ProofURLs: []string{"https://p.example"}, Status: skill.Pending, CreatedAt: at(2)},
		{ID: "k2", Name: "B", ProofURLs: []string{}, Status: skill.Verified, VerifiedAt: at(21), VerifiedBy: skill.ByReviewer, CreatedAt: at(2)},
	}
	wantItems := []skill.Item{
		{Source: skill.Source{Kind: skill.Project, ID: "p1"}, RecordID: "rec_1", Title: "P", Description: "D", Start: at(0)},
		{Source: skill.Source{Kind: skill.Certificate, ID: "c1"}, RecordID: "rec_2", Title: "C", Organisation: "O"},
	}
	if diff := cmp.Diff(wantSkills, v.Skills) + cmp.Diff(wantItems, v.Items); err != nil || diff != "" {
		t.Errorf("documents: %v, got (+), want (-):\n%s", err, diff)
	}
	wantSession := &skill.Session{
		Hash: hash, Owner: access.Owner{Org: "org_1", Mode: "live"}, Verification: "v1", SkillIDs: []string{}, CreatedAt: at(1), ExpiresAt: at(99),
		Lists: skill.NewLists([]byte(`[{"projectId":"p1","name":"P"}]`), nil, nil),
	}
	if diff := cmp.Diff(wantSession, v.Session); diff != "" {
		t.Errorf("session: got (+), want (-):\n%s", diff)
	}
}
