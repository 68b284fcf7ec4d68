package pgtest

import (
	"testing"

	"github.com/jackc/pgx/v5"
)

// Exec runs statements on a database, each by itself, for tests that do to it what the product does not.
func Exec(t testing.TB, url string, statements ...string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	for _, statement := range statements {
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatalf("pgtest: %s: %v", statement, err)
		}
	}
}
