package assess

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of what stands in a file, in characters.
const (
	minText, maxText   = 15, 700
	maxOption          = 160
	minWhy, maxWhy     = 12, 500
	maxTopic, maxAlias = 40, 60
)

// Lint finds what is wrong with skills that could be read: what would make a question unfair, give its answer away or ask it twice. Findings come in the order of files and lines.
func Lint(skills []Skill) []Finding {
	var all []Finding
	for _, s := range skills {
		all = append(all, lintHead(s)...)
		for _, q := range s.Questions {
			all = append(all, at(s, q.Line, lintQuestion(q)...)...)
		}
		all = append(all, at(s, 1, lintKeys(s.Questions)...)...)
	}
	all = append(all, lintNames(skills)...)
	all = append(all, lintRepeats(skills)...)
	slices.SortStableFunc(all, func(a, b Finding) int { return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line)) })
	return all
}

// Check finds what is wrong with one question alone, whoever made it.
func Check(q Question) []string { return lintQuestion(q) }

func at(s Skill, line int, texts ...string) []Finding {
	var found []Finding
	for _, text := range texts {
		found = append(found, Finding{s.File, line, text})
	}
	return found
}

func lintHead(s Skill) []Finding {
	var found []Finding
	if len(s.Questions) == 0 {
		found = at(s, 1, "the file has no question that can be asked")
	}
	for _, name := range append([]string{s.Name}, s.Aliases...) {
		if utf8.RuneCountInString(name) > maxAlias {
			found = append(found, at(s, 1, fmt.Sprintf("the name %q is longer than %d characters", clip(name), maxAlias))...)
		}
	}
	return found
}

// lintNames finds names that lead to more than one file.
func lintNames(skills []Skill) []Finding {
	var found []Finding
	first := map[string]Skill{}
	for _, s := range skills {
		names := s.names()
		slices.Sort(names)
		for _, name := range slices.Compact(names) {
			if other, taken := first[name]; taken {
				found = append(found, at(s, 1, fmt.Sprintf("the name %q is taken by %s", name, other.File))...)
				continue
			}
			first[name] = s
		}
	}
	return found
}

func lintQuestion(q Question) []string {
	var found []string
	say := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	within := func(what, text string, least, most int) {
		if n := utf8.RuneCountInString(text); n < least || n > most {
			say("the %s has %d characters; %d to %d are allowed", what, n, least, most)
		}
	}
	within("question", q.Text, minText, maxText)
	within("explanation", q.Why, minWhy, maxWhy)
	within("topic", q.Topic, 1, maxTopic)
	for i, option := range q.Options {
		within(fmt.Sprintf("option %d", i+1), option, 1, maxOption)
		if catchAll.MatchString(option) {
			say("option %d points at other options, which are shuffled", i+1)
		}
	}
	found = append(found, lintOptions(q)...)
	if leaked(q) {
		say("the question's text gives the right option away")
	}
	if sticksOut(q) {
		say("the right option is more than twice as long as any other")
	}
	return found
}

// catchAll is what must not be said where options are shuffled.
var catchAll = regexp.MustCompile(`(?i)\b(all|none|any|both|neither|either)( two| three)? of (the )?(above|below|these|those|others|other (options|answers)|options|answers)\b|\b(options?|answers?) [a-d1-4]\b`)

// lintOptions finds options that are the same, or would be to a reader who does not look closely.
func lintOptions(q Question) []string {
	var found []string
	for i, a := range q.Options {
		for j, b := range q.Options[:i] {
			if plain(a) == plain(b) || isProse(a) && isProse(b) && strings.Join(words(a), " ") == strings.Join(words(b), " ") {
				found = append(found, fmt.Sprintf("options %d and %d are the same: %q", j+1, i+1, clip(a)))
			}
		}
	}
	return found
}

// plain drops what says nothing in code either: marks of code, white space at the edges.
func plain(text string) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(text, "`", "")), " ")
}

// isProse says whether a text holds words only; in code every sign may matter.
func isProse(text string) bool {
	return !strings.ContainsFunc(strings.TrimRight(text, "."), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsSpace(r) && !strings.ContainsRune(",;'’-", r)
	})
}

// words are a text's words and numbers in small letters.
func words(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// minLeak is how long an option must be to be recognised in the question: shorter ones stand in it by chance.
const minLeak = 4

// leaked says whether the right option stands in the question's text, and no wrong one does.
func leaked(q Question) bool {
	text := " " + strings.Join(words(q.Text), " ") + " "
	for i, option := range q.Options {
		w := strings.Join(words(option), " ")
		if stands := strings.Contains(text, " "+w+" ") && len(w) >= minLeak; stands != (i == q.Right) {
			return false
		}
	}
	return true
}

const minSticking = 40 // below this, being twice as long means little

func sticksOut(q Question) bool {
	longest := 0
	for i, option := range q.Options {
		if i != q.Right {
			longest = max(longest, utf8.RuneCountInString(option))
		}
	}
	right := utf8.RuneCountInString(q.Options[q.Right])
	return right > minSticking && right > 2*longest
}
