package store

import (
	"io/fs"
	"path"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestMigrationsAreAlike holds the two engines' steps together. That they make the same tables is for a test that has both engines.
func TestMigrationsAreAlike(t *testing.T) {
	t.Parallel()
	lite, post := stepNames(t, "migrations/sqlite"), stepNames(t, "migrations/postgres")
	if len(lite) == 0 {
		t.Fatal("got no migrations, want some")
	}
	if diff := cmp.Diff(lite, post); diff != "" {
		t.Errorf("got PostgreSQL +, want as SQLite -:\n%s", diff)
	}
}

func stepNames(t *testing.T, folder string) []string {
	t.Helper()
	names, err := fs.Glob(migrations, folder+"/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for i := range names {
		names[i] = path.Base(names[i])
	}
	return names
}
