package assess

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// seeded is a seed that is another one for each number.
func seeded(n int) (s Seed) {
	copy(s[:], fmt.Sprintf("seed number %d", n))
	return s
}

// someBank is a bank of skills called s0, s1, … with some questions each.
func someBank(r *rapid.T) *Bank {
	var skills []Skill
	for i, n := range rapid.SliceOfN(rapid.IntRange(1, 40), 1, 6).Draw(r, "questions of the skills") {
		s := Skill{ID: fmt.Sprintf("s%d", i), Name: fmt.Sprintf("Skill %d", i)}
		for j := range n {
			s.Questions = append(s.Questions, Question{Skill: s.ID, Text: fmt.Sprintf("What is %d?", j), Difficulty: Difficulties[j%3], Options: [4]string{"a", "b", "c", "d"}, Right: j % 4})
		}
		skills = append(skills, s)
	}
	return NewBank(skills)
}

func wantAll(b *Bank) (wanted []Wanted) {
	for _, s := range b.Skills {
		wanted = append(wanted, Wanted{ID: s.ID})
	}
	return wanted
}

func keysOf(questions []Question) (keys []Key) {
	for _, q := range questions {
		keys = append(keys, q.Key())
	}
	return keys
}

func countBySkill(questions []Question) map[string]int {
	count := map[string]int{}
	for _, q := range questions {
		count[q.Skill]++
	}
	return count
}

// A paper has as many questions as are wanted or there are, each once, spread evenly over the skills.
func TestDrawIsEven(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		bank, count := someBank(r), rapid.IntRange(1, 30).Draw(r, "count")
		got, err := bank.Draw(Request{Skills: wantAll(bank), Count: count, Seed: seeded(rapid.Int().Draw(r, "seed"))})
		if err != nil {
			r.Fatalf("got %v, want a paper", err)
		}
		all := 0
		for _, s := range bank.Skills {
			all += len(s.Questions)
		}
		if want := min(all, max(count, len(bank.Skills))); len(got) != want {
			r.Fatalf("got %d questions, want %d", len(got), want)
		}
		keys := keysOf(got)
		slices.Sort(keys)
		if once := slices.Compact(slices.Clone(keys)); len(once) != len(got) {
			r.Fatalf("got %v, want each question once", keys)
		}
		expectEven(r, bank, countBySkill(got))
	})
}

// expectEven checks that no skill has two questions more than another that has questions left.
func expectEven(r *rapid.T, bank *Bank, count map[string]int) {
	most := 0
	for _, n := range count {
		most = max(most, n)
	}
	for _, s := range bank.Skills {
		if n := count[s.ID]; n == 0 || n < most-1 && n < len(s.Questions) {
			r.Fatalf("got %d questions of %s and %d of another, want them even", n, s.ID, most)
		}
	}
}

// No question of an earlier paper comes again while the skill has others left, and then the one that was longest ago.
func TestDrawDoesNotRepeat(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		bank, count := someBank(r), rapid.IntRange(1, 12).Draw(r, "count")
		var drawn [][]Key
		last := map[Key]int{}
		for round := range rapid.IntRange(2, 12).Draw(r, "papers") {
			got, err := bank.Draw(Request{Skills: wantAll(bank), Count: count, Seed: seeded(round), Drawn: drawn})
			if err != nil {
				r.Fatal(err)
			}
			for _, q := range got {
				expectOldest(r, bank, q, keysOf(got), last)
			}
			for _, k := range keysOf(got) {
				last[k] = round + 1
			}
			drawn = append(drawn, keysOf(got))
		}
	})
}

// expectOldest checks that no question of the skill that was left out has been unseen for longer.
func expectOldest(r *rapid.T, bank *Bank, q Question, drawn []Key, last map[Key]int) {
	s, _ := bank.Find(q.Skill)
	for _, other := range s.Questions {
		if k := other.Key(); !slices.Contains(drawn, k) && last[k] < last[q.Key()] {
			r.Fatalf("got %s of paper %d again, want %s of paper %d first", q.Key(), last[q.Key()], k, last[k])
		}
	}
}

func TestDrawMixesDifficulties(t *testing.T) {
	t.Parallel()
	for n := range 50 {
		got, err := Builtin().Draw(Request{Skills: []Wanted{{Name: "SQL"}}, Count: 10, Seed: seeded(n)})
		if err != nil {
			t.Fatal(err)
		}
		count := map[Difficulty]int{}
		for _, q := range got {
			count[q.Difficulty]++
		}
		for _, d := range Difficulties {
			if count[d] < 3 || count[d] > 4 {
				t.Errorf("seed %d: got %v, want three or four of each", n, count)
			}
		}
	}
}

func TestDrawTakesASkillOnce(t *testing.T) {
	t.Parallel()
	got, err := Builtin().Draw(Request{Skills: []Wanted{{ID: "skill_001", Name: "Golang"}, {ID: "go"}, {ID: "x", Name: "Git"}}, Count: 10, Seed: seeded(1)})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(map[string]int{"go": 5, "git": 5}, countBySkill(got)); d != "" {
		t.Errorf("got (+), want (-):\n%s", d)
	}
}

// The same seed gives the same paper; another one gives another.
func TestReplay(t *testing.T) {
	t.Parallel()
	request := Request{Skills: []Wanted{{ID: "python"}, {ID: "git"}}, Count: 10, Seed: seeded(7)}
	first, again, other := paperOf(t, request), paperOf(t, request), request
	if d := cmp.Diff(first, again); d != "" {
		t.Errorf("got another paper from the same seed:\n%s", d)
	}
	other.Seed = seeded(8)
	if cmp.Equal(first, paperOf(t, other)) {
		t.Error("got the same paper from two seeds")
	}
}

func paperOf(t *testing.T, r Request) []Asked {
	t.Helper()
	questions, err := Builtin().Draw(r)
	if err != nil {
		t.Fatal(err)
	}
	return Arrange(questions, r.Seed)
}

// What was drawn by an earlier release must be drawn by this one, too: these words were written down once and may not change.
func TestReplayAcrossReleases(t *testing.T) {
	t.Parallel()
	skill := Skill{ID: "n"}
	for i := range 12 {
		skill.Questions = append(skill.Questions, Question{Skill: "n", Text: fmt.Sprint("q", i), Difficulty: Difficulties[i%3], Options: [4]string{"a", "b", "c", "d"}})
	}
	questions, err := NewBank([]Skill{skill}).Draw(Request{Skills: []Wanted{{ID: "n"}}, Count: 4, Seed: seeded(1)})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, a := range Arrange(questions, seeded(1)) {
		got = append(got, fmt.Sprintln(a.Text, a.Options, a.Right, a.ID))
	}
	if d := cmp.Diff(goldenPaper, got); d != "" {
		t.Errorf("got (+), want (-):\n%s", d)
	}
}

var goldenPaper = []string{
	"q6 [b d a c] 2 9def1bde-cacf-4170-a026-352f12dffc44\n",
	"q1 [b c d a] 3 60369b97-1fca-4564-bf84-1e1460c267bc\n",
	"q3 [b d a c] 2 aa216664-c9dd-4e4a-bf83-ffc2b860c3da\n",
	"q2 [b d c a] 3 f36be369-f825-45e6-9673-c6e7c4f25797\n",
}

// Right options stand everywhere equally often, for papers of any skills; so does each of the author's wrong ones.
func TestPlacesAreEven(t *testing.T) {
	t.Parallel()
	for _, s := range Builtin().Skills {
		var places [Options]int
		for n := range 100 {
			for _, a := range paperOf(t, Request{Skills: []Wanted{{ID: s.ID}}, Count: 10, Seed: seeded(n)}) {
				places[a.Right]++
			}
		}
		if p := EvenPlaces(places); p <= 0.01 {
			t.Errorf("%s: got keys at %v, p = %.4f, want p > 0.01", s.ID, places, p)
		}
	}
}

// All 24 orders of the options come up, and each about as often as any other: a chi-square of 23 degrees of freedom passes 41.64 one time in a hundred.
func TestOrdersAreEven(t *testing.T) {
	t.Parallel()
	const papers = 24_000
	count := map[[Options]string]int{}
	for n := range papers {
		count[Arrange([]Question{{Options: [4]string{"a", "b", "c", "d"}}}, seeded(n))[0].Options]++
	}
	chi := 0.0
	for _, n := range count {
		chi += float64((n-papers/24)*(n-papers/24)) / (papers / 24)
	}
	if len(count) != 24 || chi > 41.64 {
		t.Errorf("got %d orders with chi-square %.1f, want 24 and at most 41.64", len(count), chi)
	}
}

// Each question of a skill is drawn about as often as any other of its difficulty.
func TestDrawIsFair(t *testing.T) {
	t.Parallel()
	var skill Skill
	for i := range 30 {
		skill.Questions = append(skill.Questions, Question{Text: fmt.Sprint(i), Difficulty: Difficulties[i%3]})
	}
	skill.ID = "x"
	const papers = 3000
	count := map[Key]int{}
	for n := range papers {
		questions, _ := NewBank([]Skill{skill}).Draw(Request{Skills: []Wanted{{ID: "x"}}, Count: 10, Seed: seeded(n)})
		for _, q := range questions {
			count[q.Key()]++
		}
	}
	for k, n := range count {
		if n < papers/3-150 || n > papers/3+150 {
			t.Errorf("%s: got %d of %d papers, want about a third", k, n, papers)
		}
	}
	if len(count) != 30 {
		t.Errorf("got %d questions drawn, want 30", len(count))
	}
}

// Arranging changes no question: the options are the author's, and the key names the right one.
func TestArrangeKeepsQuestions(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		var questions []Question
		for i := range rapid.IntRange(1, 30).Draw(r, "questions") {
			questions = append(questions, Question{Text: fmt.Sprint(i), Options: [4]string{"a", "b", "c", "d"}, Right: rapid.IntRange(0, 3).Draw(r, "right")})
		}
		ids := map[string]bool{}
		for _, a := range Arrange(questions, seeded(rapid.Int().Draw(r, "seed"))) {
			ids[a.ID] = true
			from := questions[slices.IndexFunc(questions, func(q Question) bool { return q.Text == a.Text })]
			if a.Options[a.Right] != from.Options[from.Right] {
				r.Fatalf("got key %q, want %q", a.Options[a.Right], from.Options[from.Right])
			}
			sorted := a.Options
			if slices.Sort(sorted[:]); sorted != from.Options {
				r.Fatalf("got options %q, want those of %q", a.Options, from.Options)
			}
		}
		if len(ids) != len(questions) {
			r.Fatalf("got %d ids, want %d", len(ids), len(questions))
		}
	})
}
