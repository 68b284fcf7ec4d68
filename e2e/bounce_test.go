//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A mail goes to the second relay while nobody listens at the first; then it comes back, and a mail server pipes that into the command.
func TestSecondRelayAndBounce(t *testing.T) {
	t.Parallel()
	r, o := startRelay(t, 0), newOperator(t)
	p := startServer(t, o.data, append(o.env, production(nowhere+",smtp://"+r.address)...), "serve")
	d := oneMail(t, o, p.ready.URL)
	letter := r.letterTo(t, someEmail)
	d = o.awaitState(t, d.ID, "handed to relay")
	want(t, "relays that were asked", d.Attempts[0].Relay, "127.0.0.1:9, "+r.address)

	report := bounceOf(letter)
	for i, known := range []string{"false", "true"} {
		got, err := o.run(report, "mail", "bounce")
		if err != nil || got.code != 0 || got.stderr != "" {
			t.Fatalf("report %d: got %+v, %v, want it taken", i+1, got, err)
		}
		want(t, "what it says", strings.TrimSpace(got.stdout), `{"id":"`+d.ID+`","state":"bounced","action":"failed","code":"5.1.1","known":`+known+`}`)
	}
	o.awaitState(t, d.ID, "bounced")
	if shown := o.must(t, "deliveries", "show", d.ID); !strings.Contains(shown, `"reports":[{"at":"`) || !strings.Contains(shown, `"diagnostic":"smtp; 550 no such user"`) {
		t.Errorf("got %s, want the report in it", shown)
	}
	want(t, "list by state", strings.Contains(o.must(t, "deliveries", "list", "--state", "bounced"), d.ID), true)

	file := filepath.Join(t.TempDir(), "m")
	if err := os.WriteFile(file, []byte("From x\nSubject: no bounce\n\nhello\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	broken := operator{data: o.data, env: append(slices.Clone(o.env), "AVOW_DATABASE_URL=postgres://127.0.0.1:9/avow?connect_timeout=1")}
	for name, c := range map[string]struct {
		by    operator
		stdin string
		file  string
		code  int
	}{
		"no bounce":         {o, "", file, 65},
		"no such mail":      {o, strings.Replace(report, d.ID, "dlv_none", 1), "-", 65},
		"another recipient": {o, strings.Replace(report, someEmail, "eve@example.com", 1), "-", 65},
		"too large":         {o, report + strings.Repeat("x", 1<<20), "-", 65},
		"no database":       {broken, report, "-", 75},
		"no such file":      {o, "", file + ".none", 75},
	} {
		got, err := c.by.run(c.stdin, "mail", "bounce", c.file)
		if err != nil || got.code != c.code || !strings.HasPrefix(got.stderr, "avow: ") || got.stdout != "" {
			t.Errorf("%s: got %+v, %v, want exit code %d and a reason", name, got, err, c.code)
		}
	}
}

// bounceOf is what a mail server sends back.
func bounceOf(l letter) string {
	return `From MAILER-DAEMON Mon Jan  1 00:00:00 2024
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

No.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; ` + l.to + `
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 no such user

--b
Content-Type: text/rfc822-headers

Message-ID: ` + l.id + `

--b--
`
}
