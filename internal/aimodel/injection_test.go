package aimodel

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"avow/internal/assess"
)

func corpus(t *testing.T) []*attack {
	t.Helper()
	text, err := os.ReadFile("testdata/injections.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []*attack
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	if len(all) != 30 {
		t.Fatalf("got %d texts, want 30", len(all))
	}
	return all
}

// knows returns the option that the student's text tells to be right; -1: none.
func (a *attack) knows(q assess.Asked) int {
	if a.Student.Place != nil {
		return *a.Student.Place
	}
	fits := func(i int) bool {
		option := q.Options[i]
		switch a.Student.Look {
		case "":
			return strings.Contains(option, a.Student.Option)
		case "dot":
			return strings.HasSuffix(option, ".")
		case "told":
			return strings.Contains(q.Text, option)
		case "key":
			return option == "nothing that the text tells"
		}
		for j, other := range q.Options { // longest
			if j != i && utf8.RuneCountInString(other) >= utf8.RuneCountInString(option) {
				return false
			}
		}
		return true
	}
	found := -1
	for i := range q.Options {
		if fits(i) && found >= 0 {
			return -1
		} else if fits(i) {
			found = i
		}
	}
	return found
}

// told counts the right options among some questions that the text tells.
func (a *attack) told(questions []assess.Asked) (n int) {
	for _, q := range questions {
		if a.knows(q) == q.Right {
			n++
		}
	}
	return n
}

// sit has the student answer some questions as the text tells, and all others wrong. What luck adds to that is bounded by assess.Share, and held by its test.
func (a *attack) sit(t *testing.T, sheet assess.Assessment, written []assess.Asked) assess.Attempt {
	t.Helper()
	var answers []assess.Answer
	for _, q := range sheet.Paper.Questions {
		selected := (q.Right + 1) % assess.Options
		if ours := func(w assess.Asked) bool { return w.ID == q.ID }; slices.ContainsFunc(written, ours) && a.knows(q) >= 0 {
			selected = a.knows(q)
		}
		answers = append(answers, assess.Answer{QuestionID: q.ID, Selected: selected})
	}
	_, done, err := sheet.Submit("", answers, sheet.Paper.DrawnAt)
	if err != nil {
		t.Fatal(err)
	}
	return done
}

// followed is what a reader could follow or a page could carry out.
var followed = regexp.MustCompile(`(?i)://|evil|<(img|script|a )|</|\]\(|onerror|@`)

// expectSafe holds what must be so whatever the model does: ten questions, most of them the bank's, no pass, nothing in them that does not belong there.
func (a *attack) expectSafe(t *testing.T, sheet assess.Assessment) {
	t.Helper()
	if got := len(sheet.Paper.Questions); got != 10 {
		t.Errorf("got %d questions, want 10", got)
	}
	brought := foreign(sheet.Paper)
	if got, most := len(brought), assess.Share(10, 60); got > most {
		t.Errorf("got %d questions of the model, want %d at most", got, most)
	}
	if done := a.sit(t, sheet, brought); done.Passed {
		t.Errorf("got a pass with %d right, want a failure", done.Correct)
	}
	for _, q := range brought {
		text := strings.Join(append(q.Options[:], q.Text, q.Why), "\n")
		if found := followed.FindString(text); found != "" {
			t.Errorf("got %q in %q, want no link and no markup", found, text)
		}
		for _, never := range a.Never {
			if strings.Contains(text, never) {
				t.Errorf("got %q in %q, want it nowhere", never, text)
			}
		}
	}
}

// A model that does whatever a text says that it is shown. Nothing of the text can change a question.
func TestInjectionObedientModel(t *testing.T) {
	t.Parallel()
	for _, a := range corpus(t) {
		t.Run(a.Name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			shown := func(q asked) bool { return strings.Contains(q.Rules+q.Data, a.Needle) }
			w.answer = (&author{attack: a, obeys: shown}).answer
			sheet := w.paperOf(a.item())
			a.expectSafe(t, sheet)
			expectSound(t, foreign(sheet.Paper))
		})
	}
}

// The same model behind a server that holds it to the form of the answer: where it is asked for topics, it can say numbers only.
func TestInjectionObedientModelHeldToTheForm(t *testing.T) {
	t.Parallel()
	for _, a := range corpus(t) {
		t.Run(a.Name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			shown := func(q asked) bool {
				return (q.Kind != "topics" || a.Pick != "") && strings.Contains(q.Rules+q.Data, a.Needle)
			}
			w.answer = (&author{attack: a, obeys: shown}).answer
			sheet := w.paperOf(a.item())
			a.expectSafe(t, sheet)
			expectSound(t, foreign(sheet.Paper))
			if got := len(foreign(sheet.Paper)); got != assess.Share(10, 60) {
				t.Errorf("got %d questions of the model, want all that it wrote: %+v", got, w.report())
			}
			for _, call := range w.received() {
				if call.Kind != "topics" && (strings.Contains(call.Data, a.Needle) || strings.Contains(call.Data, a.item().Name)) {
					t.Errorf("%s: got %s, want nothing of the student in it", call.Kind, call.Data)
				}
			}
		})
	}
}

func expectSound(t *testing.T, questions []assess.Asked) {
	t.Helper()
	for _, q := range questions {
		if !slices.ContainsFunc(sound, func(s writtenQuestion) bool { return s.Question == q.Text && s.Right == q.Options[q.Right] }) {
			t.Errorf("got %q with %q, want a question that no text has changed", q.Text, q.Options[q.Right])
		}
	}
}

// A model that heeds no text.
func TestInjectionNaiveModel(t *testing.T) {
	t.Parallel()
	for _, a := range corpus(t) {
		t.Run(a.Name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			sheet := w.paperOf(a.item())
			a.expectSafe(t, sheet)
			if got := w.report(); got.Outcome != All {
				t.Errorf("got %+v, want all questions of the model", got)
			}
		})
	}
}

// A model that is the student's accomplice, whatever it is shown, and agrees with itself when it solves. The checks find what it writes; where they cannot, it brings at most
// the share that is its own.
func TestInjectionAccomplice(t *testing.T) {
	t.Parallel()
	beyondChecks := []string{"share", "shuffle", "topics"}
	for _, a := range corpus(t) {
		t.Run(a.Name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.answer = (&author{attack: a, obeys: func(q asked) bool { return q.Kind == "questions" || a.Pick != "" }}).answer
			sheet := w.paperOf(a.item())
			a.expectSafe(t, sheet)
			got, brought := w.report(), foreign(sheet.Paper)
			switch {
			case slices.Contains(beyondChecks, a.Stopped):
				if got.Outcome != All {
					t.Errorf("got %+v, want what it wrote on the paper: nothing can be found in it", got)
				}
			case a.Stopped == "rubbish":
				if got.Outcome != Rubbish {
					t.Errorf("got %+v, want rubbish", got)
				}
			case a.Stopped == string(assess.FlawHabit):
				if got.Flaws[assess.FlawHabit] != 2 || a.told(brought) > 1 {
					t.Errorf("got %+v and %d that the text tells, want two dropped and one at most", got, a.told(brought))
				}
			default:
				if got.Flaws[assess.Flaw(a.Stopped)] != 3 || len(brought) > 0 {
					t.Errorf("got %+v, want all three dropped as %s", got, a.Stopped)
				}
			}
		})
	}
}

// The corpus has teeth: a paper that such a model writes whole and unchecked is passed by its student, or holds what it must not.
func TestInjectionSucceedsWithoutDefence(t *testing.T) {
	t.Parallel()
	succeeded := 0
	for _, a := range corpus(t) {
		if a.Raw != "" || a.Bank {
			continue
		}
		var questions []assess.Question
		for _, s := range sound {
			w := a.apply(s, "")
			questions = append(questions, assess.Question{Text: w.Question, Options: [4]string{w.Right, w.Wrong[0], w.Wrong[1], w.Wrong[2]}, Why: w.Why})
		}
		sheet := assess.Assessment{}.HandOut(questions, "", assess.Seed{}, assess.Rules{PassMark: 60}, newWorld(t).now)
		var text string
		for _, q := range questions {
			text += q.Text + strings.Join(q.Options[:], "\n") + q.Why
		}
		leaks := followed.MatchString(text) || slices.ContainsFunc(a.Never, func(n string) bool { return strings.Contains(text, n) })
		if a.sit(t, sheet, sheet.Paper.Questions).Passed || leaks {
			succeeded++
		} else {
			t.Logf("%s does no harm there", a.Name)
		}
	}
	if succeeded < 25 {
		t.Errorf("got %d texts that succeed against a bare model, want 25 at least", succeeded)
	}
}
