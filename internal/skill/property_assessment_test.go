package skill

import (
	"pgregory.net/rapid"

	"avow/internal/assess"
)

// assess asks for a paper of some verification and, more often than not, answers it.
func (m *machine) assess(t *rapid.T) {
	ask := rapid.SampledFrom([]asks{Generate, Generate, Retake}).Draw(t, "ask")
	right := rapid.IntRange(-1, 2).Draw(t, "right")
	m.change(t, func(s State) (Next, error) {
		in := HandInput{Carriers: Carriers{IDs: []string{s.Verification.ID}}, Now: start}
		_, _, order, err := ask(s, in)
		if err != nil || order == nil {
			return Next{}, err
		}
		in.Made = made(order)
		in.Made.Request.Seed = assess.Seed(m.random.Bytes(len(assess.Seed{})))
		next, handed, _, err := ask(s, in)
		m.papers[handed.Paper.Seed] = s.digest()
		return next, err
	})
	m.change(t, func(s State) (Next, error) {
		if right < 0 || s.Assessment.Paper == nil {
			return Next{}, nil
		}
		next, _, err := Submit(s, SubmitInput{Carriers: Carriers{IDs: []string{s.Verification.ID}}, Answers: choose(s.Assessment.Paper, right), Now: start})
		if seed := s.Assessment.Paper.Seed; err == nil && (m.papers[seed] != s.digest() || m.answered[seed]) {
			t.Fatalf("got answers about other evidence, or once more, want them refused")
		}
		return next, err
	})
	m.attemptsAreKept(t)
}

// prepareAssessment goes with one verification all the way to its answers.
func (m *machine) prepareAssessment(t *rapid.T) {
	if len(m.ids) == 0 {
		m.open(t)
	}
	m.focus = rapid.SampledFrom(m.ids).Draw(t, "verification")
	m.storeSkills(t)
	m.change(t, func(s State) (Next, error) {
		return ChooseMethod(s, MethodInput{Carriers: Carriers{IDs: []string{s.Verification.ID}}, Method: Assessment, Now: start})
	})
	m.storeItems(t)
	m.assess(t)
	m.focus = ""
}

// attemptsAreKept also sees that each paper is answered once, and that a pass is the end.
func (m *machine) attemptsAreKept(t *rapid.T) {
	for id, a := range m.world.assessments {
		if len(a.Attempts) < m.attempts[id] {
			t.Fatalf("%s: got %d attempts, want at least %d", id, len(a.Attempts), m.attempts[id])
		}
		m.attempts[id] = len(a.Attempts)
		seeds := map[assess.Seed]bool{}
		for i, one := range a.Attempts {
			if one.Number != i+1 || seeds[one.Seed] {
				t.Fatalf("%s: got %+v, want each paper answered once, numbered one by one", id, a.Attempts)
			}
			seeds[one.Seed], m.answered[one.Seed] = true, true
		}
		if a.Locked() == m.world.verifications[id].CompletedAt.IsZero() && m.world.verifications[id].Method == Assessment {
			t.Fatalf("%s: got locked %t of %+v, want a pass to be the end", id, a.Locked(), m.world.verifications[id])
		}
	}
}
