package store

import (
	"io/fs"
	"path"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestMigrationsAreAlike holds the two engines' schemas together: the same steps, the same tables; only the type of bytes has two names.
func TestMigrationsAreAlike(t *testing.T) {
	t.Parallel()
	lite, post := migrationTexts(t, "migrations/sqlite"), migrationTexts(t, "migrations/postgres")
	if len(lite) == 0 {
		t.Fatal("got no migrations, want some")
	}
	if diff := cmp.Diff(lite, post); diff != "" {
		t.Errorf("got PostgreSQL +, want as SQLite -:\n%s", diff)
	}
}

// migrationTexts reads the steps of an engine by file name, white space folded.
func migrationTexts(t *testing.T, folder string) map[string]string {
	t.Helper()
	names, err := fs.Glob(migrations, folder+"/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, name := range names {
		text, err := fs.ReadFile(migrations, name)
		if err != nil {
			t.Fatal(err)
		}
		texts[path.Base(name)] = strings.Join(strings.Fields(strings.ReplaceAll(string(text), "BYTEA", "BLOB")), " ")
	}
	return texts
}
