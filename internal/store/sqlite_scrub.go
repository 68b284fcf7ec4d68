package store

import (
	"context"
	"fmt"

	"avow/internal/access"
)

// maxScrubs bounds how often the log is tried to be emptied. Each try waits for whoever reads, as long as busy_timeout says.
const maxScrubs = 3

// scrub empties the write-ahead log: deleted text is overwritten in the file itself (secure_delete), but the log has the pages as they were. Readers that began before the
// erasure need it for a moment; one that takes for ever makes the caller ask again.
func (e *sqliteEngine) scrub(ctx context.Context) error {
	c, err := connect(context.WithoutCancel(ctx), e.db)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	for range maxScrubs {
		var busy, frames, written int64
		if err := c.QueryRowContext(context.WithoutCancel(ctx), "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &frames, &written); err != nil {
			return fmt.Errorf("empty the log: %w", err)
		}
		if busy == 0 {
			return nil
		}
	}
	return access.ErrBusy
}
