package store_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"avow/internal/store"
	"avow/internal/storetest"
)

func open(t *testing.T) storetest.Store {
	t.Helper()
	ctx, url := context.Background(), "sqlite:"+filepath.Join(t.TempDir(), "avow.db")
	if err := store.Migrate(ctx, url, func(string) {}); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(ctx, store.Options{URL: url, Keys: storetest.Keys(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// TestSQLite runs the suite on the embedded database.
func TestSQLite(t *testing.T) {
	t.Parallel()
	storetest.Run(t, open)
}

// TestOpenRefusesAnOldSchema keeps a server from working on tables that it does not know.
func TestOpenRefusesAnOldSchema(t *testing.T) {
	t.Parallel()
	url := "sqlite:" + filepath.Join(t.TempDir(), "avow.db")
	_, err := store.Open(context.Background(), store.Options{URL: url, Keys: storetest.Keys(t)})
	if !errors.Is(err, store.ErrSchema) {
		t.Errorf("got %v, want %v", err, store.ErrSchema)
	}
}
