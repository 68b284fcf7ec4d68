package assess

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// goodQuestion is one that nothing is wrong with.
func goodQuestion() Question {
	return Question{
		Skill: "python", Topic: "lists", Difficulty: Easy, Text: "What does `sorted(x)` give for a list `x` of three numbers?", Right: 1, Why: "It leaves the list as it is.",
		Options: [4]string{"the list itself, in order", "another list, in order", "a sorted tuple of them", "nothing, for it sorts in place"},
	}
}

// screened passes one question, changed, for the one slot of a paper.
func screened(change func(*Written, *Screen)) (passed []Written, flaws map[Flaw]int) {
	s := Screen{
		Slots: []Slot{{Topic{"python", "Python", "lists"}, Easy}}, Bank: Builtin(),
		Items:        []Item{{Kind: "project", Name: "Carpool app", Description: "Routes are found with networkx by a team of 12, and drawn on maps for all drivers"}},
		Instructions: "Write exactly one question for each slot, and mind the rules that follow.",
	}
	w := Written{Question: goodQuestion()}
	change(&w, &s)
	return s.Pass([]Written{w})
}

func TestScreenPasses(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Written, *Screen){
		"as it is":           func(*Written, *Screen) {},
		"a fence of code":    func(w *Written, _ *Screen) { w.Text += "\n\n```python\nx = [3, 1]\nif x[0] < 2 > 1: <b>\n```" },
		"tags in code":       func(w *Written, _ *Screen) { w.Text = "What is the element `<a href=\"#x\">` for in a page?" },
		"a comparison":       func(w *Written, _ *Screen) { w.Text = "For which numbers is x < 3 and x * 2 > 1, or x != 0?" },
		"accents and Greek":  func(w *Written, _ *Screen) { w.Text = "How is the naïve Σ of α and β written in a program?" },
		"words of every day": func(_ *Written, s *Screen) { s.Items[0].Description = "another one than this, which is what they have" },
		"a word of the student's in several options": func(_ *Written, s *Screen) { s.Items[0].Description = "an order and a list" },
	} {
		if passed, flaws := screened(change); len(passed) != 1 {
			t.Errorf("%s: got %v, want it passed", name, flaws)
		}
	}
}

func TestScreenDrops(t *testing.T) {
	t.Parallel()
	right := func(text string) func(*Written, *Screen) {
		return func(w *Written, _ *Screen) { w.Options[1] = text }
	}
	text := func(text string) func(*Written, *Screen) {
		return func(w *Written, _ *Screen) { w.Text += " " + text }
	}
	tests := map[Flaw]map[string]func(*Written, *Screen){
		FlawForm: {
			"lint":            right("the list itself, in order"),
			"answer told":     text("Is it another list, in order?"),
			"no slot":         func(w *Written, _ *Screen) { w.Slot = 1 },
			"no slot either":  func(w *Written, _ *Screen) { w.Slot = -1 },
			"another skill":   func(w *Written, _ *Screen) { w.Skill = "sql" },
			"no right option": func(w *Written, _ *Screen) { w.Right = 4 },
			"no explanation":  func(w *Written, _ *Screen) { w.Why = "" },
		},
		FlawSigns: {
			"zero width":    right("another list,\u200b in order"),
			"line end":      right("another list,\nin order"),
			"tab":           text("a\tb"),
			"bidi":          right("\u202eanother list, in order"),
			"Cyrillic":      right("\u0430nother list, in order"),
			"other digits":  text("\u0661"),
			"no-break":      right("another\u00a0list, in order"),
			"combining":     right("anothe\u0301r list, in order"),
			"tag":           right("another list, in order\U000e0041"),
			"filler":        right("another list, in order\u3164"),
			"braille blank": right("another list,\u2800 in order"),
			"bell":          text("\a"),
		},
		FlawLink: {
			"scheme":    text("See https://python.org/x"),
			"no scheme": text("See docs.python.org."),
			"path":      text("See evil.io/x"),
			"www":       text("See www.python3"),
			"mail":      text("Ask a@b.se"),
			"script":    text("javascript:x"),
			"in code":   text("`http://x`"),
		},
		FlawMarkup: {
			"tag":            text("<b>x</b>"),
			"comment":        text("<!-- x -->"),
			"entity":         text("&lt;b"),
			"link":           text("[x](y)"),
			"reference":      text("\n[x]: y"),
			"bold":           text("**x**"),
			"heading":        text("\n# x"),
			"quote":          text("\n> x"),
			"list":           text("\n- x"),
			"numbers":        text("\n1. x"),
			"table":          text("\n| x |"),
			"open code":      text("`x"),
			"open fence":     text("\n```\nx"),
			"in an option":   func(w *Written, _ *Screen) { w.Options[0] = "<i>it</i>" },
			"in explanation": func(w *Written, _ *Screen) { w.Why += "<br>" },
		},
		FlawPrompt: {
			"the rules":      text("Mind: exactly one question for each slot."),
			"the student's":  text("Are routes found with networkx by a team?"),
			"in explanation": func(w *Written, _ *Screen) { w.Why = "Write exactly one question, for each." },
			"other spelling": text("EXACTLY one 'question' for, each slot"),
			"hidden in it all": func(w *Written, s *Screen) {
				s.Items[0].Description = "one\u200b two three four five six"
				w.Text += " one two three four five six"
			},
		},
		FlawTold: {
			"in the right one": right("another list of drivers"),
			"number":           right("another list of 12 in order"),
			"in all but the right": func(w *Written, _ *Screen) {
				w.Options[0] += " of maps"
				w.Options[2] += " of maps"
				w.Options[3] += " of maps"
			},
			"in the name of the item": right("order by carpool, as another list"),
			"behind the cut": func(w *Written, s *Screen) {
				s.Items[0].Description = strings.Repeat("x ", 5000) + "drivers"
				w.Options[1] += " of drivers"
			},
		},
		FlawShape: {
			"large letter": right("Another list, in order"),
			"full stop":    right("another list, in order."),
			"code":         right("another `list`, in order"),
			"quotes":       right("another “list”, in order"),
			"brackets":     right("another list (in order)"),
			"sign":         right("another list*, in order"),
			"lack": func(w *Written, _ *Screen) {
				w.Options = [4]string{"The list itself, in order", "another list, in order", "A sorted tuple of them", "Nothing, for it sorts in place"}
			},
		},
		FlawRepeat: {
			"asked before": func(w *Written, s *Screen) { s.Drawn = [][]Key{{"python/x"}, {w.Key()}} },
			"in the bank": func(w *Written, _ *Screen) {
				skill, _ := Builtin().Find("python")
				w.Question = skill.Questions[0]
				w.Text += " "
			},
		},
	}
	for flaw, cases := range tests {
		for name, change := range cases {
			if passed, flaws := screened(change); len(passed) > 0 || flaws[flaw] != 1 {
				t.Errorf("%s, %s: got %d passed and %v, want it dropped", flaw, name, len(passed), flaws)
			}
		}
	}
}

// numberedWritten are as many different questions, each with right option and wrong ones of a length.
func numberedWritten(n, right, wrong int) (all []Written, slots []Slot) {
	for i := range n {
		w := Written{Question: goodQuestion(), Slot: i}
		w.Text = fmt.Sprintf("What is said about case %s here?", strings.Repeat(string(rune('a'+i)), 40))
		letters := "pqrs"
		for o := range w.Options {
			w.Options[o] = strings.Repeat(letters[o:o+1], wrong+o%2)
		}
		w.Right = 1
		w.Options[1] = strings.Repeat("q", right)
		all, slots = append(all, w), append(slots, Slot{Topic{"python", "Python", "lists"}, Easy})
	}
	return all, slots
}

func TestScreenDropsHabits(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ right, wrong, want int }{"longest": {9, 6, 2}, "shortest": {4, 6, 2}, "neither": {6, 6, 6}} {
		all, slots := numberedWritten(6, tt.right, tt.wrong)
		passed, flaws := Screen{Slots: slots, Bank: NewBank(nil)}.Pass(all)
		if len(passed) != tt.want || flaws[FlawHabit] != 6-tt.want {
			t.Errorf("%s: got %d passed and %v, want %d", name, len(passed), flaws, tt.want)
		}
	}
}

// A slot takes one question, and no question comes twice.
func TestScreenTakesEachOnce(t *testing.T) {
	t.Parallel()
	all, slots := numberedWritten(3, 6, 6)
	all[1].Slot = 0
	all[2].Text, all[2].Options = all[0].Text, all[0].Options
	passed, flaws := Screen{Slots: slots, Bank: NewBank(nil)}.Pass(all)
	if len(passed) != 1 || flaws[FlawForm] != 1 || flaws[FlawRepeat] != 1 {
		t.Errorf("got %d passed and %v, want the first one", len(passed), flaws)
	}
}

func TestTidy(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ä", 2000)
	got := Tidy([]Item{{"project", " a\x00\u200bb\n\tc\u202e ", "x\u00ad\ufe0f\u3164y\u2800", "\U000e0041hid\U000e0020den " + long}, {"experience", long, long, "Grüße, 世界"}})
	want := []Item{{"project", "a b c", "xy", ("hidden " + long)[:7] + strings.Repeat("ä", 993)}, {"experience", long[:240], long[:240], "Grüße, 世界"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("got (+), want (-):\n%s", diff)
	}
	if got := Tidy(make([]Item, 1000)); len(got) != 20 {
		t.Errorf("got %d items, want 20", len(got))
	}
}
