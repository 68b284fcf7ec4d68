package storetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"avow/internal/access"
	"avow/internal/event"
	"avow/internal/outbox"
	"avow/internal/skill"
)

// guideCases are about the guide layer.
var guideCases = map[string]func(*skillWorld){
	"a verification opened by one call is saved whole":  (*skillWorld).begunSaved,
	"who begins knows the person's touchpoints":         (*skillWorld).begunTouchpoints,
	"parallel begins keep to ten skills a source":       (*skillWorld).parallelBegins,
	"a person is found by either id, by its owner":      (*skillWorld).personByEither,
	"ids of any length are told apart":                  (*skillWorld).longStudents,
	"endpoints are their organisation's and mode's":     (*skillWorld).registeredOwner,
	"endpoints of accounts and of modes do not mix":     (*skillWorld).registeredApart,
	"parallel registrations keep to the bound":          (*skillWorld).parallelRegistrations,
	"an event is of the change":                         (*skillWorld).guidedWithTheChange,
	"reviews that are over are found, the oldest first": (*skillWorld).reviewsOver,
}

const sourceOfGuide = `{"type":"certificate","id":"c1","title":"AWS","organization":"Amazon","description":"D","startDate":"1969-05-06","endDate":"2026-05-06","current":true,"metadata":{"a": [1.50, "<é>"]}}`

func beginInput(w *skillWorld, names ...string) skill.BeginInput {
	source, err := skill.ReadGuideSource(json.RawMessage(sourceOfGuide))
	w.must(err)
	return skill.BeginInput{
		Init: skill.InitInput{Student: "student 1", Name: "Jane", Email: "Jane@example.com", SkillIDs: []string{}}, Source: source, Names: names, Method: skill.Human, EndorsementType: "peer",
		Reviewer: &skill.ReviewerInput{Name: "Robin", Email: "robin@northwind.example", Company: "Northwind"},
	}
}

func (w *skillWorld) begin(k access.NewKey, names ...string) skill.Begun {
	w.Helper()
	b, err := w.service.Begin(w.ctx, k.Text, beginInput(w, names...))
	w.must(err)
	return b
}

func (w *skillWorld) begunSaved() {
	b := w.begin(w.live, "a", "b")
	state := w.both(w.byToken(w.live.Text, b.Token))
	w.equal("overview", state.Overview(), b.Overview)
	w.equal("session", state.Session, bare(b.Session))
	w.equal("items", state.Items, []skill.Item{{
		Source: skill.Source{Kind: skill.Certificate, ID: "c1"}, RecordID: state.Items[0].RecordID, Title: "AWS", Organisation: "Amazon", Description: "D",
		Start: time.Date(1969, 5, 6, 0, 0, 0, 0, time.UTC), End: time.Date(2026, 5, 6, 0, 0, 0, 0, time.UTC), Current: true, Metadata: `{"a": [1.50, "<é>"]}`,
	}})
	if state.Reviewer == nil || state.Review.Status != skill.ReviewPending || len(state.Skills) != 2 || state.Verification.Callback != "" || state.User.Email != "Jane@example.com" {
		w.Errorf("got %+v, want skills, reviewer and what was sent", state)
	}
	if mails := w.claimKind(outbox.Mail, start); len(mails) != 1 || mails[0].Target != "robin@northwind.example" {
		w.Errorf("got %+v, want the reviewer's mail", mails)
	}
	if hooks := w.claimKind(outbox.Webhook, start); len(hooks) != 0 {
		w.Errorf("got %+v, want no webhook", hooks)
	}
	w.wantCounts(w.live, 1, 0)
	w.must(w.service.ChooseMethod(w.ctx, w.live.Text, skill.MethodInput{Carriers: skill.Carriers{Tokens: []string{b.Token}}, Method: skill.Human, EndorsementType: "client"}))
	_, err := w.service.StoreItems(w.ctx, w.live.Text, b.Token, []skill.Source{{Kind: skill.Certificate, ID: "c1"}})
	w.must(err)
	w.equal("items chosen again", w.both(w.byToken(w.live.Text, b.Token)).Items, state.Items)
}

func (w *skillWorld) begunTouchpoints() {
	first := w.begin(w.live, "a")
	for _, k := range []access.NewKey{w.test, w.other} {
		w.begin(k, "of another owner")
	}
	s := w.by(w.live.Text)
	s.EmailKey, s.Touchpoints = "jane@example.com", true
	state := w.changing(s)
	want := []skill.Touchpoint{{
		Source: skill.Source{Kind: skill.Certificate, ID: "c1"}, Skill: "a", Endorsement: "peer", Status: skill.Pending, Sent: true,
		Reviewer: "robin@northwind.example", Until: start.Add(time.Hour),
	}}
	w.equal("touchpoints", state.Touchpoints, want)
	if state.ByEmail == nil || state.ByEmail.ID != first.Verification.User || state.Brand != "one" {
		w.Errorf("got %+v, want the person and the brand", state)
	}
	s.EmailKey = "nobody@example.com"
	if state := w.changing(s); state.ByEmail != nil || state.Touchpoints != nil {
		w.Errorf("got %+v, want nobody", state)
	}
}

// parallelBegins opens verifications of a fresh person, each with a skill of its own on one source: no more than ten are sent.
func (w *skillWorld) parallelBegins() {
	w.begin(w.live, "1", "2", "3", "4", "5", "6", "7")
	var sent atomic.Int64
	w.together(6, func(i int) error {
		_, err := w.service.Begin(w.ctx, w.live.Text, beginInput(w, fmt.Sprint("skill ", i)))
		switch {
		case err == nil:
			sent.Add(1)
		case errors.Is(err, skill.ErrSkillsOverLimit):
			return nil
		}
		return err
	})
	if sent.Load() != 3 {
		w.Errorf("got %d sent, want 3", sent.Load())
	}
}

func (w *skillWorld) person(k access.NewKey, id string) skill.Person {
	w.Helper()
	p, err := w.Person(w.ctx, w.keys.Lookup(access.ForAPIKey, k.Text), id)
	w.must(err)
	return p
}

func (w *skillWorld) personByEither() {
	first := w.begin(w.live, "a")
	second := w.open(w.live)
	state := w.both(w.byToken(w.live.Text, second.Token))
	want := []skill.Overview{state.Overview(), first.Overview}
	if second.Verification.ID > first.Verification.ID { // of one instant: by id
		want[0], want[1] = want[1], want[0]
	}
	for _, id := range []string{"student 1", first.Verification.User} {
		p := w.person(w.live, id)
		w.equal(id+": person", p.User, state.User)
		w.equal(id+": verifications", p.Verifications, want)
		if p.Key == nil || p.Key.ID != w.live.ID {
			w.Errorf("%s: got %+v, want the key", id, p.Key)
		}
		for _, k := range []access.NewKey{w.test, w.other} {
			if p := w.person(k, id); p.User != nil || p.Verifications != nil || p.Key == nil || p.Key.ID != k.ID {
				w.Errorf("%s of another owner: got %+v, want nobody", id, p)
			}
		}
	}
	for _, k := range []access.NewKey{w.test, w.other} { // the same student, elsewhere
		theirs := w.open(k).Verification.User
		if p := w.person(k, "student 1"); p.User == nil || p.User.ID != theirs {
			w.Errorf("got %+v, want the owner's own, %s", p.User, theirs)
		}
		in := initInput()
		in.Student, in.Email, in.Phone = theirs, "other@example.com", ""
		o, err := w.service.Init(w.ctx, w.live.Text, in)
		w.must(err)
		if p := w.person(w.live, theirs); p.User == nil || p.User.ID != o.Verification.User {
			w.Errorf("a student called like another owner's person: got %+v, want %s", p.User, o.Verification.User)
		}
	}
	if p := w.person(w.live, "student 1"); p.User == nil || p.User.ID != state.User.ID {
		w.Errorf("got %+v, want the person of before", p.User)
	}
	for _, id := range []string{"", "nobody"} {
		if p := w.person(w.live, id); p.User != nil {
			w.Errorf("%q: got %+v, want nobody", id, p)
		}
	}
	w.equal("with an unknown key", w.person(access.NewKey{Text: "nobody's"}, "student 1"), skill.Person{})
}

func (w *skillWorld) longStudents() {
	ids := []string{strings.Repeat("é", 5000) + "1", strings.Repeat("é", 5000) + "2"}
	users := map[string]string{}
	for n, id := range ids {
		in := initInput()
		in.Student, in.Email, in.Phone = id, fmt.Sprintf("s%d@example.com", n), ""
		o, err := w.service.Init(w.ctx, w.live.Text, in)
		w.must(err)
		users[id] = o.Verification.User
	}
	for n, id := range ids {
		if p := w.person(w.live, id); p.User == nil || p.User.ID != users[id] {
			w.Errorf("%d: got %+v, want %s", n, p.User, users[id])
		}
	}
}

func (w *skillWorld) register(k access.NewKey, url string, events ...event.Name) (access.Endpoint, error) {
	names := []string{}
	for _, e := range events {
		names = append(names, string(e))
	}
	return w.service.Register(w.ctx, k.Text, url, names)
}

func (w *skillWorld) registeredOwner() {
	for _, k := range []access.NewKey{w.live, w.test, w.other} {
		made, err := w.register(k, "https://a.example/", event.VerificationPassed)
		w.must(err)
		shown := made
		shown.Secret = ""
		listed, err := w.service.Endpoints(w.ctx, k.Text)
		w.must(err)
		w.equal("list", listed, []access.Endpoint{shown})
		for _, other := range []access.NewKey{w.live, w.test, w.other} {
			d, _ := w.hook(other.Owner.Org, "", made.URL, other.Owner.Mode == access.Test)
			if other.Owner == k.Owner {
				w.wantSecrets(d, outbox.Signer{Endpoint: made.ID}, start, made.Secret)
				continue
			}
			w.wantSecrets(d, outbox.Signer{Endpoint: made.ID}, start)
			if err := w.service.Unregister(w.ctx, other.Text, made.ID); !errors.Is(err, skill.ErrEndpointUnknown) {
				w.Errorf("got %v, want %v", err, skill.ErrEndpointUnknown)
			}
		}
		o := w.open(k)
		shown.Org = ""
		w.equal("with a verification", w.both(w.byToken(k.Text, o.Token)).Endpoints, []access.Endpoint{shown})
		w.equal("with its public id", w.both(skill.Subject{Verification: o.Verification.ID}).Endpoints, []access.Endpoint{shown})
	}
}

func (w *skillWorld) registeredApart() {
	account := w.endpoint("one", "https://accounts.example/")
	made, err := w.register(w.live, "https://a.example/", event.VerificationPassed)
	w.must(err)
	d, _ := w.hook(w.one.org.ID, "", "https://a.example/", false)
	test, _ := w.hook(w.one.org.ID, "", "https://a.example/", true)
	w.wantSecrets(d, outbox.Signer{Endpoint: account.ID}, start, account.Secret)
	w.wantSecrets(test, outbox.Signer{Endpoint: account.ID}, start)
	hears := w.world.view(w.keyOf(w.one.token)).Endpoints
	if len(hears) != 1 || hears[0].ID != account.ID {
		w.Errorf("got %+v, want that of accounts alone", hears)
	}
	if err := w.service.Unregister(w.ctx, w.live.Text, account.ID); !errors.Is(err, skill.ErrEndpointUnknown) {
		w.Errorf("got %v, want %v", err, skill.ErrEndpointUnknown)
	}
	w.must(w.DisableEndpoint(w.ctx, made.ID, start))
	w.wantSecrets(d, outbox.Signer{Endpoint: made.ID}, start)
	listed, err := w.service.Endpoints(w.ctx, w.live.Text)
	if err != nil || len(listed) != 1 || !listed[0].DisabledAt.Equal(start) {
		w.Errorf("got %+v, %v, want it listed as disabled", listed, err)
	}
	if all := w.both(w.byToken(w.live.Text, w.open(w.live).Token)).Endpoints; len(all) != 0 {
		w.Errorf("got %+v, want none that hears", all)
	}
	w.must(w.service.Unregister(w.ctx, w.live.Text, made.ID))
	if all, err := w.Store.Endpoints(w.ctx, w.one.org.ID); err != nil || len(all) != 1 || all[0].ID != account.ID {
		w.Errorf("got %+v, %v, want that of accounts left", all, err)
	}
}

func (w *skillWorld) parallelRegistrations() {
	for i := range skill.MaxEndpoints - 3 {
		_, err := w.register(w.live, fmt.Sprint("https://a.example/", i), event.VerificationPassed)
		w.must(err)
	}
	var made atomic.Int64
	w.together(6, func(i int) error {
		_, err := w.register(w.live, fmt.Sprint("https://b.example/", i), event.VerificationPassed)
		switch {
		case err == nil:
			made.Add(1)
		case errors.Is(err, skill.ErrEndpointsFull):
			return nil
		}
		return err
	})
	listed, err := w.service.Endpoints(w.ctx, w.live.Text)
	if err != nil || made.Load() != 3 || len(listed) != skill.MaxEndpoints {
		w.Errorf("got %d made and %d listed, %v, want 3 and %d", made.Load(), len(listed), err, skill.MaxEndpoints)
	}
}

func (w *skillWorld) guidedWithTheChange() {
	made, err := w.register(w.live, "https://a.example/", event.VerificationPassed)
	w.must(err)
	o := w.reviewed(w.live, robin)
	w.sendReview(w.live, o, 1)
	w.claimKind(outbox.Webhook, start)
	w.must(w.endorse(1, "1"))
	claimed := w.claimKind(outbox.Webhook, start.Add(time.Minute))
	targets := map[string]bool{}
	for _, d := range claimed {
		targets[d.Target] = true
	}
	if !targets[made.URL] {
		w.Errorf("got webhooks to %v, want one to %s", targets, made.URL)
	}
}

func (w *skillWorld) reviewsOver() {
	var want []string
	for n, k := range []access.NewKey{w.live, w.other, w.test} {
		o := w.reviewed(k, robin)
		w.sendReview(k, o, byte(n))
		want = append(want, o.Verification.ID)
		w.change(skill.Subject{Verification: o.Verification.ID}, func(s skill.State) skill.Next {
			r := *s.Review
			r.ExpiresAt = start.Add(time.Duration(n) * time.Second)
			return skill.Next{Review: &r}
		})
	}
	over := func(now time.Time, limit int) []string {
		ids, err := w.ReviewsOver(w.ctx, now, limit)
		w.must(err)
		return ids
	}
	w.equal("too early", over(start.Add(-time.Microsecond), 9), []string(nil))
	w.equal("two", over(start.Add(time.Second), 9), want[:2])
	w.equal("the oldest", over(start.Add(time.Hour), 1), want[:1])
	w.change(skill.Subject{Verification: want[0]}, func(s skill.State) skill.Next {
		next, err := skill.Expire(s, skill.ExpireInput{GuideID: "evt_x", Now: start.Add(time.Hour)})
		w.must(err)
		return next
	})
	w.equal("without what is noted", over(start.Add(time.Hour), 9), want[1:])
}
