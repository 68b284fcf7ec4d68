package app

import (
	"context"
	"time"
)

const (
	// kept is how long what is over can still be looked up: finished deliveries with their attempts, expired tokens, expired sessions.
	kept = 30 * 24 * time.Hour
	// mailsKept is how long captured mails can be looked at; avow dev keeps a number of them instead.
	mailsKept    = 7 * 24 * time.Hour
	devMailsKept = 10000

	watchEvery = 15 * time.Second
)

// chore forgets rows of one kind whose time is over, at most limit at once, and returns how many they were.
type chore struct {
	what   string
	forget func(ctx context.Context, now time.Time, limit int) (int, error)
}

// chores are all of them.
func (a *App) chores() []chore {
	older := func(forget func(context.Context, time.Time, int) (int, error), age time.Duration) func(context.Context, time.Time, int) (int, error) {
		return func(ctx context.Context, now time.Time, limit int) (int, error) {
			return forget(ctx, now.Add(-age), limit)
		}
	}
	mails := older(a.Store.PurgeMails, mailsKept)
	if a.dev() {
		mails = func(ctx context.Context, _ time.Time, limit int) (int, error) {
			return a.Store.PurgeMailsBut(ctx, devMailsKept, limit)
		}
	}
	return []chore{
		{"deliveries", older(a.Store.PurgeDeliveries, kept)},
		{"endpoints", older(a.Store.PurgeEndpoints, kept)},
		{"tokens", older(a.Store.PurgeTokens, kept)},
		{"sessions", older(a.Store.PurgeSessions, kept)},
		{"captured_mails", mails},
		{"people", a.forgetPeople},
	}
}

// every does something now and again and again, until the context ends.
func every(ctx context.Context, d time.Duration, do func(context.Context)) {
	tick := time.NewTicker(d)
	defer tick.Stop()
	for ctx.Err() == nil {
		do(ctx)
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
}
