package storetest

import (
	"time"

	"avow/internal/account"
)

// touch has the account of the first tenant's token changed at an instant, and returns the instants of the states on which that was decided.
func (w *world) touch(seen *account.State, at time.Time) (decided []time.Time) {
	w.Helper()
	k := w.keyOf(w.one.token)
	k.Seen = seen
	w.must(w.Change(w.ctx, k, func(s account.State) (account.Next, error) {
		decided = append(decided, s.Account.UpdatedAt)
		a := *s.Account
		a.UpdatedAt = at
		return account.Next{Account: &a}, nil
	}))
	if got := w.view(k).Account.UpdatedAt; !got.Equal(at) {
		w.Errorf("got the account of %v, want that of %v", got, at)
	}
	return decided
}

// seenSaved changes an account on a state that was loaded before; where nothing is loaded, another key's state is as good.
func (w *world) seenSaved() {
	seen := w.view(account.KeyOfID(w.one.account.ID))
	if got := w.touch(&seen, start.Add(time.Minute)); len(got) != 1 || !got[0].Equal(start) {
		w.Errorf("got it decided on the states of %v, want the one that was seen", got)
	}
}

// seenStale has another change come between: what was seen is worth nothing then.
func (w *world) seenStale() {
	seen := w.view(w.keyOf(w.one.token))
	between := start.Add(time.Minute)
	w.touch(nil, between)
	got := w.touch(&seen, start.Add(2*time.Minute))
	if n := len(got); n < 2 || !got[0].Equal(start) || !got[n-1].Equal(between) {
		w.Errorf("got it decided on the states of %v, want the one that was seen and then the one that is there", got)
	}
}
