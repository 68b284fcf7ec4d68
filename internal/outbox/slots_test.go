package outbox

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// counter counts attempts under way, in all and for each target.
type counter struct {
	mu      sync.Mutex
	now     map[string]int
	most    map[string]int
	sent    map[string]int
	ordered []string
}

func newCounter() *counter {
	return &counter{now: map[string]int{}, most: map[string]int{}, sent: map[string]int{}}
}

func (c *counter) begin(names ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, n := range names {
		c.now[n]++
		c.most[n] = max(c.most[n], c.now[n])
	}
	c.ordered = append(c.ordered, names[0])
}

func (c *counter) end(names ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, n := range names {
		c.now[n]--
		c.sent[n]++
	}
}

// during counts attempts of a sender, which need as long as took says.
func (c *counter) during(took func(d Delivery) time.Duration) sender {
	return func(ctx context.Context, d Delivery) (Answer, error) {
		c.begin(d.Target, string(d.Kind))
		select {
		case <-time.After(took(d)):
			c.end(d.Target, string(d.Kind))
			return Answer{Text: "ok"}, nil
		case <-ctx.Done(): // the test is over
			return Answer{}, ctx.Err()
		}
	}
}

// fleet runs a worker in the bubble until the test ends.
func fleet(t *testing.T, q *queue, s Sender) {
	w := worker(q, s)
	w.Now, w.Drain = time.Now, 0
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { w.Run(ctx, func(err error) { t.Errorf("got %v, want no error", err) }) })
	t.Cleanup(func() { cancel(); running.Wait() })
}

// webhooks puts n deliveries to each of some receivers into the queue.
func (q *queue) webhooks(n int, receivers ...string) {
	for i := range n {
		for _, r := range receivers {
			q.put(Delivery{ID: fmt.Sprintf("%s-%d", r, i), Kind: Webhook, Target: "https://" + r + "/", Due: time.Now()})
		}
	}
}

// A receiver is called once at a time; one that hangs takes one slot, and the others go on.
func TestOneCallForEachReceiver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q, c := newQueue(), newCounter()
		receivers := []string{"dead.example"}
		for i := range 20 {
			receivers = append(receivers, fmt.Sprintf("r%02d.example", i))
		}
		q.webhooks(30, receivers...)
		fleet(t, q, c.during(func(d Delivery) time.Duration {
			if d.Target == "https://dead.example/" {
				return 25 * time.Second
			}
			return 100 * time.Millisecond
		}))
		<-time.After(5 * time.Second) // 600 deliveries of 0.1 s in 15 slots take 4
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, r := range receivers {
			if got := c.most["https://"+r+"/"]; got != 1 {
				t.Errorf("%s: got %d calls at once, want 1", r, got)
			}
			if got, dead := c.sent["https://"+r+"/"], r == "dead.example"; !dead && got != 30 || dead && got != 0 {
				t.Errorf("%s: got %d calls, want 30, none to the dead one", r, got)
			}
		}
		if got := c.most[string(Webhook)]; got != slots {
			t.Errorf("got %d calls at once in all, want all %d slots used", got, slots)
		}
	})
}

// Receivers take turns: a crowd for one of them makes no other wait.
func TestReceiversTakeTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q, c := newQueue(), newCounter()
		var receivers []string
		for i := range 3 * slots {
			receivers = append(receivers, fmt.Sprintf("r%02d.example", i))
		}
		q.webhooks(10, receivers...)
		fleet(t, q, c.during(func(Delivery) time.Duration { return time.Second }))
		<-time.After(2500 * time.Millisecond)
		c.mu.Lock()
		defer c.mu.Unlock()
		if len(c.ordered) != 3*slots {
			t.Fatalf("got %d calls begun in 2.5 s, want %d", len(c.ordered), 3*slots)
		}
		for _, r := range receivers {
			if got := c.most["https://"+r+"/"]; got != 1 {
				t.Errorf("%s: got %d calls in the first %d, want 1", r, got, 3*slots)
			}
		}
	})
}

// Receivers that hang hold up no mail, and a relay that hangs no webhook.
func TestKindsHaveTheirOwnSlots(t *testing.T) {
	t.Parallel()
	for _, hanging := range []Kind{Mail, Webhook} {
		synctest.Test(t, func(t *testing.T) {
			q, c := newQueue(), newCounter()
			for i := range 3 * slots {
				q.put(Delivery{ID: fmt.Sprint("mail", i), Kind: Mail, Due: time.Now()})
				q.webhooks(1, fmt.Sprintf("r%d.example", i))
			}
			fleet(t, q, c.during(func(d Delivery) time.Duration {
				if d.Kind == hanging {
					return 29 * time.Second
				}
				return 0
			}))
			<-time.After(time.Second)
			c.mu.Lock()
			defer c.mu.Unlock()
			other := map[Kind]Kind{Mail: Webhook, Webhook: Mail}[hanging]
			if c.most[string(hanging)] != slots || c.sent[string(hanging)] != 0 || c.sent[string(other)] != 3*slots {
				t.Errorf("%s hang: got %d begun and %d ended of them, %d of %s, want %d, 0, %d",
					hanging, c.most[string(hanging)], c.sent[string(hanging)], c.sent[string(other)], other, slots, 3*slots)
			}
		})
	}
}

// A slot is filled again when its attempt ends, not when the slowest of its neighbours does.
func TestSlotsAreRefilledAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q, c := newQueue(), newCounter()
		for i := range 10 * slots {
			q.put(Delivery{ID: fmt.Sprintf("%03d", i), Target: fmt.Sprintf("%03d", i), Kind: Mail, Due: time.Now()})
		}
		fleet(t, q, c.during(func(d Delivery) time.Duration {
			if d.ID == "000" {
				return time.Minute
			}
			return time.Second
		}))
		<-time.After(11500 * time.Millisecond) // 159 mails of 1 s in 15 slots take 11
		c.mu.Lock()
		defer c.mu.Unlock()
		if got := c.sent[string(Mail)]; got != 10*slots-1 {
			t.Errorf("got %d mails sent beside the slow one, want %d", got, 10*slots-1)
		}
	})
}

// A queue that is empty but for a hanging receiver's is left in peace: nobody asks it over and over.
func TestWaitingForAReceiverIsQuiet(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q, c := newQueue(), newCounter()
		q.webhooks(5, "dead.example")
		fleet(t, q, c.during(func(Delivery) time.Duration { return 20 * time.Second }))
		<-time.After(19 * time.Second)
		q.mu.Lock()
		defer q.mu.Unlock()
		if q.claims > 20 {
			t.Errorf("got %d claims in 19 s, want one in 5 s or so for each kind", q.claims)
		}
	})
}

// Who is stopped claims nothing more, waits for what is under way as long as it may, and gives back the rest, due at once and of unknown outcome.
func TestStopGivesLeasesBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		q.add("soon", time.Now())
		q.put(Delivery{ID: "hangs", Kind: Webhook, Target: "https://dead.example", Due: time.Now()})
		q.put(Delivery{ID: "heeds", Kind: Webhook, Target: "https://slow.example", Due: time.Now()})
		var asked atomic.Int64
		w := worker(q, sender(func(ctx context.Context, d Delivery) (Answer, error) {
			asked.Add(1)
			switch d.ID {
			case "heeds":
				return heeds(ctx, d)
			case "hangs":
				return takes(29*time.Second)(ctx, d)
			}
			return takes(3*time.Second)(ctx, d)
		}))
		w.Now, w.Drain = time.Now, 5*time.Second
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan time.Time, 1)
		began := time.Now()
		go func() {
			w.Run(ctx, func(err error) { t.Errorf("got %v, want no error", err) })
			ended <- time.Now()
		}()
		<-time.After(time.Second)
		stop()
		q.add("late", time.Now())
		w.Wake()
		if took := (<-ended).Sub(began); took != 6*time.Second {
			t.Errorf("got the end after %v, want it 5 s after the stop", took)
		}
		if got := q.result("soon").State; got != Delivered {
			t.Errorf("got %q of what ended in time, want %q", got, Delivered)
		}
		for _, id := range []string{"hangs", "heeds"} {
			if got := q.result(id); got.State != Queued || got.Outcome != Unknown || !got.Lost || !got.Due.Equal(began.Add(6*time.Second)) {
				t.Errorf("%s: got %+v, want it due at once, its outcome unknown", id, got)
			}
		}
		if asked.Load() != 3 || q.result("late").State != "" {
			t.Errorf("got %d attempts and %+v of what came late, want 3 and it left alone", asked.Load(), q.result("late"))
		}
		<-time.After(time.Minute) // the hanging sender ends
	})
}

// The end of a stop does not wait for a queue that does not answer.
func TestStopWithABrokenQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		q.add("a", time.Now())
		w := worker(q, sender(heeds))
		w.Now, w.Drain = time.Now, 5*time.Second
		ctx, stop := context.WithCancel(t.Context())
		var reported []error
		ended := make(chan time.Time, 1)
		go func() {
			w.Run(ctx, func(err error) { reported = append(reported, err) })
			ended <- time.Now()
		}()
		<-time.After(time.Second)
		q.set(func() { q.settling = errBroken })
		stop()
		began := time.Now()
		if took := (<-ended).Sub(began); took != 5*time.Second || len(reported) != 1 || !errors.Is(reported[0], errBroken) {
			t.Errorf("got the end after %v and %v reported, want it after 5 s with %v", took, reported, errBroken)
		}
	})
}
