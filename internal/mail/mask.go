package mail

import (
	"regexp"
	"strings"
)

// mask hides what a relay may repeat of a mail: filters quote the address that they dislike, and ours holds a code; and whom the mail was for is nothing for a log. Nil hides
// nothing.
type mask struct{ hidden *regexp.Regexp }

const (
	// secretLength is the shortest stretch of letters and digits that may be a secret. No relay's word is as long as this and found in the mail as well.
	secretLength = 20
	// nameLength is the shortest name in front of an @ that tells anybody.
	nameLength = 3
)

// newMask finds what must not be repeated: whatever in a text is long enough to be a secret, the password, and the address that the mail goes to with the name in it.
func newMask(text, to string, l *login) mask {
	var all []string
	for _, word := range strings.FieldsFunc(text, outsideWord) {
		if len(word) >= secretLength {
			all = append(all, regexp.QuoteMeta(word))
		}
	}
	if l != nil && l.password != "" {
		all = append(all, regexp.QuoteMeta(l.password))
	}
	if name, _, ok := strings.Cut(to, "@"); ok {
		all = append(all, regexp.QuoteMeta(to))
		if len(name) >= nameLength {
			all = append(all, `\b`+regexp.QuoteMeta(name)+`\b`)
		}
	}
	if len(all) == 0 {
		return mask{}
	}
	return mask{regexp.MustCompile(`(?i)` + strings.Join(all, "|"))}
}

func outsideWord(r rune) bool {
	return r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
}

// cover returns a relay's words in one line, without what must not be repeated.
func (m mask) cover(words string) string {
	words = strings.Join(strings.Fields(strings.Map(visible, strings.ToValidUTF8(words, ""))), " ")
	if m.hidden == nil {
		return words
	}
	return m.hidden.ReplaceAllString(words, "…")
}
