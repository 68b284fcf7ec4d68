package outbox

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

const (
	slots = 16              // attempts of a kind under way at once, so that neither kind can take all there are
	idle  = 5 * time.Second // longest wait before looking again: another process may have enqueued
	rest  = time.Second     // wait after the queue itself failed
)

// Worker sends what is due, each kind that it has a Sender for by itself: receivers that hang do not hold up mails, nor a relay that hangs webhooks.
type Worker struct {
	Queue   Queue
	Senders map[Kind]Sender
	Now     func() time.Time
	Jitter  func() float64                          // from [0, 1)
	Observe func(d Delivery, r Result, cause error) // told after each attempt; may be nil
	Drain   time.Duration                           // that attempts under way have when Run is to end; then their leases are given back

	mu    sync.Mutex
	lines []*line // that run
}

// Wake makes a running worker look at once. It never blocks.
func (w *Worker) Wake() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, l := range w.lines {
		select {
		case l.wake <- struct{}{}:
		default:
		}
	}
}

// Run sends until the context ends. From then on nothing is claimed; attempts under way have Drain to end, and are then given back as of unknown outcome, due at
// once. Errors of the queue are reported and do not end it.
func (w *Worker) Run(ctx context.Context, report func(error)) {
	var running sync.WaitGroup
	for kind := range w.Senders {
		l := &line{Worker: w, kind: kind, report: report, wake: make(chan struct{}, 1), ended: make(chan error, slots)}
		w.mu.Lock()
		w.lines = append(w.lines, l)
		w.mu.Unlock()
		running.Go(func() { l.run(ctx) })
	}
	running.Wait()
}

// Once claims what is due now, sends it and returns how many attempts were made.
func (w *Worker) Once(ctx context.Context) (int, error) {
	var claimed []Delivery
	for _, kind := range slices.Sorted(maps.Keys(w.Senders)) {
		some, err := w.claim(ctx, Claim{Kind: kind, Limit: slots})
		if err != nil {
			return 0, err
		}
		claimed = append(claimed, some...)
	}
	errs := make([]error, len(claimed))
	var group sync.WaitGroup
	for i, d := range claimed {
		group.Go(func() { errs[i] = w.attempt(context.WithoutCancel(ctx), d) })
	}
	group.Wait()
	return len(claimed), errors.Join(errs...)
}

func (w *Worker) claim(ctx context.Context, c Claim) ([]Delivery, error) {
	c.Now = w.Now()
	c.Until = c.Now.Add(Lease)
	claimed, err := w.Queue.Claim(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("claim deliveries: %w", err)
	}
	return claimed, nil
}

// line sends deliveries of one kind. It refills a slot as soon as its attempt has ended.
type line struct {
	*Worker
	kind   Kind
	report func(error)
	wake   chan struct{}
	ended  chan error // of attempts; never full
	busy   int        // slots
	after  string     // the lane that had its turn last
}

func (l *line) run(ctx context.Context) {
	attempts, giveBack := context.WithCancel(context.WithoutCancel(ctx))
	defer giveBack()
	for ctx.Err() == nil {
		l.wait(ctx, l.fill(ctx, attempts))
	}
	l.drain(giveBack)
}

// fill claims for the free slots and begins attempts. It returns how long to wait before there may be more to claim.
func (l *line) fill(ctx, attempts context.Context) time.Duration {
	free := slots - l.busy
	if free == 0 {
		return idle
	}
	claimed, err := l.claim(ctx, Claim{Kind: l.kind, Limit: free, After: l.after})
	if err != nil {
		l.tell(ctx, err)
		return rest
	}
	for _, d := range claimed {
		l.busy++
		go func() { l.ended <- l.attempt(attempts, d) }()
	}
	whole := l.after == "" // nothing was left out
	l.after = last(claimed)
	switch {
	case len(claimed) == free:
		return 0
	case !whole:
		l.after = ""
		return 0
	}
	return l.pause(ctx)
}

// last is the lane that the next claim begins behind.
func last(claimed []Delivery) (lane string) {
	for _, d := range claimed {
		lane = max(lane, d.Lane)
	}
	return lane
}

// tell reports errors, but not that the worker is being stopped.
func (l *line) tell(ctx context.Context, err error) {
	if err != nil && ctx.Err() == nil {
		l.report(err)
	}
}

// wait returns after a time, at a wake-up, at the end of an attempt or of the context.
func (l *line) wait(ctx context.Context, d time.Duration) {
	if d == 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-l.wake:
	case <-timer.C:
	case err := <-l.ended:
		l.end(err)
	}
	for { // one claim refills all that are free by now
		select {
		case err := <-l.ended:
			l.end(err)
		default:
			return
		}
	}
}

func (l *line) end(err error) {
	l.busy--
	if err != nil {
		l.report(err)
	}
}

// pause is the time until the next delivery is due, at most idle.
func (l *line) pause(ctx context.Context) time.Duration {
	due, err := l.Queue.NextDue(ctx, l.kind)
	if err != nil || due.IsZero() {
		return idle
	}
	return min(max(due.Sub(l.Now()), 10*time.Millisecond), idle)
}

// drain waits for the attempts under way as long as they are given.
func (l *line) drain(giveBack func()) {
	timer := time.NewTimer(l.Drain)
	defer timer.Stop()
	for l.busy > 0 {
		select {
		case err := <-l.ended:
			l.end(err)
		case <-timer.C:
			giveBack()
		}
	}
}
