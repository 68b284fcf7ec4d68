package doctor

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// relay is an SMTP server that takes one password, and no mail.
type relay struct{ t *testing.T }

const password = "right-password"

// NewSession makes the state of one connection.
func (r relay) NewSession(*smtp.Conn) (smtp.Session, error) { return r, nil }

// AuthMechanisms names the log-in schemes.
func (relay) AuthMechanisms() []string { return []string{sasl.Plain} }

// Auth takes the one password.
func (relay) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, _, got string) error {
		if got != password {
			return &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 8}, Message: "no, " + got + " is wrong"}
		}
		return nil
	}), nil
}

// Mail fails the test: none may be sent.
func (r relay) Mail(string, *smtp.MailOptions) error { r.t.Error("got a mail, want none"); return nil }

// Rcpt is not reached.
func (relay) Rcpt(string, *smtp.RcptOptions) error { return nil }

// Data is not reached.
func (relay) Data(io.Reader) error { return nil }

// Reset does nothing.
func (relay) Reset() {}

// Logout does nothing.
func (relay) Logout() error { return nil }

// startRelay starts a relay; with a configuration it offers STARTTLS.
func startRelay(t *testing.T, secure *tls.Config) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := smtp.NewServer(relay{t})
	server.Domain, server.AllowInsecureAuth, server.TLSConfig = "relay.test", true, secure
	done := make(chan struct{})
	go func() { _ = server.Serve(l); close(done) }()
	t.Cleanup(func() { _, _ = server.Close(), l.Close(); <-done })
	return l.Addr().String()
}

func TestRelays(t *testing.T) {
	t.Parallel()
	environ, _ := settled(t)
	cert, file := selfSigned(t)
	pair, err := tls.LoadX509KeyPair(file, file)
	if err != nil {
		t.Fatal(err)
	}
	trust := x509.NewCertPool()
	trust.AddCert(cert)
	trusting := func(o *Options) { o.Trust = &tls.Config{RootCAs: trust} }
	bare, secure := startRelay(t, nil), startRelay(t, &tls.Config{Certificates: []tls.Certificate{pair}})
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	cases := []struct {
		url   string
		level Level
		words string
	}{
		{"smtp://" + bare, OK, "in clear, on this machine; no mail was sent"},
		{"smtp://" + secure, OK, "encrypted; no mail was sent"},
		{"smtp://user:" + password + "@" + secure, OK, "encrypted, logged in"},
		{"smtp://user:wrong-password@" + secure, Fail, "AUTH: 535"},
		{"smtp://" + bare + "?tls=required", Fail, "STARTTLS: encryption is required"},
		{"smtps://" + bare, Fail, "connect: "},
		{"smtp://127.0.0.1:1", Fail, "relay 127.0.0.1:1: connect"},
		{"smtp://" + silent.Addr().String(), Fail, "greeting"},
	}
	for _, c := range cases {
		t.Run(c.url, func(t *testing.T) {
			t.Parallel()
			found := examine(t, append(environ, "AVOW_SMTP_URL="+c.url), trusting, func(o *Options) { o.Time = time.Second })
			want(t, found, "mail", c.level, c.words)
			for _, f := range found["mail"] {
				if strings.Contains(f.Found, "password") {
					t.Errorf("got %q, want no password in it", f.Found)
				}
			}
		})
	}
	want(t, examine(t, append(environ, "AVOW_SMTP_URL=smtp://"+secure)), "mail", Fail, "certificate") // which nobody trusts
	several := examine(t, append(environ, "AVOW_SMTP_URL=smtp://127.0.0.1:1,smtp://"+bare))
	want(t, several, "mail", Fail, "127.0.0.1:1")
	want(t, several, "mail", OK, bare)
}
