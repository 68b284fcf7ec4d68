package mail

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// TemplateError says all that is wrong with an operator's templates.
type TemplateError struct{ problems []problem }

// problem is one thing that is wrong with a file of templates.
type problem struct {
	file string // below the folder of templates
	line int    // from 1
	text string
}

// Error returns a line for each problem: file, line, what is wrong.
func (e *TemplateError) Error() string {
	var lines []string
	for _, p := range e.problems {
		lines = append(lines, fmt.Sprintf("  %s:%d: %s", p.file, p.line, p.text))
	}
	return strings.Join(lines, "\n")
}

// errorOf is nil when there are no problems. Letters share files, and so problems.
func errorOf(problems []problem) error {
	if len(problems) == 0 {
		return nil
	}
	slices.SortFunc(problems, func(a, b problem) int {
		return cmp.Or(strings.Compare(a.file, b.file), cmp.Compare(a.line, b.line), strings.Compare(a.text, b.text))
	})
	return &TemplateError{problems: slices.Compact(problems)}
}

// The template engines say where and what in one sentence: template: sv/x.txt:3:5: executing "sv/x.txt" at <.y>: what.
var (
	wherePart = regexp.MustCompile(`^(?:html/)?template: ?([^:]+):(\d+)(?::\d+)?: (?:executing "[^"]*" at <[^>]*>: )?(.*)$`)
	noKey     = regexp.MustCompile(`map has no entry for key "([^"]*)"$`)
)

// problemOf takes an error of a template engine to pieces.
func problemOf(err error) problem {
	m := wherePart.FindStringSubmatch(err.Error())
	if m == nil {
		return problem{file: frameFile, line: 1, text: err.Error()}
	}
	line, _ := strconv.Atoi(m[2])
	text, _, _ := strings.Cut(m[3], ": {state") // what the HTML engine adds speaks of itself
	return problem{file: m[1], line: line, text: text}
}

// missingKey returns the key that a template asks for in vain.
func missingKey(err error) (key string, missing bool) {
	m := noKey.FindStringSubmatch(err.Error())
	if m == nil {
		return "", false
	}
	return m[1], true
}
