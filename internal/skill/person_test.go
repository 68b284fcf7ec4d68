package skill

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"avow/internal/access"
)

// somebody is a person whose every word begins with secret, with one verification that was answered after an hour.
func somebody() *Dossier {
	v := Verification{
		ID: "ver_1", Owner: access.Owner{Org: "org_1", Mode: access.Live}, User: "usr_1", Key: "key_1", Student: "secret student", Callback: "https://secret.example/", Name: "secret name",
		Method: Human, EndorsementType: "peer", CreatedAt: start, InitiatedAt: start, CompletedAt: start.Add(time.Hour),
	}
	return &Dossier{
		User: User{ID: "usr_1", Owner: v.Owner, Name: "secret name", Email: "secret@example.com", Phone: "secret phone", Mailboxes: []string{"secret@example.com"}, CreatedAt: start, Version: 3},
		Verifications: []Run{{
			Verification: v,
			Skills:       []Skill{{ID: "go", Name: "secret skill", ProofURLs: []string{"https://secret.example/"}, Status: Verified, VerifiedBy: ByReviewer, VerifiedAt: start, Answer: Confirmed, CreatedAt: start}},
			Items:        []Item{{Source: Source{Project, "secret id"}, Title: "secret title", Organisation: "secret", Description: "secret"}},
			Session:      &Session{Hash: access.Hash{7}, ExpiresAt: start.Add(2 * time.Hour), Lists: NewLists([]byte(`["secret"]`), nil, nil)},
			Reviewer:     &Reviewer{Name: "secret", Email: "secret@reviewer.example", Company: "secret"},
			Review:       &Review{Status: ReviewCompleted, Evidence: "secret digest", Delivery: "dlv_1", ExpiresAt: start.Add(3 * time.Hour)},
		}},
	}
}

// What is left says what came of what, and nothing that the person or anybody else has said.
func TestErasureKeepsNoWord(t *testing.T) {
	t.Parallel()
	now := start.Add(24 * time.Hour)
	left, err := Erase(PersonState{Person: somebody()}, false, access.Signed{}, now)
	if err != nil {
		t.Fatal(err)
	}
	want := &Erasure{
		Owner: access.Owner{Org: "org_1", Mode: access.Live}, ID: "usr_1", CreatedAt: start, ErasedAt: now, Sessions: []access.Hash{{7}},
		Runs: []Remains{{
			ID: "ver_1", Key: "key_1", Method: Human, Endorsement: "peer", Review: ReviewCompleted, CreatedAt: start, InitiatedAt: start, CompletedAt: start.Add(time.Hour),
			Skills: []Skill{{ID: "go", Status: Verified, VerifiedBy: ByReviewer, VerifiedAt: start, Answer: Confirmed, CreatedAt: start}},
		}},
	}
	if d := cmp.Diff(want, left); d != "" {
		t.Errorf("got +, want -:\n%s", d)
	}
	text, err := json.Marshal(left)
	if err != nil || strings.Contains(string(text), "secret") {
		t.Errorf("got %s (%v), want no word that somebody said", text, err)
	}
}

// Who asks is told first, then whether there is anybody; an erasure is told again.
func TestEraseRefuses(t *testing.T) {
	t.Parallel()
	key := &access.Key{Owner: access.Owner{Org: "org_1", Mode: access.Live}, Secret: "s"}
	erased := &Erasure{ID: "usr_1"}
	for name, c := range map[string]struct {
		state PersonState
		keyed bool
		want  error
	}{
		"no key":                       {PersonState{Person: somebody()}, true, access.ErrKeyUnknown},
		"no signature":                 {PersonState{Key: key, Person: somebody()}, true, access.ErrSignatureMissing},
		"no signature, erased before":  {PersonState{Key: key, Erased: erased}, true, access.ErrSignatureMissing},
		"no signature, nobody":         {PersonState{Key: key}, true, access.ErrSignatureMissing},
		"an operator, nobody":          {PersonState{}, false, ErrNobody},
		"an operator, erased before":   {PersonState{Erased: erased}, false, nil},
		"an operator, a person's time": {PersonState{Person: somebody()}, false, nil},
	} {
		left, err := Erase(c.state, c.keyed, access.Signed{}, start)
		if !errors.Is(err, c.want) || (left != nil) != (c.want == nil && c.state.Person != nil) {
			t.Errorf("%s: got %v and %v, want %v", name, left, err, c.want)
		}
	}
}

// A person is idle when the last that was done is long enough ago and nothing can be done any more without a new init.
func TestEraseIdle(t *testing.T) {
	t.Parallel()
	over := start.Add(4 * time.Hour)
	for name, c := range map[string]struct {
		change func(p *Dossier)
		since  time.Time
		now    time.Time
		want   bool
	}{
		"over":                    {func(*Dossier) {}, start.Add(2 * time.Hour), over, true},
		"answered since":          {func(*Dossier) {}, start.Add(time.Hour), over, false},
		"sent since":              {func(p *Dossier) { p.Verifications[0].InitiatedAt = over }, start.Add(2 * time.Hour), over, false},
		"made since":              {func(p *Dossier) { p.Verifications = nil; p.User.CreatedAt = over }, start.Add(2 * time.Hour), over, false},
		"without verifications":   {func(p *Dossier) { p.Verifications = nil }, start.Add(time.Second), over, true},
		"a live session":          {func(*Dossier) {}, start.Add(2 * time.Hour), start.Add(2*time.Hour - 1), false},
		"the end of the session":  {func(*Dossier) {}, start.Add(2 * time.Hour), start.Add(2 * time.Hour), true},
		"a session that is gone":  {func(p *Dossier) { p.Verifications[0].Session = nil }, start.Add(2 * time.Hour), start, true},
		"a reviewer may answer":   {func(p *Dossier) { p.Verifications[0].Review.Status = ReviewPending }, start.Add(2 * time.Hour), start.Add(3*time.Hour - 1), false},
		"a reviewer's time is up": {func(p *Dossier) { p.Verifications[0].Review.Status = ReviewPending }, start.Add(2 * time.Hour), start.Add(3 * time.Hour), true},
		"nothing was sent":        {func(p *Dossier) { p.Verifications[0].Review = nil }, start.Add(2 * time.Hour), over, true},
	} {
		p := somebody()
		c.change(p)
		left, err := EraseIdle(PersonState{Person: p}, Idle{Since: c.since, Now: c.now})
		if (left != nil) != c.want || err != nil {
			t.Errorf("%s: got %v (%v), want it erased: %t", name, left, err, c.want)
		}
	}
	if left, err := EraseIdle(PersonState{}, Idle{Since: over, Now: over}); left != nil || err != nil {
		t.Errorf("nobody: got %v (%v), want nothing done", left, err)
	}
}

// one is a People of one person.
type one struct{ PersonState }

func (o *one) ViewPerson(context.Context, PersonKey) (PersonState, error) { return o.PersonState, nil }

func (o *one) ErasePerson(_ context.Context, _ PersonKey, decide func(PersonState) (*Erasure, error)) error {
	left, err := decide(o.PersonState)
	if left != nil {
		o.PersonState = PersonState{Erased: left}
	}
	return err
}

func (o *one) IdlePeople(context.Context, Idle, int) ([]string, error) { return []string{"usr_1"}, nil }

// An erasure is not acknowledged as long as copies of sessions may be left; asking again makes up for it.
func TestEraseForgetsCopies(t *testing.T) {
	t.Parallel()
	cache := &shelf{sessions: map[access.Hash]Session{{7}: {}, {8}: {}}, sick: ErrCopiesLeft}
	now := start
	s := NewService(Options{People: &one{PersonState{Person: somebody()}}, Cache: cache, Now: func() time.Time { return now }})
	by := Asker{Operator: true}
	if _, err := s.Erase(t.Context(), by, "usr_1"); !errors.Is(err, ErrCopiesLeft) {
		t.Errorf("got %v, want %v", err, ErrCopiesLeft)
	}
	cache.sick, cache.sessions[access.Hash{7}], now = nil, Session{}, now.Add(time.Hour)
	left, err := s.Erase(t.Context(), by, "usr_1")
	if err != nil || !left.ErasedAt.Equal(start) {
		t.Errorf("got %+v (%v), want the same erasure", left, err)
	}
	if _, there := cache.sessions[access.Hash{7}]; there || len(cache.sessions) != 1 {
		t.Errorf("got %v in the cache, want the other session alone", cache.sessions)
	}
	if _, err := s.Export(t.Context(), by, "usr_1"); !errors.Is(err, ErrNobody) {
		t.Errorf("got %v, want %v", err, ErrNobody)
	}
	if _, err := s.Export(t.Context(), Asker{}, "usr_1"); !errors.Is(err, access.ErrKeyUnknown) {
		t.Errorf("without a key: got %v, want %v", err, access.ErrKeyUnknown)
	}
}

// A mail tells of the person whose verification it is, but a notice to the holder of an address of that one.
func TestMailsKnowWhomTheyTellOf(t *testing.T) {
	t.Parallel()
	v, holder := somebody().Verifications[0].Verification, User{ID: "usr_holder", Email: "holder@example.com"}
	s := State{Verification: &v, User: &User{ID: "usr_1", Email: "a@example.com"}, Session: &Session{ExpiresAt: start.Add(time.Hour)}}
	for want, state := range map[string]State{"usr_1": s, "usr_holder": func() State { s := s; s.ByEmail = &holder; return s }()} {
		next, err := ChangeEmail(state, EmailInput{Email: "holder@example.com", MailID: "dlv_1", Now: start})
		if err != nil || len(next.Deliveries) != 1 || next.Deliveries[0].About != want {
			t.Errorf("got %+v (%v), want a mail about %s", next.Deliveries, err, want)
		}
	}
	if got := s.webhook("dlv_2", s.head("e", "evt_1", start), struct{}{}, start); len(got) != 1 || got[0].About != "usr_1" {
		t.Errorf("got %+v, want a webhook about usr_1", got)
	}
}
