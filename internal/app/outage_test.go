package app_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"avow/internal/outbox"
)

// outage is a receiver that is down until an instant.
type outage struct {
	b     *bench
	until time.Time
	mu    sync.Mutex
	busy  bool
	twice int            // calls while another one was under way
	calls map[string]int // while it was down, by delivery
	taken []string       // in their order
	at    map[string]time.Time
}

// Send implements outbox.Sender.
func (o *outage) Send(_ context.Context, d outbox.Delivery) (outbox.Answer, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.busy {
		o.twice++
	}
	o.busy = true
	defer func() { o.busy = false }()
	if o.b.clock.Now().Before(o.until) {
		o.calls[d.ID]++
		return outbox.Answer{Asked: true}, errors.New("connection refused")
	}
	o.taken = append(o.taken, d.ID)
	o.at[d.ID] = o.b.clock.Now()
	return outbox.Answer{Code: 200, Asked: true}, nil
}

// dueOf are the instants at which deliveries are going to be tried.
func (b *bench) dueOf(all []outbox.Delivery) map[string]time.Time {
	b.Helper()
	due := map[string]time.Time{}
	for _, d := range all {
		v, err := b.app.Store.DeliveryByID(context.Background(), outbox.Reader{Operator: true}, d.ID)
		b.must(err)
		due[d.ID] = v.Records[0].Due
	}
	return due
}

// TestReceiverDownForTwoDays has a worker run while nobody is there for two days of the injected clock, which jumps from one instant at which something is due to the
// next. What waits is brought forward when the receiver is back.
func TestReceiverDownForTwoDays(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, database string) {
		seed := *historySeed
		if seed == 0 {
			seed = rand.Uint64() >> 16
		}
		t.Logf("-seed %d", seed)
		random := rand.New(rand.NewPCG(seed, 0))
		b := newBench(t, familyClocks["own"], database)
		b.setup("org acme")
		begin := b.clock.Now()
		many := outageDeliveries
		if raced {
			many /= 4 // an attempt is two commits, and the embedded database slow then
		}
		all := crowd(0, 1, many, begin)
		for i := range all {
			all[i].Created = begin.Add(time.Duration(random.Int64N(int64(time.Hour)))).Truncate(time.Microsecond)
			all[i].Due = all[i].Created
		}
		for part := range slices.Chunk(all, 500) {
			b.put(part...)
		}
		o := &outage{b: b, until: begin.Add(48*time.Hour + time.Duration(random.Int64N(int64(12*time.Hour)))), calls: map[string]int{}, at: map[string]time.Time{}}
		stop := b.outlive(o, random)
		b.reach(o.until.Add(-time.Microsecond))
		due := b.dueOf(all)
		b.clock.advance(time.Microsecond)
		for b.waits() {
			b.reach(b.nextDue())
		}
		stop()
		b.checkReturn(o, all, due)
	})
}

// outlive runs a worker in the background until it is stopped.
func (b *bench) outlive(s outbox.Sender, random *rand.Rand) (stop func()) {
	b.Helper()
	var mu sync.Mutex
	jitter := func() float64 { mu.Lock(); defer mu.Unlock(); return random.Float64() }
	w := b.worker()
	w.Senders, w.Jitter, w.Observe = map[outbox.Kind]outbox.Sender{outbox.Webhook: s}, jitter, nil
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { w.Run(ctx, func(err error) { b.Errorf("worker: %v", err) }) })
	b.Cleanup(cancel)
	return func() { cancel(); running.Wait() }
}

func (b *bench) nextDue() time.Time {
	b.Helper()
	due, err := b.app.Store.NextDue(context.Background(), outbox.Webhook)
	b.must(err)
	return due
}

// reach moves the clock to an instant, not past anything that is due before it, and returns when nothing is due or under way any more.
func (b *bench) reach(at time.Time) {
	b.Helper()
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	for {
		<-look.C
		due, now := b.nextDue(), b.clock.Now()
		switch {
		case !due.IsZero() && !due.After(now):
			continue // the worker is about to take it
		case due.Equal(now.Add(outbox.Lease)):
			continue // an attempt is under way
		case due.IsZero() || due.After(at):
			b.clock.advance(max(at.Sub(now), 0))
			return
		}
		b.clock.advance(due.Sub(now))
		b.worker().Wake()
	}
}

func (b *bench) checkReturn(o *outage, all []outbox.Delivery, due map[string]time.Time) {
	b.Helper()
	soonest, latest := time.Time{}, time.Time{}
	for _, at := range due {
		if soonest.IsZero() || at.Before(soonest) {
			soonest = at
		}
	}
	probes := 0
	for _, d := range all {
		probes += o.calls[d.ID]
		at, arrived := o.at[d.ID]
		if !arrived || at.After(due[d.ID]) {
			b.Errorf("%s: got it %t at %v, want it by %v, within the interval in which it waited", d.ID, arrived, at, due[d.ID])
		}
		if latest.Before(at) {
			latest = at
		}
		if n := o.calls[d.ID]; n > 12 {
			b.Errorf("%s: got %d calls of the dead receiver, want no more than its schedule has", d.ID, n)
		}
	}
	if len(o.taken) != len(all) || o.twice > 0 {
		b.Errorf("got %d deliveries taken of %d, %d calls at once, want each once and one call at a time", len(o.taken), len(all), o.twice)
	}
	if latest.After(soonest) {
		b.Errorf("got the last one at %v, want what waits brought forward when the first arrived, at %v", latest, soonest)
	}
	left, err := b.app.Store.Watched(context.Background(), "")
	if b.must(err); len(left) != 0 {
		b.Errorf("got %+v, want nothing noted of a receiver that is well", left)
	}
	b.Logf("%d deliveries, %d calls of the dead receiver in %v; all there %v after its return, their longest wait would have been %v; %s",
		len(all), probes, o.until.Sub(all[0].Created), latest.Sub(o.until), longest(due, o.until), disorder(all, o.taken))
}

func longest(due map[string]time.Time, from time.Time) (wait time.Duration) {
	for _, at := range due {
		wait = max(wait, at.Sub(from))
	}
	return wait
}

// disorder tells how many deliveries came after one that was made later.
func disorder(all []outbox.Delivery, taken []string) string {
	made := map[string]time.Time{}
	for _, d := range all {
		made[d.ID] = d.Created
	}
	behind, newest := 0, time.Time{}
	for _, id := range taken {
		if made[id].Before(newest) {
			behind++
		} else {
			newest = made[id]
		}
	}
	return fmt.Sprintf("%d came after one that was made later", behind)
}
