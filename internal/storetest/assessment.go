package storetest

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"avow/internal/access"
	"avow/internal/assess"
	"avow/internal/skill"
)

// assessmentCases are about the assessment path.
var assessmentCases = map[string]func(*skillWorld){
	"an assessment is saved whole":            (*skillWorld).assessmentSaved,
	"nil leaves the assessment":               (*skillWorld).assessmentLeft,
	"another owner finds no assessment":       (*skillWorld).assessmentForeign,
	"what is drawn is of the change":          (*skillWorld).drawnWithTheChange,
	"parallel papers are one":                 (*skillWorld).parallelPapers,
	"parallel answers to a paper are one":     (*skillWorld).parallelSubmits,
	"an assessment is found by every way":     (*skillWorld).assessmentReached,
	"an assessment of many attempts is whole": (*skillWorld).manyAttempts,
}

var handQuestion = assess.Question{
	Skill: "go", Topic: "t", Difficulty: assess.Hard, Text: "Which \"one\"?\n```go\nx < y && \u2028\n```", Options: [assess.Options]string{"a", "<b>", "ö", "\\"}, Right: 3, Why: "because",
}

func (w *skillWorld) assessable(k access.NewKey) skill.Opened {
	w.Helper()
	o := w.ready(k, "a", "b")
	w.must(w.service.ChooseMethod(w.ctx, k.Text, skill.MethodInput{Carriers: named(o), Method: skill.Assessment}))
	return o
}

// handOut has one question handed out; ids are told by a number.
func (w *skillWorld) handOut(k access.NewKey, o skill.Opened, n byte, ask func(skill.State, skill.HandInput) (skill.Next, skill.Handed, *skill.Order, error)) (handed skill.Handed, err error) {
	w.Helper()
	err = w.ChangeVerification(w.ctx, w.byID(k.Text, o.Verification.ID), func(s skill.State) (skill.Next, error) {
		in := skill.HandInput{Carriers: named(o), EventID: fmt.Sprint("evt_", n, o.Verification.ID), HookID: fmt.Sprint("dlv_", n, o.Verification.ID), Now: start}
		_, early, order, err := ask(s, in)
		if err != nil || order == nil {
			handed = early
			return skill.Next{}, err
		}
		order.Request.Seed = assess.Seed{n}
		in.Made = &skill.Made{Order: *order, Questions: []assess.Question{handQuestion}}
		next, told, _, err := ask(s, in)
		handed = told
		return next, err
	})
	return handed, err
}

func (w *skillWorld) submit(k access.NewKey, o skill.Opened, p assess.Paper, right bool, n byte) error {
	selected := p.Questions[0].Right
	if !right {
		selected = (selected + 1) % assess.Options
	}
	return w.ChangeVerification(w.ctx, w.byID(k.Text, o.Verification.ID), func(s skill.State) (skill.Next, error) {
		next, _, err := skill.Submit(s, skill.SubmitInput{
			Carriers: named(o), Answers: []assess.Answer{{QuestionID: p.Questions[0].ID, Selected: selected}}, MailID: fmt.Sprint("dlv_m", n, o.Verification.ID),
			EventID: fmt.Sprint("evt_s", n, o.Verification.ID), HookID: fmt.Sprint("dlv_h", n, o.Verification.ID), Now: start.Add(time.Minute),
		})
		return next, err
	})
}

// failed is a verification with a failed attempt and, where that is wanted, another paper behind it.
func (w *skillWorld) failed(k access.NewKey, retaken bool) skill.Opened {
	w.Helper()
	o := w.assessable(k)
	h, err := w.handOut(k, o, 1, skill.Generate)
	w.must(err)
	w.must(w.submit(k, o, h.Paper, false, 1))
	if retaken {
		_, err = w.handOut(k, o, 2, skill.Retake)
		w.must(err)
	}
	return o
}

func (w *skillWorld) assessmentSaved() {
	o := w.assessable(w.live)
	w.equal("before", w.both(w.byID(w.live.Text, o.Verification.ID)).Assessment, assess.Assessment{})
	h, err := w.handOut(w.live, o, 1, skill.Generate)
	w.must(err)
	want := assess.Assessment{Paper: &h.Paper, Drawn: [][]assess.Key{{handQuestion.Key()}}}
	state := w.both(w.byID(w.live.Text, o.Verification.ID))
	w.equal("drawn", state.Assessment, want)
	if q := state.Assessment.Paper.Questions[0]; q.Options[q.Right] != "\\" || state.Assessment.Paper.Seed != (assess.Seed{1}) || !state.Verification.InitiatedAt.Equal(start) {
		w.Errorf("got %+v, want question, seed and instant as they were drawn", state.Assessment.Paper)
	}
	w.must(w.submit(w.live, o, h.Paper, true, 1))
	want.Attempts = []assess.Attempt{{
		Number: 1, Seed: assess.Seed{1}, Answers: []int{h.Paper.Questions[0].Right}, Correct: 1, Total: 1, Score: 100, PassMark: 60, Passed: true, AnswersAt: start.Add(time.Minute),
	}}
	state = w.both(w.byID(w.live.Text, o.Verification.ID))
	w.equal("answered", state.Assessment, want)
	if k := state.Skills[1]; k.VerifiedBy != skill.ByAssessment || !state.Verification.CompletedAt.Equal(start.Add(time.Minute)) {
		w.Errorf("got %+v of %+v, want it verified by the assessment, and the end", k, state.Verification)
	}
	w.wantCounts(w.live, 1, 1)
}

func (w *skillWorld) manyAttempts() {
	o := w.failed(w.live, true)
	state := w.both(w.byID(w.live.Text, o.Verification.ID))
	a := state.Assessment
	if len(a.Attempts) != 1 || len(a.Drawn) != 2 || a.Paper.Number != 2 || a.Paper.Seed != (assess.Seed{2}) || a.Attempts[0].Seed != (assess.Seed{1}) {
		w.Errorf("got %+v, want the second paper, the first attempt, and both papers' questions", a)
	}
	void := a.Void()
	w.change(w.byID(w.live.Text, o.Verification.ID), func(skill.State) skill.Next { return skill.Next{Assessment: &void} })
	w.equal("void", w.both(w.byID(w.live.Text, o.Verification.ID)).Assessment, void)
}

func (w *skillWorld) assessmentLeft() {
	o := w.failed(w.live, true)
	s := w.byID(w.live.Text, o.Verification.ID)
	before := w.both(s).Assessment
	w.change(s, func(state skill.State) skill.Next { return skill.Next{User: state.User} })
	w.equal("assessment", w.both(s).Assessment, before)
}

func (w *skillWorld) assessmentReached() {
	o := w.failed(w.live, true)
	want := w.both(w.byID(w.live.Text, o.Verification.ID)).Assessment
	for what, s := range map[string]skill.Subject{
		"by token": w.byToken(w.live.Text, o.Token), "by pass": w.by(o.Token), "by pass and id": w.byID(o.Token, o.Verification.ID),
		"public by id": {Verification: o.Verification.ID}, "public by token": {ByToken: true, Token: w.lookup(o.Token)},
	} {
		w.equal(what, w.both(s).Assessment, want)
	}
}

// assessmentForeign has verifications of three owners, each with an assessment: what another owner's key does finds and changes nothing of them.
func (w *skillWorld) assessmentForeign() {
	keys := []access.NewKey{w.live, w.test, w.other}
	var all []skill.Opened
	for _, k := range keys {
		all = append(all, w.failed(k, true))
	}
	for i, o := range all {
		before := w.both(skill.Subject{Verification: o.Verification.ID})
		for j, k := range keys {
			if i == j {
				continue
			}
			for _, s := range []skill.Subject{w.byID(k.Text, o.Verification.ID), w.byToken(k.Text, o.Token), w.byID(all[j].Token, o.Verification.ID)} {
				w.equal("assessment of another owner", w.both(s).Assessment, assess.Assessment{})
			}
			if _, err := w.handOut(k, o, 9, skill.Retake); !errors.Is(err, skill.ErrSessionUnknown) {
				w.Errorf("got %v, want %v", err, skill.ErrSessionUnknown)
			}
			if err := w.submit(k, o, *before.Assessment.Paper, true, 9); !errors.Is(err, skill.ErrSessionUnknown) {
				w.Errorf("got %v, want %v", err, skill.ErrSessionUnknown)
			}
		}
		w.equal("state", w.both(skill.Subject{Verification: o.Verification.ID}), before)
	}
}

// drawnWithTheChange has a change fail at its last write: no paper, no event, no count is left.
func (w *skillWorld) drawnWithTheChange() {
	o := w.assessable(w.live)
	s := w.byID(w.live.Text, o.Verification.ID)
	before := w.both(s)
	err := w.ChangeVerification(w.ctx, s, func(state skill.State) (skill.Next, error) {
		_, _, order, err := skill.Generate(state, skill.HandInput{Carriers: named(o), Now: start})
		if err != nil {
			return skill.Next{}, err
		}
		made := skill.Made{Order: *order, Questions: []assess.Question{handQuestion}}
		next, _, _, err := skill.Generate(state, skill.HandInput{Carriers: named(o), Now: start, Made: &made, EventID: "evt_1", HookID: "dlv_1"})
		next.Deliveries = append(next.Deliveries, next.Deliveries[0])
		return next, err
	})
	if err == nil {
		w.Fatal("got no error, want one for two deliveries of one id")
	}
	w.equal("state", w.both(s), before)
	if left := w.claimAll(start.Add(time.Hour)); len(left) != 0 {
		w.Errorf("got deliveries %+v, want none", left)
	}
	w.wantCounts(w.live, 0, 0)
}

func (w *skillWorld) parallelPapers() {
	const n = 16
	o := w.assessable(w.live)
	var made atomic.Int64
	w.together(n, func(i int) error {
		h, err := w.handOut(w.live, o, byte(i+1), skill.Generate)
		if err == nil && !h.Resumed {
			made.Add(1)
		}
		return err
	})
	if made.Load() != 1 {
		w.Errorf("got %d papers, want 1", made.Load())
	}
	w.wantCounts(w.live, 1, 0)
	if claimed := w.claimAll(start.Add(time.Hour)); len(claimed) != 1 {
		w.Errorf("got %d deliveries, want one event", len(claimed))
	}
}

func (w *skillWorld) parallelSubmits() {
	const n = 16
	o := w.assessable(w.live)
	h, err := w.handOut(w.live, o, 1, skill.Generate)
	w.must(err)
	var won atomic.Int64
	w.together(n, func(i int) error {
		err := w.submit(w.live, o, h.Paper, i%2 == 0, byte(i+1))
		if err == nil {
			won.Add(1)
		}
		if errors.Is(err, assess.ErrLocked) || errors.Is(err, assess.ErrSubmitted) {
			return nil
		}
		return err
	})
	if attempts := w.both(w.byID(w.live.Text, o.Verification.ID)).Assessment.Attempts; won.Load() != 1 || len(attempts) != 1 {
		w.Errorf("got %d answers and attempts %+v, want one", won.Load(), attempts)
	}
	if claimed := w.claimAll(start.Add(time.Hour)); len(claimed) != 3 {
		w.Errorf("got %d deliveries, want the first event, and mail and webhook of the one attempt", len(claimed))
	}
}
