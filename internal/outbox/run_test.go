package outbox

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// running is a worker that runs in a bubble, where time passes only while everybody waits.
type running struct {
	*Worker
	t       *testing.T
	queue   *queue
	stop    context.CancelFunc
	stopped chan struct{}
	began   time.Time

	mu       sync.Mutex
	sent     []time.Duration // when attempts began, since the start
	reported []error
}

// run starts a worker whose attempts end as outcome says; nil: well and at once.
func run(t *testing.T, q *queue, outcome func(attempt int) error) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r := &running{t: t, queue: q, stop: cancel, stopped: make(chan struct{}), began: time.Now()}
	r.Worker = worker(q, sender(func(_ context.Context, d Delivery) (Answer, error) {
		r.mu.Lock()
		r.sent = append(r.sent, time.Since(r.began))
		r.mu.Unlock()
		if outcome == nil {
			return Answer{Text: "sent"}, nil
		}
		return Answer{}, outcome(d.Attempt)
	}))
	r.Now = time.Now
	go func() {
		defer close(r.stopped)
		r.Run(ctx, func(err error) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.reported = append(r.reported, err)
		})
	}()
	t.Cleanup(func() { cancel(); <-r.stopped })
	synctest.Wait()
	return r
}

func (r *running) expectSent(want ...time.Duration) {
	r.t.Helper()
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	if fmt.Sprint(r.sent) != fmt.Sprint(want) {
		r.t.Errorf("got attempts after %v, want %v", r.sent, want)
	}
}

func (r *running) attempts() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.sent)
}

func (r *running) reports() []error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.reported
}

func TestRunWakesAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := run(t, newQueue(), nil)
		<-time.After(time.Second)
		r.queue.add("a", time.Now())
		r.expectSent()
		r.Wake()
		r.expectSent(time.Second)
	})
}

// A commit that comes between the look at the queue and the wait is not slept over.
func TestWakeIsNotLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		w := worker(q, answers("sent", nil))
		w.Now = time.Now
		began := time.Now()
		q.onNextDue = sync.OnceFunc(func() {
			q.add("a", time.Now())
			w.Wake()
		})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go w.Run(ctx, func(err error) { t.Errorf("got %v, want no error", err) })
		synctest.Wait()
		if got := q.result("a").State; got != Delivered || time.Since(began) != 0 {
			t.Errorf("got %q after %v, want %q at once", got, time.Since(began), Delivered)
		}
	})
}

func TestWakeNeverBlocks(t *testing.T) {
	t.Parallel()
	w := worker(newQueue(), nil)
	for range 100 {
		w.Wake()
	}
}

func TestRunSendsWhenDue(t *testing.T) {
	t.Parallel()
	for _, due := range []time.Duration{time.Millisecond * 50, 3 * time.Second, 4999 * time.Millisecond, 2 * time.Minute, 24 * time.Hour} {
		t.Run(due.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				q := newQueue()
				q.add("a", time.Now().Add(due))
				r := run(t, q, nil)
				<-time.After(due + time.Minute)
				r.expectSent(due)
			})
		})
	}
}

// Another process wakes nobody here, yet what it enqueued does not wait longer than a lease.
func TestRunFindsWhatOthersEnqueued(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := run(t, newQueue(), nil)
		r.queue.add("a", time.Now())
		<-time.After(Lease)
		if got := r.queue.result("a").State; got != Delivered {
			t.Errorf("got %q after %v, want %q", got, Lease, Delivered)
		}
	})
}

// The first tries go by the table: at once, after 1 s, after 5 s more, after 25 s more.
func TestRunTriesAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		q.add("a", time.Now())
		r := run(t, q, func(attempt int) error {
			if attempt < 4 {
				return errBroken
			}
			return nil
		})
		<-time.After(time.Hour)
		r.expectSent(0, time.Second, 6*time.Second, 31*time.Second)
		if got := q.result("a").State; got != Delivered {
			t.Errorf("got %q, want %q", got, Delivered)
		}
	})
}

func TestRunGivesUpAfterThirteen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		q.add("a", time.Now())
		r := run(t, q, func(int) error { return errBroken })
		<-time.After(4 * 24 * time.Hour)
		if got := q.result("a").State; got != Failed || r.attempts() != 13 {
			t.Errorf("got %q after %d attempts, want %q after 13", got, r.attempts(), Failed)
		}
	})
}

// A crowd is sent without a pause between the claims.
func TestRunEmptiesTheQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		for i := range 100 {
			q.add(fmt.Sprint(i), time.Now())
		}
		r := run(t, q, nil)
		r.expectSent(make([]time.Duration, 100)...)
	})
}

func TestRunStopsWhileWaiting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := run(t, newQueue(), nil)
		r.stop()
		<-r.stopped
		if took := time.Since(r.began); took != 0 {
			t.Errorf("got the end after %v, want it at once", took)
		}
	})
}

func TestRunFinishesAttempts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		q.add("a", time.Now())
		r := run(t, q, func(int) error {
			<-time.After(5 * time.Second)
			return nil
		})
		<-time.After(time.Second)
		q.add("b", time.Now())
		r.stop()
		<-r.stopped
		if took := time.Since(r.began); took != 5*time.Second {
			t.Errorf("got the end after %v, want it when the attempt is over", took)
		}
		if got := q.result("a").State; got != Delivered {
			t.Errorf("got %q, want %q", got, Delivered)
		}
		if got := q.result("b").State; got != "" {
			t.Errorf("got %q of a delivery that came after the stop, want it left alone", got)
		}
	})
}

// A queue that does not answer is reported and asked again, without haste.
func TestRunOutlivesTheQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		q.broken = errBroken
		q.add("a", time.Now())
		r := run(t, q, nil)
		<-time.After(time.Minute)
		synctest.Wait()
		if got := r.reports(); len(got) < 2 || len(got) > 130 || !errors.Is(got[0], errBroken) {
			t.Errorf("got %d reports %v in a minute, want about one a second and kind of %v", len(got), got, errBroken)
		}
		q.set(func() { q.broken = nil })
		<-time.After(Lease)
		if got := q.result("a").State; got != Delivered {
			t.Errorf("got %q, want %q once the queue answers", got, Delivered)
		}
	})
}

// A result that cannot be recorded is recorded later: a database that restarts must not have everything sent twice.
func TestRunOutlivesAShortSettleError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		q.settling = errBroken
		q.add("a", time.Now())
		r := run(t, q, nil)
		r.expectSent(0)
		<-time.After(20 * time.Second)
		q.set(func() { q.settling = nil })
		<-time.After(time.Minute)
		r.expectSent(0)
		if got := q.result("a").State; got != Delivered || len(r.reports()) != 0 {
			t.Errorf("got %q and reports %v, want %q and none", got, r.reports(), Delivered)
		}
	})
}

// A result that can never be recorded costs one lease: then the delivery is sent again.
func TestRunOutlivesALongSettleError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		q.settling = errBroken
		q.add("a", time.Now())
		r := run(t, q, nil)
		<-time.After(Lease + time.Millisecond)
		if got := r.reports(); len(got) != 1 || !errors.Is(got[0], errBroken) {
			t.Errorf("got reports %v, want one of %v", got, errBroken)
		}
		q.set(func() { q.settling = nil })
		<-time.After(time.Minute)
		r.expectSent(0, Lease)
	})
}
