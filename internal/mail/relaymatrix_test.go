package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"avow/internal/outbox"
)

// outcome is what an attempt means for a delivery, in the words of docs/mail.md.
type outcome string

const (
	delivered outcome = "delivered"
	permanent outcome = "permanent"
	retried   outcome = "retried"
	uncertain outcome = "uncertain"
)

func outcomeOf(err error) outcome {
	switch {
	case err == nil:
		return delivered
	case errors.Is(err, outbox.ErrUncertain):
		return uncertain
	case errors.Is(err, outbox.ErrPermanent):
		return permanent
	}
	return retried
}

// matrix says for each step what becomes of a mail when the relay answers with a temporary code or a permanent one, falls silent, or is gone.
var matrix = []struct {
	at                               step
	temporary, refused, silent, gone outcome
}{
	{greeting, retried, retried, retried, retried},
	{hello, retried, retried, retried, retried},
	{encrypting, retried, retried, retried, retried},
	{loggingIn, retried, retried, retried, retried},
	{sender, retried, permanent, retried, retried},
	{recipient, retried, permanent, retried, retried},
	{data, retried, permanent, retried, retried},
	{content, "", "", retried, retried},
	{ending, retried, permanent, uncertain, uncertain},
}

func TestRelayMatrixIsDocumented(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/mail.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range matrix {
		cells := []string{string(row.at), string(row.temporary), string(row.refused), string(row.silent), string(row.gone)}
		for i, cell := range cells {
			if cell == "" {
				cells[i] = "–"
			}
		}
		if line := "| " + strings.Join(cells, " | ") + " |"; !strings.Contains(string(text), "\n"+line+"\n") {
			t.Errorf("docs/mail.md: got no row %s, want one", line)
		}
	}
}

// attempt sends one mail to a scripted relay, with a password and encryption. A long mail does not fit into the buffers of a connection.
func attempt(t *testing.T, p play) (*scripted, outbox.Answer, error) {
	t.Helper()
	certificate, trust := selfSigned(t)
	relay := startScripted(t, &scripted{play: p, tls: certificate})
	link := testLink
	if p.at == content {
		link += strings.Repeat("x", 2<<20)
	}
	s := newSMTP(t, "smtp://anna:PASSWORD@"+relay.address+"?tls=required", SMTPOptions{TLS: trust})
	answer, err := s.Send(relay.until(t), delivery("anna@example.com", confirmation(map[string]any{"link": link})))
	return relay, answer, err
}

func TestRelayMatrix(t *testing.T) {
	t.Parallel()
	for _, row := range matrix {
		for does, want := range map[string]outcome{"451 4.3.2 not now": row.temporary, "554 5.7.1 never": row.refused, hangs: row.silent, drops: row.gone} {
			if want == "" {
				continue
			}
			t.Run(fmt.Sprintf("%s/%s", row.at, does), func(t *testing.T) {
				t.Parallel()
				_, answer, err := attempt(t, play{row.at, does})
				if got := outcomeOf(err); got != want {
					t.Errorf("got %s (%v), want %s", got, err, want)
				}
				wantAnswer := outbox.Answer{Relay: "127.0.0.1"}
				if code, text, spoken := strings.Cut(does, " "); spoken && code != does {
					_, _ = fmt.Sscan(code, &wantAnswer.Code)
					wantAnswer.Text = text
				}
				if answer != wantAnswer {
					t.Errorf("answer: got %+v, want %+v", answer, wantAnswer)
				}
				named := strings.Contains(err.Error(), "mail relay, "+string(row.at)+": ") || row.at == greeting && strings.Contains(err.Error(), string(connecting))
				if !named || leaks(err.Error()) {
					t.Errorf("error: got %q, want the step named, and nothing of the mail or the password", err)
				}
				if does == hangs && !errors.Is(err, context.Canceled) {
					t.Errorf("error: got %v, want the end of the context in it", err)
				}
			})
		}
	}
}

// leaks reports whether a text holds something of the mail or the password.
func leaks(text string) bool {
	return strings.Contains(text, "PASSWORD") || strings.Contains(text, "6f1c2a34") || strings.Contains(text, "confirmation_code")
}

// What a relay says that is no plain yes or no.
func TestRelayOddities(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		play
		want outcome
		code int
		text string
	}{
		"a whole dialogue":               {play{}, delivered, 250, "2.0.0 queued as 4711"},
		"byte by byte":                   {play{"every", slow}, delivered, 250, "2.0.0 queued as 4711"},
		"another yes at the end":         {play{ending, "251 2.6.0 later"}, delivered, 251, "2.6.0 later"},
		"a yes of several lines":         {play{ending, "250-2.0.0 a\r\n250 2.0.0 b"}, delivered, 250, "2.0.0 a 2.0.0 b"},
		"forwarded":                      {play{recipient, "251 will forward"}, delivered, 250, "2.0.0 queued as 4711"},
		"no code at the end":             {play{ending, "queued"}, uncertain, 0, ""},
		"go on at the end":               {play{ending, "354 go on"}, uncertain, 354, "go on"},
		"shuts down at the end":          {play{ending, "421 4.3.2 shutting down"}, retried, 421, "4.3.2 shutting down"},
		"shuts down in between":          {play{recipient, "421 4.3.2 shutting down"}, retried, 421, "4.3.2 shutting down"},
		"wants a log-in for MAIL":        {play{sender, "530 5.7.0 log in first"}, retried, 530, "5.7.0 log in first"},
		"wants encryption for RCPT":      {play{recipient, "538 5.7.11 encrypt first"}, retried, 538, "5.7.11 encrypt first"},
		"refuses the password":           {play{loggingIn, "535 5.7.8 no"}, retried, 535, "5.7.8 no"},
		"yes to DATA":                    {play{data, "250 ok"}, retried, 250, "ok"},
		"no code in the greeting":        {play{greeting, "hello"}, retried, 0, ""},
		"hangs at the goodbye":           {play{quitting, hangs}, delivered, 250, "2.0.0 queued as 4711"},
		"drops at the goodbye":           {play{quitting, drops}, delivered, 250, "2.0.0 queued as 4711"},
		"quotes the link":                {play{ending, "554 5.7.1 blocked: " + testLink}, permanent, 554, "5.7.1 blocked: https://id.example.org/confirm?id=…&confirmation_code=…"},
		"quotes the code":                {play{recipient, "550 6f1c2a34-5b6d-4e7f-8a9b-0c1d2e3f4a5b"}, permanent, 550, "…"},
		"quotes the password":            {play{loggingIn, "535 PASSWORD is wrong"}, retried, 535, "… is wrong"},
		"controls in the words":          {play{recipient, "550 a\x1b[31m\u202eb\xff\tc"}, permanent, 550, "a [31m b c"},
		"a TLS handshake that fails":     {play{encrypting, lies}, retried, 0, ""},
		"answers for hours in one reply": {play{recipient, strings.Repeat("250-x\r\n", 1000) + "250 ok"}, delivered, 250, "2.0.0 queued as 4711"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			relay, answer, err := attempt(t, c.play)
			if got := outcomeOf(err); got != c.want {
				t.Errorf("got %s (%v), want %s", got, err, c.want)
			}
			if want := (outbox.Answer{Code: c.code, Text: c.text, Relay: "127.0.0.1"}); answer != want {
				t.Errorf("answer: got %+v, want %+v", answer, want)
			}
			if c.want == delivered && relay.mails() != 1 {
				t.Errorf("mails: got %d, want 1", relay.mails())
			}
			if err != nil && leaks(strings.ReplaceAll(err.Error(), "confirmation_code=…", "")) {
				t.Errorf("error: got %q, want nothing of the mail or the password", err)
			}
		})
	}
}

// A relay that cannot be trusted, or talked to without others listening, gets neither password nor mail.
func TestRelayWithoutGoodEncryption(t *testing.T) {
	t.Parallel()
	certificate, trust := selfSigned(t)
	elsewhere, _ := selfSigned(t)
	for name, c := range map[string]struct {
		offered, trusted *tls.Config
		url              string // with %s for the address
		want             string // of the error
	}{
		"required, but not offered":         {nil, trust, "smtp://anna:PASSWORD@%s?tls=required", "does not offer STARTTLS"},
		"somebody else's certificate":       {elsewhere, trust, "smtp://%s", "certificate"},
		"certificate of nobody known":       {certificate, nil, "smtp://anna:PASSWORD@%s?tls=required", "certificate"},
		"certificate of another name":       {certificate, trust, "smtp://localhost:%s?tls=required", "certificate"},
		"an old version":                    {withVersion(certificate, tls.VersionTLS11), trust, "smtp://%s?tls=required", "protocol version"},
		"no TLS where it should be at once": {nil, trust, "smtps://anna:PASSWORD@%s", "does not look like a TLS handshake"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			relay := startScripted(t, &scripted{tls: c.offered})
			address := relay.address
			if strings.Contains(c.url, "localhost") {
				_, address, _ = strings.Cut(address, ":")
			}
			s := newSMTP(t, fmt.Sprintf(c.url, address), SMTPOptions{TLS: c.trusted})
			answer, err := s.Send(t.Context(), delivery("anna@example.com", confirmation(nil)))
			if outcomeOf(err) != retried || !strings.Contains(err.Error(), c.want) || answer.Code != 0 || leaks(err.Error()) {
				t.Errorf("got %+v, %v, want a temporary error with %q", answer, err, c.want)
			}
			if relay.mails() != 0 {
				t.Errorf("mails: got %d, want none", relay.mails())
			}
		})
	}
}

func withVersion(c *tls.Config, version uint16) *tls.Config {
	c = c.Clone()
	c.MinVersion, c.MaxVersion = tls.VersionTLS10, version
	return c
}
