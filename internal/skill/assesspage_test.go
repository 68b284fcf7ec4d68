package skill

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"avow/internal/access"
	"avow/internal/assess"
)

// onPage are the carriers of the hosted page.
var onPage = Carriers{Hosted: true}

// toAssess returns a verification of Go and SQL that has gone through the steps and waits for questions.
func (f *fixture) toAssess(t *testing.T) (token string) {
	t.Helper()
	opened := f.ready(t, "go", "sql")
	if err := f.ChooseMethod(t.Context(), apiKey, MethodInput{Carriers: Carriers{IDs: []string{opened.Verification.ID}}, Method: Assessment}); err != nil {
		t.Fatal(err)
	}
	return opened.Token
}

// looks fails unless the page can be seen.
func (f *fixture) looks(t *testing.T, token string) AssessmentPage {
	t.Helper()
	p, err := f.AssessmentPage(t.Context(), token)
	if err != nil {
		t.Fatalf("got %v, want the page", err)
	}
	return p
}

func TestAssessmentPageFollowsTheAssessment(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.world.settings = access.Settings{access.RetakeWait: "1h", access.Questions: "8", access.PassMark: "50", access.SessionTokenAsKey: "off"}
	token := f.toAssess(t)
	want := AssessmentPage{Brand: "Acme", Test: true, Skills: []string{"Go", "SQL"}, Rules: assess.Rules{Questions: 8, PassMark: 50, RetakeWait: time.Hour}}
	expect := func(stage string) {
		t.Helper()
		if d := cmp.Diff(want, f.looks(t, token)); d != "" {
			t.Fatalf("%s: got (+), want (-):\n%s", stage, d)
		}
	}
	expect("before")
	handed, err := f.GenerateAssessment(t.Context(), token, onPage)
	if err != nil {
		t.Fatal(err)
	}
	want.Open = &handed.Paper
	expect("drawn")
	failed, err := f.SubmitAssessment(t.Context(), token, onPage, choose(&handed.Paper, 3))
	if err != nil {
		t.Fatal(err)
	}
	want.Open, want.Last, want.RetakeAt = nil, &failed.Attempt, start.Add(time.Hour)
	expect("failed")
	f.now = start.Add(time.Hour)
	want.RetakeAt = time.Time{}
	expect("after the wait")
	again, err := f.RetakeAssessment(t.Context(), token, onPage)
	if err != nil {
		t.Fatal(err)
	}
	want.Open = &again.Paper
	expect("drawn again")
	passed, err := f.SubmitAssessment(t.Context(), token, onPage, choose(&again.Paper, 4))
	if err != nil {
		t.Fatal(err)
	}
	want.Open, want.Last, want.Locked = nil, &passed.Attempt, true
	expect("passed")
}

// A paper that was drawn for other skills is not shown, and another one waits like a retake.
func TestAssessmentPageAfterAChange(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.world.settings = access.Settings{access.RetakeWait: "1h"}
	token := f.toAssess(t)
	if _, err := f.GenerateAssessment(t.Context(), token, onPage); err != nil {
		t.Fatal(err)
	}
	f.now = start.Add(time.Minute)
	if _, err := f.StoreSkills(t.Context(), apiKey, SkillsInput{Carriers: Carriers{Tokens: []string{token}}, Claims: claims("go")}); err != nil {
		t.Fatal(err)
	}
	if p := f.looks(t, token); p.Open != nil || !p.RetakeAt.Equal(start.Add(time.Hour)) {
		t.Errorf("got %v open and %v, want none until %v", p.Open, p.RetakeAt, start.Add(time.Hour))
	}
	if _, err := f.GenerateAssessment(t.Context(), token, onPage); !errors.Is(err, assess.ErrTooSoon) {
		t.Errorf("got %v, want %v", err, assess.ErrTooSoon)
	}
	f.now = start.Add(time.Hour)
	if p := f.looks(t, token); !p.RetakeAt.IsZero() {
		t.Errorf("got %v, want now", p.RetakeAt)
	}
}

func TestAssessmentPageRefuses(t *testing.T) {
	t.Parallel()
	state := func(change func(*State)) State {
		s := asked()
		s.Verification.Method = Assessment
		change(&s)
		return s
	}
	for name, test := range map[string]struct {
		state State
		want  error
	}{
		"ready":       {state(func(*State) {}), nil},
		"unknown":     {State{}, ErrSessionUnknown},
		"expired":     {state(func(s *State) { s.Session.ExpiresAt = start }), ErrSessionUnknown},
		"no method":   {state(func(s *State) { s.Verification.Method = "" }), ErrVerificationUnresolved},
		"human":       {state(func(s *State) { s.Verification.Method = Human }), ErrMethodHuman},
		"no items":    {state(func(s *State) { s.Items = nil }), ErrNoData},
		"no skills":   {state(func(s *State) { s.Skills = nil }), ErrNoSkills},
		"passed, old": {state(func(s *State) { s.Assessment.Attempts, s.Items = []assess.Attempt{{Passed: true}}, nil }), nil},
	} {
		if _, err := AssessmentPageOf(test.state, start); !errors.Is(err, test.want) {
			t.Errorf("%s: got %v, want %v", name, err, test.want)
		}
	}
}

// On our own page a session's token is enough, whatever an organisation wants of it elsewhere; an API key is none there, and an expired token is none anywhere.
func TestWhoMayActOnThePage(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.world.settings = access.Settings{access.SessionTokenAsKey: "off"}
	token := f.toAssess(t)
	for name, test := range map[string]struct {
		shown string
		c     Carriers
		want  error
	}{
		"page":              {token, onPage, nil},
		"elsewhere":         {token, Carriers{}, access.ErrKeyUnknown},
		"by itself":         {token, Carriers{Tokens: []string{token}}, access.ErrKeyUnknown},
		"key on page":       {apiKey, onPage, ErrNoCarrier},
		"unknown":           {"00000000-0000-4000-8000-000000000000", onPage, access.ErrKeyUnknown},
		"nothing":           {"", onPage, access.ErrKeyUnknown},
		"key and the token": {apiKey, Carriers{Tokens: []string{token}}, nil},
	} {
		if _, err := f.GenerateAssessment(t.Context(), test.shown, test.c); !errors.Is(err, test.want) {
			t.Errorf("%s: got %v, want %v", name, err, test.want)
		}
	}
	f.now = start.Add(sessionTTL)
	if _, err := f.GenerateAssessment(t.Context(), token, onPage); !errors.Is(err, access.ErrKeyUnknown) {
		t.Errorf("expired: got %v, want %v", err, access.ErrKeyUnknown)
	}
	if _, err := f.AssessmentPage(t.Context(), token); !errors.Is(err, ErrSessionUnknown) {
		t.Errorf("expired: got %v, want %v", err, ErrSessionUnknown)
	}
	f.world.broken = true
	if _, err := f.AssessmentPage(t.Context(), token); !errors.Is(err, errBroken) {
		t.Errorf("broken: got %v, want %v", err, errBroken)
	}
}
