//go:build integration

package app_test

import (
	"context"
	"os"
	"testing"

	"avow/internal/pgtest"
	"avow/internal/store"
)

func TestMain(m *testing.M) {
	engines["postgres"] = func(t *testing.T) string { return pgtest.URL(t) }
	os.Exit(pgtest.Main(m, func(ctx context.Context, url string) error { return store.Migrate(ctx, url, func(string) {}) }))
}
