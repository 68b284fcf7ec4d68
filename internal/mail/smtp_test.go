package mail

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net"
	netmail "net/mail"
	"strings"
	"testing"

	"github.com/emersion/go-smtp"
	"github.com/google/go-cmp/cmp"

	"avow/internal/outbox"
)

func newSMTP(t *testing.T, url string, o SMTPOptions) *SMTP {
	t.Helper()
	s, err := NewSMTP(NewRenderer(), strings.Split(url, ","), testFrom, o)
	if err != nil {
		t.Fatalf("NewSMTP: got %v, want no error", err)
	}
	return s
}

func TestRelayGetsTheMail(t *testing.T) {
	t.Parallel()
	relay := startRelay(t, script{})
	answer, err := newSMTP(t, relay.url("smtp", ""), SMTPOptions{}).Send(t.Context(), delivery("anna@example.com", confirmation(nil)))
	if err != nil || !strings.Contains(answer.Text, "queued") {
		t.Fatalf("Send: got %q, %v, want the relay's answer, nil", answer.Text, err)
	}
	got := relay.only(t)
	if got.from != "verify@example.org" || got.to != "anna@example.com" {
		t.Errorf("envelope: got %s to %s, want verify@example.org to anna@example.com", got.from, got.to)
	}
	want := map[string]string{
		"From": `"Acme" <verify@example.org>`, "To": "<anna@example.com>", "Subject": "Confirm your e-mail address for Acme News",
		"Message-Id": "<dlv_abc123@example.org>", "Date": "Sun, 14 Jan 2024 12:00:00 +0000", "Auto-Submitted": "auto-generated", "Mime-Version": "1.0",
	}
	header := got.header(t)
	delete(header, "Content-Type")
	delete(header, "Content-Transfer-Encoding")
	if diff := cmp.Diff(want, header); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
}

func TestBothPartsArriveByteForByte(t *testing.T) {
	t.Parallel()
	long := "https://id.example.org/confirm?x=" + strings.Repeat("a=b&", 240) + "id=1&confirmation_code=.2"
	data := confirmation(map[string]any{"brand": "Blåbär & Söner", "link": long})
	relay := startRelay(t, script{})
	d := delivery("anna@example.com", data)
	if _, err := newSMTP(t, relay.url("smtp", ""), SMTPOptions{}).Send(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	want := render(t, data)
	got := relay.only(t).parts(t)
	expected := []part{
		{"text/plain", "utf-8", "", strings.ReplaceAll(want.Text, "\n", "\r\n")},
		{"text/html", "utf-8", "", strings.ReplaceAll(want.HTML, "\n", "\r\n")},
	}
	if diff := cmp.Diff(expected, got, cmp.AllowUnexported(part{})); diff != "" {
		t.Errorf("parts (-want +got):\n%s", diff)
	}
}

func TestAttemptsAreTheSameMail(t *testing.T) {
	t.Parallel()
	relay := startRelay(t, script{})
	s, d := newSMTP(t, relay.url("smtp", ""), SMTPOptions{}), delivery("anna@example.com", confirmation(nil))
	for range 2 {
		if _, err := s.Send(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(relay.got[0].raw, relay.got[1].raw); diff != "" {
		t.Errorf("the second attempt (-first +second):\n%s", diff)
	}
}

func TestNoRelayIsTemporary(t *testing.T) {
	t.Parallel()
	listener := listen(t)
	address := listener.Addr().String()
	listener.Close()
	_, err := newSMTP(t, "smtp://u:SECRET@"+address, SMTPOptions{}).Send(t.Context(), delivery("anna@example.com", confirmation(nil)))
	if err == nil || errors.Is(err, outbox.ErrPermanent) || strings.Contains(err.Error(), "SECRET") {
		t.Errorf("error: got %v, want a temporary one without the password", err)
	}
}

func TestPasswordReachesTheRelayEncryptedOnly(t *testing.T) {
	t.Parallel()
	certificate, trust := selfSigned(t)
	for name, c := range map[string]struct {
		relay  script
		scheme string
		query  string
		want   string // of the error; empty: delivered
	}{
		"STARTTLS":                       {script{starttls: certificate}, "smtp", "?tls=required", ""},
		"TLS from the start":             {script{implicit: certificate}, "smtps", "", ""},
		"loopback in clear":              {script{}, "smtp", "", ""},
		"required, but none is offered":  {script{}, "smtp", "?tls=required", "STARTTLS"},
		"the relay refuses the password": {script{login: &smtp.SMTPError{Code: 535, Message: "no"}}, "smtp", "", "535"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			relay := startRelay(t, c.relay)
			_, err := newSMTP(t, relay.url(c.scheme, "anna:SECRET@")+c.query, SMTPOptions{TLS: trust}).Send(t.Context(), delivery("anna@example.com", confirmation(nil)))
			if (err == nil) != (c.want == "") || err != nil && (!strings.Contains(err.Error(), c.want) || errors.Is(err, outbox.ErrPermanent)) {
				t.Fatalf("error: got %v, want %q in it, temporary", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "SECRET") {
				t.Errorf("error: got %v, want no password in it", err)
			}
			if err == nil && relay.only(t).user != "anna:SECRET" {
				t.Errorf("login: got %q, want anna:SECRET", relay.only(t).user)
			}
		})
	}
}

func TestInternationalAddress(t *testing.T) {
	t.Parallel()
	for to, want := range map[string]bool{"anna@example.com": false, "ånna@exämple.com": true} {
		relay := startRelay(t, script{})
		if _, err := newSMTP(t, relay.url("smtp", ""), SMTPOptions{}).Send(t.Context(), delivery(to, confirmation(nil))); err != nil {
			t.Fatalf("%s: got %v, want no error", to, err)
		}
		if got := relay.only(t); got.to != to || got.utf8 != want {
			t.Errorf("envelope: got %s, SMTPUTF8 %v, want %s, %v", got.to, got.utf8, to, want)
		}
	}
}

func TestBadDeliveriesNeverReachTheRelay(t *testing.T) {
	t.Parallel()
	s := newSMTP(t, "smtp://"+hang(t, ""), SMTPOptions{})
	for name, d := range map[string]outbox.Delivery{"payload": payload("{"), "data": delivery("anna@example.com", map[string]any{})} {
		if _, err := s.Send(t.Context(), d); !errors.Is(err, outbox.ErrPermanent) {
			t.Errorf("%s: got %v, want a permanent error", name, err)
		}
	}
}

// header reads the received header fields, decoded.
func (r received) header(t *testing.T) map[string]string {
	t.Helper()
	m, err := netmail.ReadMessage(strings.NewReader(r.raw))
	if err != nil {
		t.Fatal(err)
	}
	fields := map[string]string{}
	for name, values := range m.Header {
		if fields[name], err = (&mime.WordDecoder{}).DecodeHeader(values[0]); err != nil || len(values) != 1 {
			t.Errorf("%s: got %q, %v, want one value", name, values, err)
		}
	}
	return fields
}

type part struct{ media, charset, format, body string }

// parts reads the received multipart/alternative, decoded.
func (r received) parts(t *testing.T) []part {
	t.Helper()
	m, err := netmail.ReadMessage(strings.NewReader(r.raw))
	if err != nil {
		t.Fatal(err)
	}
	media, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || media != "multipart/alternative" {
		t.Fatalf("content type: got %q, %v, want multipart/alternative", media, err)
	}
	var parts []part
	for reader := multipart.NewReader(m.Body, params["boundary"]); ; {
		p, err := reader.NextPart() // undoes quoted-printable
		if errors.Is(err, io.EOF) {
			return parts
		}
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, decoded(t, p))
	}
}

func decoded(t *testing.T, p *multipart.Part) part {
	t.Helper()
	body, err := io.ReadAll(p)
	if err != nil {
		t.Fatal(err)
	}
	media, params, err := mime.ParseMediaType(p.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	return part{media, strings.ToLower(params["charset"]), params["format"], string(body)}
}

// hang accepts connections, greets, and never says another word.
func hang(t *testing.T, greeting string) string {
	t.Helper()
	listener := listen(t)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { conn.Close() })
			_, _ = io.WriteString(conn, greeting)
		}
	}()
	return listener.Addr().String()
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	return listener
}
