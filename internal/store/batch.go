package store

import (
	"context"
	"errors"
	"slices"
	"time"

	"avow/internal/access"
)

// A batch is a list of statements of which none needs the answer of another, so that an engine at the other end of a line sends them in one go.
type batch struct{ statements []statement }

// statement is either a set with rows, or plain text with arguments.
type statement struct {
	set  *set
	rows [][]any

	text string
	args []any
	must bool // plain: exactly one row has to change, else the statement is stale

	row func(scan scanner) error // called for each row of the answer; nil: none is asked for
}

// scanner reads the columns of the row at hand.
type scanner func(columns ...any) error

// find adds a look-up by keys.
func (b *batch) find(s *set, row func(scan scanner) error, keys ...[]any) {
	b.statements = append(b.statements, statement{set: s, rows: keys, row: row})
}

// write adds a row to be written.
func (b *batch) write(s *set, values ...any) {
	b.statements = append(b.statements, statement{set: s, rows: [][]any{values}})
}

// query adds a plain statement that answers with rows.
func (b *batch) query(text string, row func(scan scanner) error, args ...any) {
	b.statements = append(b.statements, statement{text: text, args: args, row: row})
}

// exec adds a plain statement.
func (b *batch) exec(text string, args ...any) {
	b.statements = append(b.statements, statement{text: text, args: args})
}

// must adds a plain statement that has to change exactly one row.
func (b *batch) must(text string, args ...any) {
	b.statements = append(b.statements, statement{text: text, args: args, must: true})
}

// ordered returns the statements in the order in which they are written: a guard first, then what depends on it.
func (b *batch) ordered() []statement {
	return slices.SortedStableFunc(slices.Values(b.statements), func(a, b statement) int { return a.rank() - b.rank() })
}

// plainRank puts plain statements behind all sets: whoever locks rows of both kinds does so in one order.
const plainRank = 100

func (s statement) rank() int {
	if s.set == nil {
		return plainRank
	}
	return s.set.rank
}

func (b *batch) empty() bool { return b == nil || len(b.statements) == 0 }

var (
	// errStale says that a guard met another version than was loaded: nothing was written, the change is decided again.
	errStale = errors.New("stale state")
	// errTaken says that a unique key is in use.
	errTaken = errors.New("unique key in use")
	// errClosed answers calls that come after close.
	errClosed = errors.New("the database is closed")
)

// engine is one kind of database.
type engine interface {
	// view runs a batch that reads.
	view(ctx context.Context, load *batch) error
	// change carries out a unit, perhaps in one transaction with others. It returns when the unit's commit is durable, or its error.
	change(ctx context.Context, u *unit) error
	// aside carries out a unit that nobody waits for, beside the groups where the engine can.
	aside(ctx context.Context, u *unit) error
	// skipLocked is what a claim says to pass over rows that another claim holds.
	skipLocked() string
	// scrub removes what the database itself still holds of erased rows, as far as it can be made to.
	scrub(ctx context.Context) error
	// load tells how much of the engine is in use.
	load() Load
	close() error
}

// view runs a batch that reads.
func (s *Store) view(ctx context.Context, load *batch) error { return s.engine.view(ctx, load) }

// maxTries bounds how often a change is decided anew because its state was stale.
const maxTries = 20

// change carries out a load → decide → save. Load, decide and conflict must be repeatable.
func (s *Store) change(ctx context.Context, load func() *batch, decide func() *batch, conflict func() string) error {
	var err error
	for try := range maxTries {
		if err = pause(ctx, try); err != nil {
			return err
		}
		if err = s.engine.change(ctx, newUnit(load, decide, conflict)); !errors.Is(err, errStale) {
			return err
		}
	}
	return err
}

// save runs a batch of writes that need no state.
func (s *Store) save(ctx context.Context, b *batch) error {
	return s.engine.change(ctx, newUnit(func() *batch { return nil }, func() *batch { return b }, nil))
}

// pause waits a little longer, and by chance, before each further try.
func pause(ctx context.Context, try int) error {
	if try == 0 {
		return nil
	}
	timer := time.NewTimer(jitter(time.Millisecond << min(try-1, 5)))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
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

// candidates gives the hashes under which a secret may be stored, each once, as keys of a look-up.
func candidates(l access.Lookup) [][]any {
	keys := [][]any{{l[0][:]}}
	for i := 1; i < len(l); i++ {
		if !slices.Contains(l[:i], l[i]) {
			keys = append(keys, []any{l[i][:]})
		}
	}
	return keys
}

// hashFrom copies a stored hash; anything of another length is no hash and matches nothing.
func hashFrom(b []byte) (h access.Hash) {
	if len(b) == len(h) {
		copy(h[:], b)
	}
	return h
}
