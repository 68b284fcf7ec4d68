package storetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"avow/internal/access"
	"avow/internal/account"
	"avow/internal/outbox"
	"avow/internal/skill"
)

func reports(t *testing.T, open Open) {
	cases := map[string]func(*world){
		"a bounce ends what was handed over":             (*world).bounces,
		"a delay is only noted":                          (*world).delayed,
		"a bounce that comes before the settle is kept":  (*world).bouncedBeforeSettle,
		"a bounce between two attempts ends them":        (*world).bouncedBetween,
		"parallel reports count once":                    (*world).parallelReports,
		"a refused report changes nothing":               (*world).reportRefused,
		"a key reports on mails of its owner only":       (*world).reportOwners,
		"the account that a mail was about comes along":  (*world).aboutAccount,
		"an account of another organisation comes never": (*world).aboutForeign,
		"notes go with their delivery":                   (*world).notesPurged,
	}
	for name, check := range cases {
		t.Run(name, func(t *testing.T) { t.Parallel(); check(newWorld(t, open)) })
	}
}

func note(a outbox.Action, at time.Time) *outbox.Note {
	return &outbox.Note{Action: a, Status: "5.1.1", Diagnostic: "smtp; 550 no such user", At: at}
}

// bounced decides that a mail bounced, once.
func bounced(now time.Time, hooks ...outbox.Delivery) func(outbox.BounceView) (outbox.BounceNext, error) {
	return func(v outbox.BounceView) (outbox.BounceNext, error) {
		if len(v.Records) == 0 {
			return outbox.BounceNext{}, outbox.ErrDeliveryUnknown
		}
		if len(v.Notes) > 0 {
			return outbox.BounceNext{}, nil
		}
		return outbox.BounceNext{Note: note(outbox.BouncedAction, now), Bounced: true, Hooks: hooks}, nil
	}
}

func (w *world) report(r outbox.Reader, id string, decide func(outbox.BounceView) (outbox.BounceNext, error)) {
	w.Helper()
	w.must(w.NoteReport(w.ctx, r, id, decide))
}

var accepted = outbox.Result{State: outbox.Delivered, Outcome: outbox.Succeeded, Code: 250, Relay: "a.example, b.example"}

// handedOver makes a mail that a relay has taken.
func (w *world) handedOver(id string) {
	w.Helper()
	w.enqueue(id)
	w.settle(w.wantClaimed(start, id)[0], accepted)
}

func (w *world) wantNotes(id string, want ...outbox.Note) {
	w.Helper()
	v, err := w.DeliveryByID(w.ctx, operator, id)
	w.must(err)
	if diff := cmp.Diff(want, v.Notes); diff != "" {
		w.Errorf("notes of %s: got +, want -:\n%s", id, diff)
	}
}

func (w *world) bounces() {
	later := start.Add(time.Hour)
	w.handedOver("a")
	w.report(operator, "a", bounced(later, w.webhook("hook", "r.example", later)))
	w.wantStanding("a", later, outbox.CameBack)
	w.wantNotes("a", *note(outbox.BouncedAction, later))
	w.wantAttempts("a", outbox.Attempt{Number: 1, Began: start, Outcome: outbox.Succeeded, Code: 250, Relay: "a.example, b.example"})
	r, _ := w.show("a")
	if r.Content || r.Code != 250 || !r.Finished.Equal(later) {
		w.Errorf("got %+v, want no content, the relay's code and the time of the bounce", r)
	}
	if got := idsOf(w.claimKind(outbox.Webhook, later)); cmp.Diff([]string{"hook"}, got) != "" {
		w.Errorf("webhooks: got %v, want the one of the bounce", got)
	}
	w.report(operator, "a", bounced(later.Add(time.Hour), w.webhook("hook_2", "s.example", later)))
	if got := w.claimKind(outbox.Webhook, later.Add(time.Second)); len(got) != 0 {
		w.Errorf("webhooks after the second report: got %v, want none", idsOf(got))
	}
}

func (w *world) delayed() {
	w.handedOver("a")
	w.report(operator, "a", func(outbox.BounceView) (outbox.BounceNext, error) {
		return outbox.BounceNext{Note: note(outbox.DelayedAction, start)}, nil
	})
	w.wantStanding("a", start, outbox.HandedOver)
	w.wantNotes("a", *note(outbox.DelayedAction, start))
}

// bouncedBeforeSettle is the worker that is slower than the relay.
func (w *world) bouncedBeforeSettle() {
	w.enqueue("a")
	d := w.wantClaimed(start, "a")[0]
	w.report(operator, "a", bounced(start))
	w.must(w.Renew(w.ctx, d, start.Add(2*lease)))
	w.settle(d, accepted)
	w.wantStanding("a", start, outbox.CameBack)
	w.wantAttempts("a", outbox.Attempt{Number: 1, Began: start, Outcome: outbox.Succeeded, Code: 250, Relay: "a.example, b.example"})
	w.wantClaimed(start.Add(time.Hour))
}

func (w *world) bouncedBetween() {
	w.enqueue("a")
	w.settle(w.wantClaimed(start, "a")[0], outbox.Result{State: outbox.Queued, Due: start.Add(time.Minute), Outcome: outbox.Unknown})
	w.report(operator, "a", bounced(start))
	w.wantStanding("a", start, outbox.CameBack)
	w.wantClaimed(start.Add(time.Hour))
}

// parallelReports are many copies of one report: one of them is told of.
func (w *world) parallelReports() {
	const many = 16
	w.handedOver("a")
	var group sync.WaitGroup
	errs := make([]error, many)
	for i := range many {
		group.Go(func() {
			errs[i] = w.NoteReport(w.ctx, operator, "a", bounced(start, w.webhook(fmt.Sprint("hook", i), fmt.Sprint("r", i, ".example"), start)))
		})
	}
	group.Wait()
	w.must(errors.Join(errs...))
	if got := w.claimKind(outbox.Webhook, start); len(got) != 1 {
		w.Errorf("webhooks: got %v, want one", idsOf(got))
	}
}

func (w *world) reportRefused() {
	w.handedOver("a")
	refusal := errors.New("no")
	err := w.NoteReport(w.ctx, operator, "a", func(outbox.BounceView) (outbox.BounceNext, error) {
		return outbox.BounceNext{Note: note(outbox.BouncedAction, start), Bounced: true}, refusal
	})
	if !errors.Is(err, refusal) {
		w.Errorf("got %v, want the refusal", err)
	}
	w.wantStanding("a", start, outbox.HandedOver)
	w.wantNotes("a")
}

func (w *world) reportOwners() {
	w.handedOver("a")
	for name, c := range map[string]struct {
		reader outbox.Reader
		want   error
	}{
		"another organisation's": {w.holder(w.two.org.ID, access.Live), outbox.ErrDeliveryUnknown},
		"test mode":              {w.holder(w.one.org.ID, access.Test), outbox.ErrDeliveryUnknown},
		"nobody's":               {outbox.Reader{Key: w.keys.Lookup(access.ForAPIKey, "x")}, outbox.ErrDeliveryUnknown},
	} {
		if err := w.NoteReport(w.ctx, c.reader, "a", bounced(start)); !errors.Is(err, c.want) {
			w.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
	w.wantStanding("a", start, outbox.HandedOver)
	var key *access.Key
	w.report(w.holder(w.one.org.ID, access.Live), "a", func(v outbox.BounceView) (outbox.BounceNext, error) {
		key = v.Key
		return bounced(start)(v)
	})
	if key == nil || key.Secret == "" {
		w.Errorf("key: got %+v, want it with its secret", key)
	}
	w.wantStanding("a", start, outbox.CameBack)
}

// subject is what a mail is said to be about.
func (w *world) subject(d outbox.Delivery, about string) (found outbox.Subject) {
	w.Helper()
	d.About = about
	w.put(d)
	w.report(operator, d.ID, func(v outbox.BounceView) (outbox.BounceNext, error) {
		found = v.Subject
		return outbox.BounceNext{}, nil
	})
	return found
}

func (w *world) aboutAccount() {
	e := access.Endpoint{ID: "whe_1", Org: w.one.org.ID, URL: "https://e.example/", Events: []string{"mail_bounced"}, CreatedAt: start}
	gone := access.Endpoint{ID: "whe_2", Org: w.one.org.ID, URL: "https://e.example/", CreatedAt: start}
	w.must(w.CreateEndpoint(w.ctx, e))
	w.must(w.CreateEndpoint(w.ctx, gone))
	w.must(w.DisableEndpoint(w.ctx, gone.ID, start))
	e.Org = ""
	got, ok := w.subject(w.mails("a")[0], w.one.account.ID).(account.MailSubject)
	if !ok || got.Account.ID != w.one.account.ID || cmp.Diff([]access.Endpoint{e}, got.Endpoints) != "" {
		w.Errorf("got %+v, want the account and its endpoint", got)
	}
}

func (w *world) aboutForeign() {
	if got := w.subject(w.mails("a")[0], w.two.account.ID); got != nil {
		w.Errorf("got %+v, want nothing", got)
	}
	if got := w.subject(w.mails("b", "c")[1], ""); got != nil {
		w.Errorf("about nothing: got %+v, want nothing", got)
	}
}

// aboutVerification is a case of the skill suite: a mail to a reviewer.
func (w *skillWorld) aboutVerification() {
	v := w.reviewed(w.live, robin).Verification
	got, ok := w.subject(w.mails("a")[0], v.ID).(skill.MailSubject)
	if !ok || got.Verification.ID != v.ID || got.Verification.Callback != v.Callback || got.Verification.Callback == "" {
		w.Errorf("got %+v, want the verification %s with its callback", got, v.ID)
	}
	if got := w.subject(w.mails("b", "c")[1], w.reviewed(w.test, robin).Verification.ID); got != nil {
		w.Errorf("got %+v of test mode, want nothing", got)
	}
	if got := w.subject(w.mails("d", "e", "f")[2], w.reviewed(w.other, robin).Verification.ID); got != nil {
		w.Errorf("got %+v of another organisation, want nothing", got)
	}
}

func (w *world) notesPurged() {
	w.handedOver("a")
	w.report(operator, "a", bounced(start))
	n, err := w.PurgeDeliveries(w.ctx, start.Add(time.Second), 10)
	w.must(err)
	if n != 1 {
		w.Errorf("got %d deliveries purged, want 1", n)
	}
}
