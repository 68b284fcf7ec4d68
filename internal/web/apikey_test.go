package web

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestAPIKey(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		header http.Header
		want   string
	}{
		"none":         {http.Header{}, ""},
		"header":       {http.Header{"X-Api-Key": {"a"}}, "a"},
		"bearer":       {http.Header{"Authorization": {"bearer  a "}}, "a"},
		"both":         {http.Header{"X-Api-Key": {"a"}, "Authorization": {"Bearer a"}}, "a"},
		"two":          {http.Header{"X-Api-Key": {"a"}, "Authorization": {"Bearer b"}}, ""},
		"no bearer":    {http.Header{"X-Api-Key": {"a"}, "Authorization": {"Bearer "}}, "a"},
		"other scheme": {http.Header{"Authorization": {"Basic YTpi"}}, ""},
		"beside one":   {http.Header{"X-Api-Key": {"a"}, "Authorization": {"Basic YTpi"}}, "a"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header = c.header
		if got := APIKey(r); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}
