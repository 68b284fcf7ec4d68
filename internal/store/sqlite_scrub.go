package store

import (
	"context"
	"fmt"

	"avow/internal/access"
)

// scrub empties the write-ahead log: deleted text is overwritten in the file itself (secure_delete), but the log has the pages as they were. Readers that began before the
// erasure need it for a moment, and are waited for as long as busy_timeout says; one that takes longer makes the caller ask again.
func (e *sqliteEngine) scrub(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx) // as in together
	c, err := connect(ctx, e.db)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	var busy, frames, written int64
	if err := c.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &frames, &written); err != nil {
		return fmt.Errorf("empty the log: %w", err)
	}
	if busy != 0 {
		return access.ErrBusy
	}
	return nil
}
