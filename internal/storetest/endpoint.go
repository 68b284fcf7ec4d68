package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"avow/internal/access"
	"avow/internal/outbox"
)

func endpoints(t *testing.T, open Open) {
	cases := map[string]func(*world){
		"a failing endpoint keeps its first instant":          (*world).failingSince,
		"an endpoint is one owner's and one URL's":            (*world).endpointOwner,
		"an endpoint is disabled and told of once":            (*world).disabledOnce,
		"what has recovered is not disabled":                  (*world).recoveredMeanwhile,
		"410 disables at once":                                (*world).goneAtOnce,
		"nobody is told where nobody is named":                (*world).nobodyTold,
		"what waits is brought forward after the return":      (*world).broughtForward,
		"nothing is brought forward while something is due":   (*world).othersFirst,
		"another owner's deliveries are not brought forward":  (*world).foreignForward,
		"what was tried since the return is not tried sooner": (*world).triedSince,
		"an endpoint is enabled by its owner":                 (*world).enabled,
		"a retry to a disabled endpoint is shown as such":     (*world).shownOff,
		"old failures are forgotten, disabled ones are not":   (*world).endpointsPurged,
		"a very long target is sent to and not watched":       (*world).longTarget,
	}
	for name, check := range cases {
		t.Run(name, func(t *testing.T) { t.Parallel(); check(newWorld(t, open)) })
	}
}

const day = 24 * time.Hour

// failure is the result of an attempt that will be made again.
func failure(at time.Time, c outbox.Change) outbox.Result {
	return outbox.Result{State: outbox.Queued, Outcome: outbox.Refused, Due: at.Add(time.Minute), At: at, Code: 503, Endpoint: &c}
}

func success(at time.Time, c outbox.Change) outbox.Result {
	return outbox.Result{State: outbox.Delivered, Outcome: outbox.Succeeded, At: at, Code: 200, Endpoint: &c}
}

func since(at time.Time) outbox.Endpoint { return outbox.Endpoint{Since: at} }

// off is an endpoint that has failed for too long.
func off(begin, at time.Time) outbox.Endpoint {
	return outbox.Endpoint{Since: begin, Off: at, Reason: outbox.OffFailing}
}

// call claims the webhook that is due in the only lane.
func (w *world) call(now time.Time, id string) outbox.Delivery {
	w.Helper()
	return w.wantCalls(now, id)[id]
}

func (w *world) wantWatched(want ...outbox.Watched) {
	w.Helper()
	got, err := w.Watched(w.ctx, "")
	w.must(err)
	if diff := cmp.Diff(want, got); diff != "" {
		w.Errorf("watched: got +, want -:\n%s", diff)
	}
}

// url is that of the webhooks to a receiver.
func url(receiver string) string { return "https://" + receiver + "/in" }

func (w *world) failingSince() {
	w.put(w.webhook("a", "a.example", start))
	d := w.call(start, "a")
	if d.Patience != 5*day || d.Endpoint != (outbox.Endpoint{}) {
		w.Errorf("got patience %v and %+v, want five days and nothing known", d.Patience, d.Endpoint)
	}
	w.must(w.Settle(w.ctx, d, failure(start, outbox.Change{Next: since(start)})))
	w.wantWatched(outbox.Watched{Org: w.one.org.ID, URL: url("a.example"), Endpoint: since(start)})
	later := start.Add(time.Hour)
	d = w.call(later, "a")
	if d.Endpoint != since(start) {
		w.Errorf("got %+v with the claim, want failing since %v", d.Endpoint, start)
	}
	w.must(w.Settle(w.ctx, d, failure(later, outbox.Change{Next: since(later)}))) // as one who knew nothing of the first failure
	w.wantWatched(outbox.Watched{Org: w.one.org.ID, URL: url("a.example"), Endpoint: since(start)})
	d = w.call(later.Add(time.Hour), "a")
	w.must(w.Settle(w.ctx, d, success(later.Add(time.Hour), outbox.Change{Was: since(start)})))
	w.wantWatched()
}

func (w *world) endpointOwner() {
	mine, test, foreign, other := w.webhook("mine", "a.example", start), w.webhook("test", "a.example", start), w.webhook("foreign", "a.example", start), w.webhook("other", "a.example", start)
	test.Test, foreign.Org, other.Target = true, w.two.org.ID, other.Target+"/"
	w.put(mine)
	w.must(w.Settle(w.ctx, w.call(start, "mine"), failure(start, outbox.Change{Next: outbox.Endpoint{Since: start, Off: start, Reason: outbox.OffGone}})))
	for _, d := range []outbox.Delivery{test, foreign, other} {
		if d.Org == w.two.org.ID {
			w.putFor(w.two, d)
		} else {
			w.put(d)
		}
		call := w.call(start, d.ID)
		if call.Endpoint != (outbox.Endpoint{}) {
			w.Errorf("%s: got %+v, want nothing known", d.ID, call.Endpoint)
		}
		w.settle(call, outbox.Result{State: outbox.Delivered, Outcome: outbox.Succeeded})
	}
	if d := w.call(start.Add(time.Hour), "mine"); d.Endpoint.Off.IsZero() {
		w.Errorf("got %+v, want it off for its own", d.Endpoint)
	}
}

// noticesOf are the mails that wait for a contact.
func (w *world) noticesOf(contact string) (found int) {
	w.Helper()
	v, err := w.Deliveries(w.ctx, operator, outbox.Filter{Kind: outbox.Mail, Limit: 100})
	w.must(err)
	for _, r := range v.Records {
		if r.Target == contact {
			found++
		}
	}
	return found
}

func (w *world) contact(address string) {
	w.Helper()
	_, err := w.admin.Set(w.ctx, "one", access.ContactEmail, address)
	w.must(err)
}

// disabledOnce has many attempts at once come to the end of an organisation's patience.
func (w *world) disabledOnce() {
	const many, contact = 16, "ops@one.example"
	w.contact(contact)
	begin, end := start.Add(-5*day), start.Add(time.Second)
	var calls []outbox.Delivery
	for i := range many { // of lanes of their own, as if leases had been lost: so they can all be under way
		d := w.webhook(fmt.Sprint("d", i), fmt.Sprintf("r%02d.example", i), start)
		w.put(d)
	}
	for _, d := range w.claimKind(outbox.Webhook, start) {
		d.Target = url("a.example")
		calls = append(calls, d)
	}
	w.must(w.Settle(w.ctx, calls[0], failure(begin, outbox.Change{Next: since(begin)})))
	done := make(chan error, many)
	for _, d := range calls {
		go func() {
			done <- w.Settle(w.ctx, d, failure(end, outbox.Change{Was: since(begin), Next: off(begin, end)}))
		}()
	}
	for range calls {
		w.must(<-done)
	}
	w.wantWatched(outbox.Watched{Org: w.one.org.ID, URL: url("a.example"), Endpoint: off(begin, end)})
	if got := w.noticesOf(contact); got != 1 {
		w.Errorf("got %d mails, want one", got)
	}
	for _, d := range calls[1:] {
		if r, _ := w.show(d.ID); r.Outcome != outbox.Refused {
			w.Errorf("%s: got %+v, want its attempt noted", d.ID, r)
		}
	}
}

// recoveredMeanwhile has an attempt that began before a success end after it.
func (w *world) recoveredMeanwhile() {
	const contact = "ops@one.example"
	w.contact(contact)
	begin := start.Add(-6 * day)
	w.put(w.webhook("a", "a.example", start))
	d := w.call(start, "a")
	for _, now := range []outbox.Change{{Next: since(start)}, {}} { // failing since another instant, and well
		w.must(w.Settle(w.ctx, d, failure(start, now)))
		w.must(w.Settle(w.ctx, d, failure(start, outbox.Change{Was: since(begin), Next: off(begin, start)})))
	}
	if all, err := w.Watched(w.ctx, ""); err != nil || len(all) != 1 || !all[0].Off.IsZero() || w.noticesOf(contact) != 0 {
		w.Errorf("got %+v, %v and %d mails, want it called, and nobody told", all, err, w.noticesOf(contact))
	}
}

func (w *world) goneAtOnce() {
	const contact = "ops@one.example"
	w.contact(contact)
	gone := outbox.Endpoint{Since: start, Off: start, Reason: outbox.OffGone}
	d := w.webhook("a", "a.example", start)
	d.Test = true
	w.put(d)
	r := outbox.Result{State: outbox.Failed, Outcome: outbox.Refused, Code: 410, At: start, Endpoint: &outbox.Change{Next: gone}}
	w.must(w.Settle(w.ctx, w.call(start, "a"), r))
	w.wantWatched(outbox.Watched{Org: w.one.org.ID, Test: true, URL: url("a.example"), Endpoint: gone})
	w.wantStanding("a", start, outbox.GivenUp)
	mails := w.claim(start)
	if len(mails) != 1 || mails[0].Target != contact || !mails[0].Test || mails[0].Org != w.one.org.ID || mails[0].Locked != nil {
		w.Errorf("got %+v, want one mail to the contact, in test mode", mails)
	}
}

func (w *world) nobodyTold() {
	w.put(w.webhook("a", "a.example", start))
	w.must(w.Settle(w.ctx, w.call(start, "a"), failure(start, outbox.Change{Next: outbox.Endpoint{Since: start, Off: start, Reason: outbox.OffGone}})))
	if mails := w.claim(start); len(mails) != 0 {
		w.Errorf("got %+v, want no mail", mails)
	}
}

// disable has an endpoint of the first organisation answer 410.
func (w *world) disable(id, receiver string) {
	w.Helper()
	w.put(w.webhook(id, receiver, start))
	r := outbox.Result{State: outbox.Failed, Outcome: outbox.Refused, Code: 410, At: start}
	r.Endpoint = &outbox.Change{Next: outbox.Endpoint{Since: start, Off: start, Reason: outbox.OffGone}}
	w.must(w.Settle(w.ctx, w.call(start, id), r))
}

func (w *world) enabled() {
	w.waiting("a.example", "w0", "w1")
	w.disable("a", "a.example")
	now, at := start.Add(time.Minute), outbox.Watched{URL: url("a.example")}
	for _, other := range []outbox.Reader{w.holder("one", access.Test), w.holder("two", access.Live), {}} {
		err := w.EnableURL(w.ctx, other, at, now, func(v outbox.View) error {
			if len(v.Endpoints) != 0 {
				w.Errorf("got %+v shown to another owner, want nothing", v.Endpoints)
			}
			return outbox.ErrEndpointOn
		})
		if !errors.Is(err, outbox.ErrEndpointOn) {
			w.Errorf("got %v, want the decision's refusal", err)
		}
	}
	w.must(w.EnableURL(w.ctx, w.holder("one", access.Live), at, now, func(v outbox.View) error {
		if v.Key == nil || len(v.Endpoints) != 1 || v.Endpoints[0].Off.IsZero() {
			w.Errorf("got %+v, want the key and the endpoint that is off", v)
		}
		return nil
	}))
	w.wantWatched(outbox.Watched{Org: w.one.org.ID, URL: url("a.example"), Endpoint: back(now)})
	if got := w.drain(now); len(got) != 2 {
		w.Errorf("got %v due, want both that wait", got)
	}
	w.disable("b", "b.example")
	w.must(w.EnableURL(w.ctx, operator, outbox.Watched{Org: w.one.org.ID, URL: url("b.example")}, now, func(v outbox.View) error {
		if len(v.Endpoints) != 1 {
			w.Errorf("got %+v, want the endpoint shown to an operator", v)
		}
		return nil
	}))
}

func (w *world) shownOff() {
	w.disable("a", "a.example")
	if r, _ := w.show("a"); !r.Endpoint.Off.Equal(start) || !errors.Is(r.CheckRetry(start), outbox.ErrEndpointOff) {
		w.Errorf("got %+v, want its endpoint off, and a retry refused", r)
	}
	v := w.wantList(w.holder("one", access.Live), outbox.Filter{}, "a")
	if !v.Records[0].Endpoint.Off.Equal(start) {
		w.Errorf("got %+v in a list, want its endpoint off", v.Records[0])
	}
}

func (w *world) endpointsPurged() {
	w.disable("a", "a.example")
	w.waiting("b.example", "b")
	for before, want := range map[time.Time]int{start: 0, start.Add(time.Microsecond): 1} {
		n, err := w.PurgeEndpoints(w.ctx, before, 10)
		w.must(err)
		if n != want {
			w.Errorf("before %v: got %d forgotten, want %d", before, n, want)
		}
	}
	w.wantWatched(outbox.Watched{Org: w.one.org.ID, URL: url("a.example"), Endpoint: outbox.Endpoint{Since: start, Off: start, Reason: outbox.OffGone}})
}

func (w *world) longTarget() {
	d := w.webhook("a", "a.example", start)
	for len(d.Target) < 4000 {
		d.Target += "/" + w.random.UUID()
	}
	w.put(d)
	w.must(w.Settle(w.ctx, w.call(start, "a"), failure(start, outbox.Change{Next: since(start)})))
	w.must(w.Settle(w.ctx, w.call(start.Add(time.Hour), "a"), failure(start, outbox.Change{Next: off(start, start)})))
	w.wantWatched()
	w.wantStanding("a", start, outbox.Deferred)
}
