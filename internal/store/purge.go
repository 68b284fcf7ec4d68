package store

import (
	"context"
	"fmt"
	"time"
)

// purge removes at most limit rows and returns how many they were.
func (s *Store) purge(ctx context.Context, text string, args ...any) (removed int, err error) {
	err = s.change(ctx, func() *batch { return nil }, func() *batch {
		removed = 0 // by a group that was rolled back
		b := &batch{}
		b.query(text, func(scanner) error { removed++; return nil }, args...)
		return b
	}, nil)
	return removed, err
}

// purgeText is the statement for a table's rows that are past their time. They go in batches, the oldest first: a large one would hold up the changes that wait behind
// it. Whoever is at work on a row keeps it.
func (s *Store) purgeText(table, key, past, order string) string {
	rows := fmt.Sprintf(`SELECT %s FROM %s WHERE %s ORDER BY %s LIMIT $2%s`, key, table, past, order, s.engine.skipLocked())
	return fmt.Sprintf(`DELETE FROM %s WHERE %s RETURNING %s`, table, s.among(key, rows), key)
}

// PurgeDeliveries forgets deliveries, with their attempts, that were finished before an instant: the oldest, at most limit. It returns how many they were.
func (s *Store) PurgeDeliveries(ctx context.Context, before time.Time, limit int) (int, error) {
	return s.purge(ctx, s.purgeText("deliveries", "id", "finished_at <> 0 AND finished_at < $1", "finished_at"), micros(before), limit)
}

// PurgeTokens forgets tokens that expired before an instant.
func (s *Store) PurgeTokens(ctx context.Context, before time.Time, limit int) (int, error) {
	return s.purge(ctx, s.purgeText("tokens", "hash", "expires_at < $1", "expires_at"), micros(before), limit)
}

// PurgeSessions forgets sessions that expired before an instant; what was verified in them stays.
func (s *Store) PurgeSessions(ctx context.Context, before time.Time, limit int) (int, error) {
	return s.purge(ctx, s.purgeText("sessions", "hash", "expires_at < $1", "expires_at"), micros(before), limit)
}

// PurgeMails forgets captured mails from before an instant.
func (s *Store) PurgeMails(ctx context.Context, before time.Time, limit int) (int, error) {
	return s.purge(ctx, s.purgeText("captured_mails", "id", "created_at < $1", "created_at"), micros(before), limit)
}

// PurgeMailsBut forgets captured mails but the newest.
func (s *Store) PurgeMailsBut(ctx context.Context, newest, limit int) (int, error) {
	return s.purge(ctx, s.purgeMailsBut(), newest, limit)
}

func (s *Store) purgeMailsBut() string {
	return `DELETE FROM captured_mails WHERE ` + s.among("id", `SELECT id FROM captured_mails ORDER BY created_at DESC LIMIT $2 OFFSET $1`) + ` RETURNING id`
}
