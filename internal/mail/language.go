package mail

import (
	"errors"
	"regexp"
	"strings"
	"time"
)

// fallback is the language that has every template.
const fallback = "en"

// language is one folder of templates.
type language struct{ letters map[string]letter }

// parseLanguage makes and tries every letter of a language. A letter has all its parts or none; one that has none is written in English.
func parseLanguage(all files, name string) (language, []problem) {
	l := language{letters: map[string]letter{}}
	w := workshop{files: all, language: name}
	problems := w.begin()
	if len(problems) > 0 {
		return l, problems
	}
	for _, template := range all.templates() {
		missing := w.missing(template)
		if len(missing) > 0 {
			if len(missing) < len(ends) {
				problems = append(problems, missing...)
			}
			continue
		}
		made, found := w.letter(template)
		l.letters[template] = made
		problems = append(problems, append(found, w.check(template, made)...)...)
	}
	return l, problems
}

// begin reads what a language has once.
func (w *workshop) begin() []problem {
	var problems []problem
	if _, ok := w.files[w.file(commonFile)]; !ok {
		problems = append(problems, problem{w.file(commonFile), 1, "is missing: a language needs its common sentences"})
	}
	dates, err := parseCalendar(w.files[w.file(datesFile)])
	if err != nil {
		problems = append(problems, problem{w.file(datesFile), 1, err.Error()})
	}
	w.funcs = map[string]any{"date": dates.date}
	return problems
}

// missing are the parts of a letter that are not there.
func (w workshop) missing(template string) []problem {
	var problems []problem
	for _, end := range ends {
		if _, ok := w.files[w.file(template+end)]; !ok {
			problems = append(problems, problem{w.file(template + end), 1, "is missing: a letter has a subject, a text and an HTML part"})
		}
	}
	return problems
}

// tagForm is how a language is named, in lower case: sv, pt-br.
var tagForm = regexp.MustCompile(`^[a-z]{2,3}(-[a-z0-9]{2,8})*$`)

// tagOf writes a language's name in the one form that is compared: sv_SE is sv-se.
func tagOf(text string) string { return strings.ToLower(strings.ReplaceAll(text, "_", "-")) }

// choices are the languages to try for a wanted one: itself, the ones that it is a variant of, English.
func choices(wanted string) []string {
	var list []string
	for tag := tagOf(wanted); tag != ""; tag = tag[:max(strings.LastIndexByte(tag, '-'), 0)] {
		list = append(list, tag)
	}
	return append(list, fallback)
}

// calendar writes instants for people.
type calendar struct {
	layout string // with the month in English
	months []string
}

// linesOfDates is what a file of dates holds: the layout, as package time reads it, then the twelve months.
const linesOfDates = 13

var errDates = errors.New("want 13 lines: a layout such as 2 January 2006, 15:04 UTC, then the months")

func parseCalendar(text string) (calendar, error) {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if len(lines) != linesOfDates || !strings.Contains(lines[0], "January") {
		return calendar{}, errDates
	}
	return calendar{layout: lines[0], months: lines[1:]}, nil
}

var errNoDate = errors.New("not an instant")

// date writes an RFC 3339 instant, always in UTC: where the reader lives is not known.
func (c calendar) date(value any) (string, error) {
	text, _ := value.(string)
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return "", errNoDate
	}
	at = at.UTC()
	return strings.Replace(at.Format(c.layout), at.Month().String(), c.months[at.Month()-1], 1), nil
}
