// Package fault is the one error type of avow's own making.
//
// A fault says what went wrong in words of the field, never in numbers of a protocol: no HTTP status, no wire code, no SQL. Each wire package turns
// reasons into its contract's statuses and codes in one table.
package fault

import (
	"errors"
	"time"
)

// Kind is the family of a fault. The zero value is Internal, so that whatever nobody classified is never told to a stranger.
type Kind uint8

// The kinds.
const (
	Internal Kind = iota
	Invalid
	Unauthenticated
	Forbidden
	NotFound
	Conflict
	Expired
	TooMany
	Unavailable
)

// Reason is a stable word for one refusal, unique in the program.
type Reason string

// Error is a refusal or a failure.
type Error struct {
	Kind    Kind
	Reason  Reason
	Message string        // one sentence that may be told to the caller
	Field   string        // the offending input, where there is one
	After   time.Duration // when trying again makes sense; zero: not known
	Detail  any           // more that the caller may be told, typed by the package that owns the reason
	Cause   error         // for the log only
}

// New makes a fault without field, detail or cause.
func New(kind Kind, reason Reason, message string) *Error {
	return &Error{Kind: kind, Reason: reason, Message: message}
}

// Error tells reason, field and cause; it is meant for logs.
func (e *Error) Error() string {
	text := string(e.Reason)
	if e.Field != "" {
		text += " (" + e.Field + ")"
	}
	if e.Cause != nil {
		text += ": " + e.Cause.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Is reports whether target is a fault of the same reason, so that errors.Is(err, skill.ErrSessionUnknown) holds whatever field or detail was added.
func (e *Error) Is(target error) bool {
	var other *Error
	return errors.As(target, &other) && other.Reason == e.Reason
}

// On returns a copy that names the offending field.
func (e *Error) On(field string) *Error {
	c := *e
	c.Field = field
	return &c
}

// Saying returns a copy with another public sentence.
func (e *Error) Saying(message string) *Error {
	c := *e
	c.Message = message
	return &c
}

// With returns a copy that carries a detail.
func (e *Error) With(detail any) *Error {
	c := *e
	c.Detail = detail
	return &c
}

// Because returns a copy that carries a cause for the log.
func (e *Error) Because(cause error) *Error {
	c := *e
	c.Cause = cause
	return &c
}

// internal is what an error that nobody classified becomes.
const internal Reason = "internal"

// From returns the fault in err's chain, or an Internal one with err as its cause.
func From(err error) *Error {
	var f *Error
	if errors.As(err, &f) {
		return f
	}
	return &Error{Kind: Internal, Reason: internal, Message: "Something unexpected happened.", Cause: err}
}
