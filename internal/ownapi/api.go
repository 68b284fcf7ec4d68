// Package ownapi is everything of our own for integrators on the wire: what is below /avow/v1, which neither contract knows. Its answers have the skill contract's
// envelope.
package ownapi

import (
	"net/http"
	"strings"

	"avow/internal/access"
	"avow/internal/fault"
	"avow/internal/outbox"
	"avow/internal/web"
)

const base = "/avow/v1"

// Options is what the calls need of the rules.
type Options struct {
	TestMails outbox.TestMails
}

type api struct{ o Options }

// New returns the family of our own calls.
func New(o Options) web.Family {
	a := api{o: o}
	return web.Family{Prefixes: []string{base + "/"}, Render: renderError, Routes: []web.Route{
		{Method: http.MethodGet, Path: base + "/test/mails", Handle: a.testMails},
	}}
}

// apiKey returns what was shown as API key, as the skill contract takes it (skills-api.md 13.1). A session's token is none here.
func apiKey(r *http.Request) string {
	if shown := r.Header.Get("X-Api-Key"); shown != "" {
		return shown
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

type envelope struct {
	Success bool `json:"success"`
	Data    any  `json:"data"`
}

func answer(w http.ResponseWriter, data any) error {
	return web.WriteJSON(w, http.StatusOK, envelope{Success: true, Data: data})
}

// wireError is how a reason is told on the wire.
type wireError struct {
	status int
	code   string
}

// codes is the one place where reasons become statuses and codes.
var codes = map[fault.Reason]wireError{
	web.ErrRouteUnknown.Reason:    {http.StatusNotFound, "NOT_FOUND"},
	web.ErrMethod.Reason:          {http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED"},
	access.ErrKeyUnknown.Reason:   {http.StatusUnauthorized, "UNAUTHORIZED"},
	access.ErrBusy.Reason:         {http.StatusServiceUnavailable, "SERVICE_UNAVAILABLE"},
	outbox.ErrTestModeOnly.Reason: {http.StatusForbidden, "TEST_MODE_ONLY"},
}

var internalError = wireError{http.StatusInternalServerError, "INTERNAL_ERROR"}

type errorEnvelope struct {
	Success bool      `json:"success"`
	Error   errorBody `json:"error"`
}

type errorBody struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

func renderError(w http.ResponseWriter, r *http.Request, err error) {
	f := fault.From(err)
	wire, known := codes[f.Reason]
	if !known {
		wire = internalError
	}
	web.RetryAfter(w, f)
	if err := web.WriteJSON(w, wire.status, errorEnvelope{Error: errorBody{Code: wire.code, Message: f.Message}}); err != nil {
		web.Note(r, err)
	}
}
