package pages

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"avow/internal/outbox"
	"avow/internal/skill"
	"avow/internal/web"
)

// Signatures of {"a":1} by the secret "secret", made with another program.
const (
	rawBody   = `{"a":1}`
	rightSVP  = "aa9e2e3575f5d7098b6caccd790888c36d5fdb63342a73bada2d6a51747a8494"
	rightSign = "v1,W2qbVXvwB/sJzDkIn4LPLuiW1q66zL2esHV3yhYTIHs="
)

func calls(t *testing.T, s *site) []call {
	t.Helper()
	var list []call
	if err := json.Unmarshal(s.ask("GET", "/dev/webhooks", "", "Accept", "application/json").Body.Bytes(), &list); err != nil {
		t.Fatal(err)
	}
	return list
}

func TestCallIsRecorded(t *testing.T) {
	t.Parallel()
	s := newSite(nil)
	expect(t, s.ask("POST", "/dev/webhooks", rawBody, "Content-Type", "application/json", "X-Svp-Signature", rightSVP), 200, `{"id":"call_1"}`)
	want := `[{"id":"call_1","receivedAt":"2024-01-14T12:00:00.123Z","headers":{"content-type":"application/json","x-svp-signature":"` + rightSVP +
		`"},"body":"{\"a\":1}","signatures":{"svp":true,"standard":null}}]`
	if diff := cmp.Diff(want, s.ask("GET", "/dev/webhooks", "", "Accept", "application/json").Body.String()); diff != "" {
		t.Errorf("list (-want +got):\n%s", diff)
	}
	expect(t, s.ask("GET", "/dev/webhooks", ""), 200, "call_1", "&#34;a&#34;: 1", "{&#34;a&#34;:1}", `<span>x-svp-signature</span> <span><strong>valid</strong></span>`, "content-type",
		`action="/dev/webhooks/clear"`, `<span class="tag good">answered 200</span>`, "curl -i 'http://127.0.0.1:8080/dev/webhooks?status=500'")
}

func TestSignatures(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	standard := func(signature string) http.Header {
		return http.Header{"Webhook-Id": {"msg_1"}, "Webhook-Timestamp": {"1705233600"}, "Webhook-Signature": {signature}}
	}
	without := func(name string) http.Header {
		h := standard(rightSign)
		h.Del(name)
		return h
	}
	for name, c := range map[string]struct {
		header  http.Header
		body    string
		secrets []string
		want    signatures
	}{
		"none":                     {http.Header{}, rawBody, []string{"secret"}, signatures{}},
		"svp right":                {http.Header{"X-Svp-Signature": {rightSVP}}, rawBody, []string{"other", "secret"}, signatures{SVP: &yes}},
		"svp in capitals":          {http.Header{"X-Svp-Signature": {strings.ToUpper(rightSVP)}}, rawBody, []string{"secret"}, signatures{SVP: &no}},
		"svp of another body":      {http.Header{"X-Svp-Signature": {rightSVP}}, rawBody + " ", []string{"secret"}, signatures{SVP: &no}},
		"svp of another secret":    {http.Header{"X-Svp-Signature": {rightSVP}}, rawBody, []string{"other"}, signatures{SVP: &no}},
		"svp without secrets":      {http.Header{"X-Svp-Signature": {rightSVP}}, rawBody, nil, signatures{SVP: &no}},
		"standard right":           {standard(rightSign), rawBody, []string{"other", "secret"}, signatures{Standard: &yes}},
		"standard among several":   {standard("v1,AAAA " + rightSign + " v1a,BBBB"), rawBody, []string{"secret"}, signatures{Standard: &yes}},
		"standard of another kind": {standard("v2" + strings.TrimPrefix(rightSign, "v1")), rawBody, []string{"secret"}, signatures{Standard: &no}},
		"standard without id":      {without("Webhook-Id"), rawBody, []string{"secret"}, signatures{Standard: &no}},
		"standard without time":    {without("Webhook-Timestamp"), rawBody, []string{"secret"}, signatures{Standard: &no}},
		"standard of another body": {standard(rightSign), "{}", []string{"secret"}, signatures{Standard: &no}},
		"only an id":               {without("Webhook-Signature"), rawBody, []string{"secret"}, signatures{}},
	} {
		if diff := cmp.Diff(c.want, check(c.header, []byte(c.body), c.secrets)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestAnswerIsTheOneAskedFor(t *testing.T) {
	t.Parallel()
	s := newSite(nil)
	for status, want := range map[string]int{"": 200, "204": 204, "304": 304, "410": 410, "500": 500, "599": 599} {
		if got := s.ask("POST", "/dev/webhooks?status="+status, rawBody).Code; got != want {
			t.Errorf("status %q: got %d, want %d", status, got, want)
		}
	}
	if got := len(calls(t, s)); got != 6 {
		t.Errorf("calls: got %d, want all 6: a failing one too", got)
	}
	for _, status := range []string{"0", "100", "199", "600", "-1", "x", "5e2"} {
		expect(t, s.ask("POST", "/dev/webhooks?status="+status, rawBody, "Accept", "application/json"), 400, "200 to 599")
	}
}

func TestLastCallsAreKeptNewestFirst(t *testing.T) {
	t.Parallel()
	s := newSite(nil)
	for i := range maxCalls + 5 {
		s.ask("POST", "/dev/webhooks", strconv.Itoa(i))
	}
	got := calls(t, s)
	if len(got) != maxCalls || got[0].Body != "204" || got[0].ID != "call_205" || got[maxCalls-1].Body != "5" {
		t.Errorf("calls: got %d from %+v to %+v, want %d from body 204 to 5", len(got), got[0], got[len(got)-1], maxCalls)
	}
}

func TestLargeCallsAreRefused(t *testing.T) {
	t.Parallel()
	s := newSite(nil)
	expect(t, s.ask("POST", "/dev/webhooks", strings.Repeat("a", web.MaxBody+1)), 413)
	expect(t, s.ask("POST", "/dev/webhooks", strings.Repeat("a", web.MaxBody)), 200)
	if got := len(calls(t, s)); got != 1 {
		t.Errorf("calls: got %d, want the one that fits", got)
	}
}

func TestCallsAreCleared(t *testing.T) {
	t.Parallel()
	s := newSite(nil)
	s.ask("POST", "/dev/webhooks", rawBody)
	expect(t, s.ask("DELETE", "/dev/webhooks", ""), 204)
	if got := s.ask("GET", "/dev/webhooks", "", "Accept", "application/json").Body.String(); got != "[]" {
		t.Errorf("list: got %s, want []", got)
	}
	expect(t, s.ask("POST", "/dev/webhooks", rawBody), 200, "call_2")
	if w := s.ask("POST", "/dev/webhooks/clear", ""); w.Code != 303 || w.Header().Get("Location") != "/dev/webhooks" || len(calls(t, s)) != 0 {
		t.Errorf("form: got %d to %q, %d calls, want 303 to /dev/webhooks, none", w.Code, w.Header().Get("Location"), len(calls(t, s)))
	}
	expect(t, s.ask("GET", "/dev/webhooks", ""), 200, "No call yet", "http://127.0.0.1:8080/dev/webhooks", "callbackWebhookUrl")
}

func TestHostileCallIsShownAsText(t *testing.T) {
	t.Parallel()
	s := newSite(nil)
	s.ask("POST", "/dev/webhooks", "</pre><script>alert(1)</script>", "X-Evil", `<img src=x onerror="alert(1)">`)
	w := s.ask("GET", "/dev/webhooks", "")
	expect(t, w, 200, "&lt;script&gt;", "&lt;img")
	for _, unwanted := range []string{"<script", "<img"} {
		if strings.Contains(ownScript.ReplaceAllString(w.Body.String(), ""), unwanted) {
			t.Errorf("body: got %q in it, want it escaped", unwanted)
		}
	}
}

func TestEventIsTold(t *testing.T) {
	t.Parallel()
	s := newSite(nil)
	body := `{"event":"verification.completed","webhookEventId":"evt_1","mode":"test","status":"completed","keyId":7}`
	s.ask("POST", "/dev/webhooks?status=500", body, "Webhook-Id", "evt_1")
	s.ask("POST", "/dev/webhooks", body, "Webhook-Id", "evt_1")
	s.ask("POST", "/dev/webhooks", body, "Webhook-Id", "evt_2")
	s.ask("POST", "/dev/webhooks", `["event"]`)
	w := s.ask("GET", "/dev/webhooks", "")
	expect(t, w, 200, "<h2>verification.completed", "<dt>webhookEventId</dt> <dd>evt_1</dd>", "<dt>mode</dt> <dd>test</dd>", "<dt>status</dt> <dd>completed</dd>",
		`<span class="tag bad">answered 500</span>`, `<span class="tag">call 2 of this event</span>`, "<h2>No event")
	if got := strings.Count(w.Body.String(), "of this event"); got != 1 {
		t.Errorf("repeated calls: got %d, want 1", got)
	}
}

func TestVerdictsHaveReasons(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	standard := func(signature, stamp string) map[string]string {
		return map[string]string{idHeader: "msg_1", timestampHeader: stamp, standardHeader: signature}
	}
	const now = "1705233600" // testNow
	of32 := "v1," + base64.StdEncoding.EncodeToString(make([]byte, 32))
	for name, c := range map[string]struct {
		headers map[string]string
		s       signatures
		svp     string // class, verdict and reason
		std     string
	}{
		"nothing sent":        {nil, signatures{}, "none not sent", "none not sent"},
		"svp right":           {map[string]string{svpHeader: rightSVP}, signatures{SVP: &yes}, "good valid", "none not sent"},
		"svp in capitals":     {map[string]string{svpHeader: strings.ToUpper(rightSVP)}, signatures{SVP: &no}, "bad wrong it has capitals, and must be lower-case hex", "none not sent"},
		"svp is no hex":       {map[string]string{svpHeader: "sha256=" + rightSVP}, signatures{SVP: &no}, "bad wrong it must be 64 digits of lower-case hex", "none not sent"},
		"svp of another":      {map[string]string{svpHeader: rightSVP}, signatures{SVP: &no}, "bad wrong " + otherBody, "none not sent"},
		"standard right":      {standard(of32, now), signatures{Standard: &yes}, "none not sent", "good valid"},
		"standard right, old": {standard(of32, "1705233299"), signatures{Standard: &yes}, "none not sent", "good valid but webhook-timestamp is off by 5m1s: receivers refuse more than 5m0s"},
		"standard, no time":   {standard(of32, "soon"), signatures{Standard: &yes}, "none not sent", "good valid webhook-timestamp is no number of seconds"},
		"standard wrong":      {standard("v2,x "+of32, now), signatures{Standard: &no}, "none not sent", "bad wrong " + otherSigned},
		"standard of no form": {standard("v1,AAAA", now), signatures{Standard: &no}, "none not sent", "bad wrong none of its signatures has the form v1,<base64 of 32 bytes>"},
		"standard without id": {map[string]string{standardHeader: of32, timestampHeader: now}, signatures{Standard: &no}, "none not sent", "bad wrong no header webhook-id, which is signed, too"},
		"standard, time gone": {map[string]string{standardHeader: of32, idHeader: "msg_1"}, signatures{Standard: &no}, "none not sent", "bad wrong no header webhook-timestamp, which is signed, too"},
	} {
		var got []string
		for _, one := range checksOf(call{Headers: c.headers, Signatures: c.s, at: testNow}) {
			got = append(got, strings.TrimSpace(one.Class+" "+one.Verdict+" "+one.Why))
		}
		if diff := cmp.Diff([]string{c.svp, c.std}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestSecretsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	broken := newSite(func(o *Options) {
		o.Dev.Secrets = func(context.Context) ([]string, error) { return nil, errors.New("SECRET detail") }
	})
	expect(t, broken.ask("POST", "/dev/webhooks", rawBody), 500)
	without := newSite(func(o *Options) { o.Dev.Secrets = nil })
	expect(t, without.ask("POST", "/dev/webhooks", rawBody, "X-Svp-Signature", rightSVP), 200)
	if got := calls(t, without)[0].Signatures.SVP; got == nil || *got {
		t.Errorf("signature: got %v, want false", got)
	}
}

func TestEveryTemplateFilledAndEmpty(t *testing.T) {
	t.Parallel()
	yes := true
	filled := map[string][]any{
		"start": {nil}, "confirmed": {nil}, "refused": {nil},
		"confirm": {confirmation{}, confirmation{ID: "1", Code: "2"}},
		"problem": {problem{}, problem{Title: "T", Text: "X", RequestID: "r"}},
		"mails":   {mailList{}, mailList{To: "a@example.com"}, mailList{Mails: twoMails(), Full: true}},
		"mail":    {mailDetail{}, mailDetail{Mail: outbox.Captured{Test: true}, Text: segments("https://a.example"), Copies: copyables("https://a.example?code=1")}},
		"review": {
			review{}, reviewOf(someReview(), ask{"ver", "tok"}, nil), review{ReviewPage: someReview(), Missing: true, Skills: []reviewedSkill{{}}},
			reviewOf(skill.ReviewPage{MayAnswer: true, Test: true}, ask{}, nil),
		},
		"reviewed": {review{}}, "noreview": {review{}}, "answered": {thanks{}, thanks{Declined: true}, thanks{Endorsed: skill.Endorsed{Verified: 1}}, thanks{Endorsed: skill.Endorsed{Verified: 2}}},
		"assess": {assessment{}, assessmentOf(untouched(), "tok")}, "questions": {assessment{}, assessmentOf(stages()["open"], "tok")}, "notpassed": {assessment{}}, "passed": {assessment{}},
		"noassess": {"unknown", "human", "unready", "taken", "unmade"},
		"webhooks": {webhookList{}, webhookList{reloading: reloading{Refresh: true}, Calls: []shownCall{{}, shownCallOf(call{Signatures: signatures{SVP: &yes}, Body: `{"event":"e","mode":"test"}`})}}},
	}
	for _, o := range []Options{{}, {Version: "1", PublicURL: "http://a.example", Dev: &Dev{}}} {
		p := New(o)
		for name := range p.templates {
			if len(filled[name]) == 0 {
				t.Errorf("%s: got no data to fill it with, want some in this test", name)
			}
			for _, data := range filled[name] {
				if err := p.templates[name].Execute(&strings.Builder{}, frame{Version: o.Version, PublicURL: o.PublicURL, Dev: o.Dev != nil, Page: data}); err != nil {
					t.Errorf("%s with %+v: got %v, want no error", name, data, err)
				}
			}
		}
	}
}
