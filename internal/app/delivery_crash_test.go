package app_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"avow/internal/account"
	"avow/internal/outbox"
)

// put saves deliveries of the organisation acme, by a change of an account of its own.
func (b *bench) put(all ...outbox.Delivery) {
	b.Helper()
	ctx := context.Background()
	o, err := b.app.Admin.Organisation(ctx, "acme")
	b.must(err)
	made, err := b.app.Accounts.Create(ctx, account.NewAccount{Org: o.ID, Email: all[0].ID + "@example.com"})
	b.must(err)
	for i := range all {
		all[i].Org, all[i].Payload = o.ID, []byte(`{}`)
	}
	b.must(b.app.Store.Change(ctx, account.KeyOfID(made.ID), func(s account.State) (account.Next, error) {
		return account.Next{Account: s.Account, Mails: all}, nil
	}))
}

// crowd makes deliveries: mails, and webhooks to a number of receivers.
func crowd(mails, receivers, each int, now time.Time) (all []outbox.Delivery) {
	for n := range mails {
		all = append(all, outbox.Delivery{ID: fmt.Sprintf("mail-%04d", n), Kind: outbox.Mail, Target: "a@example.com", Due: now, Created: now})
	}
	for n := range each {
		for r := range receivers {
			all = append(all, outbox.Delivery{ID: fmt.Sprintf("hook-%03d-%03d", r, n), Kind: outbox.Webhook, Target: fmt.Sprintf("https://r%03d.example/", r), Due: now, Created: now})
		}
	}
	return all
}

// sink is the other side: it notes what it has taken, by the attempt.
type sink struct {
	mu     sync.Mutex
	random *rand.Rand
	taken  map[string][]int
	busy   map[string]bool // lanes in which a call is under way
	twice  []string        // lanes that were called twice at once
}

func (s *sink) begin(d outbox.Delivery) (fate int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d.Lane != "" && s.busy[d.Lane] {
		s.twice = append(s.twice, d.Lane)
	}
	s.busy[d.Lane] = true
	return s.random.IntN(10)
}

func (s *sink) end(d outbox.Delivery, takes bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.busy, d.Lane)
	if takes {
		s.taken[d.ID] = append(s.taken[d.ID], d.Attempt)
	}
}

// take takes most, turns some away, and of some loses the answer, whether it has taken them or not.
func (s *sink) take(d outbox.Delivery) (outbox.Answer, error) {
	fate := s.begin(d)
	switch {
	case fate == 0:
		s.end(d, false)
		return outbox.Answer{Code: 451, Text: "not now"}, errors.New("turned away")
	case fate <= 2:
		s.end(d, fate == 1)
		return outbox.Answer{}, outbox.Uncertain(errors.New("connection lost"))
	}
	s.end(d, true)
	return outbox.Answer{Code: 250, Text: "taken"}, nil
}

// life is that of a worker. It ends after a number of steps: nothing that the worker does afterwards reaches anybody, as if it had been killed in between. A gentle
// end only stops it.
type life struct {
	outbox.Queue
	sink   *sink
	left   atomic.Int64
	gentle bool
	end    context.CancelFunc

	talk sync.RWMutex // with the other side; whoever holds it alone has the last word
	over bool
}

var errDead = errors.New("killed")

func (l *life) step() error {
	if l.left.Add(-1) >= 0 {
		return nil
	}
	l.end()
	if l.gentle {
		return nil
	}
	return errDead
}

// around carries something out between two steps.
func (l *life) around(do func() error) error {
	if err := l.step(); err != nil {
		return err
	}
	err := do()
	if dead := l.step(); dead != nil {
		return dead
	}
	return err
}

// Claim implements outbox.Queue.
func (l *life) Claim(ctx context.Context, c outbox.Claim) (claimed []outbox.Delivery, err error) {
	err = l.around(func() error { claimed, err = l.Queue.Claim(context.WithoutCancel(ctx), c); return err })
	if errors.Is(err, errDead) {
		return nil, err // what it holds now nobody sends
	}
	return claimed, err
}

// Settle implements outbox.Queue.
func (l *life) Settle(ctx context.Context, d outbox.Delivery, r outbox.Result) error {
	return l.around(func() error { return l.Queue.Settle(ctx, d, r) })
}

// Send implements outbox.Sender.
func (l *life) Send(_ context.Context, d outbox.Delivery) (answer outbox.Answer, err error) {
	l.talk.RLock()
	defer l.talk.RUnlock()
	if l.over {
		return outbox.Answer{}, errDead // an attempt that was given back before it began
	}
	dead := l.around(func() error { answer, err = l.sink.take(d); return nil })
	if dead != nil {
		return outbox.Answer{}, dead
	}
	return answer, err
}

// live runs a worker until its life ends or there is nothing to do at this instant.
func (b *bench) live(s *sink, steps int64, gentle bool) {
	b.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	l := &life{Queue: b.app.Store, sink: s, gentle: gentle, end: cancel}
	l.left.Store(steps)
	w := &outbox.Worker{
		Queue: l, Senders: map[outbox.Kind]outbox.Sender{outbox.Mail: l, outbox.Webhook: l}, Now: b.clock.Now, Jitter: func() float64 { return 0.5 }, Drain: 0,
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		w.Run(ctx, func(err error) {
			if !errors.Is(err, errDead) {
				b.Errorf("worker: %v", err)
			}
		})
	}()
	look := time.NewTicker(2 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case <-ended:
			l.talk.Lock()
			l.over = true
			l.talk.Unlock()
			cancel()
			return
		case <-look.C:
			if b.idle() {
				cancel()
			}
		}
	}
}

// idle reports whether nothing is due and nothing under way.
func (b *bench) idle() bool {
	b.Helper()
	ctx, now := context.Background(), b.clock.Now()
	for _, kind := range []outbox.Kind{outbox.Mail, outbox.Webhook} {
		due, err := b.app.Store.NextDue(ctx, kind)
		b.must(err)
		if !due.IsZero() && !due.After(now) {
			return false
		}
	}
	v, err := b.app.Store.Deliveries(ctx, outbox.Reader{Operator: true}, outbox.Filter{Standing: outbox.Sending, Now: now, Limit: 1})
	b.must(err)
	return len(v.Records) == 0
}

// TestCrashes kills workers between any two steps. In the end everything has arrived; what came more than once was noted as of unknown outcome once for each time
// that it came too often; and no attempt that is told to have failed has reached the other side.
func TestCrashes(t *testing.T) {
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
		all := crowd(crashMails, crashReceivers, crashEach, b.clock.Now())
		b.put(all...)
		s := &sink{random: random, taken: map[string][]int{}, busy: map[string]bool{}}
		lives := 0
		for ; b.waits(); lives++ {
			s.busy = map[string]bool{} // of workers that are no more
			b.live(s, random.Int64N(40), random.IntN(4) == 0)
			if random.IntN(2) == 0 {
				b.must(b.app.Store.ReleaseLeases(context.Background(), b.clock.Now())) // as the one process of an embedded database does at its start
			}
			b.clock.advance(outbox.Lease)
			if random.IntN(5) == 0 {
				b.clock.advance(time.Hour)
			}
		}
		again, unknown := 0, 0
		for _, d := range all {
			extra, lost := b.checkAttempts(d.ID, s.taken[d.ID])
			again, unknown = again+extra, unknown+lost
		}
		if len(s.twice) > 0 {
			t.Errorf("got two calls at once in lanes %v, want one", s.twice)
		}
		t.Logf("%d deliveries by %d workers: %d came again, %d attempts of unknown outcome", len(all), lives, again, unknown)
		if lives < 10 || again == 0 || unknown < again {
			t.Errorf("got %d lives, %d deliveries again, %d unknown attempts, want some of each", lives, again, unknown)
		}
	})
}

// waits reports whether anything is left to deliver.
func (b *bench) waits() bool {
	b.Helper()
	for _, kind := range []outbox.Kind{outbox.Mail, outbox.Webhook} {
		due, err := b.app.Store.NextDue(context.Background(), kind)
		b.must(err)
		if !due.IsZero() {
			return true
		}
	}
	return false
}

// checkAttempts compares the log of a delivery's attempts with those that the other side has taken.
func (b *bench) checkAttempts(id string, taken []int) (again, unknown int) {
	b.Helper()
	v, err := b.app.Store.DeliveryByID(context.Background(), outbox.Reader{Operator: true}, id)
	b.must(err)
	r := v.Records[0]
	outcomes := map[int]outbox.Outcome{}
	for i, a := range v.Attempts {
		outcomes[a.Number] = a.Outcome
		if a.Number != i+1 {
			b.Errorf("%s: got attempt %d in the place of %d, want all of them", id, a.Number, i+1)
		}
		if a.Outcome == outbox.Unknown {
			unknown++
		}
	}
	for _, n := range taken {
		if got := outcomes[n]; got != outbox.Succeeded && got != outbox.Unknown {
			b.Errorf("%s: got outcome %q of attempt %d, which was taken, want delivered or unknown", id, got, n)
		}
	}
	again = len(taken) - 1
	if r.State != outbox.Delivered || len(v.Attempts) != r.Attempts || outcomes[r.Attempts] != outbox.Succeeded || again < 0 || again > unknown {
		b.Errorf("%s: got %+v, taken %d times with %d attempts of unknown outcome, want it delivered, and again only where one is unknown", id, r, len(taken), unknown)
	}
	return again, unknown
}
