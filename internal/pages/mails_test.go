package pages

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"avow/internal/outbox"
)

func twoMails() []outbox.Captured {
	return []outbox.Captured{
		{ID: "dlv_2", To: "bo@example.com", From: "Acme <verify@example.org>", Subject: "Second", Text: "Hello,\n\nhttps://id.example.org/?a=1&b=2\n", HTML: "<p>Hi</p>", CreatedAt: testNow.Add(time.Minute)},
		{ID: "dlv_1", To: "anna@example.com", Subject: "First", CreatedAt: testNow},
	}
}

func TestMailListPage(t *testing.T) {
	t.Parallel()
	s := newSite(nil)
	expect(t, s.ask("GET", "/dev/mails", ""), 200, "No mail yet", "create_verification_request", "http://127.0.0.1:8080", "Reload")
	s.mails.mails = twoMails()
	w := s.ask("GET", "/dev/mails", "")
	expect(t, w, 200, "Second", "bo@example.com", `href="/dev/mails/dlv_2"`, `datetime="2024-01-14T12:01:00.123Z"`, `action="/dev/mails/clear"`, "Reload")
	if strings.Index(w.Body.String(), "Second") > strings.Index(w.Body.String(), "First") {
		t.Errorf("body: got\n%s\nwant the newest first", w.Body)
	}
}

func TestMailListForPrograms(t *testing.T) {
	t.Parallel()
	s := newSite(nil)
	expect(t, s.ask("GET", "/dev/mails", "", "Accept", "application/json"), 200)
	if got := s.ask("GET", "/dev/mails", "", "Accept", "application/json").Body.String(); got != "[]" {
		t.Errorf("empty list: got %s, want []", got)
	}
	s.mails.mails = twoMails()
	w := s.ask("GET", "/dev/mails", "", "Accept", "application/json")
	want := `[{"id":"dlv_2","to":"bo@example.com","from":"Acme <verify@example.org>","subject":"Second","text":"Hello,\n\nhttps://id.example.org/?a=1&b=2\n","html":"<p>Hi</p>","createdAt":"2024-01-14T12:01:00.123Z"},` +
		`{"id":"dlv_1","to":"anna@example.com","from":"","subject":"First","text":"","html":"","createdAt":"2024-01-14T12:00:00.123Z"}]`
	if diff := cmp.Diff(want, w.Body.String()); diff != "" {
		t.Errorf("list (-want +got):\n%s", diff)
	}
	if got := w.Header().Get("Content-Type"); got != "application/json" {
		t.Errorf("content type: got %q, want application/json", got)
	}
}

func TestMailListFilter(t *testing.T) {
	t.Parallel()
	s := newSite(nil)
	expect(t, s.ask("GET", "/dev/mails?to=anna%2Bx%40example.com", ""), 200, "No mail to anna&#43;x@example.com", `value="anna&#43;x@example.com"`)
	s.ask("GET", "/dev/mails?to=+anna@example.com", "", "Accept", "application/json")
	s.ask("GET", "/dev/mails", "")
	if diff := cmp.Diff([]string{"anna+x@example.com", "anna@example.com", ""}, s.mails.to); diff != "" {
		t.Errorf("filters (-want +got):\n%s", diff)
	}
}

func TestMailListIsBounded(t *testing.T) {
	t.Parallel()
	s := newSite(nil)
	s.mails.mails = make([]outbox.Captured, maxMails+1)
	w := s.ask("GET", "/dev/mails", "")
	expect(t, w, 200, "Only the newest 500 are shown", "(no subject)")
	if got := strings.Count(w.Body.String(), "<li>"); got != maxMails {
		t.Errorf("rows: got %d, want %d", got, maxMails)
	}
}

func TestMailPage(t *testing.T) {
	t.Parallel()
	s := newSite(nil)
	s.mails.mails = twoMails()
	w := s.ask("GET", "/dev/mails/dlv_2", "")
	expect(t, w, 200, "<h1>Second</h1>", "bo@example.com", "Acme &lt;verify@example.org&gt;",
		`<a href="https://id.example.org/?a=1&amp;b=2" target="_blank" rel="noopener noreferrer">https://id.example.org/?a=1&amp;b=2</a>`,
		`sandbox="allow-popups allow-popups-to-escape-sandbox" src="/dev/mails/dlv_2/html"`)
	expect(t, w, 200, `<dt>Link</dt><dd><code class="copyable">https://id.example.org/?a=1&amp;b=2</code>`, `<span class="tag">live</span>`)
	if got, want := w.Header().Get("Content-Security-Policy"), contentPolicy+"; script-src 'self'; frame-src 'self'"; got != want {
		t.Errorf("policy: got %q, want %q", got, want)
	}
	expect(t, s.ask("GET", "/dev/mails/dlv_1", "", "Accept", "application/json"), 200,
		`{"id":"dlv_1","to":"anna@example.com","from":"","subject":"First","text":"","html":"","createdAt":"2024-01-14T12:00:00.123Z"}`)
	expect(t, s.ask("GET", "/dev/mails/dlv_3", ""), 404, "There is nothing here")
	expect(t, s.ask("GET", "/dev/mails/dlv_3", "", "Accept", "application/json"), 404, `"message":"There is no such mail."`)
}

func TestMailHTMLIsShutIn(t *testing.T) {
	t.Parallel()
	s := newSite(nil)
	s.mails.mails = []outbox.Captured{{ID: "dlv_1", HTML: "<script>alert(1)</script>"}}
	w := s.ask("GET", "/dev/mails/dlv_1/html", "")
	expect(t, w, 200, "<script>alert(1)</script>")
	policy := w.Header().Get("Content-Security-Policy")
	for _, part := range []string{"sandbox", "default-src 'none'", "frame-ancestors 'self'"} {
		if !strings.Contains(policy, part) {
			t.Errorf("policy: got %q, want %q in it", policy, part)
		}
	}
	for _, part := range []string{"allow-scripts", "allow-same-origin", "script-src"} {
		if strings.Contains(policy, part) {
			t.Errorf("policy: got %q, want no %q in it", policy, part)
		}
	}
	expect(t, s.ask("GET", "/dev/mails/dlv_2/html", ""), 404)
}

func TestHostileMailIsShownAsText(t *testing.T) {
	t.Parallel()
	const script = "<script>alert(1)</script>"
	s := newSite(nil)
	s.mails.mails = []outbox.Captured{{ID: `"><script>`, To: script, From: script, Subject: script, Text: script + ` javascript:alert(1) https://a.example/"onclick="x`, CreatedAt: testNow}}
	for _, target := range []string{"/dev/mails", "/dev/mails/%22%3E%3Cscript%3E", "/dev/mails?to=%3Cscript%3E"} {
		w := s.ask("GET", target, "")
		expect(t, w, 200, "&lt;script&gt;")
		for _, unwanted := range []string{"<script", `"onclick`, `href="javascript`} {
			if strings.Contains(ownScript.ReplaceAllString(w.Body.String(), ""), unwanted) {
				t.Errorf("%s: got %q in\n%s\nwant it escaped", target, unwanted, w.Body)
			}
		}
	}
}

func TestMailsAreCleared(t *testing.T) {
	t.Parallel()
	s := newSite(nil)
	s.mails.mails = twoMails()
	expect(t, s.ask("DELETE", "/dev/mails", "", "Sec-Fetch-Site", "cross-site"), 403)
	expect(t, s.ask("POST", "/dev/mails/clear", "", "Origin", "https://evil.example"), 403)
	if len(s.mails.mails) != 2 {
		t.Fatalf("mails: got %d, want 2: another site must not clear them", len(s.mails.mails))
	}
	w := s.ask("DELETE", "/dev/mails", "")
	if w.Code != 204 || w.Body.Len() != 0 || len(s.mails.mails) != 0 {
		t.Errorf("DELETE: got %d, %q, %d mails, want 204, nothing, none", w.Code, w.Body, len(s.mails.mails))
	}
	s.mails.mails = twoMails()
	w = s.ask("POST", "/dev/mails/clear", "", "Sec-Fetch-Site", "same-origin")
	if w.Code != 303 || w.Header().Get("Location") != "/dev/mails" || len(s.mails.mails) != 0 {
		t.Errorf("form: got %d to %q, %d mails, want 303 to /dev/mails, none", w.Code, w.Header().Get("Location"), len(s.mails.mails))
	}
}

func TestBrokenMailbox(t *testing.T) {
	t.Parallel()
	s := newSite(nil)
	s.mails.mails = twoMails()
	s.mails.err = errors.New("SECRET detail")
	for target, method := range map[string]string{"/dev/mails": "GET", "/dev/mails/dlv_1": "GET", "/dev/mails/dlv_1/html": "GET", "/dev/mails/clear": "POST", "/dev/mails?": "DELETE"} {
		w := s.ask(method, target, "")
		s.mails.mails = twoMails()
		expect(t, w, 500, "Something went wrong here")
		if strings.Contains(w.Body.String(), "SECRET") {
			t.Errorf("%s: got\n%s\nwant nothing of the cause", target, w.Body)
		}
	}
}

// ownScript is the one script that pages have.
var ownScript = regexp.MustCompile(`<script src="/assets/dev\.js\?v=[0-9a-f]+" defer></script>`)

func TestListsCanKeepReloading(t *testing.T) {
	t.Parallel()
	s := newSite(nil)
	const every = `<meta http-equiv="refresh" content="2">`
	for target, c := range map[string]struct {
		on   bool
		turn string
	}{
		"/dev/mails":                                 {false, `href="/dev/mails?refresh=on"`},
		"/dev/mails?to=a%2Bb@example.com":            {false, `href="/dev/mails?refresh=on&amp;to=a%2Bb%40example.com"`},
		"/dev/mails?to=a%2Bb@example.com&refresh=on": {true, `href="/dev/mails?to=a%2Bb%40example.com"`},
		"/dev/mails?refresh=on":                      {true, `href="/dev/mails"`},
		"/dev/webhooks":                              {false, `href="/dev/webhooks?refresh=on"`},
		"/dev/webhooks?refresh=on":                   {true, `href="/dev/webhooks"`},
	} {
		w := s.ask("GET", target, "")
		expect(t, w, 200, c.turn)
		if got := strings.Contains(w.Body.String(), every); got != c.on {
			t.Errorf("%s: got reloading %t, want %t", target, got, c.on)
		}
	}
}

func TestModeOfAMailIsShown(t *testing.T) {
	t.Parallel()
	s := newSite(nil)
	s.mails.mails = []outbox.Captured{{ID: "dlv_1", Test: true}}
	for _, target := range []string{"/dev/mails", "/dev/mails/dlv_1"} {
		expect(t, s.ask("GET", target, ""), 200, `<span class="tag test">test</span>`)
	}
}

func TestCopyables(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]copyable{
		"":                        nil,
		"call 12345678901 or 42":  nil,
		"Your code:\n\n 123456\n": {{What: "Code", Value: "123456"}},
		"a https://a.example/x?id=1&confirmation_code=c-1&reviewerToken=t%2B1 b\nhttps://a.example/x?id=1&confirmation_code=c-1&reviewerToken=t%2B1\n": {
			{"Link", "https://a.example/x?id=1&confirmation_code=c-1&reviewerToken=t%2B1", "https://a.example/x?id=1&confirmation_code=c-1&reviewerToken=t%2B1"},
			{What: "confirmation_code", Value: "c-1"}, {What: "reviewerToken", Value: "t+1"},
		},
		"https://a.example/%zz?code=1": {{"Link", "https://a.example/%zz?code=1", "https://a.example/%zz?code=1"}},
		"https://a.example/?code=":     {{"Link", "https://a.example/?code=", "https://a.example/?code="}},
	} {
		if diff := cmp.Diff(want, copyables(text)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}

func TestSegments(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]segment{
		"":      {{}},
		"plain": {{Text: "plain"}},
		"see https://a.example/?b=c&d=e\nand http://f.example": {
			{Text: "see "}, {Text: "https://a.example/?b=c&d=e", Address: "https://a.example/?b=c&d=e"}, {Text: "\nand "}, {Text: "http://f.example", Address: "http://f.example"}, {},
		},
		"javascript:alert(1)": {{Text: "javascript:alert(1)"}},
	} {
		if diff := cmp.Diff(want, segments(text)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}
