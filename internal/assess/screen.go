package assess

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Flaw is why a question that a model wrote is not asked.
type Flaw string

// The flaws, in the order in which they are looked for.
const (
	FlawForm   Flaw = "form"   // what lint finds in one question, and a question to no slot
	FlawSigns  Flaw = "signs"  // hidden or foreign signs, a line end in an option
	FlawLink   Flaw = "link"   // an address that could be followed
	FlawMarkup Flaw = "markup" // anything but code that a page could render
	FlawPrompt Flaw = "prompt" // words of the instructions or of the student
	FlawTold   Flaw = "told"   // the student's words tell the right option from the others
	FlawShape  Flaw = "shape"  // the right option looks other than all others
	FlawRepeat Flaw = "repeat" // asked before, or in the bank already
	FlawWrong  Flaw = "wrong"  // who solved it blind chose another option
	FlawHabit  Flaw = "habit"  // one right option too many that is the longest or the shortest
)

// Screen is what a written question must hold its own against.
type Screen struct {
	Slots        []Slot
	Bank         *Bank
	Drawn        [][]Key // the papers handed out before
	Items        []Item  // whole, not as the model saw them: the student knows all of it
	Instructions string  // what the model was told
}

// Pass returns the questions that may be asked, at most one for each slot, and counts what was found wrong with the others.
func (s Screen) Pass(written []Written) (passed []Written, flaws map[Flaw]int) {
	flaws = map[Flaw]int{}
	before := s.piecesOfBank()
	for _, w := range written {
		flaw := s.flaw(w)
		switch same := func(p Written) bool { return p.Slot == w.Slot }; {
		case flaw != "":
		case slices.ContainsFunc(passed, same):
			flaw = FlawForm
		case repeats(w.Question, before):
			flaw = FlawRepeat
		}
		if flaw != "" {
			flaws[flaw]++
			continue
		}
		passed, before = append(passed, w), append(before, pieces(w.Question))
	}
	passed, flaws[FlawHabit] = dropHabits(passed, len(s.Slots))
	return passed, flaws
}

func repeats(q Question, before []map[string]bool) bool {
	p := pieces(q)
	return slices.ContainsFunc(before, func(b map[string]bool) bool { return alike(p, b) >= similar })
}

// piecesOfBank are those of all questions of the slots' skills: a model that has read them somewhere brings nothing new.
func (s Screen) piecesOfBank() []map[string]bool {
	var all []map[string]bool
	for _, skill := range s.Bank.Skills {
		if !slices.ContainsFunc(s.Slots, func(slot Slot) bool { return slot.Skill == skill.ID }) {
			continue
		}
		for _, q := range skill.Questions {
			all = append(all, pieces(q))
		}
	}
	return all
}

// flaw is the first that a question has by itself; empty: none.
func (s Screen) flaw(w Written) Flaw {
	switch q := w.Question; {
	case !s.fits(w) || len(Check(q)) > 0:
		return FlawForm
	case !plainSigns(q):
		return FlawSigns
	case link.MatchString(q.all()):
		return FlawLink
	case hasMarkup(q):
		return FlawMarkup
	case s.quotes(q):
		return FlawPrompt
	case s.told(q):
		return FlawTold
	case oddShape(q):
		return FlawShape
	case s.asked(q.Key()):
		return FlawRepeat
	}
	return ""
}

// fits says whether the question is one to its slot.
func (s Screen) fits(w Written) bool {
	return w.Slot >= 0 && w.Slot < len(s.Slots) && w.Skill == s.Slots[w.Slot].Skill && w.Right >= 0 && w.Right < Options
}

func (s Screen) asked(k Key) bool {
	return slices.ContainsFunc(s.Drawn, func(paper []Key) bool { return slices.Contains(paper, k) })
}

// all is everything that the question says.
func (q Question) all() string {
	return strings.Join(append([]string{q.Text, q.Why}, q.Options[:]...), "\n")
}

// plainSigns says whether a question holds nothing but signs that are seen, and seen as what they are: Latin and Greek letters, digits, marks of print, spaces and, outside
// options, line ends. Whatever is hidden or looks like another letter could mark the right option for those who know.
func plainSigns(q Question) bool {
	if strings.Contains(strings.Join(q.Options[:], ""), "\n") {
		return false
	}
	return !strings.ContainsFunc(q.all(), func(r rune) bool {
		switch {
		case r == '\n' || r == ' ':
			return false
		case unicode.IsLetter(r):
			return !unicode.In(r, unicode.Latin, unicode.Greek)
		case unicode.IsDigit(r):
			return r > unicode.MaxASCII
		}
		return !unicode.IsPunct(r) && !unicode.IsSymbol(r) || r == brailleBlank
	})
}

// brailleBlank is a symbol that is not seen.
const brailleBlank = '\u2800'

// link is what a reader or a program might follow.
var link = regexp.MustCompile(`(?i)[a-z][a-z0-9+.-]*://|\b(www\.|mailto:|javascript:|data:[a-z])|[^\s@]@[a-z0-9-]+\.[a-z]|\b[a-z0-9-]+\.(com|org|net|edu|gov|info|biz|io|dev|app|ai|co|me|xyz|site|online|link|top|click|example|test|localhost)\b(/|[^(\w]|$)`)

// code is what a page shows sign by sign.
var code = regexp.MustCompile("(?s)```[a-z]*\n.*?\n```|`[^`\n]+`")

// markup is what means something to HTML or Markdown outside code.
var markup = regexp.MustCompile("(?m)<[a-zA-Z/!?]|&[a-zA-Z#][a-zA-Z0-9]*;|\\]\\s*[(\\[:]|\\*\\*|__|~~|`|^\\s*(#{1,6} |>|[-*+] |\\d+[.)] |\\||={3}|-{3})")

func hasMarkup(q Question) bool {
	for _, text := range append([]string{q.Text, q.Why}, q.Options[:]...) {
		if markup.MatchString(code.ReplaceAllString(text, "x")) {
			return true
		}
	}
	return false
}

// quoted is how many words in a row are a quotation; fewer are a coincidence.
const quoted = 6

// quotes says whether the question repeats what the model was told or what the student wrote.
func (s Screen) quotes(q Question) bool {
	said := " " + strings.Join(words(q.all()), " ") + " "
	source := words(s.Instructions + "\n" + s.studentText())
	for i := range max(0, len(source)-quoted+1) {
		if strings.Contains(said, " "+strings.Join(source[i:i+quoted], " ")+" ") {
			return true
		}
	}
	return false
}

func (s Screen) studentText() string {
	var all []string
	for _, i := range s.Items {
		all = append(all, i.Name, i.Role, i.Description)
	}
	return seen(strings.Join(all, " "))
}

// told says whether somebody who has only the student's text could choose the right option by it: a word of the text stands in this option alone, or in all but this one.
func (s Screen) told(q Question) bool {
	own := telling(s.studentText())
	in := map[string]int{} // how many wrong options have a word
	for i, option := range q.Options {
		if i != q.Right {
			for w := range telling(option) {
				in[w]++
			}
		}
	}
	right := telling(q.Options[q.Right])
	for w := range own {
		if right[w] && in[w] == 0 || !right[w] && in[w] == Options-1 {
			return true
		}
	}
	return false
}

// minWord leaves out the short words that every text has; numbers tell something however short.
const minWord = 4

// ordinary words of that length stand in every text, too.
var ordinary = strings.Fields("about after also another because been before both does each else every from have into just like more most much only other over same some such than that " +
	"their them then there these they this those used uses very what when where which while will with without would your")

// telling are a text's words that it need not have in common with another one.
func telling(text string) map[string]bool {
	set := map[string]bool{}
	for _, w := range words(text) {
		if (utf8.RuneCountInString(w) >= minWord || strings.ContainsFunc(w, unicode.IsDigit)) && !slices.Contains(ordinary, w) {
			set[w] = true
		}
	}
	return set
}

// oddShape says whether the right option can be told by its looks alone: how it begins, how it ends, what signs it holds.
func oddShape(q Question) bool {
	for _, has := range []func(string) bool{beginsLarge, endsWithMark, holds("`"), holds(`"'“”‘’«»`), holds("()[]{}"), holds("!*_~#")} {
		if differs(q, has) {
			return true
		}
	}
	return false
}

// differs says whether the right option has, or lacks, what no or every other one has.
func differs(q Question, has func(string) bool) bool {
	for i, option := range q.Options {
		if i != q.Right && has(option) == has(q.Options[q.Right]) {
			return false
		}
	}
	return true
}

func beginsLarge(option string) bool {
	first, _ := utf8.DecodeRuneInString(option)
	return unicode.IsUpper(first)
}

func endsWithMark(option string) bool {
	last, _ := utf8.DecodeLastRuneInString(option)
	return strings.ContainsRune(".,;:!?…", last)
}

func holds(signs string) func(string) bool {
	return func(option string) bool { return strings.ContainsAny(option, signs) }
}

// dropHabits leaves one right option in three that is the longest of its question, and one in three that is the shortest.
func dropHabits(written []Written, slots int) (left []Written, dropped int) {
	longest, shortest, most := 0, 0, (slots+2)/3
	for _, w := range written {
		long, short := isLongest(w.Question), isShortest(w.Question)
		if long && longest == most || short && shortest == most {
			dropped++
			continue
		}
		longest, shortest = longest+count(long), shortest+count(short)
		left = append(left, w)
	}
	return left, dropped
}

func count(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

func isShortest(q Question) bool {
	right := utf8.RuneCountInString(q.Options[q.Right])
	for i, option := range q.Options {
		if i != q.Right && utf8.RuneCountInString(option) <= right {
			return false
		}
	}
	return true
}
