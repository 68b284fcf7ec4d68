package assess

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"avow/internal/access"
	"avow/internal/fault"
)

var (
	noon  = time.Date(2025, 4, 9, 12, 0, 0, 0, time.UTC)
	rules = Rules{Questions: 10, PassMark: 60}
)

// evidence is what the papers are drawn for.
const evidence = "sha256:1"

// drawn is an assessment whose next paper has been handed out.
func drawn(t interface{ Fatal(...any) }, a Assessment, rules Rules, now time.Time) Assessment {
	seed := seeded(len(a.Drawn))
	questions, err := Builtin().Draw(Request{Skills: []Wanted{{ID: "go"}}, Count: rules.Questions, Seed: seed, Drawn: a.Drawn})
	if err != nil {
		t.Fatal(err)
	}
	return a.HandOut(questions, evidence, seed, rules, now)
}

// answers are right for the first so many questions and wrong for the rest.
func answers(p *Paper, correct int) (all []Answer) {
	for i, q := range p.Questions {
		chosen := q.Right
		if i >= correct {
			chosen = (q.Right + 1) % Options
		}
		all = append(all, Answer{q.ID, chosen})
	}
	return all
}

// answered is an assessment whose paper was answered.
func answered(t *testing.T, a Assessment, correct int) Assessment {
	t.Helper()
	a, _, err := a.Submit(evidence, answers(a.Paper, correct), noon)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestRulesOf(t *testing.T) {
	t.Parallel()
	if got := RulesOf(nil); got != rules {
		t.Errorf("got %+v, want the contract's %+v", got, rules)
	}
	set := access.Settings{access.Questions: "20", access.PassMark: "75", access.RetakeWait: "24h"}
	if got, want := RulesOf(set), (Rules{20, 75, 24 * time.Hour}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestGenerate(t *testing.T) {
	t.Parallel()
	if resumed, err := (Assessment{}).Generate(evidence, rules, noon); resumed != nil || err != nil {
		t.Errorf("the first time: got %v and %v, want to draw", resumed, err)
	}
	open := drawn(t, Assessment{}, rules, noon)
	if resumed, err := open.Generate(evidence, rules, noon); resumed != open.Paper || err != nil {
		t.Errorf("with a paper: got %v and %v, want the same paper", resumed, err)
	}
	failed := answered(t, open, 5)
	if resumed, err := failed.Generate(evidence, rules, noon); resumed != open.Paper || err != nil {
		t.Errorf("after a failure: got %v and %v, want the same paper (14.11)", resumed, err)
	}
	if _, err := answered(t, open, 6).Generate(evidence, rules, noon); !errors.Is(err, ErrLocked) {
		t.Errorf("after a pass: got %v, want %v", err, ErrLocked)
	}
}

func TestSubmit(t *testing.T) {
	t.Parallel()
	open := drawn(t, Assessment{}, rules, noon)
	for correct, want := range map[int]bool{0: false, 5: false, 6: true, 10: true} {
		given := answers(open.Paper, correct)
		slices.Reverse(given) // in any order
		after, got, err := open.Submit(evidence, given, noon.Add(time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		if got.Passed != want || after.Locked() != want || got.Score != 10*correct || got.Correct != correct || got.Total != 10 || got.Number != 1 {
			t.Errorf("%d right: got %+v, want passed %t", correct, got, want)
		}
		if len(after.Attempts) != 1 || len(open.Attempts) != 0 || !got.AnswersAt.Equal(noon.Add(time.Minute)) || got.Seed != open.Paper.Seed {
			t.Errorf("%d right: got %d attempts after and %d before, want 1 and 0", correct, len(after.Attempts), len(open.Attempts))
		}
	}
}

// The pass mark is the one that held when the paper was drawn.
func TestSubmitKeepsThePassMark(t *testing.T) {
	t.Parallel()
	strict := drawn(t, Assessment{}, Rules{Questions: 10, PassMark: 95}, noon)
	if _, got, _ := strict.Submit(evidence, answers(strict.Paper, 9), noon); got.Passed || got.PassMark != 95 {
		t.Errorf("got %+v, want 90 below 95", got)
	}
	// 25 of 42 are 59.52, which is 60 (6.3).
	rounded := Paper{PassMark: 60, Questions: make([]Asked, 42)}
	if got := rounded.mark(append(make([]int, 25), slices.Repeat([]int{1}, 17)...)); !got.Passed || got.Score != 60 {
		t.Errorf("got %+v, want 60 and passed", got)
	}
}

func TestSubmitRefuses(t *testing.T) {
	t.Parallel()
	open := drawn(t, Assessment{}, rules, noon)
	all := answers(open.Paper, 10)
	with := func(change func([]Answer)) []Answer {
		changed := slices.Clone(all)
		change(changed)
		return changed
	}
	tests := map[string]struct {
		standing Assessment
		answers  []Answer
		want     error
	}{
		"nothing drawn":    {Assessment{}, all, ErrNotDrawn},
		"void":             {open.Void(), all, ErrNotDrawn},
		"no answers":       {open, nil, ErrIncomplete},
		"one too few":      {open, all[:9], ErrIncomplete},
		"one too many":     {open, append(slices.Clone(all), all[0]), ErrIncomplete},
		"one twice":        {open, with(func(a []Answer) { a[1] = a[0] }), ErrIncomplete},
		"an unknown one":   {open, with(func(a []Answer) { a[3].QuestionID = "x" }), ErrIncomplete},
		"option 4":         {open, with(func(a []Answer) { a[9].Selected = 4 }), ErrAnswer},
		"option -1":        {open, with(func(a []Answer) { a[0].Selected = -1 }), ErrAnswer},
		"answered already": {answered(t, open, 5), all, ErrSubmitted},
		"passed already":   {answered(t, open, 6), all, ErrLocked},
		"the paper before": {drawn(t, answered(t, open, 5), rules, noon), all, ErrIncomplete},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			after, got, err := tt.standing.Submit(evidence, tt.answers, noon)
			if !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if d := cmp.Diff(tt.standing, after); d != "" || got.Total != 0 {
				t.Errorf("got %+v and a change, want none:\n%s", got, d)
			}
		})
	}
}

func TestRetake(t *testing.T) {
	t.Parallel()
	open := drawn(t, Assessment{}, rules, noon)
	failed := answered(t, open, 5)
	wait := Rules{Questions: 10, PassMark: 60, RetakeWait: time.Hour}
	again := drawn(t, failed, rules, noon.Add(time.Hour))
	tests := map[string]struct {
		standing Assessment
		rules    Rules
		after    time.Duration
		want     error
		left     time.Duration
	}{
		"nothing drawn":             {Assessment{}, rules, 0, ErrNoAttempt, 0},
		"nothing answered":          {open, rules, 0, ErrNoAttempt, 0},
		"failed":                    {failed, rules, 0, nil, 0},
		"failed, by a slow clock":   {failed, rules, -time.Second, nil, 0},
		"passed":                    {answered(t, open, 6), rules, 0, ErrLocked, 0},
		"too soon":                  {failed, wait, 59 * time.Minute, ErrTooSoon, time.Minute},
		"in time":                   {failed, wait, time.Hour, nil, 0},
		"another paper thrown away": {again, rules, time.Hour, nil, 0},
		"another one too soon":      {again, wait, 90 * time.Minute, ErrTooSoon, 30 * time.Minute},
		"another one in time":       {again, wait, 2 * time.Hour, nil, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := tt.standing.Retake(tt.rules, noon.Add(tt.after))
			if !errors.Is(err, tt.want) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			if err != nil && fault.From(err).After != tt.left {
				t.Errorf("got %v left, want %v", fault.From(err).After, tt.left)
			}
		})
	}
}

// A paper is good for the evidence that it was drawn for. Who has it voided gets another no sooner than by a retake, and what was seen and answered stays known.
func TestVoid(t *testing.T) {
	t.Parallel()
	open := drawn(t, Assessment{}, rules, noon)
	wait := Rules{Questions: 10, PassMark: 60, RetakeWait: time.Hour}
	failed := answered(t, drawn(t, open, wait, noon), 5)
	for name, tt := range map[string]struct {
		standing Assessment
		evidence string
		after    time.Duration
		want     error
	}{
		"other evidence":        {open, "sha256:2", time.Hour, nil},
		"other evidence, soon":  {open, "sha256:2", time.Minute, ErrTooSoon},
		"void":                  {open.Void(), evidence, time.Hour, nil},
		"void, soon":            {open.Void(), evidence, time.Minute, ErrTooSoon},
		"answered, void":        {failed.Void(), evidence, time.Hour, nil},
		"answered, void, soon":  {failed.Void(), evidence, time.Minute, ErrTooSoon},
		"nothing drawn, at all": {Assessment{}.Void(), evidence, 0, nil},
	} {
		if p, err := tt.standing.Generate(tt.evidence, wait, noon.Add(tt.after)); p != nil || !errors.Is(err, tt.want) {
			t.Errorf("%s: got %v, %v, want no paper, %v", name, p, err, tt.want)
		}
	}
	if _, _, err := open.Submit("sha256:2", answers(open.Paper, 10), noon); !errors.Is(err, ErrNotDrawn) {
		t.Errorf("answers for other evidence: got %v, want %v", err, ErrNotDrawn)
	}
	if void := failed.Void(); len(void.Attempts) != 1 || len(void.Drawn) != 2 || failed.Paper.Evidence != evidence {
		t.Errorf("got %+v, want attempts and questions kept, and the one before as it was", void)
	}
}

// Whatever is done in whatever order: a pass locks for good, attempts are numbered one by one and kept, and while questions are left none comes twice.
func TestAssessmentProperty(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		var a Assessment
		var papers [][]Key
		passed := false
		for range rapid.IntRange(1, 20).Draw(r, "steps") {
			before := a
			switch rapid.SampledFrom([]string{"generate", "submit", "retake"}).Draw(r, "step") {
			case "generate":
				if resumed, err := a.Generate(evidence, rules, noon); resumed == nil && err == nil {
					a = drawn(r, a, rules, noon)
				}
			case "retake":
				if a.Retake(rules, noon) == nil {
					a = drawn(r, a, rules, noon)
				}
			case "submit":
				if a.Paper != nil {
					a, _, _ = a.Submit(evidence, answers(a.Paper, rapid.IntRange(0, 7).Draw(r, "correct")), noon)
				}
			}
			if a.Paper != before.Paper {
				papers = append(papers, a.Paper.keys())
			}
			passed = passed || a.Locked()
			expectSound(r, before, a, passed)
			expectFresh(r, papers)
		}
	})
}

func sameAttempt(a, b Attempt) bool { return cmp.Equal(a, b) }

func expectSound(r *rapid.T, before, a Assessment, passed bool) {
	if a.Locked() != passed || before.Locked() && !cmp.Equal(before, a) {
		r.Fatalf("got locked %t and a change, want %t for good", a.Locked(), passed)
	}
	if len(a.Attempts) < len(before.Attempts) || !slices.EqualFunc(before.Attempts, a.Attempts[:len(before.Attempts)], sameAttempt) || len(a.Attempts) > len(before.Attempts)+1 {
		r.Fatalf("got attempts %v after %v, want them kept", a.Attempts, before.Attempts)
	}
	for i, t := range a.Attempts {
		if t.Number != i+1 {
			r.Fatalf("got number %d, want %d", t.Number, i+1)
		}
	}
}

// expectFresh checks that no question came twice in the first three papers, for which a skill of the bank has enough.
func expectFresh(r *rapid.T, papers [][]Key) {
	seen := slices.Concat(papers[:min(3, len(papers))]...)
	slices.Sort(seen)
	if once := slices.Compact(slices.Clone(seen)); len(once) != len(seen) {
		r.Fatalf("got a question twice in %v", seen)
	}
}
