package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"unicode/utf8"
)

// MaxBody is the largest body that is read, in bytes.
const MaxBody = 1 << 20

// Object is a JSON object whose members keep their order and spelling.
type Object struct {
	names  []string
	values []json.RawMessage
}

// Names returns the members' names in the order sent.
func (o Object) Names() []string { return o.names }

// Get returns a member as it was sent, nil when it is absent or null.
func (o Object) Get(name string) json.RawMessage {
	i := slices.Index(o.names, name)
	if i < 0 || string(o.values[i]) == "null" {
		return nil
	}
	return o.values[i]
}

// String returns a string member. Present is false when it is absent or null, ok is false when it is of another type.
func (o Object) String(name string) (text string, present, ok bool) {
	raw := o.Get(name)
	if raw == nil {
		return "", false, true
	}
	if raw[0] != '"' || json.Unmarshal(raw, &text) != nil {
		return "", true, false
	}
	return text, true, true
}

// ReadObject reads the body of a request as one JSON object: content type first, then size, then syntax. A body of no bytes is an empty object if emptyIsObject.
func ReadObject(r *http.Request, emptyIsObject bool) (Object, error) {
	if !isJSON(r.Header.Get("Content-Type")) {
		return Object{}, ErrContentType
	}
	body, err := ReadBody(r)
	if err != nil {
		return Object{}, err
	}
	if len(body) == 0 && emptyIsObject {
		return Object{}, nil
	}
	return ParseObject(body)
}

// ReadOptionalObject is ReadObject for calls that need no body: without one no content type is needed either, and one that has none is taken for JSON.
func ReadOptionalObject(r *http.Request) (Object, error) {
	body, err := ReadBody(r)
	switch media := r.Header.Get("Content-Type"); {
	case err != nil:
		return Object{}, err
	case len(body) == 0:
		return Object{}, nil
	case media != "" && !isJSON(media):
		return Object{}, ErrContentType
	}
	return ParseObject(body)
}

func isJSON(contentType string) bool {
	media, _, err := mime.ParseMediaType(contentType)
	return media == "application/json" && (err == nil || errors.Is(err, mime.ErrInvalidMediaParameter))
}

// maxDrained is how much of a body that is too large is read and thrown away, so that its sender hears the answer instead of a broken connection.
const maxDrained = 8 << 20

// ReadBody reads at most MaxBody bytes. A body that breaks off cannot be JSON, so that is what it is refused as.
func ReadBody(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, MaxBody+1))
	if err != nil {
		return nil, ErrJSON.Because(err)
	}
	if len(body) > MaxBody {
		_, _ = io.CopyN(io.Discard, r.Body, maxDrained)
		return nil, ErrTooLarge
	}
	return body, nil
}

// ParseObject takes exactly one JSON object in good UTF-8, in which no object, at any depth, has two members of one name.
func ParseObject(body []byte) (Object, error) {
	if !utf8.Valid(body) || !json.Valid(body) {
		return Object{}, ErrJSON
	}
	s := scanner{text: body}
	s.space()
	if s.text[s.at] != '{' {
		return Object{}, ErrJSON
	}
	o, unique := s.object()
	if !unique {
		return Object{}, ErrJSON.Saying("A member is given twice.")
	}
	return o, nil
}

// ParseArray splits a JSON array into its elements; ok is false when raw is something else. Raw must be valid JSON.
func ParseArray(raw json.RawMessage) (elements []json.RawMessage, ok bool) {
	if trimmed := bytes.TrimSpace(raw); len(trimmed) == 0 || trimmed[0] != '[' {
		return nil, false
	}
	return elements, json.Unmarshal(raw, &elements) == nil
}

// ParseStrings is ParseArray for a list of strings.
func ParseStrings(raw json.RawMessage) (texts []string, ok bool) {
	elements, ok := ParseArray(raw)
	if !ok {
		return nil, false
	}
	texts = make([]string, len(elements))
	for i, e := range elements {
		if len(e) == 0 || e[0] != '"' || json.Unmarshal(e, &texts[i]) != nil {
			return nil, false
		}
	}
	return texts, true
}

// scanner walks text that is known to be valid JSON; that knowledge keeps it small.
type scanner struct {
	text []byte
	at   int
}

func (s *scanner) space() {
	for s.at < len(s.text) && bytes.IndexByte([]byte(" \t\r\n"), s.text[s.at]) >= 0 {
		s.at++
	}
}

// value walks over one value and reports whether every object in it has unique members.
func (s *scanner) value() (unique bool) {
	s.space()
	switch s.text[s.at] {
	case '{':
		_, unique = s.object()
		return unique
	case '[':
		return s.array()
	case '"':
		s.quoted()
		return true
	}
	for s.at < len(s.text) && bytes.IndexByte([]byte(",]} \t\r\n"), s.text[s.at]) < 0 {
		s.at++
	}
	return true
}

func (s *scanner) object() (o Object, unique bool) {
	unique = true
	for s.enter(); s.text[s.at] != '}'; s.next('}') {
		name := s.quoted()
		s.space()
		s.at++ // the colon
		s.space()
		start := s.at
		unique = s.value() && unique
		o.names = append(o.names, name)
		o.values = append(o.values, json.RawMessage(s.text[start:s.at]))
	}
	s.at++
	return o, unique && distinct(o.names)
}

// distinct sorts instead of comparing each with each: a body of 1 MiB holds more than a hundred thousand names, and it is read before anyone knows who asks.
func distinct(names []string) bool {
	if len(names) < 2 {
		return true
	}
	sorted := slices.Sorted(slices.Values(names))
	return len(slices.Compact(sorted)) == len(names)
}

func (s *scanner) array() (unique bool) {
	unique = true
	for s.enter(); s.text[s.at] != ']'; s.next(']') {
		unique = s.value() && unique
	}
	s.at++
	return unique
}

// enter steps behind an opening bracket, to the first element or the closing bracket.
func (s *scanner) enter() {
	s.at++
	s.space()
}

// next steps to the next element or the closing bracket.
func (s *scanner) next(closing byte) {
	s.space()
	if s.text[s.at] != closing {
		s.at++ // the comma
		s.space()
	}
}

// quoted walks over a string and returns what it says.
func (s *scanner) quoted() string {
	start := s.at
	for s.at++; s.text[s.at] != '"'; s.at++ {
		if s.text[s.at] == '\\' {
			s.at++
		}
	}
	s.at++
	var text string
	if json.Unmarshal(s.text[start:s.at], &text) != nil {
		return string(s.text[start:s.at]) // cannot be: the text is valid
	}
	return text
}
