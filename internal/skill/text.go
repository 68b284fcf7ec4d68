package skill

import (
	"slices"
	"strings"
	"time"
	"unicode"
)

// clean makes each run of control characters in free text one space (18.3).
func clean(text string) string {
	var b strings.Builder
	inRun := false
	for _, r := range text {
		control := unicode.IsControl(r)
		switch {
		case !control:
			b.WriteRune(r)
		case !inRun:
			b.WriteByte(' ')
		}
		inRun = control
	}
	return b.String()
}

// Blank reports whether text says nothing: white space and control characters only.
func Blank(text string) bool { return strings.TrimSpace(clean(text)) == "" }

// CallerID is the form in which an id of the caller's choice is kept and looked for: as sent, but for NUL and broken UTF-8, which no database takes.
func CallerID(id string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(id, "\x00", "\uFFFD"), "\uFFFD")
}

// nameID is the id of a skill that has nothing but a name: small letters and single spaces, so that it is one skill however it is written.
func nameID(name string) string { return strings.ToLower(spaced(name)) }

// spaced is free text with single spaces, without NUL and broken UTF-8.
func spaced(text string) string { return strings.Join(strings.Fields(CallerID(clean(text))), " ") }

// dateForms are the forms of ISO 8601 that dates of init may have (section 2).
var dateForms = []string{"2006", "2006-01", "2006-01-02", time.RFC3339}

// parseDate reads a date of init; a blank one was not given.
func parseDate(text string) (date time.Time, ok bool) {
	text = strings.TrimSpace(text)
	if text == "" {
		return time.Time{}, true
	}
	for _, form := range dateForms {
		if t, err := time.Parse(form, text); err == nil {
			t = t.UTC()
			return t, t.Year() >= 1 && t.Year() <= 9999
		}
	}
	return time.Time{}, false
}

// distinct drops repeats and keeps the order.
func distinct[T comparable](values []T) []T {
	seen := make(map[T]bool, len(values))
	return slices.DeleteFunc(slices.Clone(values), func(v T) bool {
		repeated := seen[v]
		seen[v] = true
		return repeated
	})
}
