package assess

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// topicBank has a skill with three topics, and one with one.
func topicBank() *Bank {
	question := func(skill, topic, text string) Question {
		return Question{Skill: skill, Topic: topic, Difficulty: Easy, Text: text, Options: [4]string{"1", "2", "3", "4"}}
	}
	return NewBank([]Skill{
		{ID: "a", Name: "Alpha", Questions: []Question{question("a", "x", "ax"), question("a", "y", "ay"), question("a", "x", "ax2"), question("a", "z", "az")}},
		{ID: "b", Name: "Beta", Questions: []Question{question("b", "x", "bx")}},
		{ID: "c", Name: "Gamma", Questions: []Question{question("c", "x", "cx")}},
	})
}

func TestTopics(t *testing.T) {
	t.Parallel()
	b := topicBank()
	got := b.Topics([]Question{b.Skills[1].Questions[0], b.Skills[0].Questions[0], b.Skills[0].Questions[1]})
	want := []Topic{{"a", "Alpha", "x"}, {"a", "Alpha", "y"}, {"a", "Alpha", "z"}, {"b", "Beta", "x"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("got (+), want (-):\n%s", diff)
	}
}

func TestSlots(t *testing.T) {
	t.Parallel()
	b := topicBank()
	a := b.Skills[0].Questions
	hard := a[0]
	hard.Difficulty = Hard
	drawn := []Question{hard, b.Skills[1].Questions[0], a[1], a[2]}
	topics := b.Topics(drawn)
	for name, tt := range map[string]struct {
		picked []int
		want   []string
	}{
		"nothing is picked":          {nil, []string{"x", "x", "y", "x"}},
		"in the order of the pick":   {[]int{2, 3, 1, 0}, []string{"z", "x", "y", "x"}},
		"each once":                  {[]int{2, 2, 2}, []string{"z", "x", "y", "x"}},
		"what is no topic":           {[]int{-1, 4, 99, 1}, []string{"y", "x", "y", "x"}},
		"one skill's are not others": {[]int{3}, []string{"x", "x", "y", "x"}},
	} {
		var got []string
		slots := Slots(drawn, topics, tt.picked)
		for i, s := range slots {
			got = append(got, s.Topic.Topic)
			if s.Skill != drawn[i].Skill || s.Difficulty != drawn[i].Difficulty {
				t.Errorf("%s: got %+v, want skill and difficulty of %+v", name, s, drawn[i])
			}
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: got (+), want (-):\n%s", name, diff)
		}
	}
}

func TestBlindAndAgreed(t *testing.T) {
	t.Parallel()
	written, _ := numberedWritten(12, 6, 6)
	var questions []Question
	for _, w := range written {
		questions = append(questions, w.Question)
	}
	sheet, paper := Blind(written, seeded(1)), Arrange(questions, seeded(1))
	places, sames := map[int]bool{}, 0
	chosen := make([]int, len(sheet))
	for i, a := range sheet {
		chosen[i] = a.Right
		places[a.Right] = true
		at := slices.IndexFunc(paper, func(p Asked) bool { return p.Key == a.Key })
		if paper[at].Options == a.Options {
			sames++
		}
	}
	if len(places) != Options || sames > 4 {
		t.Errorf("got right options in places %v, and %d of 12 as on the paper, want all places and another order", places, sames)
	}
	if left, dropped := Agreed(written, sheet, chosen); len(left) != 12 || dropped != 0 {
		t.Errorf("got %d left and %d dropped, want all left", len(left), dropped)
	}
	chosen[3], chosen[5] = (chosen[3]+1)%Options, -1
	left, dropped := Agreed(written, sheet, chosen)
	if len(left) != 10 || dropped != 2 || slices.ContainsFunc(left, func(w Written) bool { return w.Key() == sheet[3].Key || w.Key() == sheet[5].Key }) {
		t.Errorf("got %d left and %d dropped, want the two gone that were solved otherwise", len(left), dropped)
	}
	if left, _ := Agreed(written, sheet, nil); len(left) != 0 {
		t.Errorf("got %d left without an answer, want none", len(left))
	}
}

func TestReplace(t *testing.T) {
	t.Parallel()
	drawn := topicBank().Skills[0].Questions
	before := slices.Clone(drawn)
	got := Replace(drawn, 2, []Written{{Question{Text: "new"}, 1}})
	if got[3].Text != "new" || cmp.Diff(drawn[:3], got[:3]) != "" || cmp.Diff(before, drawn) != "" {
		t.Errorf("got %+v, want the last one replaced and the bank's left alone", got)
	}
}
