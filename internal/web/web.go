// Package web is the HTTP kit under both contracts and the pages: handlers that return errors, strict JSON, routing with answers of the family's own shape, one log
// line a request. It knows no route and no contract.
package web

import (
	"net/http"
	"strconv"

	"avow/internal/event"
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
	body, err := event.Marshal(v)
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
		w.Header().Set("Retry-After", strconv.Itoa(seconds(f.After)))
	}
}
