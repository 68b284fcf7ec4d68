package outbox

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
)

// Lease is how long a claimed attempt is safe from other workers (interfaces.md section 5).
const Lease = 30 * time.Second

// attemptTime bounds one attempt, well inside the lease, so that a slow relay is never asked twice at once.
const attemptTime = 20 * time.Second

const (
	batch = 16              // claimed at once, and sent side by side
	idle  = 5 * time.Second // longest wait before looking again: another process may have enqueued
	rest  = time.Second     // wait after the queue itself failed
)

// Worker sends what is due.
type Worker struct {
	Queue   Queue
	Senders map[Kind]Sender
	Now     func() time.Time
	Jitter  func() float64                          // from [0, 1)
	Observe func(kind Kind, state State, err error) // told after each attempt; may be nil

	wake chan struct{}
	once sync.Once
}

func (w *Worker) signal() chan struct{} {
	w.once.Do(func() { w.wake = make(chan struct{}, 1) })
	return w.wake
}

// Wake makes a running worker look at once. It never blocks.
func (w *Worker) Wake() {
	select {
	case w.signal() <- struct{}{}:
	default:
	}
}

// Run sends until the context ends; attempts under way are finished first. Errors of the queue are reported and retried.
func (w *Worker) Run(ctx context.Context, report func(error)) {
	for ctx.Err() == nil {
		n, err := w.Once(ctx)
		switch {
		case err != nil && ctx.Err() == nil:
			report(err)
			w.wait(ctx, rest)
		case n == 0:
			w.wait(ctx, w.pause(ctx))
		}
	}
}

// wait returns after a time, at a wake-up or at the end of the context.
func (w *Worker) wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-w.signal():
	case <-timer.C:
	}
}

// pause is the time until the next delivery is due, at most idle.
func (w *Worker) pause(ctx context.Context) time.Duration {
	due, err := w.Queue.NextDue(ctx)
	if err != nil || due.IsZero() {
		return idle
	}
	return min(max(due.Sub(w.Now()), 10*time.Millisecond), idle)
}

// Once claims what is due now, sends it and returns how many attempts were made.
func (w *Worker) Once(ctx context.Context) (int, error) {
	now := w.Now()
	claimed, err := w.Queue.Claim(ctx, now, now.Add(Lease), batch)
	if err != nil {
		return 0, fmt.Errorf("claim deliveries: %w", err)
	}
	errs := make([]error, len(claimed))
	var group sync.WaitGroup
	for i, d := range claimed {
		group.Go(func() { errs[i] = w.attempt(context.WithoutCancel(ctx), d) })
	}
	group.Wait()
	return len(claimed), errors.Join(errs...)
}

func (w *Worker) attempt(ctx context.Context, d Delivery) error {
	answer, err := w.send(ctx, d)
	result := w.judge(d, answer, err)
	if w.Observe != nil {
		w.Observe(d.Kind, result.State, err)
	}
	if err := w.Queue.Settle(ctx, d, result); err != nil {
		return fmt.Errorf("settle delivery %s: %w", d.ID, err)
	}
	return nil
}

// send performs one attempt. A sender that panics spoils its own delivery, not the process.
func (w *Worker) send(ctx context.Context, d Delivery) (answer Answer, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the sender panicked: %v", p)
		}
	}()
	if d.Locked != nil {
		return Answer{}, d.Locked
	}
	sender, ok := w.Senders[d.Kind]
	if !ok {
		return Answer{}, Permanent(fmt.Errorf("no sender for %q", d.Kind))
	}
	ctx, cancel := context.WithTimeout(ctx, attemptTime)
	defer cancel()
	return sender.Send(ctx, d)
}

// judge turns the outcome of an attempt into the delivery's next state.
func (w *Worker) judge(d Delivery, answer Answer, err error) Result {
	now := w.Now()
	if err == nil {
		return Result{State: Delivered, Detail: clip(answer.Text), At: now}
	}
	wait, more := Next(d.Attempt, w.Jitter())
	if errors.Is(err, ErrPermanent) || !more {
		return Result{State: Failed, Detail: clip(err.Error()), At: now}
	}
	return Result{State: Queued, Due: now.Add(wait), Detail: clip(err.Error()), At: now}
}

const maxDetail = 512

// clip never leaves half a character: a database that insists on good UTF-8 would refuse the result, and the delivery would be sent again and again.
func clip(text string) string {
	return strings.ToValidUTF8(text[:min(len(text), maxDetail)], "")
}
