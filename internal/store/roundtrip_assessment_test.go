//go:build integration

package store

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"avow/internal/access"
	"avow/internal/assess"
	"avow/internal/pgtest"
	"avow/internal/skill"
)

// TestRoundTripsOfAnAssessment counts those of questions and answers. Handing out new questions looks at the state before they are made and changes it afterwards.
func TestRoundTripsOfAnAssessment(t *testing.T) {
	t.Parallel()
	l, through := listen(t, pgtest.URL(t))
	w := newTrip(t, openURL(t, through, 1))
	service := skill.NewService(skill.Options{
		Verifications: w.Store, Keys: w.keys, Random: access.Random{Source: rand.NewChaCha8([32]byte{1})}, Now: fixedNow, Generator: assess.Builtin(),
	})
	for n := range 4 {
		w.must(w.open())
		w.must(w.skill("go"))
		c := skill.Carriers{IDs: []string{w.id}}
		w.must(service.ChooseMethod(w.ctx, w.key.Text, skill.MethodInput{Carriers: c, Method: skill.Assessment}))
		w.must(w.items())
		var handed skill.Handed
		var got []string
		for _, call := range []func() error{
			func() (err error) { handed, err = service.GenerateAssessment(w.ctx, w.key.Text, c); return err },
			func() error { _, err := service.GenerateAssessment(w.ctx, w.key.Text, c); return err },
			func() error { _, err := service.AssessmentQuestions(w.ctx, w.key.Text, c); return err },
			func() error {
				_, err := service.SubmitAssessment(w.ctx, w.key.Text, c, wrong(handed.Paper))
				return err
			},
			func() error { _, err := service.RetakeAssessment(w.ctx, w.key.Text, c); return err },
		} {
			before := l.trips.Load()
			w.must(call())
			got = append(got, fmt.Sprint(l.trips.Load()-before))
		}
		if want := "[3 1 1 2 3]"; n == 3 && fmt.Sprint(got) != want { // the statements of first calls are prepared, which takes round trips of its own
			t.Errorf("got %v round trips to generate, resume, read, submit and retake, want %s", got, want)
		}
	}
}

// wrong answers every question wrongly.
func wrong(p assess.Paper) (all []assess.Answer) {
	for _, q := range p.Questions {
		all = append(all, assess.Answer{QuestionID: q.ID, Selected: (q.Right + 1) % assess.Options})
	}
	return all
}
