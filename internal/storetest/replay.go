package storetest

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"avow/internal/access"
	"avow/internal/outbox"
)

func replays(t *testing.T, open Open) {
	cases := map[string]func(*world){
		"a page is its owner's webhooks, oldest first":  (*world).replayPages,
		"a replay sends the same again, from the start": (*world).replayedAgain,
		"what has changed meanwhile is left alone":      (*world).replayedMeanwhile,
		"a replay reaches no other owner":               (*world).replayOwner,
		"events are told apart by their names":          (*world).replayEvents,
	}
	for name, check := range cases {
		t.Run(name, func(t *testing.T) { t.Parallel(); check(newWorld(t, open)) })
	}
}

// finished makes webhooks that were delivered, a microsecond apart, each to a receiver of its own.
func (w *world) finished(org tenant, test bool, ids ...string) {
	w.Helper()
	for i, id := range ids {
		d := w.webhook(id, id+".example", start)
		d.Org, d.Test, d.Created = org.org.ID, test, start.Add(time.Duration(i)*time.Microsecond)
		w.putFor(org, d)
		w.settle(w.call(start, id), outbox.Result{State: outbox.Delivered, Outcome: outbox.Succeeded, Code: 200})
	}
}

// wholeTime is all that there is of the first organisation.
func (w *world) wholeTime() outbox.Selection {
	return outbox.Selection{Org: w.one.org.ID, Since: start, Until: start.Add(time.Hour)}
}

func (w *world) page(r outbox.Reader, s outbox.Selection, behind outbox.Place, want ...string) outbox.Page {
	w.Helper()
	p, err := w.ReplayPage(w.ctx, r, s, behind, 100)
	w.must(err)
	if diff := cmp.Diff(want, recordIDs(p.View)); diff != "" {
		w.Errorf("page of %+v behind %+v: got +, want -:\n%s", s, behind, diff)
	}
	return p
}

func (w *world) replayPages() {
	w.finished(w.one, false, "a", "b", "c")
	w.finished(w.one, true, "t")
	w.finished(w.two, false, "f")
	w.enqueue("mail")
	s := w.wholeTime()
	w.page(operator, s, outbox.Place{}, "a", "b", "c")
	w.page(operator, s, outbox.Place{Created: start, ID: "a"}, "b", "c")
	if p, err := w.ReplayPage(w.ctx, operator, s, outbox.Place{}, 2); err != nil || len(p.Records) != 2 {
		w.Errorf("got %d records, %v, want the two that were asked for", len(p.Records), err)
	}
	s.Since, s.Until = start.Add(time.Microsecond), start.Add(2*time.Microsecond)
	w.page(operator, s, outbox.Place{}, "b")
	test := w.wholeTime()
	test.Test = true
	w.page(operator, test, outbox.Place{}, "t")
	for name, c := range map[string]struct {
		reader outbox.Reader
		want   []string
	}{
		"live": {w.holder("one", access.Live), []string{"a", "b", "c"}}, "test": {w.holder("one", access.Test), []string{"t"}},
		"foreign": {w.holder("two", access.Live), []string{"f"}}, "nobody": {outbox.Reader{}, nil},
	} {
		p := w.page(c.reader, w.wholeTime(), outbox.Place{}, c.want...) // whatever organisation is named
		if (p.Key != nil) != (name != "nobody") {
			w.Errorf("%s: got key %v, want one but for nobody", name, p.Key)
		}
	}
}

// again replays what a page holds.
func (w *world) again(p outbox.Page, now time.Time) int {
	w.Helper()
	var all []outbox.Replayed
	for i, r := range p.Records {
		all = append(all, outbox.Replayed{Record: r, At: now.Add(time.Duration(i) * time.Second)})
	}
	n, err := w.Replay(w.ctx, all, now)
	w.must(err)
	return n
}

func (w *world) replayedAgain() {
	w.finished(w.one, false, "a", "b")
	now := start.Add(time.Hour)
	if n := w.again(w.page(operator, w.wholeTime(), outbox.Place{}, "a", "b"), now); n != 2 {
		w.Errorf("got %d queued, want both", n)
	}
	w.wantStanding("a", now, outbox.Waiting)
	d := w.call(now, "a")
	if d.Attempt != 2 || d.Uncounted != 1 || string(d.Payload) != `{"id":"a"}` || d.Endpoint != back(now) {
		w.Errorf("got %+v, want the second attempt with the same content, the first of its schedule, and what waits brought forward by its success", d)
	}
	w.must(w.Settle(w.ctx, d, success(now, outbox.Change{Was: back(now), Next: back(now), Forward: true})))
	w.call(now.Add(time.Second), "b")
	w.wantAttempts("a", outbox.Attempt{Number: 1, Began: start, Outcome: outbox.Succeeded, Code: 200}, outbox.Attempt{Number: 2, Began: now, Outcome: outbox.Succeeded, Code: 200})
}

func (w *world) replayedMeanwhile() {
	w.finished(w.one, false, "a", "b")
	p := w.page(operator, w.wholeTime(), outbox.Place{}, "a", "b")
	now := start.Add(time.Hour)
	w.must(w.RetryDelivery(w.ctx, operator, "a", now, func(outbox.View) error { return nil }))
	w.settle(w.call(now, "a"), outbox.Result{State: outbox.Delivered, Outcome: outbox.Succeeded}) // at the same instant as before, but for the attempt
	if n := w.again(p, now); n != 1 {
		w.Errorf("got %d queued, want the one that is as it was", n)
	}
	if n := w.again(p, now); n != 0 {
		w.Errorf("got %d queued the second time, want none", n)
	}
}

// replayOwner shows records as another owner's: the store takes nobody's word for whose they are.
func (w *world) replayOwner() {
	w.finished(w.one, false, "a")
	p := w.page(operator, w.wholeTime(), outbox.Place{}, "a")
	for _, other := range []outbox.Record{{Org: w.two.org.ID}, {Org: w.one.org.ID, Test: true}} {
		forged := p.Records[0]
		forged.Org, forged.Test = other.Org, other.Test
		if n := w.again(outbox.Page{View: outbox.View{Records: []outbox.Record{forged}}}, start); n != 0 {
			w.Errorf("got %d queued of %s, test %t, want none", n, other.Org, other.Test)
		}
	}
	w.wantStanding("a", start, outbox.Arrived)
}

func (w *world) replayEvents() {
	for _, name := range []string{"verification.completed", "account_changed"} {
		body, err := json.Marshal(map[string]string{"event": name})
		w.must(err)
		h := outbox.Hook{URL: url(name + ".example"), Event: "evt_" + name, Signer: outbox.Signer{Key: "k"}, Body: body}
		w.put(outbox.NewWebhook(name, w.one.org.ID, false, h, start))
	}
	s := w.wholeTime()
	if p := w.page(operator, s, outbox.Place{}, "account_changed", "verification.completed"); cmp.Diff([]string{"", ""}, p.Events) != "" {
		w.Errorf("got events %q, want them left alone where nobody asks", p.Events)
	}
	s.Event = "account_changed"
	if p := w.page(operator, s, outbox.Place{}, "account_changed", "verification.completed"); cmp.Diff([]string{"account_changed", "verification.completed"}, p.Events) != "" {
		w.Errorf("got events %q, want those of the bodies", p.Events)
	}
}
