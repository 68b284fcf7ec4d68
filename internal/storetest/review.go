package storetest

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"avow/internal/access"
	"avow/internal/outbox"
	"avow/internal/skill"
)

// reviewCases are about the human path.
var reviewCases = map[string]func(*skillWorld){
	"reviewer and review are saved whole":        (*skillWorld).reviewSaved,
	"a reviewer's tokens find their review":      (*skillWorld).reviewByToken,
	"what is sent is of the change":              (*skillWorld).sentWithTheChange,
	"a superseded mail is not sent":              (*skillWorld).supersededMail,
	"a key is counted for what was done with it": (*skillWorld).counted,
	"a public call knows who has an address":     (*skillWorld).addressOfSession,
	"reviewers are known to their owner":         (*skillWorld).reviewersKnown,
	"skills of a person are their owner's":       (*skillWorld).skillsOfUser,
	"reviewers count before they are sent":       (*skillWorld).reviewerTouches,
	"a mail names its verification":              (*skillWorld).aboutVerification,
	"parallel answers are one":                   (*skillWorld).parallelAnswers,
}

var robin = skill.ReviewerInput{Name: "Robin", Email: "robin@northwind.example", Company: "Northwind", Website: "https://www.northwind.example"}

// reviewed opens a verification with a reviewer.
func (w *skillWorld) reviewed(k access.NewKey, in skill.ReviewerInput) skill.Opened {
	w.Helper()
	o := w.ready(k, "a", "b")
	in.Carriers = named(o)
	_, err := w.service.StoreReviewer(w.ctx, k.Text, in)
	w.must(err)
	return o
}

// sendInput has tokens that are told by a number.
func sendInput(o skill.Opened, n byte) skill.SendInput {
	return skill.SendInput{
		Carriers: named(o), PublicURL: "https://avow.example", Token: fmt.Sprint("token", n), TokenHash: access.Hash{1, n}, Link: fmt.Sprint("link", n), LinkHash: access.Hash{2, n},
		MailID: fmt.Sprint("dlv_mail", n), EventID: fmt.Sprint("evt_", n), HookID: fmt.Sprint("dlv_hook", n), Now: start, ExpiresAt: start.Add(time.Hour),
	}
}

func (w *skillWorld) sendReview(k access.NewKey, o skill.Opened, n byte) {
	w.Helper()
	w.must(w.ChangeVerification(w.ctx, w.byID(k.Text, o.Verification.ID), func(s skill.State) (skill.Next, error) {
		next, _, err := skill.Send(s, sendInput(o, n))
		return next, err
	}))
}

func byReview(h access.Hash) skill.Subject {
	return skill.Subject{ByReview: true, Review: access.Lookup{h, h, h}}
}

func (w *skillWorld) endorse(n byte, event string) error {
	token := access.Hash{1, n}
	return w.ChangeVerification(w.ctx, byReview(token), func(s skill.State) (skill.Next, error) {
		next, _, err := skill.Endorse(s, skill.EndorseInput{
			Token: access.Lookup{token, token, token}, Answers: map[string]skill.Answer{"a": skill.Confirmed}, MailID: "dlv_a" + event, EventID: "evt_a" + event,
			HookID: "dlv_b" + event, Now: start.Add(time.Minute),
		})
		return next, err
	})
}

func (w *skillWorld) reviewSaved() {
	o := w.reviewed(w.live, robin)
	w.equal("reviewer", w.both(w.byID(w.live.Text, o.Verification.ID)).Reviewer, &skill.Reviewer{
		Name: "Robin", Email: "robin@northwind.example", Company: "Northwind", Website: "https://www.northwind.example", StoredAt: start,
	})
	w.equal("review before it is sent", w.both(w.byToken(w.live.Text, o.Token)).Review, (*skill.Review)(nil))
	w.sendReview(w.live, o, 1)
	state := w.both(skill.Subject{Verification: o.Verification.ID})
	want := skill.Review{
		Token: access.Hash{1, 1}, Link: access.Hash{2, 1}, Status: skill.ReviewPending, Evidence: state.Review.Evidence, Delivery: "dlv_mail1", SentAt: start,
		ExpiresAt: start.Add(time.Hour),
	}
	w.equal("review", state.Review, &want)
	if state.Brand != "one" || state.Settings == nil || state.Reviewer == nil || state.Review.Evidence == "" || !state.Verification.InitiatedAt.Equal(start) {
		w.Errorf("got %+v, want brand, settings, the reviewer still there, and the verification initiated", state)
	}
	w.must(w.endorse(1, "1"))
	state = w.both(w.byID(w.live.Text, o.Verification.ID))
	want.Status = skill.ReviewCompleted
	w.equal("review in the end", state.Review, &want)
	if got := state.Skills[0]; got.Status != skill.Verified || got.Answer != skill.Confirmed || !state.Verification.CompletedAt.Equal(start.Add(time.Minute)) {
		w.Errorf("got %+v of %+v, want it confirmed and the end noted", got, state.Verification)
	}
}

func (w *skillWorld) reviewByToken() {
	var all []skill.Opened
	for n, k := range []access.NewKey{w.live, w.test, w.other} {
		all = append(all, w.reviewed(k, robin))
		w.sendReview(k, all[n], byte(n))
	}
	for n, o := range all {
		byID := w.both(skill.Subject{Verification: o.Verification.ID})
		w.equal("by token", w.both(byReview(access.Hash{1, byte(n)})), byID)
		w.equal("by link", w.both(byReview(byID.Review.Link)), byID)
	}
	w.sendReview(w.live, all[0], 7)
	for what, h := range map[string]access.Hash{"superseded": {1, 0}, "superseded link": {2, 0}, "unknown": {9}, "none": {}} {
		w.equal(what, w.both(byReview(h)), skill.State{})
	}
	w.change(w.byID(w.live.Text, all[0].Verification.ID), func(s skill.State) skill.Next {
		r := *s.Review
		r.Status, r.Token, r.Link = skill.ReviewExpired, access.Hash{}, access.Hash{}
		return skill.Next{Review: &r}
	})
	w.equal("voided", w.both(byReview(access.Hash{1, 7})), skill.State{})
	w.equal("no hash", w.both(byReview(access.Hash{})), skill.State{})
}

// sentWithTheChange has a send fail at its last write: no token, no mail, no count is left.
func (w *skillWorld) sentWithTheChange() {
	o := w.reviewed(w.live, robin)
	before := w.both(w.byID(w.live.Text, o.Verification.ID))
	err := w.ChangeVerification(w.ctx, w.byID(w.live.Text, o.Verification.ID), func(s skill.State) (skill.Next, error) {
		next, _, err := skill.Send(s, sendInput(o, 1))
		next.Deliveries = append(next.Deliveries, next.Deliveries[0])
		return next, err
	})
	if err == nil {
		w.Fatal("got no error, want one for two deliveries of one id")
	}
	w.equal("state", w.both(w.byID(w.live.Text, o.Verification.ID)), before)
	if left := w.claimAll(start.Add(time.Hour)); len(left) != 0 {
		w.Errorf("got deliveries %+v, want none", left)
	}
	w.wantCounts(w.live, 0, 0)
	w.sendReview(w.live, o, 1)
	claimed := w.claimAll(start)
	if len(claimed) != 2 || claimed[0].Kind == claimed[1].Kind || claimed[0].Org != w.one.org.ID || claimed[0].Test {
		w.Errorf("got %+v, want the mail and the webhook of live mode", claimed)
	}
}

func (w *skillWorld) supersededMail() {
	o := w.reviewed(w.live, robin)
	w.sendReview(w.live, o, 1)
	w.sendReview(w.live, o, 2)
	var kinds []outbox.Kind
	for _, d := range w.claimAll(start) {
		if kinds = append(kinds, d.Kind); d.ID == "dlv_mail1" {
			w.Errorf("got %s, want it cancelled", d.ID)
		}
	}
	if len(kinds) != 3 {
		w.Errorf("got %v, want one mail and two webhooks", kinds)
	}
}

func (w *skillWorld) wantCounts(k access.NewKey, credits, profiles int) {
	w.Helper()
	keys, err := w.Keys(w.ctx, k.Owner.Org)
	w.must(err)
	for _, one := range keys {
		if one.ID == k.ID && (one.Credits != credits || one.VerifiedProfiles != profiles) {
			w.Errorf("got %d credits and %d verified profiles, want %d and %d", one.Credits, one.VerifiedProfiles, credits, profiles)
		}
	}
}

func (w *skillWorld) counted() {
	o := w.reviewed(w.live, robin)
	w.sendReview(w.live, o, 1)
	w.sendReview(w.live, o, 2)
	w.wantCounts(w.live, 2, 0)
	w.must(w.endorse(2, "1"))
	w.wantCounts(w.live, 2, 1)
	w.wantCounts(w.test, 0, 0)
}

func (w *skillWorld) addressOfSession() {
	mine := w.open(w.live)
	for _, k := range []access.NewKey{w.live, w.test, w.other} {
		in := initInput()
		in.Email, in.Phone = "john@example.com", ""
		john, err := w.service.Init(w.ctx, k.Text, in)
		w.must(err)
		by := skill.Subject{ByToken: true, Token: w.lookup(john.Token), EmailKey: "jane@example.com"}
		state := w.both(by)
		if known := state.ByEmail != nil; known != (k.ID == w.live.ID) || known && state.ByEmail.ID != mine.Verification.User {
			w.Errorf("%s: got %+v, want Jane for her own owner alone", k.ID, state.ByEmail)
		}
	}
}

func (w *skillWorld) reviewersKnown() {
	w.reviewed(w.live, robin)
	later := robin
	later.Name, later.Company = "Robin B", "Northwind AB"
	o := w.ready(w.live, "c")
	w.change(w.byID(w.live.Text, o.Verification.ID), func(skill.State) skill.Next {
		return skill.Next{Reviewer: &skill.Reviewer{Name: later.Name, Email: robin.Email, Company: later.Company, StoredAt: start.Add(time.Minute)}}
	})
	kim := robin
	kim.Email, kim.Website = "kim@kim.example", ""
	w.reviewed(w.live, kim)
	for what, test := range map[string]struct {
		key            access.NewKey
		domain, prefix string
		want, company  string
	}{
		"by either domain": {w.live, "northwind.example", "", "robin@northwind.example", "Northwind AB"},
		"by mail alone":    {w.live, "kim.example", "ki", "kim@kim.example", "Northwind"},
		"other prefix":     {w.live, "kim.example", "k%", "", "Northwind"},
		"other domain":     {w.live, "nobody.example", "", "", ""},
		"other mode":       {w.test, "northwind.example", "", "", ""},
		"other owner":      {w.other, "northwind.example", "", "", ""},
	} {
		key := w.keys.Lookup(access.ForAPIKey, test.key.Text)
		found, err := w.Reviewers(w.ctx, key, test.domain, test.prefix)
		w.must(err)
		company, err := w.Company(w.ctx, key, test.domain)
		w.must(err)
		if got := fmt.Sprint(len(found)); company != test.company || (test.want == "") != (got == "0") || test.want != "" && (got != "1" || found[0].Email != test.want) {
			w.Errorf("%s: got %+v and %q, want %s and %q", what, found, company, test.want, test.company)
		}
	}
	w.must(w.RevokeKey(w.ctx, w.live.ID, start))
	if found, err := w.Reviewers(w.ctx, w.keys.Lookup(access.ForAPIKey, w.live.Text), "northwind.example", ""); err != nil || len(found) > 0 {
		w.Errorf("revoked key: got %v, %v, want nobody", found, err)
	}
}

func (w *skillWorld) skillsOfUser() {
	first, second := w.ready(w.live, "a", "b"), w.ready(w.live, "c")
	for _, k := range []access.NewKey{w.live, w.test, w.other} {
		key, skills, err := w.SkillsOfUser(w.ctx, w.keys.Lookup(access.ForAPIKey, k.Text), first.Verification.User)
		w.must(err)
		if key == nil || key.ID != k.ID || key.Secret != k.Secret || key.PreviousSecret != "" || key.Owner != k.Owner {
			w.Errorf("got key %+v, want %s with its secret", key, k.ID)
		}
		of := map[string]string{}
		for _, s := range skills {
			of[s.ID] = s.Verification
		}
		want := map[string]string{}
		if k.ID == w.live.ID {
			want = map[string]string{"a": first.Verification.ID, "b": first.Verification.ID, "c": second.Verification.ID}
		}
		w.equal("skills by "+k.ID, of, want)
	}
	rotated, err := w.admin.RotateKey(w.ctx, w.live.ID, time.Hour)
	w.must(err)
	key, _, err := w.SkillsOfUser(w.ctx, w.keys.Lookup(access.ForAPIKey, w.live.Text), "nobody")
	w.must(err)
	if key.Secret != rotated.Secret || key.PreviousSecret != w.live.Secret || !key.PreviousUntil.Equal(start.Add(time.Hour)) {
		w.Errorf("got %+v, want both secrets", key)
	}
	if key, skills, err := w.SkillsOfUser(w.ctx, w.keys.Lookup(access.ForAPIKey, "unknown"), first.Verification.User); key != nil || skills != nil || err != nil {
		w.Errorf("unknown key: got %+v, %v, %v, want nothing", key, skills, err)
	}
}

func (w *skillWorld) reviewerTouches() {
	w.reviewed(w.live, robin)
	w.reviewed(w.test, robin)
	touched := w.both(w.byID(w.live.Text, w.ready(w.live, "x").Verification.ID)).Touchpoints
	if len(touched) != 2 || touched[0].Sent || touched[0].Reviewer != robin.Email || !touched[0].Until.Equal(start.Add(time.Hour)) {
		w.Errorf("got %+v, want the two skills that were not sent, with their reviewer and the session's end", touched)
	}
}

func (w *skillWorld) parallelAnswers() {
	const n = 16
	o := w.reviewed(w.live, robin)
	w.sendReview(w.live, o, 1)
	var won atomic.Int64
	w.together(n, func(i int) error {
		err := w.endorse(1, fmt.Sprint(i))
		if err == nil {
			won.Add(1)
		}
		if errors.Is(err, skill.ErrCompleted) {
			return nil
		}
		return err
	})
	if won.Load() != 1 {
		w.Errorf("got %d answers, want 1", won.Load())
	}
	w.wantCounts(w.live, 1, 1)
	if claimed := w.claimAll(start.Add(time.Hour)); len(claimed) != 4 {
		w.Errorf("got %d deliveries, want mail and webhook of the send and of the one answer", len(claimed))
	}
}

// claimAll claims every mail and every webhook; a receiver's next is claimed once the one before is settled.
func (w *skillWorld) claimAll(now time.Time) []outbox.Delivery {
	w.Helper()
	all := w.claim(now)
	for {
		claimed := w.claimKind(outbox.Webhook, now)
		if len(claimed) == 0 {
			return all
		}
		for _, d := range claimed {
			w.must(w.Settle(w.ctx, d, outbox.Result{State: outbox.Delivered, Outcome: outbox.Succeeded, At: now}))
		}
		all = append(all, claimed...)
	}
}
