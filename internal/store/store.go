// Package store keeps everything that avow must not lose. It holds every SQL statement, next to the code that reads its rows.
//
// Every change is load → decide → save: the state that a decision needs is read, a pure function decides, everything it returns is written and committed, and only
// then does the caller hear the outcome. What a change writes is guarded by the version that was loaded. Changes that wait at the same time share a transaction.
package store

import (
	"context"
	"strings"
	"sync"
	"time"

	"avow/internal/access"
)

// Store is the database behind the rules' ports.
type Store struct {
	engine engine
	keys   *access.Keyring
	wake   func() // called after a commit that brought deliveries
	close  func() error

	purgings map[string]*purging
}

// Options is what a Store is made of.
type Options struct {
	URL         string // sqlite:FILE or postgres://…
	Connections int    // to PostgreSQL; 0: the driver's choice
	Keys        *access.Keyring
	Wake        func() // called after a commit that brought deliveries; may be nil

	Grouped func(changes int, took time.Duration) // told of each group of changes that shared a transaction; may be nil
}

// Open opens a database whose schema is up to date. ErrSchema: it is older than this program needs.
func Open(ctx context.Context, o Options) (*Store, error) {
	status, err := Status(ctx, o.URL)
	if err != nil {
		return nil, err
	}
	if err := status.check(); err != nil {
		return nil, err
	}
	if o.Grouped == nil {
		o.Grouped = func(int, time.Duration) {}
	}
	e, err := openEngine(ctx, o)
	if err != nil {
		return nil, err
	}
	s := &Store{engine: e, keys: o.Keys, wake: o.Wake, close: sync.OnceValue(e.close), purgings: newPurgings()}
	if s.wake == nil {
		s.wake = func() {}
	}
	return s, nil
}

func openEngine(ctx context.Context, o Options) (engine, error) {
	if isPostgres(o.URL) {
		return openPostgres(ctx, o)
	}
	return openSQLite(ctx, o)
}

func isPostgres(url string) bool {
	return strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://")
}

func fileOf(url string) string { return strings.TrimPrefix(url, "sqlite:") }

// Ready reports whether the database answers.
func (s *Store) Ready(ctx context.Context) error {
	b := &batch{}
	b.query("SELECT 1", func(scan scanner) error { return scan(new(int64)) })
	return s.view(ctx, b)
}

// Close closes the database when the calls under way are done. Calls that come later fail; closing again does nothing.
func (s *Store) Close() error { return s.close() }
