// Package web is the HTTP kit under both contracts and the pages: handlers that return errors, strict JSON, routing with answers of the family's own shape, one log
// line a request. It knows no route and no contract.
package web

import (
	"bytes"
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"unicode/utf8"

	"avow/internal/fault"
)

// Handler answers a request or returns the error that its family renders.
type Handler func(w http.ResponseWriter, r *http.Request) error

// Renderer writes an error in the shape of a family.
type Renderer func(w http.ResponseWriter, r *http.Request, err error)

// Refusals of requests that no contract's rule has seen yet.
var (
	ErrRouteUnknown = fault.New(fault.NotFound, "route_unknown", "route could not be found")
	ErrMethod       = fault.New(fault.Invalid, "method_not_allowed", "The method is not allowed here.")
	ErrContentType  = fault.New(fault.Invalid, "content_type", "The Content-Type header must be application/json.")
	ErrJSON         = fault.New(fault.Invalid, "malformed_json", "The body could not be parsed as a JSON object.")
	ErrTooLarge     = fault.New(fault.Invalid, "too_large", "The body is larger than 1 MiB.")
)

// Refusals lists them for the tests that walk the families' tables.
var Refusals = []*fault.Error{ErrRouteUnknown, ErrMethod, ErrContentType, ErrJSON, ErrTooLarge}

// WriteJSON answers with status and v as JSON, as JavaScript would write it: nothing is escaped for HTML.
func WriteJSON(w http.ResponseWriter, status int, v any) error {
	body, err := Marshal(v)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(body) // a caller who has left cannot be told anything
	return nil
}

// RetryAfter tells when trying again makes sense, in whole seconds, if the fault knows.
func RetryAfter(w http.ResponseWriter, f *fault.Error) {
	if f.After > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(f.After.Seconds()))))
	}
}

// Marshal encodes v as JSON.stringify does: nothing is escaped for HTML, the line separators U+2028 and U+2029 stand as they are, and no line break ends it.
func Marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return separators(bytes.TrimSuffix(b.Bytes(), []byte("\n"))), nil
}

// separators undoes the escapes \u2028 and \u2029, which the encoder cannot be told to leave out (skills-api.md 7). A backslash that is escaped itself begins none.
func separators(body []byte) []byte {
	if !bytes.Contains(body, []byte(`\u202`)) {
		return body
	}
	raw := make([]byte, 0, len(body))
	for i := 0; i < len(body); i++ {
		switch rest := body[i:]; {
		case bytes.HasPrefix(rest, []byte(`\u2028`)), bytes.HasPrefix(rest, []byte(`\u2029`)):
			raw = utf8.AppendRune(raw, '\u2028'+rune(rest[5]-'8'))
			i += 5
		case rest[0] == '\\':
			raw = append(raw, rest[:2]...)
			i++
		default:
			raw = append(raw, rest[0])
		}
	}
	return raw
}
