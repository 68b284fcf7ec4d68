package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Error lists everything that is wrong with the settings of one start, so that
// an operator mends them in one go. It never holds the value of a secret.
type Error struct {
	// Problems are sorted by name, those with unknown names first.
	Problems []Problem
}

// Problem is one wrong setting.
type Problem struct {
	// Setting is the variable as it was given, such as AVOW_ADDR or AVOW_ADDR_FILE.
	Setting string
	// Text says what is wrong and what to change, on one line.
	Text string

	unknown bool
}

// Error has one line for each problem.
func (e *Error) Error() string {
	var lines []string
	for _, p := range e.Problems {
		lines = append(lines, p.Setting+": "+p.Text)
	}
	return strings.Join(lines, "\n")
}

// problems collects what is wrong while the settings are read.
type problems []Problem

func (p *problems) add(name, format string, args ...any) {
	*p = append(*p, Problem{Setting: name, Text: fmt.Sprintf(format, args...)})
}

func (p *problems) addUnknown(name, format string, args ...any) {
	*p = append(*p, Problem{Setting: name, Text: fmt.Sprintf(format, args...), unknown: true})
}

// reported says whether a problem with the setting, or with the file that was to
// give its value, is known already: one mistake is one line.
func (p *problems) reported(name string) bool {
	return slices.ContainsFunc(*p, func(one Problem) bool {
		return strings.TrimSuffix(one.Setting, fileSuffix) == name
	})
}

// err is nil when nothing is wrong.
func (p problems) err() error {
	if len(p) == 0 {
		return nil
	}
	slices.SortStableFunc(p, func(a, b Problem) int {
		if a.unknown != b.unknown {
			return unknownFirst(a)
		}
		return cmp.Compare(a.Setting, b.Setting)
	})
	return &Error{Problems: p}
}

func unknownFirst(a Problem) int {
	if a.unknown {
		return -1
	}
	return 1
}
