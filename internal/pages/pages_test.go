package pages

import (
	"context"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"avow/internal/outbox"
)

var testNow = time.Date(2024, time.January, 14, 12, 0, 0, 123456789, time.UTC)

// fakeVerifier counts calls and answers with err.
type fakeVerifier struct {
	calls []string
	err   error
}

func (f *fakeVerifier) VerifyOnPage(_ context.Context, id, code string) error {
	f.calls = append(f.calls, id+" "+code)
	return f.err
}

// memory is a Mailbox, newest first.
type memory struct {
	mu    sync.Mutex
	mails []outbox.Captured
	to    []string // the filters that were asked for
	err   error
}

func (m *memory) Keep(context.Context, outbox.Captured) error { return m.err }

func (m *memory) Mails(_ context.Context, to string, limit int) ([]outbox.Captured, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.to = append(m.to, to)
	return m.mails[:min(limit, len(m.mails))], m.err
}

func (m *memory) MailByID(_ context.Context, id string) (outbox.Captured, error) {
	i := slices.IndexFunc(m.mails, func(c outbox.Captured) bool { return c.ID == id })
	if i < 0 {
		return outbox.Captured{}, outbox.ErrMailUnknown
	}
	return m.mails[i], m.err
}

func (m *memory) ClearMails(context.Context) error {
	m.mails = nil
	return m.err
}

// site is the pages of a test, with what they stand on.
type site struct {
	*http.ServeMux
	pages     *Pages
	verifier  *fakeVerifier
	reviews   *fakeReviews
	assessing *fakeAssessing
	mails     *memory
	secrets   []string
}

// newSite makes pages as `avow dev` has them; change may change that.
func newSite(change func(*Options)) *site {
	s := &site{ServeMux: http.NewServeMux(), verifier: &fakeVerifier{}, reviews: &fakeReviews{page: someReview()}, assessing: &fakeAssessing{page: untouched()}, mails: &memory{}, secrets: []string{"other", "secret"}}
	o := Options{Version: "1.2.3", PublicURL: "http://127.0.0.1:8080", Verifier: s.verifier, Reviews: s.reviews, Assessments: s.assessing, Dev: &Dev{
		Mails: s.mails, Now: func() time.Time { return testNow }, Secrets: func(context.Context) ([]string, error) { return s.secrets, nil },
	}}
	if change != nil {
		change(&o)
	}
	s.pages = New(o)
	s.pages.Register(s.ServeMux)
	return s
}

func outsideDev(o *Options) { o.Dev = nil }

// ask sends one request; headers are names and values in turn. A body is sent as a form.
func (s *site) ask(method, target, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func expect(t *testing.T, w *httptest.ResponseRecorder, status int, parts ...string) {
	t.Helper()
	if w.Code != status {
		t.Errorf("status: got %d, want %d", w.Code, status)
	}
	for _, part := range parts {
		if !strings.Contains(w.Body.String(), part) {
			t.Errorf("body: got\n%s\nwant %q in it", w.Body, part)
		}
	}
}

func TestEveryAnswerIsProtected(t *testing.T) {
	t.Parallel()
	s := newSite(nil)
	s.mails.mails = []outbox.Captured{{ID: "dlv_1"}}
	for target, status := range map[string]int{
		"/": 200, "/confirm?id=1&confirmation_code=2": 200, "/confirm": 400, "/review": 400, goodAsk: 200, "/assess": 400, goodPass: 200, "/assess?sessionToken=bad": 404, badAsk: 404, "/nothing/here": 404, "/dev/mails": 200, "/dev/mails/dlv_2": 404, "/dev/webhooks": 200,
	} {
		w := s.ask("GET", target, "")
		expect(t, w, status, "<!doctype html>", `<html lang="en">`, "<h1>", "<title>")
		got := map[string]string{}
		for _, name := range []string{"Content-Type", "Content-Security-Policy", "Referrer-Policy", "Cache-Control", "X-Content-Type-Options"} {
			got[name] = w.Header().Get(name)
		}
		policy := "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
		if strings.HasPrefix(target, "/dev/") && status == 200 {
			policy += "; script-src 'self'"
		}
		want := map[string]string{
			"Content-Type":            "text/html; charset=utf-8",
			"Content-Security-Policy": policy,
			"Referrer-Policy":         "no-referrer", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: headers (-want +got):\n%s", target, diff)
		}
	}
}

var loaded = regexp.MustCompile(`(?:href|src)="(/assets/[^"]*)"`)

func TestPagesLoadNothingButAssets(t *testing.T) {
	t.Parallel()
	s := newSite(nil)
	s.mails.mails = twoMails()
	for target, want := range map[string]string{
		"/": "pages.css", "/confirm?id=1&confirmation_code=2": "pages.css", "/dev/mails": "pages.css dev.css dev.js", "/dev/mails/dlv_2": "pages.css dev.css dev.js", "/dev/webhooks": "pages.css dev.css dev.js",
	} {
		var names []string
		for _, found := range loaded.FindAllStringSubmatch(s.ask("GET", target, "").Body.String(), -1) {
			names = append(names, wantAsset(t, s, found[1]))
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s: got %s loaded, want %s", target, got, want)
		}
	}
	expect(t, s.ask("GET", "/assets/pages.css", ""), 200, "prefers-color-scheme: dark")
}

// wantAsset fails unless an asset is kept for good under an address of its content, and loads nothing itself. It returns its name.
func wantAsset(t *testing.T, s *site, address string) (name string) {
	t.Helper()
	w := s.ask("GET", address, "")
	expect(t, w, 200)
	path, version, _ := strings.Cut(address, "?v=")
	kinds := map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}
	if got := w.Header().Get("Content-Type"); got != kinds[path[strings.LastIndex(path, "."):]] {
		t.Errorf("%s: got content type %q, want that of its name", address, got)
	}
	if got := w.Header().Get("Cache-Control"); !strings.Contains(got, "immutable") || version == "" {
		t.Errorf("%s: got Cache-Control %q, want it kept for good under an address of its content", address, got)
	}
	for _, unwanted := range []string{"url(", "@import", "http://", "https://", "fetch(", "innerHTML"} {
		if strings.Contains(w.Body.String(), unwanted) {
			t.Errorf("%s: got %q in it, want nothing loaded", address, unwanted)
		}
	}
	return strings.TrimPrefix(path, "/assets/")
}

func TestStartPage(t *testing.T) {
	t.Parallel()
	expect(t, newSite(nil).ask("GET", "/", ""), 200, "avow", "1.2.3", `href="/dev/mails"`, `href="/dev/webhooks"`)
	w := newSite(outsideDev).ask("GET", "/", "")
	expect(t, w, 200, "avow", "1.2.3")
	if strings.Contains(w.Body.String(), "/dev/") {
		t.Errorf("outside dev: got\n%s\nwant no link below /dev/", w.Body)
	}
}

func TestOutsideDevThereIsNothingBelowDev(t *testing.T) {
	t.Parallel()
	s := newSite(outsideDev)
	for _, method := range []string{"GET", "POST", "DELETE"} {
		for _, target := range []string{"/dev", "/dev/", "/dev/mails", "/dev/mails/dlv_1", "/dev/mails/dlv_1/html", "/dev/mails/clear", "/dev/webhooks", "/dev/webhooks/clear"} {
			if got := s.ask(method, target, "").Code; got != http.StatusNotFound {
				t.Errorf("%s %s: got %d, want 404", method, target, got)
			}
		}
	}
}

func TestWrongMethodsAreToldTheRightOnes(t *testing.T) {
	t.Parallel()
	s := newSite(nil)
	for target, want := range map[string]string{
		"/": "GET, HEAD", "/confirm": "GET, HEAD, POST", "/review": "GET, HEAD, POST", "/assess": "GET, HEAD, POST", "/assets/pages.css": "GET, HEAD", "/assets/dev.js": "GET, HEAD",
		"/dev/mails": "DELETE, GET, HEAD", "/dev/mails/dlv_1": "GET, HEAD", "/dev/mails/dlv_1/html": "GET, HEAD", "/dev/mails/clear": "POST",
		"/dev/webhooks": "DELETE, GET, HEAD, POST", "/dev/webhooks/clear": "POST",
	} {
		w := s.ask("PATCH", target, "")
		if got := w.Header().Get("Allow"); w.Code != http.StatusMethodNotAllowed || got != want {
			t.Errorf("%s: got %d, Allow %q, want 405, %q", target, w.Code, got, want)
		}
	}
}

func TestUnknownPathsHaveAPage(t *testing.T) {
	t.Parallel()
	s := newSite(nil)
	for _, method := range []string{"GET", "POST", "DELETE"} {
		expect(t, s.ask(method, "/no/such/page", ""), 404, "There is nothing here")
	}
	expect(t, s.ask("GET", "/no/such/page", "", "Accept", "application/json"), 404, `{"code":"route_unknown",`)
}

func TestWhoAcceptsJSON(t *testing.T) {
	t.Parallel()
	for accept, want := range map[string]bool{
		"": false, "*/*": false, "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8": false,
		"application/json": true, "Application/JSON; charset=utf-8": true, "text/plain, application/json;q=0.9": true,
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Accept", accept)
		if got := wantsJSON(r); got != want {
			t.Errorf("%q: got %v, want %v", accept, got, want)
		}
	}
}
