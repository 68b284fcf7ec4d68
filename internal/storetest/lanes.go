package storetest

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"avow/internal/access"
	"avow/internal/outbox"
)

func lanes(t *testing.T, open Open) {
	cases := map[string]func(*world){
		"one of each lane, the one that waits longest":  (*world).oneOfEachLane,
		"a lane whose call is under way is passed over": (*world).busyLane,
		"a lane whose lease ran out offers that call":   (*world).lostCall,
		"what was cancelled holds no lane":              (*world).releasedLane,
		"a claim begins behind a lane":                  (*world).turns,
		"the organisation's setting is the schedule":    (*world).schedules,
		"workers that claim in parallel share no lane":  (*world).parallelLanes,
		"of a thousand receivers each has its turn":     (*world).crowdTurns,
	}
	for name, check := range cases {
		t.Run(name, func(t *testing.T) { t.Parallel(); check(newWorld(t, open)) })
	}
}

func (w *world) wantCalls(now time.Time, want ...string) map[string]outbox.Delivery {
	w.Helper()
	claimed, byID := w.claimKind(outbox.Webhook, now), map[string]outbox.Delivery{}
	for _, d := range claimed {
		byID[d.ID] = d
	}
	if diff := cmp.Diff(want, idsOf(claimed)); diff != "" {
		w.Errorf("calls: got +, want -:\n%s", diff)
	}
	return byID
}

func (w *world) oneOfEachLane() {
	at := func(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }
	w.put(w.webhook("a2", "a.example", at(2)), w.webhook("a1", "a.example", at(1)), w.webhook("b1", "b.example", at(3)), w.webhook("c1", "c.example", at(60_000)),
		w.webhook("a3", "A.example:443", at(0)))
	w.wantNextDue(outbox.Webhook, at(0))
	calls := w.wantCalls(at(100), "a3", "b1")
	if d := calls["b1"]; d.Lane != "https://b.example:443" || d.Attempt != 1 || string(d.Payload) != `{"id":"b1"}` {
		w.Errorf("got %+v, want the call with its lane", d)
	}
	w.wantCalls(at(100))
	for _, d := range calls {
		w.settle(d, outbox.Result{State: outbox.Delivered, Outcome: outbox.Succeeded})
	}
	w.wantCalls(at(100), "a1")
}

func (w *world) busyLane() {
	w.put(w.webhook("a1", "a.example", start), w.webhook("a2", "a.example", start.Add(time.Millisecond)))
	now := start.Add(time.Second)
	call := w.wantCalls(now, "a1")["a1"]
	w.wantNextDue(outbox.Webhook, now.Add(lease))
	w.must(w.Renew(w.ctx, call, now.Add(time.Minute)))
	w.wantCalls(now.Add(59 * time.Second))
	w.settle(call, outbox.Result{State: outbox.Queued, Outcome: outbox.Refused, Due: now.Add(time.Hour)})
	w.wantNextDue(outbox.Webhook, start.Add(time.Millisecond))
	w.wantCalls(now.Add(59*time.Second), "a2")
}

func (w *world) lostCall() {
	w.put(w.webhook("a1", "a.example", start.Add(time.Millisecond)))
	first := w.wantCalls(start.Add(time.Second), "a1")["a1"]
	w.put(w.webhook("a2", "a.example", start)) // has waited longer
	over := start.Add(time.Second).Add(lease)
	again := w.wantCalls(over, "a1")["a1"]
	if again.Attempt != 2 {
		w.Errorf("got attempt %d, want 2", again.Attempt)
	}
	w.settle(first, outbox.Result{State: outbox.Delivered, Outcome: outbox.Succeeded})
	w.wantCalls(over)
	w.wantAttempts("a1", outbox.Attempt{Number: 1, Began: start.Add(time.Second), Outcome: outbox.Unknown, Answer: "the worker did not tell"})
}

func (w *world) releasedLane() {
	w.put(w.webhook("a1", "a.example", start), w.webhook("a2", "a.example", start.Add(time.Millisecond)))
	w.wantCalls(start.Add(time.Second), "a1")
	w.unsend("a1")
	w.wantCalls(start.Add(time.Second), "a2")
}

func (w *world) turns() {
	for _, r := range []string{"a", "b", "c", "d"} {
		w.put(w.webhook(r, r+".example", start))
	}
	take := func(after string, limit int, want ...string) {
		w.Helper()
		claimed, err := w.Claim(w.ctx, outbox.Claim{Kind: outbox.Webhook, Now: start, Until: start.Add(lease), Limit: limit, After: after})
		w.must(err)
		if diff := cmp.Diff(want, idsOf(claimed)); diff != "" {
			w.Errorf("behind %q: got +, want -:\n%s", after, diff)
		}
	}
	take("https://b.example:443", 1, "c")
	take("https://c.example:443", 5, "d")
	take("https://d.example:443", 5)
	take("", 1, "a")
	take("", 5, "b")
}

func (w *world) schedules() {
	_, err := w.admin.Set(w.ctx, "one", access.WebhookRetries, "contract")
	w.must(err)
	foreign := w.webhook("two", "b.example", start)
	foreign.Org = w.two.org.ID
	w.put(append(w.mails("m"), w.webhook("one", "a.example", start))...)
	w.putFor(w.two, foreign)
	calls := w.wantCalls(start, "one", "two")
	mail := w.wantClaimed(start, "m")[0]
	for d, want := range map[*outbox.Delivery]outbox.Schedule{ptr(calls["one"]): outbox.Contract, ptr(calls["two"]): outbox.Days, ptr(mail): outbox.Days} {
		if d.Schedule != want {
			w.Errorf("%s: got schedule %q, want %q", d.ID, d.Schedule, want)
		}
	}
}

func ptr[T any](v T) *T { return &v }

// parallelLanes has eight workers claim, settle, lose and enqueue at random: never are two calls of a lane under way, and in the end each delivery was made.
func (w *world) parallelLanes() {
	const receivers, each, workers = 5, 8, 8
	for r := range receivers {
		for n := range each {
			w.put(w.webhook(fmt.Sprintf("r%d-%d", r, n), fmt.Sprintf("r%d.example", r), start.Add(time.Duration(n)*time.Microsecond)))
		}
	}
	var mu sync.Mutex
	busy, done := map[string]string{}, map[string]bool{}
	begin := func(d outbox.Delivery) {
		mu.Lock()
		defer mu.Unlock()
		if other, taken := busy[d.Lane]; taken {
			w.Errorf("got %s claimed while %s is under way in the same lane, want one call", d.ID, other)
		}
		busy[d.Lane] = d.ID
	}
	end := func(d outbox.Delivery, made bool) {
		mu.Lock()
		defer mu.Unlock()
		delete(busy, d.Lane)
		if made && done[d.ID] {
			w.Errorf("got %s delivered twice, want once", d.ID)
		}
		done[d.ID] = made
	}
	left := func() int {
		mu.Lock()
		defer mu.Unlock()
		n := receivers * each
		for _, made := range done {
			if made {
				n--
			}
		}
		return n
	}
	var group sync.WaitGroup
	for seed := range workers {
		random := rand.New(rand.NewPCG(uint64(seed), 7))
		group.Go(func() {
			for left() > 0 && !w.Failed() {
				claimed, err := w.Claim(w.ctx, outbox.Claim{
					Kind: outbox.Webhook, Now: start.Add(time.Second), Until: start.Add(time.Hour), Limit: 1 + random.IntN(receivers), After: fmt.Sprintf("https://r%d", random.IntN(receivers+1)-1),
				})
				if err != nil {
					w.Errorf("claim: %v", err)
					return
				}
				for _, d := range claimed {
					begin(d)
				}
				for _, d := range claimed {
					made := random.IntN(3) > 0
					r := outbox.Result{State: outbox.Queued, Outcome: outbox.Refused, Due: start.Add(time.Duration(random.IntN(1000)) * time.Millisecond)}
					if made {
						r.State, r.Outcome = outbox.Delivered, outbox.Succeeded
					}
					end(d, made)
					if err := w.Settle(w.ctx, d, r); err != nil {
						w.Errorf("settle: %v", err)
					}
				}
			}
		})
	}
	group.Wait()
}
