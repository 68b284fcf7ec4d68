package storetest

import (
	"fmt"
	"time"

	"github.com/google/go-cmp/cmp"

	"avow/internal/outbox"
)

// waiting puts deliveries to a receiver into the queue that have failed once and wait for an hour and more.
func (w *world) waiting(receiver string, ids ...string) {
	w.Helper()
	for i, id := range ids {
		w.put(w.webhook(id, receiver, start))
		d := w.call(start, id)
		r := failure(start, outbox.Change{Next: since(start)})
		r.Due = start.Add(time.Hour + time.Duration(i)*time.Minute)
		w.must(w.Settle(w.ctx, d, r))
	}
}

// back is an endpoint that has just answered again.
func back(at time.Time) outbox.Endpoint { return outbox.Endpoint{Back: at} }

// drain delivers all webhooks that can be tried at an instant, and names them in their order.
func (w *world) drain(now time.Time) (ids []string) {
	w.Helper()
	for {
		claimed := w.claimKind(outbox.Webhook, now)
		if len(claimed) == 0 {
			return ids
		}
		for _, d := range claimed {
			ids = append(ids, d.ID)
			w.must(w.Settle(w.ctx, d, outbox.Result{State: outbox.Delivered, Outcome: outbox.Succeeded, At: now}))
		}
	}
}

// tenIDs are w0 to w9.
func tenIDs() (ids []string) {
	for i := range 10 {
		ids = append(ids, fmt.Sprint("w", i))
	}
	return ids
}

func (w *world) broughtForward() {
	ids := tenIDs()
	w.waiting("a.example", ids...)
	now := start.Add(time.Hour)
	first := w.call(now, "w0")
	w.must(w.Settle(w.ctx, first, success(now, outbox.Change{Was: since(start), Next: back(now), Forward: true})))
	w.wantWatched(outbox.Watched{Org: w.one.org.ID, URL: url("a.example"), Endpoint: back(now)})
	got := w.drain(now)
	if diff := cmp.Diff(ids[1:9], got); diff != "" {
		w.Errorf("got + due, want eight in their order, for no more are brought forward at once:\n%s", diff)
	}
	if r, _ := w.show("w9"); !r.Due.Equal(start.Add(time.Hour + 9*time.Minute)) {
		w.Errorf("got the last one due at %v, want it where it was", r.Due)
	}
	w.put(w.webhook("new", "a.example", now))
	w.must(w.Settle(w.ctx, w.call(now, "new"), success(now, outbox.Change{Was: back(now), Next: back(now), Forward: true})))
	if got := w.drain(now); cmp.Diff([]string{"w9"}, got) != "" {
		w.Errorf("got %v due, want the last", got)
	}
	w.wantWatched() // nothing is left to bring forward
}

func (w *world) othersFirst() {
	w.waiting("a.example", "w0", "w1")
	now := start.Add(time.Hour)
	first := w.call(now, "w0")
	w.put(w.webhook("new", "a.example", now))
	w.must(w.Settle(w.ctx, first, success(now, outbox.Change{Was: since(start), Next: back(now), Forward: true})))
	if got := w.drain(now); cmp.Diff([]string{"new"}, got) != "" {
		w.Errorf("got %v due, want the new one alone", got)
	}
}

func (w *world) foreignForward() {
	w.waiting("a.example", "w0")
	test := w.webhook("t", "a.example", start)
	test.Test = true
	foreign := w.webhook("f", "a.example", start)
	foreign.Org = w.two.org.ID
	for _, d := range []outbox.Delivery{test, foreign} {
		if d.ID == "f" {
			w.putFor(w.two, d)
		} else {
			w.put(d)
		}
		r := outbox.Result{State: outbox.Queued, Outcome: outbox.Refused, Due: start.Add(2 * time.Hour), At: start}
		w.must(w.Settle(w.ctx, w.call(start, d.ID), r))
	}
	now := start.Add(time.Hour)
	w.must(w.Settle(w.ctx, w.call(now, "w0"), success(now, outbox.Change{Was: since(start), Next: back(now), Forward: true})))
	if got := w.drain(now); len(got) != 0 {
		w.Errorf("got %v due, want nothing of another owner or mode", got)
	}
}

// triedSince keeps a delivery that its receiver never takes from using up its attempts while all others succeed, and one that was put off from coming too soon.
func (w *world) triedSince() {
	w.waiting("a.example", "w0", "w1", "w2")
	now := start.Add(time.Hour)
	w.must(w.Settle(w.ctx, w.call(now, "w0"), success(now, outbox.Change{Was: since(start), Next: back(now), Forward: true})))
	poison := w.call(now, "w1")
	r := failure(now, outbox.Change{Was: back(now), Next: outbox.Endpoint{Since: now, Back: now}, Forward: true})
	r.Due = now.Add(time.Minute)
	w.must(w.Settle(w.ctx, poison, r))
	put := w.call(now, "w2")
	r = failure(now, outbox.Change{Was: outbox.Endpoint{Since: now, Back: now}, Next: outbox.Endpoint{Since: now, Back: now}})
	r.Code, r.Due = 429, now.Add(time.Hour)
	w.must(w.Settle(w.ctx, put, r))
	w.put(w.webhook("new", "a.example", now))
	w.must(w.Settle(w.ctx, w.call(now, "new"), success(now, outbox.Change{Was: outbox.Endpoint{Since: now, Back: now}, Next: back(now), Forward: true})))
	if got := w.drain(now); len(got) != 0 {
		w.Errorf("got %v due, want nothing that was tried since the return", got)
	}
	again := now.Add(10 * time.Second) // the next return
	w.put(w.webhook("later", "a.example", again))
	w.must(w.Settle(w.ctx, w.call(again, "later"), success(again, outbox.Change{Was: since(now), Next: back(again), Forward: true})))
	if got := w.drain(again); cmp.Diff([]string{"w1"}, got) != "" {
		w.Errorf("got %v due, want the one alone that had not answered 429", got)
	}
}
