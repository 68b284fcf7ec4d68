package storetest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"avow/internal/outbox"
)

func upkeep(t *testing.T, open Open) {
	cases := map[string]func(*world){
		"a turn is one holder's until it ends":            (*world).turnEnds,
		"of many that take a turn at once one gets it":    (*world).turnOfOne,
		"a purge goes on where it was, and misses no row": (*world).purgeGoesOn,
		"the oldest row that is over":                     (*world).oldestOver,
		"what waits is counted by kind":                   (*world).countsWaiting,
	}
	for name, check := range cases {
		t.Run(name, func(t *testing.T) { t.Parallel(); check(newWorld(t, open)) })
	}
}

func (w *world) wantTurn(want bool, name, holder string, now, until time.Time) {
	w.Helper()
	got, err := w.TakeTurn(w.ctx, name, holder, now, until)
	w.must(err)
	if got != want {
		w.Errorf("%s by %s: got %t, want %t", name, holder, got, want)
	}
}

func (w *world) turnEnds() {
	until := start.Add(time.Minute)
	w.wantTurn(true, "upkeep", "a", start, until)
	w.wantTurn(false, "upkeep", "b", start, until)
	w.wantTurn(true, "upkeep", "a", start.Add(time.Second), until)
	w.wantTurn(true, "another", "b", start, until)
	w.must(w.EndTurn(w.ctx, "upkeep", "b")) // which it has not
	w.wantTurn(false, "upkeep", "b", until.Add(-time.Microsecond), until)
	w.wantTurn(true, "upkeep", "b", until, until.Add(time.Minute))
	w.wantTurn(false, "upkeep", "a", until, until.Add(time.Minute))
	w.must(w.EndTurn(w.ctx, "upkeep", "b"))
	w.wantTurn(true, "upkeep", "a", until, until.Add(time.Minute))
}

func (w *world) turnOfOne() {
	var group sync.WaitGroup
	var holders atomic.Int64
	for n := range 16 {
		group.Go(func() {
			mine, err := w.TakeTurn(w.ctx, "upkeep", fmt.Sprint(n), start, start.Add(time.Minute))
			if err != nil {
				w.Errorf("take: %v", err)
			}
			if mine {
				holders.Add(1)
			}
		})
	}
	group.Wait()
	if got := holders.Load(); got != 1 {
		w.Errorf("got %d holders, want 1", got)
	}
}

func (w *world) keepMail(id string, at time.Time) {
	w.Helper()
	w.must(w.Keep(w.ctx, outbox.Captured{ID: id, To: "a@example.com", CreatedAt: at}))
}

// purgeGoesOn has a row come in that is older than what was purged already.
func (w *world) purgeGoesOn() {
	for n := range 6 {
		w.keepMail(fmt.Sprint("m", n), start.Add(time.Duration(n/2)*time.Second)) // two of each age
	}
	before := start.Add(time.Minute)
	w.wantRemoved(3)(w.PurgeMails(w.ctx, before, 3))
	w.keepMail("late", start)
	w.wantRemoved(3)(w.PurgeMails(w.ctx, before, 3))
	w.wantRemoved(1)(w.PurgeMails(w.ctx, before, 3))
	w.wantRemoved(0)(w.PurgeMails(w.ctx, before, 3))
}

func (w *world) oldestOver() {
	want := func(want time.Time) {
		w.Helper()
		got, err := w.OldestOver(w.ctx, "captured_mails")
		w.must(err)
		if !got.Equal(want) {
			w.Errorf("got %v, want %v", got, want)
		}
	}
	want(time.Time{})
	w.keepMail("new", start.Add(time.Hour))
	w.keepMail("old", start)
	want(start)
	w.wantRemoved(1)(w.PurgeMails(w.ctx, start.Add(time.Minute), 1))
	want(start.Add(time.Hour))
	w.wantRemoved(0)(w.PurgeMails(w.ctx, start.Add(time.Minute), 1))
	w.keepMail("older", start.Add(-time.Hour)) // than what went
	want(start.Add(-time.Hour))
	for _, table := range []string{"deliveries", "tokens", "sessions"} {
		_, err := w.OldestOver(w.ctx, table)
		w.must(err)
	}
}

func (w *world) countsWaiting() {
	want := func(want map[outbox.Kind]outbox.Backlog) {
		w.Helper()
		got, err := w.Waiting(w.ctx)
		w.must(err)
		if diff := cmp.Diff(want, got); diff != "" {
			w.Errorf("got +, want -:\n%s", diff)
		}
	}
	want(map[outbox.Kind]outbox.Backlog{outbox.Mail: {}, outbox.Webhook: {}})
	w.put(append(w.mails("m1", "m2", "m3"), w.webhook("a1", "a.example", start), w.webhook("a2", "a.example", start))...)
	w.wantCalls(start, "a1")
	want(map[outbox.Kind]outbox.Backlog{outbox.Mail: {Queued: 3}, outbox.Webhook: {Queued: 1, Leased: 1}})
	for _, d := range w.claimKind(outbox.Mail, start.Add(time.Minute)) {
		w.settle(d, outbox.Result{State: outbox.Delivered, Outcome: outbox.Succeeded, At: start.Add(time.Minute)})
	}
	want(map[outbox.Kind]outbox.Backlog{outbox.Mail: {}, outbox.Webhook: {Queued: 1, Leased: 1}})
}
