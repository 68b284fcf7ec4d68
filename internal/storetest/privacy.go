package storetest

import (
	"errors"
	"sync"
	"testing"
	"time"

	"avow/internal/access"
	"avow/internal/account"
	"avow/internal/assess"
	"avow/internal/outbox"
	"avow/internal/skill"
)

func privacy(t *testing.T, open Open) {
	cases := map[string]func(*skillWorld){
		"a person is loaded whole":                           (*skillWorld).personWhole,
		"another owner's person is out of reach":             (*skillWorld).personForeign,
		"an erased person is unknown everywhere":             (*skillWorld).personErased,
		"an erased person stays erased in parallel":          (*skillWorld).personErasedInParallel,
		"what is being sent leaves no trace of the erased":   (*skillWorld).erasedWhileSending,
		"nothing is captured of the erased":                  (*skillWorld).capturedTooLate,
		"nobody is told of the erased by another's change":   (*skillWorld).toldTooLate,
		"people are idle when nothing can be done with them": (*skillWorld).idlePeople,
		"an erased account is gone with its names":           (*skillWorld).accountErased,
		"an account is loaded whole":                         (*skillWorld).accountWhole,
	}
	for name, check := range cases {
		t.Run(name, func(t *testing.T) { t.Parallel(); check(newSkillWorld(t, open)) })
	}
}

func (w *skillWorld) dossier(k skill.PersonKey) skill.PersonState {
	w.Helper()
	state, err := w.ViewPerson(w.ctx, k)
	w.must(err)
	return state
}

func (w *skillWorld) keyedPerson(k access.NewKey, id string) skill.PersonKey {
	return skill.PersonKey{Keyed: true, Secret: w.keys.Lookup(access.ForAPIKey, k.Text), ID: id, Whole: true}
}

// sent is a verification that was sent to its reviewer, and that an assessment was tried for before.
func (w *skillWorld) sent(k access.NewKey, n byte) skill.Opened {
	w.Helper()
	o := w.reviewed(k, robin)
	w.sendReview(k, o, n)
	w.change(w.byID(k.Text, o.Verification.ID), func(skill.State) skill.Next {
		return skill.Next{Assessment: &assess.Assessment{Attempts: []assess.Attempt{{Number: 1, Answers: []int{3, 0}, Correct: 1, Total: 2, Score: 50, PassMark: 60, AnswersAt: start}}}}
	})
	return o
}

// erase erases a person at start, whatever stands in the way.
func (w *skillWorld) erase(id string) {
	w.Helper()
	_, err := w.service.Erase(w.ctx, skill.Asker{Operator: true}, id)
	w.must(err)
}

func (w *skillWorld) personWhole() {
	o := w.sent(w.test, 1)
	w.must(w.Keep(w.ctx, outbox.Captured{ID: "c", Org: w.one.org.ID, Test: true, About: o.Verification.User, To: "jane@example.com", Subject: "s", CreatedAt: start}))
	got := w.dossier(w.keyedPerson(w.test, o.Verification.User))
	state := w.view(w.byID(w.test.Text, o.Verification.ID))
	session := *state.Session
	session.Lists = o.Session.Lists
	want := skill.Dossier{
		User: *state.User,
		Verifications: []skill.Run{{
			Verification: *state.Verification, Skills: state.Skills, Items: state.Items, Session: &session, Reviewer: state.Reviewer, Review: state.Review,
			Assessment: state.Assessment,
		}},
		Deliveries: []outbox.Record{
			{ID: "dlv_mail1", Org: w.one.org.ID, Test: true, Kind: outbox.Mail, Target: "robin@northwind.example", State: outbox.Queued, Due: start, Content: true, Created: start},
			{ID: "dlv_hook1", Org: w.one.org.ID, Test: true, Kind: outbox.Webhook, Target: "https://client.example/hook", State: outbox.Queued, Due: start, Content: true, Created: start},
		},
		Mails: []outbox.Captured{{ID: "c", To: "jane@example.com", CreatedAt: start}},
	}
	w.equal("person", got.Person, &want)
	if got.Key == nil || got.Key.Secret == "" || got.Erased != nil {
		w.Errorf("got %+v, want the key with its secret and no erasure", got)
	}
	bare := w.dossier(skill.PersonKey{ID: o.Verification.User})
	if bare.Key != nil || bare.Person == nil || bare.Person.Deliveries != nil || bare.Person.Verifications[0].Session.Lists.Projects != nil {
		w.Errorf("got %+v, want no key, and neither lists nor deliveries that nobody asked for", bare)
	}
}

func (w *skillWorld) personForeign() {
	o := w.sent(w.live, 1)
	for name, k := range map[string]access.NewKey{"mode": w.test, "organisation": w.other} {
		if got := w.dossier(w.keyedPerson(k, o.Verification.User)); got.Person != nil || got.Erased != nil || got.Key == nil {
			w.Errorf("another %s: got %+v, want nobody", name, got)
		}
	}
	w.erase(o.Verification.User)
	for name, k := range map[string]access.NewKey{"mode": w.test, "organisation": w.other} {
		if got := w.dossier(w.keyedPerson(k, o.Verification.User)); got.Erased != nil {
			w.Errorf("another %s: got %+v, want no erasure", name, got.Erased)
		}
	}
	if got := w.dossier(skill.PersonKey{ID: w.one.account.ID}); got.Person != nil || got.Erased != nil {
		w.Errorf("an account's id: got %+v, want nobody", got)
	}
}

// personErased has a neighbour in the same organisation with the same reviewer, of whom nothing is lost.
func (w *skillWorld) personErased() {
	o, other := w.sent(w.live, 1), w.neighbour()
	before := w.both(w.byID(w.live.Text, other.Verification.ID))
	w.erase(o.Verification.User)
	token := access.Hash{1, 1}
	for what, s := range map[string]skill.Subject{
		"id": {Verification: o.Verification.ID}, "session": {ByToken: true, Token: w.lookup(o.Token), Lists: true}, "review": byReview(token), "link": byReview(access.Hash{2, 1}),
	} {
		w.equal("public, by "+what, w.both(s), skill.State{})
	}
	for what, s := range map[string]skill.Subject{"id": w.byID(w.live.Text, o.Verification.ID), "token": w.byToken(w.live.Text, o.Token)} {
		if got := w.both(s); got.Verification != nil || got.User != nil || got.Session != nil {
			w.Errorf("keyed, by %s: got %+v, want it unknown", what, got)
		}
	}
	w.equal("pass", w.both(w.by(o.Token)), skill.State{})
	_, skills, err := w.SkillsOfUser(w.ctx, w.keys.Lookup(access.ForAPIKey, w.live.Text), o.Verification.User)
	w.must(err)
	if len(skills) != 0 {
		w.Errorf("got skills %v, want none", skills)
	}
	if again := w.open(w.live); again.Verification.User == o.Verification.User {
		w.Errorf("got the person %s again, want another", again.Verification.User)
	}
	w.equal("neighbour", w.both(w.byID(w.live.Text, other.Verification.ID)), before)
	w.leftOf(o)
}

// neighbour is another person with a verification of their own, whose session is not that of others.
func (w *skillWorld) neighbour() skill.Opened {
	w.Helper()
	in := initInput()
	in.Email, in.Phone = "neighbour@example.com", "+46 71"
	o, err := w.service.Init(w.ctx, w.live.Text, in)
	w.must(err)
	w.store(w.live, o, "c")
	return o
}

// leftOf looks at what is left of an erased person: the skeleton of the verification, and deliveries without a receiver.
func (w *skillWorld) leftOf(o skill.Opened) {
	w.Helper()
	got := w.dossier(w.keyedPerson(w.live, o.Verification.User))
	want := skill.Erasure{
		Owner: w.live.Owner, ID: o.Verification.User, CreatedAt: start, ErasedAt: start, Sessions: []access.Hash{o.Session.Hash},
		Runs: []skill.Remains{{
			ID: o.Verification.ID, Key: w.live.ID, Method: skill.Human, Review: skill.ReviewPending, CreatedAt: start, InitiatedAt: start,
			Skills: []skill.Skill{{ID: "a", Status: skill.Pending, CreatedAt: start}, {ID: "b", Status: skill.Pending, CreatedAt: start}},
		}},
	}
	w.equal("what is left", got.Erased, &want)
	for id, target := range map[string]string{"dlv_mail1": "", "dlv_hook1": "https://client.example:443"} {
		view, err := w.DeliveryByID(w.ctx, operator, id)
		w.must(err)
		if r := view.Records[0]; r.State != outbox.Cancelled || r.Target != target || r.Content || !r.Finished.Equal(start) {
			w.Errorf("got %+v, want it cancelled, without content, to %q", r, target)
		}
	}
	if due := w.claimAll(start.Add(time.Hour)); len(due) != 0 {
		w.Errorf("got %+v to be sent, want nothing", due)
	}
	w.wantCounts(w.live, 1, 0)
}

// personErasedInParallel has every kind of change come at the same moment as the erasure. Those that come before it are gone with it, those after it find nobody.
func (w *skillWorld) personErasedInParallel() {
	o := w.sent(w.live, 1)
	id, user := o.Verification.ID, o.Verification.User
	changes := []func(n int) error{
		func(int) error { return w.service.ChangeEmail(w.ctx, o.Token, "other@example.com") },
		func(int) error { return w.endorse(1, "1") },
		func(int) error {
			_, err := w.service.StoreSkills(w.ctx, w.live.Text, skill.SkillsInput{Carriers: named(o), Claims: []skill.Claim{{Skill: "z"}}})
			return err
		},
		func(int) error {
			in := robin
			in.Carriers = named(o)
			_, err := w.service.StoreReviewer(w.ctx, w.live.Text, in)
			return err
		},
		func(int) error { _, err := w.service.Send(w.ctx, w.live.Text, named(o)); return err },
		func(n int) error {
			return w.Keep(w.ctx, outbox.Captured{ID: "kept" + string(rune('a'+n)), Org: w.one.org.ID, About: user, To: "jane@example.com", CreatedAt: start})
		},
	}
	var all sync.WaitGroup
	for n := range 24 {
		all.Go(func() { _ = changes[n%len(changes)](n) }) // refused or not
		if n == 12 {
			all.Go(func() { w.erase(user) })
		}
	}
	all.Wait()
	w.equal("by id", w.both(skill.Subject{Verification: id}), skill.State{})
	mails, err := w.Mails(w.ctx, "", 100)
	w.must(err)
	if len(mails) != 0 {
		w.Errorf("got captured mails %+v, want none", mails)
	}
	view, err := w.Deliveries(w.ctx, operator, outbox.Filter{Now: start, Limit: 100})
	w.must(err)
	for _, r := range view.Records {
		if r.Content || r.State == outbox.Queued || r.Target != outbox.Lane(r.Kind, "https://client.example/hook") {
			w.Errorf("got %+v, want nothing to be sent and nobody named", r)
		}
	}
}

// erasedWhileSending has workers that come back with an answer, which may quote an address.
func (w *skillWorld) erasedWhileSending() {
	o := w.sent(w.live, 1)
	claimed := append(w.claimKind(outbox.Webhook, start), w.claim(start)...)
	w.must(w.Settle(w.ctx, claimed[0], outbox.Result{State: outbox.Failed, Outcome: outbox.Refused, Code: 550, Answer: "no jane@example.com here", At: start}))
	w.erase(o.Verification.User)
	if err := w.Renew(w.ctx, claimed[1], start.Add(time.Minute)); !errors.Is(err, outbox.ErrLeaseLost) {
		w.Errorf("got %v, want the lease lost", err)
	}
	for _, state := range []outbox.State{outbox.Queued, outbox.Delivered} {
		w.must(w.Settle(w.ctx, claimed[1], outbox.Result{State: state, Due: start, Outcome: outbox.Refused, Code: 451, Answer: "jane@example.com is busy", At: start}))
	}
	for n, want := range [][]outbox.Attempt{{{Number: 1, Began: start, Outcome: outbox.Refused, Code: 550}}, {{Number: 1, Began: start, Outcome: outbox.Unknown}}} {
		view, err := w.DeliveryByID(w.ctx, operator, claimed[n].ID)
		w.must(err)
		w.equal("attempts", view.Attempts, want)
		if r := view.Records[0]; r.Answer != "" || r.Content || r.State == outbox.Queued || r.Leased {
			w.Errorf("got %+v, want it over, without words", r)
		}
		if err := w.RetryDelivery(w.ctx, operator, claimed[n].ID, start, func(v outbox.View) error { return v.Records[0].CheckRetry(start) }); err == nil {
			w.Errorf("%s: got it retried, want that refused", claimed[n].ID)
		}
	}
}

func (w *skillWorld) capturedTooLate() {
	o := w.sent(w.test, 1)
	mail := outbox.Captured{ID: "c", Org: w.one.org.ID, Test: true, About: o.Verification.User, To: "jane@example.com", CreatedAt: start}
	keep := func(id string, want int) {
		w.Helper()
		mail.ID = id
		w.must(w.Keep(w.ctx, mail))
		found, err := w.Mails(w.ctx, "jane@example.com", 10)
		w.must(err)
		if len(found) != want {
			w.Errorf("got %d mails, want %d", len(found), want)
		}
	}
	keep("before", 1)
	w.erase(o.Verification.User)
	keep("after", 0)
	mail.About = w.one.account.ID
	mail.Test = false
	keep("of an account", 1)
	_, err := w.eraseAccount(w.one.account.ID)
	w.must(err)
	keep("after, of an account", 0)
	mail.About = ""
	keep("of nobody who is known", 1)
}

// eraseAccount erases an account at start.
func (w *world) eraseAccount(id string) (erased *account.Erasure, err error) {
	err = w.EraseHolding(w.ctx, id, func(s account.HoldingState) (*account.Erasure, error) {
		left, refusal := account.Erase(s, start)
		if erased = left; left == nil {
			erased = s.Erased
		}
		return left, refusal
	})
	return erased, err
}

// toldTooLate has one person's change tell another, who is erased meanwhile: the mail with their address is not written.
func (w *skillWorld) toldTooLate() {
	o, other := w.sent(w.live, 1), w.neighbour()
	tell := func(id string) {
		w.change(w.byID(w.live.Text, other.Verification.ID), func(s skill.State) skill.Next {
			d := outbox.NewMail(id, w.one.org.ID, "jane@example.com", "t", struct{}{}, start)
			d.About = o.Verification.User
			return skill.Next{Deliveries: []outbox.Delivery{d}}
		})
	}
	tell("told")
	w.erase(o.Verification.User)
	tell("too_late")
	for id, want := range map[string]int{"told": 1, "too_late": 0} {
		view, err := w.DeliveryByID(w.ctx, operator, id)
		w.must(err)
		if len(view.Records) != want || want == 1 && view.Records[0].Target != "" {
			w.Errorf("%s: got %+v, want %d without a receiver", id, view.Records, want)
		}
	}
}

func (w *skillWorld) idlePeople() {
	o, other := w.sent(w.live, 1), w.neighbour()
	w.must(w.endorse(1, "1"))
	over := start.Add(time.Hour)
	for _, c := range []struct {
		what  string
		org   string
		since time.Time
		now   time.Time
		limit int
		want  []string
	}{
		{"sessions are alive", w.one.org.ID, over.AddDate(0, 0, 2), start, 10, nil},
		{"too young", w.one.org.ID, start.Add(-24 * time.Hour), over, 10, nil},
		{"another organisation", w.two.org.ID, over.AddDate(0, 0, 2), over, 10, nil},
		{"idle", w.one.org.ID, over.AddDate(0, 0, 2), over, 10, []string{o.Verification.User, other.Verification.User}},
		{"at most", w.one.org.ID, over.AddDate(0, 0, 2), over, 1, []string{o.Verification.User}},
	} {
		got, err := w.IdlePeople(w.ctx, skill.Idle{Org: c.org, Since: c.since, Now: c.now}, c.limit)
		w.must(err)
		if len(got) != len(c.want) {
			w.Errorf("%s: got %v, want %v", c.what, got, c.want)
		}
	}
	n, err := w.service.EraseIdle(w.ctx, skill.Idle{Org: w.one.org.ID, Since: start.Add(time.Second), Now: over}, 10)
	w.must(err)
	if n != 1 {
		w.Errorf("got %d erased, want the one with whom nothing was done since: of the other an answer came later", n)
	}
	w.open(w.live) // the person comes back
	n, err = w.service.EraseIdle(w.ctx, skill.Idle{Org: w.one.org.ID, Since: over.AddDate(0, 0, 2), Now: over.Add(-time.Second)}, 10)
	w.must(err)
	if n != 0 {
		w.Errorf("got %d erased, want nobody with a live session", n)
	}
}

func (w *skillWorld) accountErased() {
	a := w.one.account
	named := w.newAccount(w.one.org.ID, "named@example.com")
	named.Profile = account.Profile{Alias: "A", ExternalIDs: map[string]string{"crm": "1"}}
	w.must(w.create(named))
	w.put(w.mails("m")...)
	claimed := w.claim(start)
	erased, err := w.eraseAccount(a.ID)
	w.must(err)
	w.equal("what is left", erased, &account.Erasure{ID: a.ID, Org: a.Org, CreatedAt: a.CreatedAt, ErasedAt: start})
	w.must(w.Settle(w.ctx, claimed[0], outbox.Result{State: outbox.Delivered, Outcome: outbox.Succeeded, Answer: "250 holder@example.com", At: start}))
	view, err := w.DeliveryByID(w.ctx, operator, "m")
	w.must(err)
	if got := view.Records[0]; got.Target != "" || got.Content || got.Answer != "" || got.State != outbox.Cancelled {
		w.Errorf("got %+v, want it cancelled and empty", got)
	}
	if got := w.world.view(account.KeyOfID(a.ID)); got.Account != nil {
		w.Errorf("got %+v, want no account", got.Account)
	}
	if got := w.world.view(w.keyOf(w.one.token)); got.Token != nil {
		w.Errorf("got %+v, want no token", got.Token)
	}
	again, err := w.eraseAccount(a.ID)
	w.must(err)
	w.equal("erased again", again, erased)
	w.must(w.create(w.newAccount(w.one.org.ID, a.Email)))
	_, err = w.eraseAccount(named.ID)
	w.must(err)
	named.ID = w.random.ObjectID(start)
	w.must(w.create(named))
	if got := w.world.view(account.KeyOfID(w.two.account.ID)); got.Account == nil || got.Account.Email != "holder@example.com" {
		w.Errorf("got %+v, want the other organisation's account untouched", got.Account)
	}
	if _, err := w.eraseAccount("000000000000000000000000"); !errors.Is(err, account.ErrAccountUnknown) {
		w.Errorf("got %v, want %v", err, account.ErrAccountUnknown)
	}
}

func (w *skillWorld) accountWhole() {
	a := w.one.account
	w.put(w.mails("m")...)
	w.must(w.Keep(w.ctx, outbox.Captured{ID: "c", Org: w.one.org.ID, About: a.ID, To: a.Email, CreatedAt: start}))
	state, err := w.ViewHolding(w.ctx, a.ID)
	w.must(err)
	h := state.Holding
	if h == nil || len(h.Tokens) != 1 || len(h.Deliveries) != 1 || len(h.Mails) != 1 || h.Account.Email != a.Email || h.Tokens[0].Account != a.ID || h.Deliveries[0].ID != "m" || h.Mails[0].ID != "c" {
		w.Errorf("got %+v, want the account with its token, its mail and what was captured", h)
	}
	if state, err := w.ViewHolding(w.ctx, "none"); err != nil || state.Holding != nil || state.Erased != nil {
		w.Errorf("got %+v (%v), want nothing", state, err)
	}
}
