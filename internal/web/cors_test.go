package web

import (
	"net/url"
	"slices"
	"strings"
	"testing"
)

// parse keeps a target as a server reads it from the request line.
func parse(target string) *url.URL {
	u, err := url.ParseRequestURI(target)
	if err != nil {
		panic(err)
	}
	return u
}

// Public routes are open to pages of any origin, the rest to the configured ones. A call that is not allowed across origins is served all the same: the browser
// keeps the answer from the page.
func TestCrossOrigin(t *testing.T) {
	t.Parallel()
	const mine, other = "https://a.example", "https://evil.example"
	tests := map[string]struct {
		method, target, origin string
		status                 int
		allowed                string
		vary                   bool
	}{
		"no page":                    {"POST", "/x/a", "", 200, "", false},
		"configured":                 {"POST", "/x/a", mine, 200, mine, true},
		"configured, trailing slash": {"POST", "/x/a/", mine, 200, mine, true},
		"other":                      {"POST", "/x/a", other, 200, "", true},
		"look-alike":                 {"POST", "/x/a", mine + ".evil.example", 200, "", true},
		"other scheme":               {"POST", "/x/a", "http://a.example", 200, "", true},
		"null":                       {"POST", "/x/a", "null", 200, "", true},
		"public, configured":         {"GET", "/x/items/7", mine, 200, "*", false},
		"public, other":              {"GET", "/x/items/7", other, 200, "*", false},
		"public, null":               {"GET", "/x/items/7", "null", 200, "*", false},
		"public, no page":            {"GET", "/x/items/7", "", 200, "", false},
		"a refusal can be read":      {"GET", "/x/refused", mine, 400, mine, true},
		"a wrong method too":         {"PUT", "/x/a", mine, 405, mine, true},
		"nothing configured":         {"DELETE", "/y/b", mine, 200, "", true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := ask(town(), tt.method, tt.target, "Origin", tt.origin)
			if got := w.Header().Get("Access-Control-Allow-Origin"); w.Code != tt.status || got != tt.allowed {
				t.Errorf("got %d for %q, want %d for %q", w.Code, got, tt.status, tt.allowed)
			}
			if got := w.Header().Get("Vary") == "Origin"; got != tt.vary {
				t.Errorf("got Vary %q, want Origin in it: %t", w.Header().Get("Vary"), tt.vary)
			}
			if got := w.Header().Get("Access-Control-Allow-Credentials"); got != "" {
				t.Errorf("got credentials allowed %q, want none: there are no cookies", got)
			}
		})
	}
}

// Only OPTIONS asks beforehand: on any other method the question's header changes nothing.
func TestQuestionOfAnotherMethod(t *testing.T) {
	t.Parallel()
	w := ask(town(), "GET", "/x/a", "Origin", "https://a.example", "Access-Control-Request-Method", "POST")
	if got, want := w.Body.String(), "read GET"; w.Code != 200 || got != want {
		t.Errorf("got %d %q, want 200 %q", w.Code, got, want)
	}
}

func TestPreflight(t *testing.T) {
	t.Parallel()
	const mine, other = "https://a.example", "https://evil.example"
	tests := map[string]struct {
		target, origin, asks string
		status               int
		allowed, methods     string
	}{
		"configured":         {"/x/a", mine, "POST", 204, mine, "GET, HEAD, POST"},
		"trailing slash":     {"/x/a/", mine, "POST", 204, mine, "GET, HEAD, POST"},
		"asks for HEAD":      {"/x/a", mine, "HEAD", 204, mine, "GET, HEAD, POST"},
		"other":              {"/x/a", other, "POST", 405, "", ""},
		"no page":            {"/x/a", "", "POST", 405, "", ""},
		"unknown method":     {"/x/a", mine, "PUT", 405, mine, ""},
		"public":             {"/x/items/7", other, "GET", 204, "*", "GET, HEAD"},
		"public, wrong word": {"/x/items/7", other, "POST", 405, "", ""},
		"unknown route":      {"/x/nothing", mine, "GET", 404, "", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := ask(town(), "OPTIONS", tt.target, "Origin", tt.origin, "Access-Control-Request-Method", tt.asks, "Access-Control-Request-Headers", "x-api-key")
			h := w.Header()
			if got := h.Get("Access-Control-Allow-Origin"); w.Code != tt.status || got != tt.allowed {
				t.Errorf("got %d for %q, want %d for %q", w.Code, got, tt.status, tt.allowed)
			}
			if got := h.Get("Access-Control-Allow-Methods"); got != tt.methods {
				t.Errorf("got methods %q, want %q", got, tt.methods)
			}
			if w.Code != 204 {
				return
			}
			headers := strings.Split(h.Get("Access-Control-Allow-Headers"), ", ")
			for _, want := range []string{"authorization", "content-type", "x-api-key", "idempotency-key", "x-request-id"} {
				if !slices.Contains(headers, want) {
					t.Errorf("got headers %q, want %q among them", headers, want)
				}
			}
			if w.Body.Len() != 0 {
				t.Errorf("got body %q, want none: the handler is not asked", w.Body)
			}
		})
	}
}
