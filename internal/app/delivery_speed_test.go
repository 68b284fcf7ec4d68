package app_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"avow/internal/outbox"
)

// receivers answer after a short while, but for one that is dead: it takes 10 s to say nothing.
type receivers struct {
	dead    string // target; empty: none
	left    atomic.Int64
	drained chan struct{} // closed when all but the dead one's are taken
	hung    atomic.Int64  // calls of the dead one
}

// answerTime is that of a receiver.
const answerTime = 5 * time.Millisecond

// Send implements outbox.Sender.
func (r *receivers) Send(ctx context.Context, d outbox.Delivery) (outbox.Answer, error) {
	wait := answerTime
	if d.Target == r.dead {
		r.hung.Add(1)
		wait = 10 * time.Second
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return outbox.Answer{}, ctx.Err()
	}
	if d.Target != r.dead && r.left.Add(-1) == 0 {
		close(r.drained)
	}
	return outbox.Answer{Code: 200}, nil
}

// drain measures how long it takes to send a crowd of webhooks, but for those to a dead receiver, if there is one.
func drain(t *testing.T, database string, dead bool) time.Duration {
	t.Helper()
	b := newBench(t, time.Now().UTC().Truncate(time.Microsecond), database)
	b.setup("org acme")
	all := crowd(0, speedReceivers, speedEach, b.clock.Now())
	for begin := 0; begin < len(all); begin += 1000 {
		b.put(all[begin:min(begin+1000, len(all))]...)
	}
	r := &receivers{drained: make(chan struct{})}
	r.left.Store(int64(len(all)))
	if dead {
		r.dead = all[0].Target
		r.left.Add(-speedEach)
	}
	w := &outbox.Worker{
		Queue: b.app.Store, Senders: map[outbox.Kind]outbox.Sender{outbox.Webhook: r}, Now: func() time.Time { return time.Now().UTC() }, Jitter: func() float64 { return 0 },
	}
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	began := time.Now()
	running.Go(func() { w.Run(ctx, func(err error) { t.Errorf("worker: %v", err) }) })
	select {
	case <-r.drained:
	case <-time.After(5 * time.Minute):
		t.Errorf("got %d deliveries left, want all sent", r.left.Load())
	}
	took := time.Since(began)
	stop()
	running.Wait()
	if dead && r.hung.Load() == 0 {
		t.Error("got no call of the dead receiver, want it called")
	}
	return took
}

// TestDeadReceiverHoldsUpNobody measures how fast webhooks leave with a dead receiver among the targets and without: it takes a slot of its own, and no more.
func TestDeadReceiverHoldsUpNobody(t *testing.T) {
	t.Parallel()
	for name, database := range engines {
		t.Run(name, func(t *testing.T) {
			const tries = 5 // a machine that others work on, too, measures no better than this
			best, told := 0.0, ""
			for range tries {
				without, with := drain(t, database(t), false), drain(t, database(t), true)
				share := without.Seconds() / with.Seconds() * (speedReceivers - 1) / speedReceivers
				if share > best {
					best, told = share, fmt.Sprintf("%d deliveries in %v without, %d in %v with it", speedReceivers*speedEach, without, (speedReceivers-1)*speedEach, with)
				}
				if best > 0.8 {
					break
				}
			}
			t.Logf("%s: %.0f %% of the speed", told, 100*best)
			if best <= 0.8 {
				t.Errorf("got %.0f %% of the speed with a dead receiver (%s), want more than 80 %%", 100*best, told)
			}
		})
	}
}
