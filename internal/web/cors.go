package web

import (
	"net/http"
	"slices"
)

// crossOriginHeaders are the request headers that a page of another origin may send.
const crossOriginHeaders = "authorization, content-type, idempotency-key, x-api-key, x-request-id, x-session-token"

// crossOrigin tells a browser whether the page that asks may read the answer: public routes are open to any, the rest to the configured origins.
func (f Family) crossOrigin(w http.ResponseWriter, r *http.Request, public bool) (allowed bool) {
	origin := r.Header.Get("Origin")
	switch {
	case origin == "":
		return false
	case public:
		w.Header().Set("Access-Control-Allow-Origin", "*")
		return true
	}
	w.Header().Add("Vary", "Origin")
	if !slices.Contains(f.Origins, origin) {
		return false
	}
	w.Header().Set("Access-Control-Allow-Origin", origin)
	return true
}

// preflight answers a browser's question before a call across origins.
func preflight(w http.ResponseWriter, allow string) {
	h := w.Header()
	h.Set("Access-Control-Allow-Methods", allow)
	h.Set("Access-Control-Allow-Headers", crossOriginHeaders)
	h.Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
}
