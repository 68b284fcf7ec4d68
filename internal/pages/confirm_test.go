package pages

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"avow/internal/account"
	"avow/internal/fault"
)

const goodForm = "id=65a3d2c00123456789abcdef&confirmation_code=6f1c2a34"

func TestLookingAtTheLinkChangesNothing(t *testing.T) {
	t.Parallel()
	s := newSite(nil)
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		expect(t, s.ask(method, "/confirm?"+goodForm, ""), 200)
	}
	if len(s.verifier.calls) != 0 {
		t.Errorf("verifier: got calls %q, want none", s.verifier.calls)
	}
}

func TestLinkShowsAFormWithItsValues(t *testing.T) {
	t.Parallel()
	w := newSite(nil).ask("GET", "/confirm?"+goodForm, "")
	expect(t, w, 200, `<form method="post" action="/confirm">`, `name="id" value="65a3d2c00123456789abcdef"`, `name="confirmation_code" value="6f1c2a34"`, "Confirm my e-mail address</button>")
	if strings.Contains(w.Body.String(), "<script") {
		t.Errorf("body: got\n%s\nwant no script", w.Body)
	}
}

func TestLinkLooksTheSameForAnyID(t *testing.T) {
	t.Parallel()
	s := newSite(nil)
	first := s.ask("GET", "/confirm?id=AAAA&confirmation_code=BBBB", "")
	second := s.ask("GET", "/confirm?id=CCCC&confirmation_code=DDDD", "")
	if diff := cmp.Diff(first.Header(), second.Header()); diff != "" {
		t.Errorf("headers (-first +second):\n%s", diff)
	}
	same := strings.NewReplacer("CCCC", "AAAA", "DDDD", "BBBB").Replace(second.Body.String())
	if diff := cmp.Diff(first.Body.String(), same); diff != "" {
		t.Errorf("body (-first +second):\n%s", diff)
	}
}

func TestLinkValuesAreEscaped(t *testing.T) {
	t.Parallel()
	hostile := url.Values{"id": {`"><script>alert(1)</script>`}, "confirmation_code": {`' onfocus=alert(1) x='`}}
	w := newSite(nil).ask("GET", "/confirm?"+hostile.Encode(), "")
	expect(t, w, 200, `value="&#34;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"`, `value="&#39; onfocus=alert(1) x=&#39;"`)
}

func TestButtonVerifies(t *testing.T) {
	t.Parallel()
	s := newSite(nil)
	expect(t, s.ask("POST", "/confirm", goodForm), 200, "Your e-mail address is confirmed")
	if diff := cmp.Diff([]string{"65a3d2c00123456789abcdef 6f1c2a34"}, s.verifier.calls); diff != "" {
		t.Errorf("verifier (-want +got):\n%s", diff)
	}
}

func TestEveryRefusalLooksTheSame(t *testing.T) {
	t.Parallel()
	var bodies []string
	for _, err := range []error{account.ErrCodeInvalid, account.ErrAlreadyVerified, fault.New(fault.NotFound, "x", "x"), fault.New(fault.Expired, "x", "x"), fault.New(fault.Forbidden, "x", "x")} {
		s := newSite(nil)
		s.verifier.err = err
		w := s.ask("POST", "/confirm", goodForm)
		expect(t, w, 409, "This link does not work any more", "ask for a new mail")
		bodies = append(bodies, w.Body.String())
	}
	bodies = append(bodies, newSite(nil).ask("GET", "/confirm?id=1", "").Body.String())
	for _, body := range bodies {
		if diff := cmp.Diff(bodies[0], body); diff != "" {
			t.Errorf("page (-first +this):\n%s", diff)
		}
	}
}

func TestIncompleteLinks(t *testing.T) {
	t.Parallel()
	s := newSite(nil)
	for _, values := range []string{"id=1", "confirmation_code=2", "id=&confirmation_code=2", "id=1&confirmation_code=", "other=1"} {
		expect(t, s.ask("GET", "/confirm?"+values, ""), 400, "This link does not work any more")
		expect(t, s.ask("POST", "/confirm", values), 400, "This link does not work any more")
	}
	expect(t, s.ask("POST", "/confirm?"+goodForm, ""), 400)
	expect(t, s.ask("POST", "/confirm", `{"id":"1","confirmation_code":"2"}`, "Content-Type", "application/json"), 400)
	expect(t, s.ask("POST", "/confirm", goodForm+"&broken=%zz;"), 400)
	if len(s.verifier.calls) != 0 {
		t.Errorf("verifier: got calls %q, want none", s.verifier.calls)
	}
}

func TestFaultsOfTheServer(t *testing.T) {
	t.Parallel()
	busy := fault.New(fault.Unavailable, "busy", "x")
	busy.After = 1500 * time.Millisecond
	for name, c := range map[string]struct {
		err    error
		status int
		retry  string
		text   string
	}{
		"unknown":  {errors.New("SECRET detail"), 500, "", "Something went wrong here"},
		"busy":     {busy, 503, "2", "Please try again in a moment"},
		"too many": {fault.New(fault.TooMany, "limit", "x"), 429, "", "Please wait a little"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(nil)
			s.verifier.err = c.err
			w := s.ask("POST", "/confirm", goodForm)
			expect(t, w, c.status, c.text)
			if got := w.Header().Get("Retry-After"); got != c.retry {
				t.Errorf("Retry-After: got %q, want %q", got, c.retry)
			}
			if strings.Contains(w.Body.String(), "SECRET") {
				t.Errorf("body: got\n%s\nwant nothing of the cause", w.Body)
			}
		})
	}
}

func TestInternalFaultsNameTheRequest(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]string{500: "req-1", 503: "req-1", 404: "", 403: "", 429: ""} {
		if got := problemOf(status, "req-1"); got.RequestID != want || got.Title == "" {
			t.Errorf("%d: got %+v, want request %q and a title", status, got, want)
		}
	}
}

func TestFormIsBounded(t *testing.T) {
	t.Parallel()
	s := newSite(nil)
	expect(t, s.ask("POST", "/confirm", goodForm+"&x="+strings.Repeat("a", maxForm)), 413, "That was too much")
	expect(t, s.ask("POST", "/confirm", goodForm+"&x="+strings.Repeat("a", maxForm-len(goodForm)-3)), 200)
}

func TestOtherSitesCannotPressTheButton(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		headers []string
		status  int
	}{
		"own page":                     {[]string{"Sec-Fetch-Site", "same-origin", "Origin", "null"}, 200},
		"own page, by its origin":      {[]string{"Origin", "http://example.com"}, 200},
		"typed or no browser":          {nil, 200},
		"browser that does not say":    {[]string{"Origin", "null"}, 200},
		"other site":                   {[]string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"}, 403},
		"other site that hides itself": {[]string{"Sec-Fetch-Site", "cross-site", "Origin", "null"}, 403},
		"sister site":                  {[]string{"Sec-Fetch-Site", "same-site"}, 403},
		"other site, by its origin":    {[]string{"Origin", "https://evil.example"}, 403},
	} {
		s := newSite(nil)
		w := s.ask("POST", "/confirm", goodForm, c.headers...)
		if w.Code != c.status || (len(s.verifier.calls) == 1) != (c.status == 200) {
			t.Errorf("%s: got %d and calls %q, want %d", name, w.Code, s.verifier.calls, c.status)
		}
	}
}
