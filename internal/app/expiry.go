package app

import (
	"context"
	"time"
)

const (
	expireEvery = time.Minute            // how often reviews are looked for that are over
	expireBatch = 500                    // at once
	expirePause = 100 * time.Millisecond // between two batches
)

// expireReviews ends reviews whose time is over, batch after batch, so that registered endpoints hear that there is no answer.
func (a *App) expireReviews(ctx context.Context) {
	for ctx.Err() == nil {
		n, err := a.Skills.ExpireReviews(ctx, expireBatch)
		if n > 0 {
			a.o.Log.Info("reviews expired", "rows", n)
		}
		if err != nil && ctx.Err() == nil {
			a.o.Log.Error("expire reviews", "error", err)
		}
		if err != nil || n < expireBatch {
			return
		}
		rest(ctx, expirePause)
	}
}
