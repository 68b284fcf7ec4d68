//go:build integration

package store

import (
	"testing"
	"time"

	"avow/internal/account"
	"avow/internal/outbox"
	"avow/internal/pgtest"
	"avow/internal/skill"
)

// TestStaleErasureLeavesEverything has another change come between the load and the save of an erasure, of a person and of an account. The erasure is decided again on what
// there is now; the first one has written nothing, not even its note.
func TestStaleErasureLeavesEverything(t *testing.T) {
	t.Parallel()
	w := newTrip(t, openURL(t, pgtest.URL(t), 4))
	w.must(w.reviewer())
	state, err := w.ViewVerification(w.ctx, skill.Subject{Verification: w.id})
	w.must(err)
	times := 0
	w.must(w.ErasePerson(w.ctx, skill.PersonKey{ID: state.User.ID}, func(s skill.PersonState) (*skill.Erasure, error) {
		if times++; times > 1 {
			return nil, nil
		}
		w.must(w.reviewer()) // another change, by the other committer
		erased, err := skill.EraseIdle(s, skill.Idle{Since: s.Person.User.CreatedAt.AddDate(100, 0, 0), Now: s.Person.User.CreatedAt.AddDate(99, 0, 0)})
		return erased, err
	}))
	id, mail := w.holder(t)
	again := 0
	w.must(w.EraseHolding(w.ctx, id, func(s account.HoldingState) (*account.Erasure, error) {
		if again++; again > 1 {
			return nil, nil
		}
		w.must(w.Change(w.ctx, account.KeyOfID(id), func(s account.State) (account.Next, error) { return account.Next{Account: s.Account}, nil }))
		return account.Erase(s, fixedNow())
	}))
	if times != 2 || again != 2 {
		t.Fatalf("got %d and %d decisions, want each one on stale state and one more", times, again)
	}
	after, err := w.ViewVerification(w.ctx, skill.Subject{Verification: w.id})
	w.must(err)
	if after.Session == nil || after.Reviewer == nil || after.User.Name == "" || after.User.Email == "" {
		t.Errorf("got %+v, want everything as it was", after)
	}
	holding, err := w.ViewHolding(w.ctx, id)
	w.must(err)
	if h := holding.Holding; h == nil || h.Account.Email == "" || len(h.Deliveries) != 1 || !h.Deliveries[0].Content || h.Deliveries[0].Target != mail.Target || holding.Erased != nil {
		t.Errorf("got %+v, want everything as it was", holding)
	}
	if got := w.raw(t, "SELECT id FROM erasures"); len(got) != 0 {
		t.Errorf("got erasures %q, want none", got)
	}
}

// holder is an account with a mail that waits.
func (w *trip) holder(t *testing.T) (string, outbox.Delivery) {
	t.Helper()
	org := w.key.Owner.Org
	mail := outbox.NewMail("dlv_holder", org, "h@example.com", "t", map[string]string{}, time.Unix(1, 0))
	a := account.Account{ID: "aaaaaaaaaaaaaaaaaaaaaaaa", Org: org, Email: "h@example.com"}
	w.must(w.Change(w.ctx, account.KeyOfNew(org, a.Email, nil), func(s account.State) (account.Next, error) {
		return account.Enrol(s, account.RegisterInput{Account: a})
	}))
	w.must(w.Change(w.ctx, account.KeyOfID(a.ID), func(s account.State) (account.Next, error) {
		return account.Next{Account: s.Account, Mails: []account.Mail{mail}}, nil
	}))
	return a.ID, mail
}

// TestRoundTripsOfErasures counts those of exporting and of erasing, which ends what it is about: several are prepared.
func TestRoundTripsOfErasures(t *testing.T) {
	t.Parallel()
	l, through := listen(t, pgtest.URL(t))
	w := newTrip(t, openURL(t, through, 1))
	for n := range 4 {
		w.must(w.open())
		state, err := w.ViewVerification(w.ctx, skill.Subject{Verification: w.id})
		w.must(err)
		k := skill.PersonKey{ID: state.User.ID, Whole: true}
		before := l.trips.Load()
		_, err = w.ViewPerson(w.ctx, k)
		w.must(err)
		shown := l.trips.Load()
		w.must(w.ErasePerson(w.ctx, k, func(s skill.PersonState) (*skill.Erasure, error) {
			return &skill.Erasure{Owner: s.Person.User.Owner, ID: s.Person.User.ID}, nil
		}))
		if n == 3 && (shown-before != 1 || l.trips.Load()-shown != 2) {
			t.Errorf("got %d and %d round trips, want 1 and 2", shown-before, l.trips.Load()-shown)
		}
	}
}
