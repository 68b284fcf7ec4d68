package storetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"avow/internal/account"
	"avow/internal/outbox"
)

func deliveries(t *testing.T, open Open) {
	cases := map[string]func(*world){
		"another owner's lease is out of reach":                (*world).foreignLease,
		"a claim leases, counts and orders":                    (*world).claims,
		"a claim asks for one kind":                            (*world).kinds,
		"parallel claims never share":                          (*world).parallelClaims,
		"a settled delivery is not claimed again":              (*world).settled,
		"a renewed lease lasts longer":                         (*world).renewed,
		"a late worker cannot overwrite":                       (*world).lateWorker,
		"cancelled while waiting is not sent":                  (*world).cancelled,
		"delivered while cancelled is told as it is":           (*world).deliveredWhileCancelled,
		"not delivered while cancelled stays so":               (*world).failedWhileCancelled,
		"leases are given back at a start":                     (*world).released,
		"attempts are logged as they end":                      (*world).logged,
		"an attempt that was never settled is unknown":         (*world).lost,
		"the first to settle tells more than the end of lease": (*world).lostAndFound,
		"an attempt that was given back does not count":        (*world).givenBack,
		"content stays until it is delivered":                  (*world).content,
	}
	for name, check := range cases {
		t.Run(name, func(t *testing.T) { t.Parallel(); check(newWorld(t, open)) })
	}
}

const lease = 30 * time.Second

// operator sees everything.
var operator = outbox.Reader{Operator: true}

// claim claims mails.
func (w *world) claim(now time.Time) []outbox.Delivery {
	w.Helper()
	return w.claimKind(outbox.Mail, now)
}

func (w *world) claimKind(kind outbox.Kind, now time.Time) []outbox.Delivery {
	w.Helper()
	claimed, err := w.Claim(w.ctx, outbox.Claim{Kind: kind, Now: now, Until: now.Add(lease), Limit: 100})
	w.must(err)
	return claimed
}

// mails makes deliveries of mails, a millisecond apart.
func (w *world) mails(ids ...string) []outbox.Delivery {
	var all []outbox.Delivery
	for i, id := range ids {
		created := start.Add(time.Duration(i) * time.Millisecond)
		all = append(all, outbox.NewMail(id, w.one.org.ID, "holder@example.com", "t", map[string]string{}, created))
	}
	return all
}

// webhook makes a delivery to a receiver.
func (w *world) webhook(id, receiver string, due time.Time) outbox.Delivery {
	return outbox.Delivery{
		ID: id, Org: w.one.org.ID, Kind: outbox.Webhook, Target: "https://" + receiver + "/in", Payload: []byte(`{"id":"` + id + `"}`), Due: due, Created: start,
	}
}

// put saves deliveries by a change of an account, as the product does.
func (w *world) put(all ...outbox.Delivery) { w.Helper(); w.putFor(w.one, all...) }

func (w *world) putFor(t tenant, all ...outbox.Delivery) {
	w.Helper()
	w.must(w.Change(w.ctx, w.keyOf(t.token), func(s account.State) (account.Next, error) {
		return account.Next{Account: s.Account, Mails: all}, nil
	}))
}

func (w *world) enqueue(ids ...string) { w.Helper(); w.put(w.mails(ids...)...) }

func (w *world) unsend(id string) {
	w.Helper()
	w.must(w.Change(w.ctx, w.keyOf(w.one.token), func(s account.State) (account.Next, error) {
		return account.Next{Account: s.Account, Unsend: []string{id}}, nil
	}))
}

func (w *world) settle(d outbox.Delivery, r outbox.Result) {
	w.Helper()
	r.At = start
	w.must(w.Settle(w.ctx, d, r))
}

// show looks one delivery up as an operator.
func (w *world) show(id string) (outbox.Record, []outbox.Attempt) {
	w.Helper()
	v, err := w.DeliveryByID(w.ctx, operator, id)
	w.must(err)
	if len(v.Records) != 1 {
		w.Fatalf("%s: got %d deliveries, want it", id, len(v.Records))
	}
	return v.Records[0], v.Attempts
}

func (w *world) wantAttempts(id string, want ...outbox.Attempt) {
	w.Helper()
	if _, got := w.show(id); cmp.Diff(want, got) != "" {
		w.Errorf("attempts of %s: got +, want -:\n%s", id, cmp.Diff(want, got))
	}
}

func (w *world) wantStanding(id string, now time.Time, want outbox.Standing) {
	w.Helper()
	if r, _ := w.show(id); r.Standing(now) != want {
		w.Errorf("%s: got %q (%+v), want %q", id, r.Standing(now), r, want)
	}
}

func idsOf(all []outbox.Delivery) []string {
	var ids []string
	for _, d := range all {
		ids = append(ids, d.ID)
	}
	return ids
}

func (w *world) wantClaimed(now time.Time, want ...string) []outbox.Delivery {
	w.Helper()
	claimed := w.claim(now)
	if diff := cmp.Diff(want, idsOf(claimed)); diff != "" {
		w.Errorf("claimed: got +, want -:\n%s", diff)
	}
	return claimed
}

func (w *world) wantNextDue(kind outbox.Kind, want time.Time) {
	w.Helper()
	got, err := w.NextDue(w.ctx, kind)
	w.must(err)
	if !got.Equal(want) {
		w.Errorf("got next %s due %v, want %v", kind, got, want)
	}
}

// foreignLease has the same claim under another organisation and in the other mode: neither reaches it.
func (w *world) foreignLease() {
	w.enqueue("a")
	d := w.claim(start)[0]
	otherOrg, otherMode := d, d
	otherOrg.Org, otherMode.Test = w.two.org.ID, true
	for _, foreign := range []outbox.Delivery{otherOrg, otherMode} {
		w.settle(foreign, outbox.Result{State: outbox.Delivered, Outcome: outbox.Succeeded})
		if err := w.Renew(w.ctx, foreign, start.Add(time.Hour)); !errors.Is(err, outbox.ErrLeaseLost) {
			w.Errorf("renewed by another owner: got %v, want %v", err, outbox.ErrLeaseLost)
		}
	}
	w.wantAttempts("a")
	w.wantClaimed(start.Add(lease), "a")
}

func (w *world) claims() {
	w.wantNextDue(outbox.Mail, time.Time{})
	w.enqueue("a", "b", "c")
	now := start.Add(time.Second)
	w.wantNextDue(outbox.Mail, start)
	claimed := w.wantClaimed(now, "a", "b", "c")
	d := claimed[0]
	if d.Attempt != 1 || d.Org != w.one.org.ID || d.Target != "holder@example.com" || d.Kind != outbox.Mail || d.Lane != "" || d.Schedule != outbox.Days || len(d.Payload) == 0 {
		w.Errorf("got %+v, want the first attempt of the mail", d)
	}
	w.wantNextDue(outbox.Mail, now.Add(lease))
	w.wantClaimed(now.Add(lease - time.Millisecond))
	if again := w.wantClaimed(now.Add(lease), "a", "b", "c"); again[0].Attempt != 2 {
		w.Errorf("got attempt %d, want 2", again[0].Attempt)
	}
}

func (w *world) kinds() {
	w.put(append(w.mails("m"), w.webhook("h", "a.example", start.Add(time.Millisecond)))...)
	w.wantNextDue(outbox.Mail, start)
	w.wantNextDue(outbox.Webhook, start.Add(time.Millisecond))
	now := start.Add(time.Second)
	if got := idsOf(w.claimKind("pigeon", now)); len(got) != 0 {
		w.Errorf("got %v of a kind that there is none of, want none", got)
	}
	w.wantClaimed(now, "m")
	if diff := cmp.Diff([]string{"h"}, idsOf(w.claimKind(outbox.Webhook, now))); diff != "" {
		w.Errorf("webhooks: got +, want -:\n%s", diff)
	}
}

func (w *world) parallelClaims() {
	var ids []string
	for n := range 64 {
		ids = append(ids, fmt.Sprintf("d%02d", n))
	}
	w.enqueue(ids...)
	var seen sync.Map
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for {
				claimed, err := w.Claim(w.ctx, outbox.Claim{Kind: outbox.Mail, Now: start.Add(time.Second), Until: start.Add(lease), Limit: 3})
				if err != nil || len(claimed) == 0 {
					return
				}
				for _, d := range claimed {
					if _, twice := seen.LoadOrStore(d.ID, true); twice {
						w.Errorf("got %s claimed twice, want once", d.ID)
					}
				}
			}
		})
	}
	group.Wait()
	for _, id := range ids {
		if _, ok := seen.Load(id); !ok {
			w.Errorf("got %s never claimed, want it claimed", id)
		}
	}
}

func (w *world) settled() {
	w.enqueue("a", "b", "c")
	claimed := w.claim(start.Add(time.Second))
	w.settle(claimed[0], outbox.Result{State: outbox.Delivered, Outcome: outbox.Succeeded})
	w.settle(claimed[1], outbox.Result{State: outbox.Failed, Outcome: outbox.Refused, Answer: "550"})
	w.settle(claimed[2], outbox.Result{State: outbox.Queued, Outcome: outbox.Refused, Due: start.Add(time.Hour)})
	w.wantClaimed(start.Add(59 * time.Minute))
	w.wantClaimed(start.Add(time.Hour), "c")
}

func (w *world) renewed() {
	w.enqueue("a")
	d := w.claim(start)[0]
	w.must(w.Renew(w.ctx, d, start.Add(40*time.Second)))
	w.wantClaimed(start.Add(40*time.Second - time.Microsecond))
	w.wantNextDue(outbox.Mail, start.Add(40*time.Second))
	w.wantClaimed(start.Add(40*time.Second), "a")
	if err := w.Renew(w.ctx, d, start.Add(time.Hour)); !errors.Is(err, outbox.ErrLeaseLost) {
		w.Errorf("renewed after another claim: got %v, want %v", err, outbox.ErrLeaseLost)
	}
	w.wantNextDue(outbox.Mail, start.Add(40*time.Second+lease))
}

func (w *world) lateWorker() {
	w.enqueue("a")
	late := w.claim(start)[0]
	current := w.claim(start.Add(lease))[0]
	w.settle(late, outbox.Result{State: outbox.Failed, Outcome: outbox.Refused, Answer: "late"})
	w.wantStanding("a", start.Add(lease), outbox.Sending)
	w.settle(current, outbox.Result{State: outbox.Queued, Outcome: outbox.Refused, Due: start.Add(time.Minute), Answer: "in time"})
	w.settle(current, outbox.Result{State: outbox.Delivered, Outcome: outbox.Succeeded, Answer: "twice"})
	w.wantAttempts("a",
		outbox.Attempt{Number: 1, Began: start, Outcome: outbox.Unknown, Answer: "the worker did not tell"},
		outbox.Attempt{Number: 2, Began: start.Add(lease), Outcome: outbox.Refused, Answer: "in time"})
	w.wantClaimed(start.Add(time.Minute), "a")
}

func (w *world) cancelled() {
	w.enqueue("a", "b")
	w.unsend("a")
	w.wantClaimed(start.Add(time.Second), "b")
	w.wantStanding("a", start, outbox.Superseded)
}

func (w *world) deliveredWhileCancelled() {
	w.enqueue("a")
	d := w.claim(start)[0]
	w.unsend("a")
	w.must(w.Renew(w.ctx, d, start.Add(time.Minute)))
	w.settle(d, outbox.Result{State: outbox.Delivered, Outcome: outbox.Succeeded, Code: 250})
	w.wantClaimed(start.Add(time.Hour))
	w.wantStanding("a", start, outbox.HandedOver)
}

func (w *world) failedWhileCancelled() {
	w.enqueue("a")
	d := w.claim(start)[0]
	w.unsend("a")
	w.settle(d, outbox.Result{State: outbox.Queued, Outcome: outbox.Refused, Due: start, Code: 451, Answer: "later"})
	w.wantClaimed(start.Add(time.Hour))
	w.wantStanding("a", start, outbox.Superseded)
	w.wantAttempts("a", outbox.Attempt{Number: 1, Began: start, Outcome: outbox.Refused, Code: 451, Answer: "later"})
}

// released has a predecessor die in an attempt: it is tried again at once, and noted as of unknown outcome.
func (w *world) released() {
	w.enqueue("a", "b")
	claimed := w.claim(start.Add(time.Millisecond))
	w.settle(claimed[1], outbox.Result{State: outbox.Queued, Outcome: outbox.Refused, Due: start.Add(time.Hour)})
	now := start.Add(2 * time.Millisecond)
	w.must(w.ReleaseLeases(w.ctx, now))
	w.wantStanding("a", now, outbox.Unclear)
	w.wantStanding("b", now, outbox.Deferred)
	w.wantClaimed(now, "a")
	w.wantAttempts("a", outbox.Attempt{Number: 1, Began: start.Add(time.Millisecond), Outcome: outbox.Unknown, Answer: "the worker did not tell"})
}

func (w *world) logged() {
	w.enqueue("a")
	var want []outbox.Attempt
	due := start
	for n, r := range []outbox.Result{
		{State: outbox.Queued, Outcome: outbox.Refused, Code: 451, Answer: "451 not now é", Took: 1234567 * time.Microsecond},
		{State: outbox.Queued, Outcome: outbox.Unknown, Answer: "connection lost", Took: time.Microsecond},
		{State: outbox.Delivered, Outcome: outbox.Succeeded, Code: 250, Answer: "250 queued as 4711", Took: 5 * time.Minute},
	} {
		d := w.claim(due)[0]
		w.wantStanding("a", due, outbox.Sending)
		want = append(want, outbox.Attempt{Number: n + 1, Began: due, Took: r.Took, Outcome: r.Outcome, Code: r.Code, Answer: r.Answer})
		due = due.Add(time.Hour)
		r.Due = due
		w.settle(d, r)
		w.wantAttempts("a", want...)
		w.wantStanding("a", due, []outbox.Standing{outbox.Deferred, outbox.Unclear, outbox.HandedOver}[n])
	}
	if r, _ := w.show("a"); r.Attempts != 3 || r.Code != 250 || r.Answer != "250 queued as 4711" || !r.Finished.Equal(start) || r.Content {
		w.Errorf("got %+v, want what the relay said last, and the content gone", r)
	}
}

// lost has a worker die twice between the relay's answer and its note.
func (w *world) lost() {
	w.enqueue("a")
	for n := range 3 {
		at := start.Add(time.Duration(n) * lease)
		w.wantStanding("a", at, []outbox.Standing{outbox.Waiting, outbox.Unclear, outbox.Unclear}[n])
		if d := w.wantClaimed(at, "a")[0]; d.Attempt != n+1 || d.Uncounted != n {
			w.Errorf("got attempt %d, %d uncounted, want %d, %d", d.Attempt, d.Uncounted, n+1, n)
		}
	}
	unknown := func(n int) outbox.Attempt {
		return outbox.Attempt{Number: n, Began: start.Add(time.Duration(n-1) * lease), Outcome: outbox.Unknown, Answer: "the worker did not tell"}
	}
	w.wantAttempts("a", unknown(1), unknown(2))
}

// lostAndFound has a lease run out, noticed by a claim that takes something else, before its worker tells what happened.
func (w *world) lostAndFound() {
	w.enqueue("a")
	d := w.claim(start)[0]
	w.claimKind(outbox.Webhook, start.Add(lease))
	w.wantAttempts("a", outbox.Attempt{Number: 1, Began: start, Outcome: outbox.Unknown, Answer: "the worker did not tell"})
	w.settle(d, outbox.Result{State: outbox.Delivered, Outcome: outbox.Succeeded, Code: 250, Answer: "250 ok", Took: 31 * time.Second})
	w.wantAttempts("a", outbox.Attempt{Number: 1, Began: start, Took: 31 * time.Second, Outcome: outbox.Succeeded, Code: 250, Answer: "250 ok"})
	w.wantClaimed(start.Add(time.Hour))
}

func (w *world) givenBack() {
	w.enqueue("a")
	w.settle(w.claim(start)[0], outbox.Result{State: outbox.Queued, Outcome: outbox.Unknown, Lost: true, Due: start})
	w.wantStanding("a", start, outbox.Unclear)
	if d := w.wantClaimed(start, "a")[0]; d.Attempt != 2 || d.Uncounted != 1 {
		w.Errorf("got attempt %d, %d uncounted, want 2, 1", d.Attempt, d.Uncounted)
	}
}

func (w *world) content() {
	w.enqueue("done", "failed", "cancelled")
	claimed := w.claim(start.Add(time.Second))
	w.settle(claimed[0], outbox.Result{State: outbox.Delivered, Outcome: outbox.Succeeded})
	w.settle(claimed[1], outbox.Result{State: outbox.Failed, Outcome: outbox.Refused})
	w.unsend("cancelled")
	for id, want := range map[string]bool{"done": false, "failed": true, "cancelled": false} {
		if r, _ := w.show(id); r.Content != want {
			w.Errorf("%s: got content kept %t, want %t", id, r.Content, want)
		}
	}
}
