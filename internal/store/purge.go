package store

import (
	"context"
	"fmt"
	"time"
)

// What is past its time goes in batches, oldest first: a large one would hold up the changes that wait behind it. Who is at work on a row keeps it.
const purge = `DELETE FROM %[1]s WHERE %[2]s IN (SELECT %[2]s FROM %[1]s WHERE %[3]s ORDER BY %[4]s LIMIT $2%[5]s) RETURNING %[2]s`

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

func (s *Store) purgeText(table, key, past, order string) string {
	return fmt.Sprintf(purge, table, key, past, order, s.engine.skipLocked())
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
	return s.purge(ctx, purgeMailsBut, newest, limit)
}

const purgeMailsBut = `DELETE FROM captured_mails WHERE id IN (SELECT id FROM captured_mails ORDER BY created_at DESC LIMIT $2 OFFSET $1) RETURNING id`
