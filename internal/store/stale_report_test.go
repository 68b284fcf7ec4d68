//go:build integration

package store

import (
	"testing"
	"time"

	"avow/internal/outbox"
	"avow/internal/pgtest"
	"avow/internal/skill"
)

// TestStaleReportLeavesNothing has something else happen to a mail between the load and the save of a report about it. The report is decided again, and nothing of what was
// decided first is written: no state, no note, no webhook.
func TestStaleReportLeavesNothing(t *testing.T) {
	t.Parallel()
	for name, between := range map[string]func(w *trip, d outbox.Delivery){
		"another report": func(w *trip, d outbox.Delivery) {
			w.must(w.NoteReport(w.ctx, outbox.Reader{Operator: true}, d.ID, func(outbox.BounceView) (outbox.BounceNext, error) {
				return outbox.BounceNext{Note: &outbox.Note{Action: outbox.DelayedAction, At: fixedNow()}}, nil
			}))
		},
		"the worker's settle": func(w *trip, d outbox.Delivery) {
			w.must(w.Settle(w.ctx, d, outbox.Result{State: outbox.Delivered, Outcome: outbox.Succeeded, Code: 250, At: fixedNow()}))
		},
		"another claim": func(w *trip, _ outbox.Delivery) {
			later := fixedNow().Add(time.Hour)
			_, err := w.Claim(w.ctx, outbox.Claim{Kind: outbox.Mail, Now: later, Until: later.Add(time.Minute), Limit: 10})
			w.must(err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			staleReport(newTrip(t, openURL(t, pgtest.URL(t), 4)), false, between)
		})
	}
}

// TestErasureOvertakesAReport has a person erased while a report about a mail that arrived long ago is being noted: nothing is noted, and nobody is told of them.
func TestErasureOvertakesAReport(t *testing.T) {
	t.Parallel()
	staleReport(newTrip(t, openURL(t, pgtest.URL(t), 4)), true, func(w *trip, _ outbox.Delivery) {
		state, err := w.ViewVerification(w.ctx, skill.Subject{Verification: w.id})
		w.must(err)
		w.must(w.ErasePerson(w.ctx, skill.PersonKey{ID: state.User.ID}, func(s skill.PersonState) (*skill.Erasure, error) {
			born := s.Person.User.CreatedAt
			return skill.EraseIdle(s, skill.Idle{Since: born.AddDate(100, 0, 0), Now: born.AddDate(99, 0, 0)})
		}))
	})
}

func staleReport(w *trip, sent bool, between func(*trip, outbox.Delivery)) {
	w.Helper()
	mail := outbox.NewMail("dlv_mail", w.key.Owner.Org, "r@work.example", "t", map[string]string{}, fixedNow())
	w.must(w.ChangeVerification(w.ctx, skill.Subject{Verification: w.id}, func(skill.State) (skill.Next, error) {
		return skill.Next{Deliveries: []outbox.Delivery{mail}}, nil
	}))
	claimed, err := w.Claim(w.ctx, outbox.Claim{Kind: outbox.Mail, Now: fixedNow(), Until: fixedNow().Add(time.Minute), Limit: 10})
	w.must(err)
	if sent {
		w.must(w.Settle(w.ctx, claimed[0], outbox.Result{State: outbox.Delivered, Outcome: outbox.Succeeded, Code: 250, At: fixedNow()}))
	}
	hook := outbox.Delivery{ID: "dlv_stale", Org: w.key.Owner.Org, Kind: outbox.Webhook, Target: "https://r.example/", Payload: []byte("{}"), Due: fixedNow(), Created: fixedNow()}
	times := 0
	w.must(w.NoteReport(w.ctx, outbox.Reader{Operator: true}, mail.ID, func(outbox.BounceView) (outbox.BounceNext, error) {
		if times++; times > 1 {
			return outbox.BounceNext{}, nil
		}
		between(w, claimed[0]) // by the other committer
		return outbox.BounceNext{Note: &outbox.Note{Action: outbox.BouncedAction, At: fixedNow()}, Bounced: true, Hooks: []outbox.Delivery{hook}}, nil
	}))
	if times != 2 {
		w.Errorf("got %d decisions, want one on stale state and one more", times)
	}
	view, err := w.DeliveryByID(w.ctx, outbox.Reader{Operator: true}, mail.ID)
	w.must(err)
	if view.Records[0].State == outbox.Bounced {
		w.Errorf("got %+v, want nothing of the stale decision", view.Records[0])
	}
	for _, n := range view.Notes {
		if n.Action == outbox.BouncedAction {
			w.Errorf("got note %+v, want nothing of the stale decision", n)
		}
	}
	if v, err := w.DeliveryByID(w.ctx, outbox.Reader{Operator: true}, hook.ID); err != nil || len(v.Records) != 0 {
		w.Errorf("got webhook %+v, %v, want none", v.Records, err)
	}
}
