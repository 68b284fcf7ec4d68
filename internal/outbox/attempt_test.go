package outbox

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// takes is a sender that needs a time for an attempt and does not heed its context.
func takes(d time.Duration) sender {
	return func(context.Context, Delivery) (Answer, error) {
		<-time.After(d)
		return Answer{Code: 250, Text: "sent"}, nil
	}
}

// heeds is a sender that waits until its context ends.
func heeds(ctx context.Context, _ Delivery) (Answer, error) {
	<-ctx.Done()
	return Answer{}, ctx.Err()
}

// bubble runs a test in which time passes only while everybody waits; the worker's clock is the bubble's.
func bubble(t *testing.T, s Sender, test func(t *testing.T, q *queue, w *Worker)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		w := worker(q, s)
		w.Now = time.Now
		test(t, q, w)
	})
}

// A slow relay is not asked twice: every 10 s the lease is renewed for 30 s more, and so it never runs out.
func TestLeaseIsRenewed(t *testing.T) {
	t.Parallel()
	bubble(t, takes(95*time.Second), func(t *testing.T, q *queue, w *Worker) {
		began := time.Now()
		q.add("a", began)
		if n, err := w.Once(t.Context()); n != 1 || err != nil {
			t.Fatalf("got %d attempts, %v, want 1, no error", n, err)
		}
		var want []time.Time
		for at := 10 * time.Second; at < 95*time.Second; at += 10 * time.Second {
			want = append(want, began.Add(at+30*time.Second))
		}
		if !slices.EqualFunc(q.renewed, want, time.Time.Equal) {
			t.Errorf("got leases until %v, want %v", q.renewed, want)
		}
		if got := q.result("a"); got.State != Delivered || got.Took != 95*time.Second || got.Code != 250 {
			t.Errorf("got %+v, want it delivered after 95 s with the relay's code", got)
		}
	})
}

// A queue that does not answer to a renewal is no reason to give an attempt up.
func TestRenewalMayFail(t *testing.T) {
	t.Parallel()
	bubble(t, takes(25*time.Second), func(t *testing.T, q *queue, w *Worker) {
		q.add("a", time.Now())
		q.renewing = errBroken
		if n, err := w.Once(t.Context()); n != 1 || err != nil {
			t.Fatalf("got %d attempts, %v, want 1, no error", n, err)
		}
		if got := q.result("a").State; got != Delivered {
			t.Errorf("got %q, want %q", got, Delivered)
		}
	})
}

// Whoever has lost a lease stops, for somebody else is sending; and has no say about the delivery any more.
func TestLostLeaseEndsTheAttempt(t *testing.T) {
	t.Parallel()
	stopped := make(chan time.Time, 1)
	bubble(t, sender(func(ctx context.Context, d Delivery) (Answer, error) {
		defer func() { stopped <- time.Now() }()
		return heeds(ctx, d)
	}), func(t *testing.T, q *queue, w *Worker) {
		began := time.Now()
		q.add("a", began)
		q.renewing = ErrLeaseLost
		n, err := w.Once(t.Context())
		if n != 1 || !errors.Is(err, ErrLeaseLost) {
			t.Errorf("got %d attempts, %v, want 1, %v", n, err, ErrLeaseLost)
		}
		if at := (<-stopped).Sub(began); at != 10*time.Second || q.result("a").State != "" {
			t.Errorf("got the end after %v and %+v, want it after 10 s and nothing recorded", at, q.result("a"))
		}
	})
}

// A sender that sets itself no bound has 5 minutes for a mail and 30 s for a webhook.
func TestAttemptHasATime(t *testing.T) {
	t.Parallel()
	for kind, want := range map[Kind]time.Duration{Mail: 5 * time.Minute, Webhook: 30 * time.Second} {
		bubble(t, sender(heeds), func(t *testing.T, q *queue, w *Worker) {
			q.put(Delivery{ID: "a", Kind: kind, Due: time.Now()})
			if _, err := w.Once(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := q.result("a"); got.Took != want || got.State != Queued || got.Outcome != Refused {
				t.Errorf("%s: got %+v, want it failed for now after %v", kind, got, want)
			}
		})
	}
}

// A sender that never ends gives its slot back all the same. What it has done nobody knows.
func TestHangingSenderIsLeft(t *testing.T) {
	t.Parallel()
	bubble(t, takes(24*time.Hour), func(t *testing.T, q *queue, w *Worker) {
		q.put(Delivery{ID: "a", Kind: Webhook, Due: time.Now()})
		if _, err := w.Once(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := q.result("a"); got.Took != 35*time.Second || got.State != Queued || got.Outcome != Unknown {
			t.Errorf("got %+v, want an unknown outcome after 35 s", got)
		}
		<-time.After(24 * time.Hour)
	})
}
