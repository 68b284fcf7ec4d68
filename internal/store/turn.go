package store

import (
	"context"
	"time"
)

// takeTurn answers with a row when the turn is the caller's: it was nobody's, its own already, or that of one who has not been heard of in time.
const takeTurn = `INSERT INTO turns (name, holder, ends) VALUES ($1, $2, $4)
ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, ends = excluded.ends WHERE turns.holder = excluded.holder OR turns.ends <= $3
RETURNING name`

// TakeTurn takes, or goes on with, what only one process at a time may do, and reports whether it is the holder's turn. It lasts until an instant: whoever dies gives it
// back by that.
func (s *Store) TakeTurn(ctx context.Context, name, holder string, now, until time.Time) (taken bool, err error) {
	err = s.change(ctx, func() *batch { return nil }, func() *batch {
		taken = false // in a group that was rolled back
		b := &batch{}
		b.query(takeTurn, func(scanner) error { taken = true; return nil }, name, holder, micros(now), micros(until))
		return b
	}, nil)
	return taken && err == nil, err
}

// EndTurn gives a turn back that the holder has; that of another stays.
func (s *Store) EndTurn(ctx context.Context, name, holder string) error {
	b := &batch{}
	b.exec(`UPDATE turns SET ends = 0 WHERE name = $1 AND holder = $2`, name, holder)
	return s.save(ctx, b)
}
