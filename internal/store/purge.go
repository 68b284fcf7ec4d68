package store

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// purging removes rows of one table, batch after batch, the oldest first. What was removed leaves its entries behind in the index until they are cleared away, and a
// walk from the start of the index passes all of them; so each batch begins where the one before has ended, until there is nothing more.
type purging struct {
	table, key, age, past string // age: the column of the instant at which a row is over; past: what else is true of such rows

	mu   sync.Mutex
	from int64
}

func purgingOf(table, key, age, past string) *purging {
	return &purging{table: table, key: key, age: age, past: past}
}

// newPurgings are all of them, by their table.
func newPurgings() map[string]*purging {
	all := map[string]*purging{}
	for _, p := range []*purging{
		purgingOf("deliveries", "id", "finished_at", " AND finished_at <> 0"), purgingOf("tokens", "hash", "expires_at", ""),
		purgingOf("sessions", "hash", "expires_at", ""), purgingOf("captured_mails", "id", "created_at", ""),
	} {
		all[p.table] = p
	}
	return all
}

// text is the statement. Whoever is at work on a row keeps it.
func (p *purging) text(s *Store) string {
	rows := fmt.Sprintf(`SELECT %[2]s FROM %[1]s WHERE %[3]s >= $3 AND %[3]s < $1%[4]s ORDER BY %[3]s LIMIT $2%[5]s`, p.table, p.key, p.age, p.past, s.engine.skipLocked())
	return fmt.Sprintf(`DELETE FROM %s WHERE %s RETURNING %s`, p.table, s.among(p.key, rows), p.age)
}

// oldest is the look-up of the instant at which the row was over that has been so for longest.
func (p *purging) oldest() string {
	return fmt.Sprintf(`SELECT COALESCE((SELECT %[2]s FROM %[1]s WHERE %[2]s >= $1%[3]s ORDER BY %[2]s LIMIT 1), 0)`, p.table, p.age, p.past)
}

// begin returns where the next batch begins.
func (p *purging) begin() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.from
}

// end notes how far a batch has come. One that was not full came to the end, and the next looks at everything again: somebody was at work on a row then, or made an old one.
func (p *purging) end(reached int64, full bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.from = 0
	if full {
		p.from = reached
	}
}

// purge removes at most limit rows that were over before an instant and returns how many they were.
func (s *Store) purge(ctx context.Context, table string, before time.Time, limit int) (removed int, err error) {
	p := s.purgings[table]
	from := p.begin()
	removed, err = s.purgeFrom(ctx, p, from, before, limit)
	if err == nil && removed == 0 && from > 0 {
		return s.purgeFrom(ctx, p, 0, before, limit)
	}
	return removed, err
}

func (s *Store) purgeFrom(ctx context.Context, p *purging, from int64, before time.Time, limit int) (removed int, err error) {
	reached := int64(0)
	removed, err = s.remove(ctx, p.text(s), func(age int64) { reached = max(reached, age) }, micros(before), limit, from)
	if err == nil {
		p.end(reached, removed == limit)
	}
	return removed, err
}

// remove runs a statement that answers with an instant of each row that it removes. Nobody waits for it, so it holds up no other change where the engine can do both at once.
func (s *Store) remove(ctx context.Context, text string, tell func(age int64), args ...any) (removed int, err error) {
	err = s.engine.aside(ctx, newUnit(func() *batch { return nil }, func() *batch {
		removed = 0 // by a group that was rolled back
		b := &batch{}
		b.query(text, func(scan scanner) error {
			var age int64
			removed++
			err := scan(&age)
			tell(age)
			return err
		}, args...)
		return b
	}, nil))
	return removed, err
}

// OldestOver returns the instant at which the row of a table was over that has been so for longest; zero: there is none. The table is one that is purged.
func (s *Store) OldestOver(ctx context.Context, table string) (time.Time, error) {
	p := s.purgings[table]
	var age int64
	b := &batch{}
	b.query(p.oldest(), func(scan scanner) error { return scan(&age) }, p.begin())
	err := s.view(ctx, b)
	return instant(age), err
}

// PurgeDeliveries forgets deliveries, with their attempts, that were finished before an instant: the oldest, at most limit. It returns how many they were.
func (s *Store) PurgeDeliveries(ctx context.Context, before time.Time, limit int) (int, error) {
	return s.purge(ctx, "deliveries", before, limit)
}

// PurgeTokens forgets tokens that expired before an instant.
func (s *Store) PurgeTokens(ctx context.Context, before time.Time, limit int) (int, error) {
	return s.purge(ctx, "tokens", before, limit)
}

// PurgeSessions forgets sessions that expired before an instant; what was verified in them stays.
func (s *Store) PurgeSessions(ctx context.Context, before time.Time, limit int) (int, error) {
	return s.purge(ctx, "sessions", before, limit)
}

// PurgeMails forgets captured mails from before an instant.
func (s *Store) PurgeMails(ctx context.Context, before time.Time, limit int) (int, error) {
	return s.purge(ctx, "captured_mails", before, limit)
}

// PurgeMailsBut forgets captured mails but the newest.
func (s *Store) PurgeMailsBut(ctx context.Context, newest, limit int) (int, error) {
	return s.remove(ctx, s.purgeMailsBut(), func(int64) {}, newest, limit)
}

func (s *Store) purgeMailsBut() string {
	return `DELETE FROM captured_mails WHERE ` + s.among("id", `SELECT id FROM captured_mails ORDER BY created_at DESC LIMIT $2 OFFSET $1`) + ` RETURNING created_at`
}
