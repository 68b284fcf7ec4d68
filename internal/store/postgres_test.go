//go:build integration

package store_test

import (
	"context"
	"os"
	"testing"

	"avow/internal/pgtest"
	"avow/internal/store"
	"avow/internal/storetest"
)

func TestMain(m *testing.M) {
	os.Exit(pgtest.Main(m, func(ctx context.Context, url string) error { return store.Migrate(ctx, url, func(string) {}) }))
}

// TestPostgres runs the suite on PostgreSQL.
func TestPostgres(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) storetest.Store {
		t.Helper()
		return openPostgres(t, pgtest.URL(t))
	})
}

// TestPgBouncer runs it through a pooler that gives every transaction another server connection, on which nothing can stay prepared.
func TestPgBouncer(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) storetest.Store {
		t.Helper()
		return openPostgres(t, pgtest.Bouncer(t, pgtest.URL(t))+"&default_query_exec_mode=exec")
	})
}

func openPostgres(t *testing.T, url string) storetest.Store {
	t.Helper()
	s, err := store.Open(context.Background(), store.Options{URL: url, Keys: storetest.Keys(t), Connections: 8})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}
