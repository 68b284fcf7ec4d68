package ownapi

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"avow/internal/access"
	"avow/internal/fault"
	"avow/internal/outbox"
	"avow/internal/web"
)

// Every refusal that a call can meet has a status and a code of its own; all else is 500.
func TestEveryRefusalHasACode(t *testing.T) {
	t.Parallel()
	for _, e := range slices.Concat(access.KeyRefusals, []*fault.Error{outbox.ErrTestModeOnly, web.ErrRouteUnknown, web.ErrMethod, access.ErrBusy}) {
		if wire, ok := codes[e.Reason]; !ok || wire.status < 400 || wire.code == "" {
			t.Errorf("%s: got %+v, want a row in codes", e.Reason, wire)
		}
	}
}

func TestKeyIsTakenAsTheSkillContractDoes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		header http.Header
		want   string
	}{
		"none":         {http.Header{}, ""},
		"header":       {http.Header{"X-Api-Key": {"a"}}, "a"},
		"bearer":       {http.Header{"Authorization": {"bearer  a "}}, "a"},
		"header wins":  {http.Header{"X-Api-Key": {"a"}, "Authorization": {"Bearer b"}}, "a"},
		"other scheme": {http.Header{"Authorization": {"Basic YTpi"}}, ""},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header = c.header
		if got := apiKey(r); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}
