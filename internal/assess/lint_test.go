package assess

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

// fair is a question that nothing is to be found in.
func fair() Question {
	return Question{Skill: "birds", Topic: "owls", Difficulty: Easy, Text: "What do barn owls mostly eat?", Options: [4]string{"Small mammals", "Fish and frogs", "Seeds", "Fruit"},
		Right: 0, Why: "Their pellets hold the bones of voles and mice.", Line: 3}
}

func TestLintFindsNothingInAFairQuestion(t *testing.T) {
	t.Parallel()
	for _, q := range []Question{
		fair(),
		{Text: "Which of `Map` and `Set` is it?", Topic: "x", Why: "It is a map, of course.", Options: [4]string{"`Map`", "`Set`", "`map`", "`s[0]`"}},
		{Text: "Which lines are shown of these four?", Topic: "x", Why: "All of those lines.", Options: [4]string{"All of the lines", "Both of them run", "None", "`s[1]`"}},
	} {
		if got := Check(q); got != nil {
			t.Errorf("%s: got %q, want nothing", q.Text, got)
		}
	}
}

func TestLintFindsInAQuestion(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*Question)
		want   string
	}{
		"short text":             {func(q *Question) { q.Text = "Owls eat?" }, "the question has 9 characters; 15 to 700"},
		"long text":              {func(q *Question) { q.Text = strings.Repeat("owl ", 200) }, "the question has 800 characters"},
		"no explanation":         {func(q *Question) { q.Why = "" }, "the explanation has 0 characters"},
		"long explanation":       {func(q *Question) { q.Why = strings.Repeat("w", 501) }, "the explanation has 501 characters"},
		"long topic":             {func(q *Question) { q.Topic = strings.Repeat("t", 41) }, "the topic has 41 characters"},
		"empty option":           {func(q *Question) { q.Options[2] = "" }, "option 3 has 0 characters"},
		"long option":            {func(q *Question) { q.Options[2] = strings.Repeat("ö", 161) }, "option 3 has 161 characters"},
		"same options":           {func(q *Question) { q.Options[3] = "`Seeds`" }, "options 3 and 4 are the same"},
		"nearly same options":    {func(q *Question) { q.Options[3] = "seeds." }, "options 3 and 4 are the same"},
		"all of the above":       {func(q *Question) { q.Options[3] = "All of the above" }, "option 4 points at other options"},
		"none of these":          {func(q *Question) { q.Options[3] = "None of these" }, "option 4 points at other options"},
		"both a and b":           {func(q *Question) { q.Options[3] = "What answer B says" }, "option 4 points at other options"},
		"leaked answer":          {func(q *Question) { q.Text = "Which small mammals do barn owls eat?" }, "gives the right option away"},
		"option that stands out": {func(q *Question) { q.Options[0] = "Small mammals such as voles, mice and shrews" }, "more than twice as long"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q := fair()
			tt.change(&q)
			got := Lint([]Skill{{ID: "birds", Name: "Birds", File: "birds.md", Questions: []Question{q}}})
			if len(got) != 1 || !strings.HasPrefix(got[0].String(), "birds.md:3: ") || !strings.Contains(got[0].Text, tt.want) {
				t.Errorf("got %v, want one finding with %q", got, tt.want)
			}
		})
	}
}

// numbered is a set of questions that have nothing in common; its keys stand evenly and are longest in none.
func numbered(n int) []Question {
	var all []Question
	for i := range n {
		q := fair()
		q.Text, q.Line = fmt.Sprintf("%x is what?", uint64(i+1)*0x9e3779b97f4a7c15), i+1
		q.Options, q.Right = [4]string{"same", "size", "each", "time"}, i%4
		all = append(all, q)
	}
	return all
}

func TestLintFindsInASet(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(i int, q *Question)
		want   string
	}{
		"nothing":              {func(int, *Question) {}, ""},
		"always first":         {func(_ int, q *Question) { q.Right = 0 }, "the right options stand first to fourth [48 0 0 0] times"},
		"repeat":               {repeatAt, "birds.md:41: the question is nearly the one at birds.md:1"},
		"repeat word for word": {sameAt, "birds.md:41: the question is nearly the one at birds.md:1"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := numbered(48)
			for i := range all {
				tt.change(i, &all[i])
			}
			got := fmt.Sprint(Lint([]Skill{{ID: "birds", Name: "Birds", File: "birds.md", Questions: all}}))
			if !strings.Contains(got, tt.want) || (tt.want == "") != (got == "[]") {
				t.Errorf("got %s, want %q", got, tt.want)
			}
		})
	}
}

const original = "Which of the birds of prey that breed in Europe hunts mostly by night, over open fields?"

func sameAt(i int, q *Question) {
	if i == 0 || i == 40 {
		q.Text = original
	}
}

func repeatAt(i int, q *Question) {
	if sameAt(i, q); i == 40 {
		q.Text = strings.Replace(original, "mostly by night", "mainly by night", 1)
	}
}

func TestLintFindsALongestHabit(t *testing.T) {
	t.Parallel()
	all := numbered(48)
	for i := range all {
		if i%2 == 0 {
			all[i].Options[all[i].Right] += "x"
		}
	}
	got := lintKeys(all)
	if len(got) != 1 || !strings.Contains(got[0], "the longest in 24 of 48 questions") {
		t.Errorf("got %q, want 24 of 48 told", got)
	}
	for i := range 16 {
		all[i].Options = numbered(1)[0].Options
	}
	if got := lintKeys(all); got != nil {
		t.Errorf("got %q of 16 in 48, want nothing: chance does that", got)
	}
	if got := lintKeys(all[:6]); got != nil {
		t.Errorf("got %q of six questions, want nothing: they are too few to say", got)
	}
}

func TestLintFindsNamesTakenTwice(t *testing.T) {
	t.Parallel()
	one := Skill{ID: "owls", Name: "Owls", Aliases: []string{"night birds"}, File: "a.md", Questions: numbered(1)}
	two := Skill{ID: "bats", Name: "Night-Birds", File: "b.md", Questions: []Question{fair()}}
	got := fmt.Sprint(Lint([]Skill{one, two}))
	if got != `[b.md:1: the name "night birds" is taken by a.md]` {
		t.Errorf("got %s, want b.md's name found", got)
	}
	two.Name, two.Questions = strings.Repeat("n", 61), nil
	if got := Lint([]Skill{one, two}); len(got) != 2 {
		t.Errorf("got %v, want the long name and the empty file found", got)
	}
}

// The distribution with three degrees of freedom: 7.815 is passed by 5 in 100, 11.345 by 1 in 100.
func TestEvenPlaces(t *testing.T) {
	t.Parallel()
	tests := []struct {
		places [4]int
		want   float64
	}{
		{[4]int{}, 1},
		{[4]int{7, 7, 7, 7}, 1},
		{[4]int{10, 20, 30, 40}, 0.000169742}, // x² = 20
		{[4]int{20, 25, 25, 30}, 0.572406705}, // x² = 2
		{[4]int{56, 371 - 56, 0, 0}, 0},
	}
	for _, tt := range tests {
		if got := EvenPlaces(tt.places); math.Abs(got-tt.want) > 1e-8 {
			t.Errorf("%v: got %.9f, want %.9f", tt.places, got, tt.want)
		}
	}
}
