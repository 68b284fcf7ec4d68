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
		s, err := store.Open(context.Background(), store.Options{URL: pgtest.URL(t), Keys: storetest.Keys(t), Connections: 8})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return s
	})
}
