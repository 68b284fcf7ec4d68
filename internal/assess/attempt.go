package assess

import (
	"slices"
	"time"

	"avow/internal/access"
)

// Rules are what an organisation has settled about its assessments.
type Rules struct {
	Questions  int // of a paper
	PassMark   int // per cent
	RetakeWait time.Duration
}

// RulesOf reads them from an organisation's settings.
func RulesOf(s access.Settings) Rules {
	return Rules{s.Number(access.Questions), s.Number(access.PassMark), s.Duration(access.RetakeWait)}
}

// Assessment is where one verification's assessment stands. The zero value is one that nothing has been drawn for.
type Assessment struct {
	Paper    *Paper    // handed out last
	Drawn    [][]Key   // the questions of all papers handed out, oldest first
	Attempts []Attempt // submitted ones, in order
}

// Attempt is a paper that was answered. Answers are the places of the options that were chosen, in the paper's order: with seed and bank they replay the score.
type Attempt struct {
	Number    int // the first is 1
	Seed      Seed
	Answers   []int
	Correct   int
	Total     int
	Score     int // per cent
	PassMark  int
	Passed    bool
	AnswersAt time.Time
}

// Answer is what a student chose.
type Answer struct {
	QuestionID string
	Selected   int // place of the option, from 0
}

// Locked reports whether the assessment is passed, which is for good (6.3).
func (a Assessment) Locked() bool {
	return slices.ContainsFunc(a.Attempts, func(t Attempt) bool { return t.Passed })
}

// NextNumber is the number that the next attempt has.
func (a Assessment) NextNumber() int { return len(a.Attempts) + 1 }

// Current is the paper that was drawn for this evidence; nil: there is none.
func (a Assessment) Current(evidence string) *Paper {
	if a.Paper == nil || a.Paper.Evidence != evidence {
		return nil
	}
	return a.Paper
}

// Void takes the paper back because what it was drawn for has changed (6.5). Attempts and the questions that were seen stay known.
func (a Assessment) Void() Assessment {
	if a.Paper != nil {
		void := *a.Paper
		void.Evidence = ""
		a.Paper = &void
	}
	return a
}

// Generate decides whether a paper may be drawn. Where there is one for this evidence it is handed out as it is, also after a failed attempt: only a retake brings another
// (14.11). Instead of one that is void another may be drawn as soon as a retake might.
func (a Assessment) Generate(evidence string, rules Rules, now time.Time) (resumed *Paper, err error) {
	if a.Locked() {
		return nil, ErrLocked
	}
	if p := a.Current(evidence); p != nil {
		return p, nil
	}
	return nil, a.wait(rules, now)
}

// Retake decides whether another paper may be drawn (5.23).
func (a Assessment) Retake(rules Rules, now time.Time) error {
	switch {
	case a.Locked():
		return ErrLocked
	case len(a.Attempts) == 0:
		return ErrNoAttempt
	}
	return a.wait(rules, now)
}

// wait refuses until the wait is over. It is counted from the last answers, or from the last paper where that was drawn later: who throws papers away unanswered sees no
// more of the bank than who answers them.
func (a Assessment) wait(rules Rules, now time.Time) error {
	if a.Paper == nil || rules.RetakeWait == 0 { // without a wait, two servers' clocks may differ
		return nil
	}
	since := a.Paper.DrawnAt
	if n := len(a.Attempts); n > 0 && a.Attempts[n-1].AnswersAt.After(since) {
		since = a.Attempts[n-1].AnswersAt
	}
	if left := since.Add(rules.RetakeWait).Sub(now); left > 0 {
		refusal := *ErrTooSoon
		refusal.After = left
		return &refusal
	}
	return nil
}

// HandOut puts a new paper in the place of the old one. The questions of both stay known, so that no later paper brings them while others are left.
func (a Assessment) HandOut(questions []Question, evidence string, seed Seed, rules Rules, now time.Time) Assessment {
	p := Paper{Number: a.NextNumber(), Seed: seed, PassMark: rules.PassMark, Evidence: evidence, Questions: Arrange(questions, seed), DrawnAt: now}
	a.Paper, a.Drawn = &p, append(slices.Clip(a.Drawn), p.keys())
	return a
}

// Submit scores the answers to the paper for this evidence, all of them at once. A paper is scored once (14.10 to 14.12).
func (a Assessment) Submit(evidence string, answers []Answer, now time.Time) (Assessment, Attempt, error) {
	switch {
	case a.Locked():
		return a, Attempt{}, ErrLocked
	case a.Current(evidence) == nil:
		return a, Attempt{}, ErrNotDrawn
	case a.Paper.Number < a.NextNumber():
		return a, Attempt{}, ErrSubmitted
	}
	chosen, err := a.Paper.chosen(answers)
	if err != nil {
		return a, Attempt{}, err
	}
	done := a.Paper.mark(chosen)
	done.AnswersAt = now
	a.Attempts = append(slices.Clip(a.Attempts), done)
	return a, done, nil
}

// chosen puts the answers into the paper's order. They may come in any order, but one for each question.
func (p Paper) chosen(answers []Answer) ([]int, error) {
	if len(answers) != len(p.Questions) {
		return nil, ErrIncomplete
	}
	given := map[string]int{}
	for _, a := range answers {
		given[a.QuestionID] = a.Selected
	}
	var chosen []int
	for _, q := range p.Questions {
		selected, ok := given[q.ID]
		if !ok {
			return nil, ErrIncomplete
		}
		chosen = append(chosen, selected)
	}
	if slices.ContainsFunc(chosen, func(n int) bool { return n < 0 || n >= Options }) {
		return nil, ErrAnswer
	}
	return chosen, nil
}

// mark scores answers in the paper's order.
func (p Paper) mark(chosen []int) Attempt {
	done := Attempt{Number: p.Number, Seed: p.Seed, Answers: chosen, Total: len(p.Questions), PassMark: p.PassMark}
	for i, q := range p.Questions {
		if chosen[i] == q.Right {
			done.Correct++
		}
	}
	done.Score = Score(done.Correct, done.Total)
	done.Passed = done.Total > 0 && done.Score >= done.PassMark
	return done
}
