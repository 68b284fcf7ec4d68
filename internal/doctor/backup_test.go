//go:build integration

package doctor

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"avow/internal/access"
	"avow/internal/pgtest"
	"avow/internal/store"
	"avow/internal/storetest"
)

// TestBackupOfPostgreSQL runs the commands of docs/operations.md: what was there at the dump is there after the restore, and the doctor finds the database well.
func TestBackupOfPostgreSQL(t *testing.T) {
	t.Parallel()
	database := pgtest.URL(t)
	s, err := store.Open(t.Context(), store.Options{URL: database, Keys: storetest.Keys(t)})
	if err != nil {
		t.Fatal(err)
	}
	err = s.CreateOrganisation(t.Context(), access.Organisation{ID: "org_1", Name: "acme"})
	if closed := s.Close(); err != nil || closed != nil {
		t.Fatal(err, closed)
	}
	text, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	_, block, _ := strings.Cut(string(text), "<!-- run -->\n```sh\npg_dump")
	block, _, _ = strings.Cut("pg_dump"+block, "```")
	dump, restore, found := strings.Cut(strings.TrimSpace(block), "\n")
	if !found {
		t.Fatalf("got %q, want a dump and a restore", block)
	}
	programs, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	run := func(command string) {
		t.Helper()
		shell := exec.Command("sh", "-euc", command)
		shell.Env = append(os.Environ(), "BACKUP="+t.TempDir(), "AVOW_DATABASE_URL="+regexp.MustCompile(`[?&]pool_\w+=\d+`).ReplaceAllString(database, ""),
			"PATH="+strings.Join(append(programs, os.Getenv("PATH")), ":"))
		if out, err := shell.CombinedOutput(); err != nil {
			t.Fatalf("%s: got %v and %s, want it carried out", command, err, out)
		}
	}
	run(dump + "\npsql -q \"$AVOW_DATABASE_URL\" -c \"DELETE FROM organisations\"\n" + restore)
	environ, _ := settled(t)
	after := examine(t, append(environ, "AVOW_DATABASE_URL="+database))
	want(t, after, "schema", OK, "up to date")
	want(t, after, "data", OK, "1 organisations")
}
