package ownapi

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

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
