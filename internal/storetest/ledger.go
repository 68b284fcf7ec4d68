package storetest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"avow/internal/access"
	"avow/internal/outbox"
)

func ledger(t *testing.T, open Open) {
	cases := map[string]func(*world){
		"an owner sees its webhooks of one mode": (*world).ownersSee,
		"an operator sees all, newest first":     (*world).operatorsSee,
		"a list by standing":                     (*world).standings,
		"a list in pages":                        (*world).pages,
		"a retry begins anew":                    (*world).retried,
		"a retry of a lost attempt":              (*world).retriedLost,
		"a refused retry changes nothing":        (*world).retryRefused,
	}
	for name, check := range cases {
		t.Run(name, func(t *testing.T) { t.Parallel(); check(newWorld(t, open)) })
	}
}

// holder is the reader who shows a new key.
func (w *world) holder(org string, mode access.Mode) outbox.Reader {
	w.Helper()
	k, err := w.admin.CreateKey(w.ctx, org, "k", mode)
	w.must(err)
	return outbox.Reader{Key: w.keys.Lookup(access.ForAPIKey, k.Text)}
}

func recordIDs(v outbox.View) []string {
	var ids []string
	for _, r := range v.Records {
		ids = append(ids, r.ID)
	}
	return ids
}

func (w *world) wantList(r outbox.Reader, f outbox.Filter, want ...string) outbox.View {
	w.Helper()
	if f.Limit == 0 {
		f.Limit = 100
	}
	v, err := w.Deliveries(w.ctx, r, f)
	w.must(err)
	if diff := cmp.Diff(want, recordIDs(v)); diff != "" {
		w.Errorf("list %+v: got +, want -:\n%s", f, diff)
	}
	return v
}

// ownersSee proves that a key reaches the webhooks of its organisation and mode, and no mail, by every method.
func (w *world) ownersSee() {
	live, test, foreign := w.webhook("live", "a.example", start), w.webhook("test", "a.example", start), w.webhook("foreign", "a.example", start)
	test.Test, foreign.Org = true, w.two.org.ID
	w.put(append(w.mails("mail"), live, test)...)
	w.putFor(w.two, foreign)
	revoked, err := w.admin.CreateKey(w.ctx, "one", "gone", access.Live)
	w.must(err)
	w.must(w.RevokeKey(w.ctx, revoked.ID, start))
	all := []string{"live", "test", "foreign", "mail"}
	for name, c := range map[string]struct {
		reader outbox.Reader
		sees   []string
		known  bool
	}{
		"live":    {w.holder("one", access.Live), []string{"live"}, true},
		"test":    {w.holder("one", access.Test), []string{"test"}, true},
		"foreign": {w.holder("two", access.Live), []string{"foreign"}, true},
		"nothing": {w.holder("two", access.Test), nil, true},
		"revoked": {outbox.Reader{Key: w.keys.Lookup(access.ForAPIKey, revoked.Text)}, nil, true},
		"unknown": {outbox.Reader{Key: w.keys.Lookup(access.ForAPIKey, "no key")}, nil, false},
		"nobody":  {outbox.Reader{}, nil, false},
	} {
		v := w.wantList(c.reader, outbox.Filter{}, c.sees...)
		if (v.Key != nil) != c.known {
			w.Errorf("%s: got key %v, want one: %t", name, v.Key, c.known)
		}
		for _, id := range all {
			v, err := w.DeliveryByID(w.ctx, c.reader, id)
			w.must(err)
			if want := slices.Contains(c.sees, id); (len(v.Records) == 1) != want || (v.Key != nil) != c.known {
				w.Errorf("%s: got %d records of %s and key %v, want it shown: %t", name, len(v.Records), id, v.Key, want)
			}
			err = w.RetryDelivery(w.ctx, c.reader, id, start, func(v outbox.View) error {
				if want := slices.Contains(c.sees, id); (len(v.Records) == 1) != want || (v.Key != nil) != c.known {
					w.Errorf("%s: got %d records to retry of %s, want it: %t", name, len(v.Records), id, want)
				}
				return outbox.ErrDeliveryUnknown
			})
			if !errors.Is(err, outbox.ErrDeliveryUnknown) {
				w.Errorf("%s: got %v, want the decision's refusal", name, err)
			}
		}
	}
}

func (w *world) operatorsSee() {
	w.put(append(w.mails("m0", "m1"), w.webhook("h", "a.example", start))...)
	foreign := w.webhook("foreign", "b.example", start)
	foreign.Org, foreign.Created = w.two.org.ID, start.Add(time.Minute)
	w.putFor(w.two, foreign)
	d := w.claim(start)[0]
	w.must(w.Settle(w.ctx, d, outbox.Result{State: outbox.Delivered, Outcome: outbox.Succeeded, At: start.Add(time.Hour)}))
	w.wantList(operator, outbox.Filter{}, "m0", "foreign", "m1", "h")
	w.wantList(operator, outbox.Filter{Limit: 2}, "m0", "foreign")
	w.wantList(operator, outbox.Filter{Org: w.one.org.ID}, "m0", "m1", "h")
	w.wantList(operator, outbox.Filter{Kind: outbox.Webhook}, "foreign", "h")
	w.wantList(operator, outbox.Filter{Since: start.Add(time.Minute)}, "m0", "foreign")
	w.wantList(operator, outbox.Filter{Since: start.Add(time.Hour + 1000)})
	got, _ := w.show("foreign")
	want := outbox.Record{
		ID: "foreign", Org: w.two.org.ID, Kind: outbox.Webhook, Target: "https://b.example/in", State: outbox.Queued, Due: start, Content: true, Created: start.Add(time.Minute),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		w.Errorf("got +, want -:\n%s", diff)
	}
	if v, err := w.DeliveryByID(w.ctx, operator, "none"); err != nil || len(v.Records) != 0 {
		w.Errorf("got %v, %v of an id that there is none of, want nothing", v, err)
	}
}

// standings makes deliveries of every standing there is and holds the list's filter to the rule.
func (w *world) standings() {
	now := start.Add(time.Hour)
	steps := map[string][]outbox.Result{
		"waiting": nil, "sending": {{}}, "cancelled sending": {{}},
		"deferred":         {{State: outbox.Queued, Outcome: outbox.Refused, Due: start.AddDate(0, 0, 1)}},
		"unclear":          {{State: outbox.Queued, Outcome: outbox.Unknown, Due: start.AddDate(0, 0, 1)}},
		"sending again":    {{State: outbox.Queued, Outcome: outbox.Refused, Due: now}, {}},
		"sending unclear":  {{State: outbox.Queued, Outcome: outbox.Unknown, Due: now}, {}},
		"handed over":      {{State: outbox.Delivered, Outcome: outbox.Succeeded, Code: 250}},
		"kept":             {{State: outbox.Delivered, Outcome: outbox.Succeeded}},
		"failed":           {{State: outbox.Failed, Outcome: outbox.Refused, Code: 550}},
		"bounced":          {{State: outbox.Delivered, Outcome: outbox.Succeeded, Code: 250}},
		"failed, unclear":  {{State: outbox.Failed, Outcome: outbox.Unknown}},
		"hook, delivered":  {{State: outbox.Delivered, Outcome: outbox.Succeeded, Code: 200}},
		"hook, no answer":  {{State: outbox.Delivered, Outcome: outbox.Succeeded}},
		"hook, failed":     {{State: outbox.Failed, Outcome: outbox.Refused}},
		"hook, waiting":    nil,
		"cancelled":        nil,
		"retried":          {{State: outbox.Failed, Outcome: outbox.Refused}},
		"retried, unclear": {{State: outbox.Queued, Outcome: outbox.Unknown, Due: start.AddDate(0, 0, 1)}},
	}
	for id, results := range steps {
		w.inStanding(id, now, results)
	}
	for _, id := range []string{"lost", "hook, lost"} { // last, for a claim at any later instant takes them again
		w.inStanding(id, start, []outbox.Result{{}})
	}
	w.report(operator, "bounced", bounced(now))
	for _, id := range []string{"retried", "retried, unclear"} {
		w.must(w.RetryDelivery(w.ctx, operator, id, now, func(outbox.View) error { return nil }))
	}
	all, err := w.Deliveries(w.ctx, operator, outbox.Filter{Limit: 100})
	w.must(err)
	if len(all.Records) != len(steps)+2 {
		w.Fatalf("got %d deliveries, want %d", len(all.Records), len(steps)+2)
	}
	for _, standing := range outbox.Standings {
		var want []string
		for _, r := range all.Records {
			if r.Standing(now) == standing {
				want = append(want, r.ID)
			}
		}
		if len(want) == 0 {
			w.Errorf("got no delivery that is %s, want one", standing)
		}
		w.wantList(operator, outbox.Filter{Standing: standing, Now: now}, want...)
	}
}

// inStanding makes a delivery and has attempts come to results; an empty result is none.
func (w *world) inStanding(id string, now time.Time, results []outbox.Result) {
	w.Helper()
	kind := outbox.Mail
	if d := w.webhook(id, id[len(id)-3:]+".example", start); id[:4] == "hook" {
		kind = outbox.Webhook
		w.put(d)
	} else {
		w.enqueue(id)
	}
	for _, r := range results {
		for _, d := range w.claimKind(kind, now) {
			switch {
			case d.ID == id && r != outbox.Result{}:
				w.settle(d, r)
			case d.ID != id: // of an earlier delivery: as if it had never been claimed, but for the count
				w.settle(d, outbox.Result{State: outbox.Queued, Due: start})
			}
		}
	}
	if id == "cancelled" || id == "cancelled sending" {
		w.unsend(id)
	}
}

func (w *world) pages() {
	reader := w.holder("one", access.Live)
	for n, id := range []string{"a", "b", "c", "d", "e"} {
		d := w.webhook(id, "a.example", start)
		d.Created = start.Add(time.Duration(n/2) * time.Microsecond) // two at an instant each
		w.put(d)
	}
	w.wantList(reader, outbox.Filter{}, "e", "d", "c", "b", "a")
	for behind, want := range map[outbox.Place][]string{
		{Created: start.Add(2 * time.Microsecond), ID: "e"}: {"d", "c"},
		{Created: start.Add(time.Microsecond), ID: "d"}:     {"c", "b"},
		{Created: start.Add(time.Microsecond), ID: "c"}:     {"b", "a"},
		{Created: start, ID: "b"}:                           {"a"},
		{Created: start, ID: "a"}:                           nil,
	} {
		w.wantList(reader, outbox.Filter{Behind: behind, Limit: 2}, want...)
	}
	w.wantList(reader, outbox.Filter{Since: start.Add(time.Microsecond)}, "e", "d", "c")
	call := w.wantCalls(start, "a")["a"]
	w.settle(call, outbox.Result{State: outbox.Failed, Outcome: outbox.Refused})
	w.wantList(reader, outbox.Filter{Standing: outbox.GivenUp, Now: start}, "a")
	w.wantList(reader, outbox.Filter{Standing: outbox.Waiting, Now: start}, "e", "d", "c", "b")
}

func (w *world) retried() {
	w.put(w.webhook("a", "a.example", start))
	call := w.wantCalls(start, "a")["a"]
	w.settle(call, outbox.Result{State: outbox.Failed, Outcome: outbox.Refused, Code: 500, Answer: "no"})
	w.wantCalls(start.Add(time.Hour))
	now := start.Add(2 * time.Hour)
	w.must(w.RetryDelivery(w.ctx, w.holder("one", access.Live), "a", now, func(v outbox.View) error {
		if r := v.Records[0]; r.State != outbox.Failed || !r.Content || !r.Finished.Equal(start) {
			w.Errorf("got %+v, want the failed delivery with its content", r)
		}
		return nil
	}))
	w.wantStanding("a", now, outbox.Waiting)
	again := w.wantCalls(now, "a")["a"]
	if again.Attempt != 2 || again.Uncounted != 1 || string(again.Payload) != `{"id":"a"}` {
		w.Errorf("got %+v, want the second attempt with the same content, the first of its schedule", again)
	}
	w.settle(again, outbox.Result{State: outbox.Delivered, Outcome: outbox.Succeeded, Code: 200})
	w.wantAttempts("a",
		outbox.Attempt{Number: 1, Began: start, Outcome: outbox.Refused, Code: 500, Answer: "no"},
		outbox.Attempt{Number: 2, Began: now, Outcome: outbox.Succeeded, Code: 200})
}

// retriedLost retries what a dead worker holds: the next claim still notes that nobody knows what came of that attempt.
func (w *world) retriedLost() {
	w.enqueue("a")
	w.claim(start)
	now := start.Add(lease)
	w.must(w.RetryDelivery(w.ctx, operator, "a", now, func(outbox.View) error { return nil }))
	w.wantClaimed(now, "a")
	w.wantAttempts("a", outbox.Attempt{Number: 1, Began: start, Outcome: outbox.Unknown, Answer: "the worker did not tell"})
}

func (w *world) retryRefused() {
	w.enqueue("a")
	w.settle(w.claim(start)[0], outbox.Result{State: outbox.Failed, Outcome: outbox.Refused})
	before, _ := w.show("a")
	refusal := errors.New("no")
	if err := w.RetryDelivery(w.ctx, operator, "a", start.Add(time.Hour), func(outbox.View) error { return refusal }); !errors.Is(err, refusal) {
		w.Errorf("got %v, want %v", err, refusal)
	}
	if after, _ := w.show("a"); !cmp.Equal(after, before) {
		w.Errorf("got %+v, want %+v", after, before)
	}
}
