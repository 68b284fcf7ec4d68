package web

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"

	"avow/internal/access"
	"avow/internal/limit"
)

var (
	calls = &limit.Policy{Name: "calls", Quota: 3, Window: time.Hour}
	heavy = &limit.Policy{Name: "heavy", Quota: 100, Window: 1500 * time.Second}
)

// toll is a site whose routes cost something.
func toll(t *testing.T) *observed {
	t.Helper()
	keys, err := access.NewKeyring([][]byte{bytes.Repeat([]byte{7}, 32)})
	if err != nil {
		t.Fatal(err)
	}
	now := func() time.Time { return time.Date(2024, 1, 14, 12, 0, 0, 0, time.UTC) }
	b := limit.New(limit.Options{Limiter: limit.NewMemory(100), Keys: keys, Now: now})
	draws := func(r *http.Request) []limit.Draw { return []limit.Draw{calls.Of(NetworkOf(r)), heavy.Of("x")} }
	inside := func(w http.ResponseWriter, r *http.Request) error {
		if _, err := b.Take(r.Context(), heavy.Of("x")); err != nil {
			return err
		}
		return says("inside")(w, r)
	}
	s := NewSite(shape("site"))
	s.Mount(Family{Prefixes: []string{"/x/"}, Render: shape("x"), Budgets: b, Routes: []Route{
		{Method: "GET", Path: "/x/a", Handle: says("read"), Draws: draws},
		{Method: "POST", Path: "/x/a", Handle: says("write")},
		{Method: "GET", Path: "/x/refused", Handle: func(http.ResponseWriter, *http.Request) error { return ErrJSON }, Draws: draws},
		{Method: "GET", Path: "/x/inside", Handle: inside},
	}})
	s.Mount(Family{Prefixes: []string{"/off/"}, Render: shape("off"), Routes: []Route{{Method: "GET", Path: "/off/a", Handle: says("off"), Draws: draws}}})
	return observe(s)
}

func TestLimitHeaders(t *testing.T) {
	t.Parallel()
	const policy = `"calls";q=3;w=3600, "heavy";q=100;w=1500`
	o := toll(t)
	for _, tt := range []struct{ method, target, policy, limit, body string }{
		{"GET", "/x/a", policy, `"calls";r=2;t=1200, "heavy";r=99;t=15`, "read GET"},
		{"POST", "/x/a", "", "", "write POST"},
		{"DELETE", "/x/a", "", "", "x says method_not_allowed: The method is not allowed here."},
		{"OPTIONS", "/x/a", "", "", "x says method_not_allowed: The method is not allowed here."},
		{"HEAD", "/x/a", policy, `"calls";r=1;t=1200, "heavy";r=98;t=15`, "read HEAD"},
		{"GET", "/x/inside", `"heavy";q=100;w=1500`, `"heavy";r=97;t=15`, "inside GET"},
		{"GET", "/x/refused", policy, `"calls";r=0;t=1200, "heavy";r=96;t=15`, "x says malformed_json: The body could not be parsed as a JSON object."},
		{"GET", "/x/a", policy, `"calls";r=0;t=1200, "heavy";r=96;t=15`, "x says too_many_requests: Too many requests. Try again later."},
		{"GET", "/off/a", "", "", "off GET"},
	} {
		w := ask(o, tt.method, tt.target)
		if got := w.Body.String(); got != tt.body {
			t.Errorf("%s %s: got %q, want %q", tt.method, tt.target, got, tt.body)
		}
		if got := w.Header().Get("RateLimit-Policy"); got != tt.policy {
			t.Errorf("%s %s: got policies %q, want %q", tt.method, tt.target, got, tt.policy)
		}
		if got := w.Header().Get("RateLimit"); got != tt.limit {
			t.Errorf("%s %s: got limits %q, want %q", tt.method, tt.target, got, tt.limit)
		}
	}
}

// TestSecondsRoundUp sees that whoever waits as long as an answer says does not come too early.
func TestSecondsRoundUp(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]int{time.Microsecond: 1, time.Second: 1, time.Second + time.Microsecond: 2, 12 * time.Minute: 720, 10 * time.Millisecond: 1} {
		if got := seconds(d); got != want {
			t.Errorf("%v: got %d, want %d", d, got, want)
		}
	}
}

// TestLimitHeadersAreSane sees that no policy has a name that breaks a header.
func TestLimitHeadersAreSane(t *testing.T) {
	t.Parallel()
	for _, p := range limit.Policies {
		if strings.Trim(p.Name, "abcdefghijklmnopqrstuvwxyz-") != "" {
			t.Errorf("got policy %q, want small letters and hyphens", p.Name)
		}
	}
}
