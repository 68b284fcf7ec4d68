package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"avow/internal/access"
	"avow/internal/account"
	"avow/internal/outbox"
	"avow/internal/skill"
)

func purge(t *testing.T, open Open) {
	cases := map[string]func(*world){
		"finished deliveries go with their attempts":  (*world).purgeDeliveries,
		"expired tokens go":                           (*world).purgeTokens,
		"captured mails go by age or by their number": (*world).purgeMails,
		"parallel purges remove each row once":        (*world).purgeParallel,
	}
	for name, check := range cases {
		t.Run(name, func(t *testing.T) { t.Parallel(); check(newWorld(t, open)) })
	}
	t.Run("expired sessions go, what was verified stays", func(t *testing.T) { t.Parallel(); newSkillWorld(t, open).purgeSessions() })
}

func (w *world) wantRemoved(want int) func(int, error) {
	return func(got int, err error) {
		w.Helper()
		w.must(err)
		if got != want {
			w.Errorf("got %d rows removed, want %d", got, want)
		}
	}
}

func (w *world) purgeDeliveries() {
	w.enqueue("done", "failed", "cancelled", "waiting", "later")
	states := []outbox.State{outbox.Delivered, outbox.Failed, outbox.Queued, outbox.Queued, outbox.Delivered}
	for i, d := range w.claim(start.Add(time.Second)) {
		at := start.Add(time.Duration(i) * time.Minute)
		w.must(w.Settle(w.ctx, d, outbox.Result{State: states[i], Due: start, Outcome: outbox.Refused, At: at}))
	}
	w.unsend("cancelled") // at the instant of the account
	before := start.Add(4 * time.Minute)
	w.wantRemoved(0)(w.PurgeDeliveries(w.ctx, start, 10))
	w.wantRemoved(2)(w.PurgeDeliveries(w.ctx, before, 2))
	w.wantRemoved(1)(w.PurgeDeliveries(w.ctx, before, 2))
	w.wantRemoved(0)(w.PurgeDeliveries(w.ctx, before, 2))
	w.wantList(operator, outbox.Filter{}, "later", "waiting")
	w.enqueue("done") // its attempts went, too
	w.wantAttempts("done")
	w.wantAttempts("later", outbox.Attempt{Number: 1, Began: start.Add(time.Second), Outcome: outbox.Refused})
	w.wantRemoved(1)(w.PurgeDeliveries(w.ctx, start.AddDate(1, 0, 0), 10))
}

func (w *world) purgeTokens() {
	fresh := w.issue(w.one.client, w.one.account.ID) // for an hour, as those of the tenants
	w.wantRemoved(0)(w.PurgeTokens(w.ctx, start.Add(time.Hour), 10))
	w.wantRemoved(2)(w.PurgeTokens(w.ctx, start.Add(time.Hour+time.Microsecond), 2))
	w.wantRemoved(1)(w.PurgeTokens(w.ctx, start.Add(time.Hour+time.Microsecond), 2))
	for _, token := range []string{fresh, w.one.token, w.two.token} {
		state, err := w.View(w.ctx, account.KeyOfToken(w.keys.Lookup(access.ForToken, token)))
		w.must(err)
		if state.Token != nil {
			w.Errorf("got %+v, want no token any more", state.Token)
		}
	}
}

func (w *skillWorld) purgeSessions() {
	o := w.ready(w.live, "a")
	w.wantRemoved(0)(w.PurgeSessions(w.ctx, o.Session.ExpiresAt, 10))
	w.wantRemoved(1)(w.PurgeSessions(w.ctx, o.Session.ExpiresAt.Add(time.Microsecond), 10))
	state, err := w.ViewVerification(w.ctx, skill.Subject{Verification: o.Verification.ID})
	w.must(err)
	if state.Session != nil || state.Verification == nil || state.User == nil || len(state.Items) != 1 || len(state.Skills) != 1 {
		w.Errorf("got %+v, want the verification with its skill and its item, without a session", state)
	}
}

func (w *world) purgeMails() {
	for n := range 5 {
		w.must(w.Keep(w.ctx, outbox.Captured{ID: fmt.Sprint("m", n), To: "a@example.com", CreatedAt: start.Add(time.Duration(n) * time.Hour)}))
	}
	kept := func(want ...string) {
		w.Helper()
		mails, err := w.Mails(w.ctx, "", 10)
		w.must(err)
		var ids []string
		for _, m := range mails {
			ids = append(ids, m.ID)
		}
		if diff := cmp.Diff(want, ids); diff != "" {
			w.Errorf("mails: got +, want -:\n%s", diff)
		}
	}
	w.wantRemoved(1)(w.PurgeMails(w.ctx, start.Add(time.Hour), 10))
	kept("m4", "m3", "m2", "m1")
	w.wantRemoved(0)(w.PurgeMailsBut(w.ctx, 4, 10))
	w.wantRemoved(1)(w.PurgeMailsBut(w.ctx, 2, 1))
	w.wantRemoved(1)(w.PurgeMailsBut(w.ctx, 2, 10))
	kept("m4", "m3")
}

func (w *world) purgeParallel() {
	const n = 60
	for i := range n {
		w.must(w.Keep(w.ctx, outbox.Captured{ID: fmt.Sprint("m", i), To: "a@example.com", CreatedAt: start}))
	}
	removed := make(chan int)
	for range 4 {
		go func() {
			sum := 0
			for range n {
				got, err := w.PurgeMails(w.ctx, start.Add(time.Hour), 5)
				if err != nil {
					w.Errorf("purge: %v", err)
				}
				sum += got
			}
			removed <- sum
		}()
	}
	total := 0
	for range 4 {
		total += <-removed
	}
	if total != n {
		w.Errorf("got %d rows removed, want %d", total, n)
	}
}
