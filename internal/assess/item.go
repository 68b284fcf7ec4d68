package assess

import (
	"strings"
	"unicode"
)

// Bounds of what is told of a student's items, in characters.
const (
	maxItems       = 20
	maxName        = 120
	maxDescription = 1000
)

// Tidy returns items as they may be shown to a model: without signs that nobody sees, with one space for white space and control characters, cut to bounds.
func Tidy(items []Item) []Item {
	var tidy []Item
	for _, i := range items[:min(len(items), maxItems)] {
		tidy = append(tidy, Item{i.Kind, cut(seen(i.Name), maxName), cut(seen(i.Role), maxName), cut(seen(i.Description), maxDescription)})
	}
	return tidy
}

// seen drops the signs of a text that are not seen: what formats, what fills, what has no meaning yet.
func seen(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r) || unicode.IsControl(r):
			return ' '
		case !unicode.IsPrint(r) || fills(r):
			return -1
		}
		return r
	}, text)
	return strings.Join(strings.Fields(text), " ")
}

// fills says whether a sign counts as printed and still shows nothing: fillers, blanks, selectors of variants, joiners.
func fills(r rune) bool {
	return unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) || unicode.Is(unicode.Variation_Selector, r) || r == brailleBlank
}

func cut(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most])
	}
	return text
}
