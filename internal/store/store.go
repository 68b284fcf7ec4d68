// Package store keeps everything that avow must not lose. It holds every SQL statement, next to the code that reads its rows.
//
// Every change is load → decide → save in one transaction: the state that a decision needs is read, a pure function decides, everything it returns is written and
// committed, and only then does the caller hear the outcome. What a change reads is guarded by the version that was loaded.
package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"avow/internal/access"
)

// Store is the database behind the rules' ports.
type Store struct {
	engine engine
	keys   *access.Keyring
	wake   func() // called after a commit that brought deliveries
	close  func() error
}

// Options is what a Store is made of.
type Options struct {
	URL  string // sqlite:FILE
	Keys *access.Keyring
	Wake func() // called after a commit that brought deliveries; may be nil
}

// Open opens a database whose schema is up to date. ErrSchema: it is not.
func Open(ctx context.Context, o Options) (*Store, error) {
	file, ok := strings.CutPrefix(o.URL, "sqlite:")
	if !ok {
		return nil, errors.New("the database URL must have the form sqlite:FILE")
	}
	status, err := Status(ctx, o.URL)
	if err != nil {
		return nil, err
	}
	if status.Version < status.Latest {
		return nil, fmt.Errorf("%w: it is at version %d and this avow needs %d", ErrSchema, status.Version, status.Latest)
	}
	e, err := openSQLite(ctx, file)
	if err != nil {
		return nil, err
	}
	s := &Store{engine: e, keys: o.Keys, wake: o.Wake, close: sync.OnceValue(e.close)}
	if s.wake == nil {
		s.wake = func() {}
	}
	return s, nil
}

// Ready reports whether the database answers.
func (s *Store) Ready(ctx context.Context) error { return s.engine.ready(ctx) }

// Close closes the database when the calls under way are done. Calls that come later fail; closing again does nothing.
func (s *Store) Close() error { return s.close() }
