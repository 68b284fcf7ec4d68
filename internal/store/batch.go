package store

import (
	"context"
	"errors"
	"time"

	"avow/internal/access"
)

// A batch is a list of statements that travel to the database together: one round trip where the engine is at the other end of a line.
type batch struct{ statements []statement }

type statement struct {
	sql     string
	args    []any
	row     func(scan scanner) error // called for each row; nil: no rows are asked for
	guarded bool                     // exactly one row must change, else the state that the change was decided on is stale
}

// scanner reads the columns of the row at hand.
type scanner func(columns ...any) error

func (b *batch) query(sql string, row func(scan scanner) error, args ...any) {
	b.statements = append(b.statements, statement{sql: sql, args: args, row: row})
}

func (b *batch) exec(sql string, args ...any) {
	b.statements = append(b.statements, statement{sql: sql, args: args})
}

func (b *batch) guard(sql string, args ...any) {
	b.statements = append(b.statements, statement{sql: sql, args: args, guarded: true})
}

// errStale says that a guarded statement met another version than was loaded: the change is decided again.
var errStale = errors.New("stale state")

// errTaken says that a unique key is in use.
var errTaken = errors.New("unique key in use")

// engine is one kind of database.
type engine interface {
	// view runs a batch that reads, on one snapshot.
	view(ctx context.Context, load *batch) error
	// change runs load, calls decide and runs the batch it returns, all in one transaction; an empty batch commits nothing. It returns when the commit is durable.
	change(ctx context.Context, load *batch, decide func() (*batch, error)) error
	// ready reports whether the database answers.
	ready(ctx context.Context) error
	close() error
}

// maxTries bounds how often a change is decided anew because its state was stale.
const maxTries = 10

// change runs a load → decide → save; load and decide must be repeatable.
func (s *Store) change(ctx context.Context, load func() *batch, decide func() (*batch, error)) error {
	var err error
	for range maxTries {
		if err = s.engine.change(ctx, load(), decide); !errors.Is(err, errStale) {
			return err
		}
	}
	return err
}

// save runs a batch of writes that need no state.
func (s *Store) save(ctx context.Context, b *batch) error {
	return s.engine.change(ctx, &batch{}, func() (*batch, error) { return b, nil })
}

// micros is how instants are kept; 0 says "never".
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func instant(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

// anyOf gives the hashes under which a secret may be stored as three arguments, for `IN ($n, $n+1, $n+2)`.
func anyOf(l access.Lookup) []any { return []any{l[0][:], l[1][:], l[2][:]} }

// hashFrom copies a stored hash; anything of another length is no hash and matches nothing.
func hashFrom(b []byte) (h access.Hash) {
	if len(b) == len(h) {
		copy(h[:], b)
	}
	return h
}
