package app

import (
	"errors"
	"path/filepath"
	"testing"
)

// TestOneTakesOver has two processes' worth of workers want the same file.
func TestOneTakesOver(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "avow.db.lock")
	first, err := lockFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lockFile(name); !errors.Is(err, errLocked) {
		t.Errorf("got %v for the second, want %v", err, errLocked)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := lockFile(name); err != nil {
		t.Errorf("got %v after the first has gone, want none", err)
	}
}
