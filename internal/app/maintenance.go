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

	purgeBatch = 500                    // rows: more would hold up the changes that wait behind them
	purgePause = 100 * time.Millisecond // between two batches
	purgeEvery = 10 * time.Minute
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

// tidy forgets what is over.
func (a *App) tidy(ctx context.Context) { a.carryOut(ctx, a.chores()) }

// carryOut carries out chores, batch after batch. One that fails waits for the next time and stops no other.
func (a *App) carryOut(ctx context.Context, chores []chore) {
	for _, c := range chores {
		total, err := a.exhaust(ctx, c)
		if total > 0 {
			a.o.Log.Info("purged", "what", c.what, "rows", total)
		}
		if err != nil && ctx.Err() == nil {
			a.o.Log.Error("purge", "what", c.what, "error", err)
		}
	}
}

// exhaust repeats a chore until there is nothing left to do.
func (a *App) exhaust(ctx context.Context, c chore) (total int, err error) {
	for ctx.Err() == nil {
		n, err := c.forget(ctx, a.o.Now(), purgeBatch)
		total += n
		a.Metrics.Purged(c.what, n)
		if err != nil || n < purgeBatch {
			return total, err
		}
		rest(ctx, purgePause)
	}
	return total, nil
}

// rest lets others use the database.
func rest(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// watch measures how far behind the worker is.
func (a *App) watch(ctx context.Context) {
	for kind := range a.Worker.Senders {
		due, err := a.Store.NextDue(ctx, kind)
		if err != nil {
			continue // the worker says so already
		}
		age := time.Duration(0)
		if !due.IsZero() {
			age = a.o.Now().Sub(due)
		}
		a.Metrics.Overdue(string(kind), age)
	}
}
