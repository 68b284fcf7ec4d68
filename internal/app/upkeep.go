package app

import (
	"context"
	"time"
)

// One process at a time forgets what is over. It looks often, so that there never is much, and takes a small share of the time: a batch is as large as can be done in a
// moment, and after it comes a rest of many times what it took. The embedded database has one writer: a batch waits where requests wait, and they wait for it, so its share is
// far below the one call in a hundred that a 99th percentile is about. PostgreSQL does both at once.
const (
	purgeEvery = 15 * time.Second
	purgeTurn  = time.Minute      // a process that dies in the middle keeps the others from it for that long
	turnsOver  = 20 * time.Second // after which a process that is still at it says so

	minBatch  = 25 // rows; the first batch, too
	maxBatch  = 500
	batchTime = 2 * time.Millisecond // more would hold up the changes that wait behind it
	maxRest   = 15 * time.Second

	restBeside = 99  // of rest to one of work: 1 % of the time
	restWithin = 399 // 0.25 %
)

// pace is how fast a chore goes.
type pace struct {
	rows int
	rest time.Duration // how many times as long as the work
}

func (a *App) pace() pace {
	if a.o.Config.Embedded() {
		return pace{minBatch, restWithin}
	}
	return pace{minBatch, restBeside}
}

// next takes what a batch took, and returns how long to rest.
func (p *pace) next(took time.Duration) time.Duration {
	switch {
	case took > batchTime:
		p.rows = max(p.rows/2, minBatch)
	case took < batchTime/2:
		p.rows = min(p.rows*5/4, maxBatch)
	}
	return min(p.rest*took, maxRest)
}

// tidy forgets what is over, unless another process is at it.
func (a *App) tidy(ctx context.Context) {
	t := turn{app: a}
	if !t.goOn(ctx) {
		return
	}
	a.carryOut(ctx, a.chores(), t.goOn)
	if err := a.Store.EndTurn(context.WithoutCancel(ctx), upkeep, a.holder); err != nil {
		a.o.Log.Warn("end the turn to purge", "error", err)
	}
}

// upkeep is the name of the turn to forget what is over.
const upkeep = "upkeep"

// turn is this process's to forget what is over.
type turn struct {
	app   *App
	taken time.Time
}

// goOn takes the turn, and takes it again before others may; it reports whether this process has it. Instants are the database's neighbours': those of the App's clock.
func (t *turn) goOn(ctx context.Context) bool {
	a, now := t.app, t.app.o.Now()
	if !t.taken.IsZero() && now.Sub(t.taken) < turnsOver {
		return true
	}
	mine, err := a.Store.TakeTurn(ctx, upkeep, a.holder, now, now.Add(purgeTurn))
	if err != nil && ctx.Err() == nil {
		a.o.Log.Error("take the turn to purge", "error", err)
	}
	t.taken = now
	return mine
}

// carryOut carries out chores, batch after batch, as long as goOn says so. One that fails waits for the next time and stops no other.
func (a *App) carryOut(ctx context.Context, chores []chore, goOn func(context.Context) bool) {
	for _, c := range chores {
		total, err := a.exhaust(ctx, c, goOn)
		if total > 0 {
			a.o.Log.Debug("purged", "what", c.what, "rows", total)
		}
		if err != nil && ctx.Err() == nil {
			a.o.Log.Error("purge", "what", c.what, "error", err)
		}
	}
}

// exhaust repeats a chore until there is nothing left to do.
func (a *App) exhaust(ctx context.Context, c chore, goOn func(context.Context) bool) (total int, err error) {
	p := a.pace()
	for ctx.Err() == nil && goOn(ctx) {
		rows, begun := p.rows, time.Now()
		n, err := c.forget(ctx, a.o.Now(), rows)
		total += n
		a.Metrics.Purged(c.what, n)
		if err != nil || n < rows {
			return total, err
		}
		rest(ctx, p.next(time.Since(begun)))
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

// watch measures how far behind the worker is, and the purge.
func (a *App) watch(ctx context.Context) {
	for kind := range a.Worker.Senders {
		due, err := a.Store.NextDue(ctx, kind)
		if err != nil {
			continue // the worker says so already
		}
		a.Metrics.Overdue(string(kind), a.since(due))
	}
	a.watchQueue(ctx)
	a.watchPurge(ctx)
}

func (a *App) watchQueue(ctx context.Context) {
	waiting, err := a.Store.Waiting(ctx)
	if err != nil {
		return
	}
	for kind, w := range waiting {
		a.Metrics.Deliveries(string(kind), w.Queued, w.Leased)
	}
}

// watchPurge looks at tables of which all goes that is of an age; what is kept for an organisation's own time is not looked at.
func (a *App) watchPurge(ctx context.Context) {
	ages := map[string]time.Duration{"deliveries": kept, "tokens": kept, "sessions": kept, "captured_mails": mailsKept}
	if a.dev() {
		delete(ages, "captured_mails") // of which it keeps a number
	}
	for table, age := range ages {
		oldest, err := a.Store.OldestOver(ctx, table)
		if err != nil {
			continue
		}
		a.Metrics.PurgeLag(table, a.since(oldest)-age)
	}
}

// since is the time since an instant, none since never.
func (a *App) since(t time.Time) time.Duration {
	if t.IsZero() {
		return 0
	}
	return a.o.Now().Sub(t)
}
