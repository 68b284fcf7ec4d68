//go:build integration

package app_test

import (
	"context"
	"os"
	"testing"

	"avow/internal/pgtest"
	"avow/internal/redistest"
	"avow/internal/store"
)

func TestMain(m *testing.M) {
	engines["postgres"] = func(t *testing.T) string { return pgtest.URL(t) }
	engines["replicas"] = func(t *testing.T) string {
		database := pgtest.URL(t)
		replicated.Store(database, true)
		return database
	}
	startRedis = func(t *testing.T) string { return redistest.Start(t).URL }
	engines["postgres+redis"] = func(t *testing.T) string {
		database := pgtest.URL(t)
		caches.Store(database, startRedis(t))
		return database
	}
	contractEngines["postgres of the next release"], contractEngines["sqlite of the next release"] = nextPostgres, nextSQLite
	os.Exit(pgtest.Main(m, func(ctx context.Context, url string) error { return store.Migrate(ctx, url, func(string) {}) }))
}
