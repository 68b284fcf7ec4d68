package web

import (
	"net/http"
	"strings"
)

// APIKey returns what a request shows as API key: the skill contract's header, or a bearer token (skills-api.md 13.1). Empty: nothing, or two different ones, of which none
// can be believed.
func APIKey(r *http.Request) string {
	shown, bearer := r.Header.Get("X-Api-Key"), ""
	if scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " "); strings.EqualFold(scheme, "Bearer") {
		bearer = strings.TrimSpace(token)
	}
	switch {
	case shown == "":
		return bearer
	case bearer != "" && bearer != shown:
		return ""
	}
	return shown
}
