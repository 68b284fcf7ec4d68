package event

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"
)

// Marshal encodes v as JSON.stringify does: nothing is escaped for HTML, the line separators U+2028 and U+2029 stand as they are, bad UTF-8 becomes U+FFFD itself,
// and no line break ends it. Who parses the text in JavaScript and writes it again gets the same bytes, as long as v has no floating-point numbers and no member
// named like an integer (skills-api.md 7).
func Marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return unescaped(bytes.TrimSuffix(b.Bytes(), []byte("\n"))), nil
}

// plain are the characters that the encoder escapes and JavaScript does not; it cannot be told to leave them.
var plain = map[string]rune{`\u2028`: '\u2028', `\u2029`: '\u2029', `\ufffd`: '\ufffd'}

const escapeLength = len(`\u2028`)

// unescaped undoes those escapes. A backslash that is escaped itself begins none.
func unescaped(body []byte) []byte {
	if !bytes.Contains(body, []byte(`\u`)) {
		return body
	}
	raw := make([]byte, 0, len(body))
	for {
		at := bytes.IndexByte(body, '\\')
		if at < 0 {
			return append(raw, body...)
		}
		raw, body = append(raw, body[:at]...), body[at:]
		if r, ok := plain[string(body[:min(escapeLength, len(body))])]; ok {
			raw, body = utf8.AppendRune(raw, r), body[escapeLength:]
		} else {
			raw, body = append(raw, body[:2]...), body[2:]
		}
	}
}
