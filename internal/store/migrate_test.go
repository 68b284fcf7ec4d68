package store

import (
	"io/fs"
	"path"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// postgresNames gives PostgreSQL's names to what SQLite calls otherwise: bytes, and the functions that make JSON.
var postgresNames = strings.NewReplacer("BLOB", "BYTEA", "json_group_array", "json_agg", "json_object", "json_build_object", "json(k.proof_urls)", "k.proof_urls::json",
	"k.position)", "k.position)::text", "i.position)", "i.position)::text")

// TestMigrationsAreAlike holds the two engines' schemas together: the same steps, the same tables.
func TestMigrationsAreAlike(t *testing.T) {
	t.Parallel()
	lite, post := migrationTexts(t, "migrations/sqlite", postgresNames), migrationTexts(t, "migrations/postgres", strings.NewReplacer())
	if len(lite) == 0 {
		t.Fatal("got no migrations, want some")
	}
	if diff := cmp.Diff(lite, post); diff != "" {
		t.Errorf("got PostgreSQL +, want as SQLite -:\n%s", diff)
	}
}

// migrationTexts reads the steps of an engine by file name, renamed and white space folded.
func migrationTexts(t *testing.T, folder string, rename *strings.Replacer) map[string]string {
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
		texts[path.Base(name)] = strings.Join(strings.Fields(rename.Replace(string(text))), " ")
	}
	return texts
}
