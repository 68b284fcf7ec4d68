package mail

import (
	"strings"
)

// mask hides what a relay may repeat of a mail: filters quote the address that they dislike, and ours holds a code.
type mask []string

// secretLength is the shortest stretch of letters and digits that may be a secret. No relay's word is as long as this and found in the mail as well.
const secretLength = 20

// newMask finds what must not be repeated: whatever in a text is long enough to be a secret, and the password.
func newMask(text string, l *login) mask {
	var m mask
	for _, word := range strings.FieldsFunc(text, outsideWord) {
		if len(word) >= secretLength {
			m = append(m, word)
		}
	}
	if l != nil {
		m = append(m, l.password)
	}
	return m
}

func outsideWord(r rune) bool {
	return r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
}

// cover returns a relay's words in one line, without what must not be repeated.
func (m mask) cover(words string) string {
	words = strings.Join(strings.Fields(strings.Map(visible, strings.ToValidUTF8(words, ""))), " ")
	for _, secret := range m {
		words = strings.ReplaceAll(words, secret, "…")
	}
	return words
}
