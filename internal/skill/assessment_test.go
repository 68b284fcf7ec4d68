package skill

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"avow/internal/access"
	"avow/internal/assess"
	"avow/internal/fault"
	"avow/internal/outbox"
)

// toAssess is what may be assessed.
func toAssess() State {
	s := asked()
	s.Verification.Method = Assessment
	s.Settings = access.Settings{access.Questions: "2", access.RetakeWait: "1h"}
	return s
}

func handInput() HandInput {
	return HandInput{Carriers: Carriers{IDs: []string{"ver_live_1"}}, EventID: "evt_1", HookID: "dlv_hook", Now: start}
}

// made are questions to an order.
func made(o *Order) *Made {
	m := Made{Order: *o}
	for _, text := range []string{"Which one, first of all?", "Which one, after that?"} {
		m.Questions = append(m.Questions, assess.Question{Skill: "go", Text: text, Options: [assess.Options]string{"a", "b", "c", "d"}, Right: 2})
	}
	return &m
}

type asks func(State, HandInput) (Next, Handed, *Order, error)

// hand asks for a paper and has what is ordered made; the state has it then.
func hand(t *testing.T, s State, ask asks, in HandInput) (State, Next, Handed) {
	t.Helper()
	_, _, order, err := ask(s, in)
	if err != nil || order == nil {
		t.Fatalf("got order %v, error %v, want an order", order, err)
	}
	in.Made = made(order)
	next, handed, order, err := ask(s, in)
	if err != nil || order != nil {
		t.Fatalf("got order %v, error %v, want a paper", order, err)
	}
	return s.after(next), next, handed
}

// after is the state once a change is saved.
func (s State) after(next Next) State {
	s = s.with(next)
	if next.Assessment != nil {
		s.Assessment = *next.Assessment
	}
	return s
}

// choose answers so many questions rightly.
func choose(p *assess.Paper, right int) (all []assess.Answer) {
	for i, q := range p.Questions {
		selected := q.Right
		if i >= right {
			selected = (q.Right + 1) % assess.Options
		}
		all = append(all, assess.Answer{QuestionID: q.ID, Selected: selected})
	}
	return all
}

func submitInput(s State, right int) SubmitInput {
	return SubmitInput{
		Carriers: Carriers{IDs: []string{"ver_live_1"}}, Answers: choose(s.Assessment.Paper, right), MailID: "dlv_a", EventID: "evt_2", HookID: "dlv_b", Now: start,
	}
}

func submitted(t *testing.T, s State, right int) (State, Next, Scored) {
	t.Helper()
	next, scored, err := Submit(s, submitInput(s, right))
	if err != nil {
		t.Fatal(err)
	}
	return s.after(next), next, scored
}

func TestGenerate(t *testing.T) {
	t.Parallel()
	s, next, handed := hand(t, toAssess(), Generate, handInput())
	if handed.Resumed || handed.Attempt != 1 || handed.Verification != "ver_live_1" || len(handed.Paper.Questions) != 2 || !next.Verification.InitiatedAt.Equal(start) {
		t.Errorf("got %+v and %+v, want the first paper, initiated now", handed, next.Verification)
	}
	if d := cmp.Diff([]Counted{{"evt_1", Credits, start}}, next.Counted); d != "" {
		t.Errorf("counted: got (+), want (-):\n%s", d)
	}
	if len(next.Deliveries) != 1 || next.Deliveries[0].Kind != outbox.Webhook || next.Deliveries[0].Target != s.Verification.Callback {
		t.Errorf("got %+v, want the event alone", next.Deliveries)
	}
	again, resumed, order, err := Generate(s, handInput())
	if err != nil || order != nil || !again.Empty() || !resumed.Resumed || resumed.Paper.Seed != handed.Paper.Seed {
		t.Errorf("got %+v, %v, %v, want the same paper and nothing saved", resumed, order, err)
	}
}

// TestOrder sees what a generator is told: names, the student's words, and which questions came before.
func TestOrder(t *testing.T) {
	t.Parallel()
	s := toAssess()
	s.Items = append(s.Items, Item{Source: Source{Experience, "e"}, Title: "Developer", Organisation: "Northwind", Description: "Built it"})
	s.Assessment.Drawn = [][]assess.Key{{"go/1"}}
	_, _, order, err := Generate(s, handInput())
	if err != nil {
		t.Fatal(err)
	}
	want := assess.Request{
		Skills: []assess.Wanted{{ID: "go", Name: "Go"}, {ID: "rust"}}, Count: 2, PassMark: 60, Drawn: s.Assessment.Drawn,
		Items: []assess.Item{{Kind: "project", Name: s.Items[0].Title, Description: s.Items[0].Description}, {Kind: "experience", Name: "Northwind", Role: "Developer", Description: "Built it"}},
	}
	if d := cmp.Diff(want, order.Request); d != "" {
		t.Errorf("got (+), want (-):\n%s", d)
	}
}

func TestGenerateRefuses(t *testing.T) {
	t.Parallel()
	drawn, _, _ := hand(t, toAssess(), Generate, handInput())
	passed, _, _ := submitted(t, drawn, 2)
	clash := Touchpoint{Source: Source{Project, "proj_1"}, Skill: "go", Status: Verified, VerifiedBy: ByAssessment, Sent: true, Endorsement: "assessment"}
	tests := map[string]struct {
		from   State
		change func(*State)
		want   error
	}{
		"no key":                {toAssess(), func(s *State) { s.Key = nil }, access.ErrKeyUnknown},
		"session over":          {drawn, func(s *State) { s.Session.ExpiresAt = start }, ErrSessionUnknown},
		"passed":                {passed, func(s *State) { s.Verification.Method, s.Items, s.Skills = Human, nil, nil }, assess.ErrLocked},
		"no method":             {toAssess(), func(s *State) { s.Verification.Method, s.Items, s.Skills = "", nil, nil }, ErrVerificationUnresolved},
		"human":                 {toAssess(), func(s *State) { s.Verification.Method, s.Items, s.Skills = Human, nil, nil }, ErrMethodHuman},
		"no items":              {toAssess(), func(s *State) { s.Items, s.Skills = nil, nil }, ErrNoData},
		"no skills":             {toAssess(), func(s *State) { s.Skills = nil }, ErrNoSkills},
		"passed elsewhere":      {toAssess(), func(s *State) { s.Touchpoints = []Touchpoint{clash} }, ErrAssessmentPassed},
		"other evidence, soon":  {drawn, func(s *State) { s.Items[0].Title = "x" }, assess.ErrTooSoon},
		"the wait is last":      {drawn, func(s *State) { s.Items = nil }, ErrNoData},
		"a completed one":       {toAssess(), func(s *State) { s.Verification.CompletedAt = start }, ErrCompleted},
		"another carrier":       {toAssess(), func(s *State) { s.Session.Verification, s.Pass = "ver_2", s.Session }, ErrSessionMismatch},
		"nothing of it changed": {drawn, func(*State) {}, nil},
	}
	for name, test := range tests {
		s := test.from.copied()
		test.change(&s)
		next, _, order, err := Generate(s, handInput())
		if !errors.Is(err, test.want) || order != nil || !next.Empty() {
			t.Errorf("%s: got %+v, %v, error %v, want nothing and %v", name, next, order, err, test.want)
		}
	}
}

// copied has rows of its own.
func (s State) copied() State {
	v, session, key := *s.Verification, *s.Session, *s.Key
	s.Verification, s.Session, s.Key = &v, &session, &key
	s.Skills, s.Items = append([]Skill{}, s.Skills...), append([]Item{}, s.Items...)
	return s
}

func TestRetake(t *testing.T) {
	t.Parallel()
	drawn, _, _ := hand(t, toAssess(), Generate, handInput())
	failed, _, _ := submitted(t, drawn, 1)
	passed, _, _ := submitted(t, drawn, 2)
	later := handInput()
	later.Now = start.Add(time.Hour)
	if _, next, handed := hand(t, failed, Retake, later); handed.Attempt != 2 || next.Counted != nil || next.Deliveries != nil || len(next.Assessment.Attempts) != 1 {
		t.Errorf("got %+v with %+v, want the second paper, no event, no credit, the attempt kept", handed, next)
	}
	clash := Touchpoint{Source: Source{Project, "proj_1"}, Skill: "go", Status: Verified, VerifiedBy: ByAssessment, Sent: true, Endorsement: "assessment"}
	tests := map[string]struct {
		from   State
		change func(*State, *HandInput)
		want   error
	}{
		"passed":           {passed, func(*State, *HandInput) {}, assess.ErrLocked},
		"not answered":     {drawn, func(*State, *HandInput) {}, assess.ErrNoAttempt},
		"nothing drawn":    {toAssess(), func(s *State, _ *HandInput) { s.Verification.Method = "" }, assess.ErrNoAttempt},
		"too soon":         {failed, func(_ *State, in *HandInput) { in.Now = start.Add(time.Hour - 1) }, assess.ErrTooSoon},
		"human":            {failed, func(s *State, in *HandInput) { s.Verification.Method, in.Now = Human, start }, ErrMethodHuman},
		"passed elsewhere": {failed, func(s *State, _ *HandInput) { s.Touchpoints = []Touchpoint{clash} }, ErrRetakePassed},
	}
	for name, test := range tests {
		s, in := test.from.copied(), later
		test.change(&s, &in)
		next, _, order, err := Retake(s, in)
		if !errors.Is(err, test.want) || order != nil || !next.Empty() {
			t.Errorf("%s: got %+v, %v, error %v, want nothing and %v", name, next, order, err, test.want)
		}
		if refs, _ := fault.From(err).Detail.([]SkillRef); name == "passed elsewhere" && len(refs) != 1 {
			t.Errorf("%s: got %v, want the skill", name, refs)
		}
	}
}

// TestMadeForAnotherState has the state change while questions are made: they are made again, unless somebody else's paper is there by then.
func TestMadeForAnotherState(t *testing.T) {
	t.Parallel()
	_, _, order, _ := Generate(toAssess(), handInput())
	in := handInput()
	in.Made = made(order)
	moved := toAssess().copied()
	moved.Items[0].Title = "x"
	if next, _, again, err := Generate(moved, in); err != nil || again == nil || again.Evidence == order.Evidence || !next.Empty() {
		t.Errorf("other evidence: got %+v, %v, %v, want another order", next, again, err)
	}
	theirs, _, _ := hand(t, toAssess(), Generate, handInput())
	if next, handed, again, err := Generate(theirs, in); err != nil || again != nil || !handed.Resumed || !next.Empty() {
		t.Errorf("theirs first: got %+v, %v, %v, want their paper", handed, again, err)
	}
	failed, _, _ := submitted(t, theirs, 0)
	in.Now = start.Add(time.Hour)
	_, _, order, _ = Retake(failed, in)
	in.Made = made(order)
	retaken, _, _ := hand(t, failed, Retake, HandInput{Carriers: in.Carriers, Now: in.Now})
	next, handed, again, err := Retake(retaken, in)
	if err != nil || again != nil || !next.Empty() || !handed.Resumed || handed.Attempt != 2 || handed.Paper.Seed != retaken.Assessment.Paper.Seed {
		t.Errorf("their retake first: got %+v, %v, %v, want their paper", handed, again, err)
	}
	answered, _, _ := submitted(t, retaken, 0)
	in.Now = in.Now.Add(time.Hour)
	if _, _, again, err := Retake(answered, in); err != nil || again == nil || again.Papers != 2 {
		t.Errorf("theirs answered: got %v, %v, want another order: what was made may hold the same questions", again, err)
	}
}

// TestStepsVoidQuestions has every step leave other evidence, and the same.
func TestStepsVoidQuestions(t *testing.T) {
	t.Parallel()
	named := toAssess()
	named.Skills[1].Name, named.Skills[1].ProofURLs = "Rust", []string{}
	drawn, _, _ := hand(t, named, Generate, handInput())
	drawn.Session.Given, _ = lists(t, twoProjects).Given()
	carriers := handInput().Carriers
	same := []Claim{{Skill: "rust", Name: "Rust"}, {Skill: "go", Name: "Go", ProofURLs: []string{"https://p.example"}}}
	for name, test := range map[string]struct {
		step func(State) (Next, error)
		void bool
	}{
		"same skills": {func(s State) (Next, error) {
			return StoreSkills(s, SkillsInput{Carriers: carriers, Claims: same, Now: start})
		}, false},
		"other skills": {func(s State) (Next, error) {
			return StoreSkills(s, SkillsInput{Carriers: carriers, Claims: same[:1], Now: start})
		}, true},
		"same method": {func(s State) (Next, error) {
			return ChooseMethod(s, MethodInput{Carriers: carriers, Method: Assessment, Now: start})
		}, false},
		"other method": {func(s State) (Next, error) {
			return ChooseMethod(s, MethodInput{Carriers: carriers, Method: Human, Now: start})
		}, true},
		"other items": {func(s State) (Next, error) {
			return StoreItems(s, ItemsInput{Sources: []Source{{Project, "proj_2"}}, RecordIDs: []string{"r"}, Now: start})
		}, true},
	} {
		next, err := test.step(drawn.copied())
		if err != nil || (next.Assessment != nil) != test.void {
			t.Errorf("%s: got %+v, %v, want the paper void: %t", name, next.Assessment, err, test.void)
		}
		after := drawn.after(next)
		if after.Verification, after.Skills, after.Items = drawn.Verification, drawn.Skills, drawn.Items; test.void != errors.Is(lookOf(after), assess.ErrNotDrawn) {
			t.Errorf("%s: got %v with the same evidence again, want the paper void for good: %t", name, lookOf(after), test.void)
		}
	}
	if moved := drawn.copied(); true {
		moved.Items[0].Title = "x" // as if a step had not voided it
		if _, _, err := Submit(moved, submitInput(drawn, 2)); !errors.Is(err, assess.ErrNotDrawn) || !errors.Is(lookOf(moved), assess.ErrNotDrawn) {
			t.Errorf("got %v and %v for other evidence, want %v", err, lookOf(moved), assess.ErrNotDrawn)
		}
	}
}

func lookOf(s State) error {
	_, err := QuestionsOf(s, handInput().Carriers, start)
	return err
}

func TestRightAnswersAreForTestMode(t *testing.T) {
	t.Parallel()
	live, _, _ := hand(t, toAssess(), Generate, handInput())
	inTest := live.copied()
	inTest.Verification.Owner.Mode, inTest.Key.Owner.Mode = access.Test, access.Test
	for name, test := range map[string]struct {
		state State
		want  error
	}{
		"live":          {live, ErrVerificationUnknown},
		"test":          {inTest, nil},
		"nothing drawn": {toAssess(), ErrVerificationUnknown},
		"unknown":       {State{Key: inTest.Key}, ErrVerificationUnknown},
		"no key":        {State{Verification: inTest.Verification, Assessment: inTest.Assessment}, access.ErrKeyUnknown},
		"by a session":  {State{Verification: inTest.Verification, Assessment: inTest.Assessment, Pass: inTest.Session}, access.ErrKeyUnknown},
	} {
		if _, err := RightAnswersOf(test.state); !errors.Is(err, test.want) {
			t.Errorf("%s: got %v, want %v", name, err, test.want)
		}
	}
}
