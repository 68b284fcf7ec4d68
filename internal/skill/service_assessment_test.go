package skill

import (
	"context"
	"errors"
	"testing"

	"avow/internal/access"
	"avow/internal/assess"
)

// maker is a generator that does something in between.
type maker struct {
	between func() error
	made    int
}

func (m *maker) Generate(ctx context.Context, r assess.Request) ([]assess.Question, error) {
	m.made++
	if err := m.between(); err != nil {
		return nil, err
	}
	return assess.Builtin().Generate(ctx, r)
}

// assessable is a verification of the world that may be assessed, with a generator in front of the bank.
func (f *fixture) assessable(t *testing.T) (Carriers, *maker) {
	t.Helper()
	m := &maker{between: func() error { return nil }}
	f.o.Generator = m
	opened := f.ready(t, "go")
	c := Carriers{IDs: []string{opened.Verification.ID}}
	if err := f.ChooseMethod(t.Context(), apiKey, MethodInput{Carriers: c, Method: Assessment}); err != nil {
		t.Fatal(err)
	}
	return c, m
}

func TestServiceAssesses(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	c, m := f.assessable(t)
	first, err := f.GenerateAssessment(t.Context(), apiKey, c)
	if err != nil || first.Resumed || len(first.Paper.Questions) != 10 || m.made != 1 || first.Paper.Seed == (assess.Seed{}) {
		t.Fatalf("got %+v, %v, made %d times, want ten questions, made once", first, err, m.made)
	}
	if again, err := f.GenerateAssessment(t.Context(), apiKey, c); err != nil || !again.Resumed || m.made != 1 {
		t.Errorf("got %+v, %v, made %d times, want the same", again, err, m.made)
	}
	if seen, err := f.AssessmentQuestions(t.Context(), apiKey, c); err != nil || seen.Paper.Seed != first.Paper.Seed {
		t.Errorf("got %+v, %v, want the same", seen, err)
	}
	if right, err := f.RightAnswers(t.Context(), apiKey, c.IDs[0]); err != nil || right.Paper.Seed != first.Paper.Seed {
		t.Errorf("got %+v, %v, want the same", right, err)
	}
	scored, err := f.SubmitAssessment(t.Context(), apiKey, c, choose(&first.Paper, 5))
	if err != nil || scored.Locked || scored.Attempt.Score != 50 {
		t.Errorf("got %+v, %v, want 50", scored, err)
	}
	second, err := f.RetakeAssessment(t.Context(), apiKey, c)
	if err != nil || second.Attempt != 2 || second.Paper.Seed == first.Paper.Seed {
		t.Errorf("got %+v, %v, want another paper", second, err)
	}
	if scored, err = f.SubmitAssessment(t.Context(), apiKey, c, choose(&second.Paper, 6)); err != nil || !scored.Locked {
		t.Errorf("got %+v, %v, want it passed", scored, err)
	}
	if d := f.world.counted; len(d) != 2 || len(f.world.deliveries) != 5 {
		t.Errorf("got %+v and %d deliveries, want one credit, one profile; one event, and two attempts with a mail each", d, len(f.world.deliveries))
	}
}

// TestWhileQuestionsAreMade has the state change in the meantime, and the generator fail.
func TestWhileQuestionsAreMade(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	c, m := f.assessable(t)
	id := c.IDs[0]
	m.between = func() error { return errors.New("no answer") }
	if _, err := f.GenerateAssessment(t.Context(), apiKey, c); !errors.Is(err, ErrGeneration) || f.world.assessments[id].Paper != nil || len(f.world.deliveries) != 0 {
		t.Errorf("got %v and %+v, want %v and nothing changed", err, f.world.assessments[id], ErrGeneration)
	}
	m.made = 0
	m.between = func() error {
		if m.made == 1 {
			f.world.skills[id] = []Skill{{ID: "sql", Status: Pending}}
		}
		return nil
	}
	handed, err := f.GenerateAssessment(t.Context(), apiKey, c)
	if err != nil || m.made != 2 || handed.Paper.Questions[0].Skill != "sql" {
		t.Errorf("got %+v, %v, made %d times, want questions about what it is now, made twice", handed, err, m.made)
	}
	if _, err := f.SubmitAssessment(t.Context(), apiKey, c, choose(&handed.Paper, 0)); err != nil {
		t.Fatal(err)
	}
	before := f.world.assessments[id]
	m.between = func() error { return errors.New("no answer") }
	if _, err := f.RetakeAssessment(t.Context(), apiKey, c); !errors.Is(err, ErrGeneration) || f.world.assessments[id].Paper.Seed != before.Paper.Seed {
		t.Errorf("got %v, want %v and the old set", err, ErrGeneration)
	}
	m.between = func() error {
		v := f.world.verifications[id]
		v.CompletedAt = start
		f.world.verifications[id] = v
		return nil
	}
	if _, err := f.RetakeAssessment(t.Context(), apiKey, c); !errors.Is(err, ErrCompleted) {
		t.Errorf("got %v, want %v: what came in between decides", err, ErrCompleted)
	}
}

func TestAssessmentsNeedAKey(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	c, _ := f.assessable(t)
	_, generated := f.GenerateAssessment(t.Context(), "", c)
	_, seen := f.AssessmentQuestions(t.Context(), "", c)
	_, scored := f.SubmitAssessment(t.Context(), "", c, nil)
	_, retaken := f.RetakeAssessment(t.Context(), "", c)
	_, right := f.RightAnswers(t.Context(), "", c.IDs[0])
	for what, err := range map[string]error{"generate": generated, "questions": seen, "submit": scored, "retake": retaken, "right answers": right} {
		if !errors.Is(err, access.ErrKeyUnknown) {
			t.Errorf("%s: got %v, want %v", what, err, access.ErrKeyUnknown)
		}
	}
}
