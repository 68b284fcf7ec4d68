package mail

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// script is how a relay of a test behaves.
type script struct {
	login              *smtp.SMTPError // refuses every log-in
	starttls, implicit *tls.Config
}

// received is a mail that a relay of a test took.
type received struct {
	from, to, raw, user string
	utf8                bool
}

// fakeRelay is an SMTP server.
type fakeRelay struct {
	script
	address string
	mu      sync.Mutex
	got     []received
}

func startRelay(t *testing.T, s script) *fakeRelay {
	t.Helper()
	relay := &fakeRelay{script: s}
	server := smtp.NewServer(relay)
	server.Domain, server.AllowInsecureAuth, server.EnableSMTPUTF8, server.TLSConfig = "relay.test", true, true, s.starttls
	listener := listen(t)
	relay.address = listener.Addr().String()
	if s.implicit != nil {
		listener = tls.NewListener(listener, s.implicit)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener)
	}()
	t.Cleanup(func() {
		server.Close()
		listener.Close() // the server may not have got so far as to know it
		<-done
	})
	return relay
}

func (f *fakeRelay) url(scheme, user string) string { return scheme + "://" + user + f.address }

// only returns the one mail that came.
func (f *fakeRelay) only(t *testing.T) received {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.got) != 1 {
		t.Fatalf("mails: got %d, want 1", len(f.got))
	}
	return f.got[0]
}

// NewSession makes the state of one connection.
func (f *fakeRelay) NewSession(*smtp.Conn) (smtp.Session, error) { return &fakeSession{relay: f}, nil }

type fakeSession struct {
	relay *fakeRelay
	mail  received
}

// AuthMechanisms names the log-in schemes.
func (s *fakeSession) AuthMechanisms() []string { return []string{sasl.Plain} }

// Auth takes any user and password.
func (s *fakeSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		s.mail.user = user + ":" + password
		if s.relay.login != nil {
			return s.relay.login
		}
		return nil
	}), nil
}

// Mail takes the sender.
func (s *fakeSession) Mail(from string, o *smtp.MailOptions) error {
	s.mail.from, s.mail.utf8 = from, o.UTF8
	return nil
}

// Rcpt takes the recipient.
func (s *fakeSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.mail.to += to
	return nil
}

// Data takes the mail.
func (s *fakeSession) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.mail.raw = string(raw)
	s.relay.mu.Lock()
	defer s.relay.mu.Unlock()
	s.relay.got = append(s.relay.got, s.mail)
	return nil
}

// Reset does nothing: each connection carries one mail.
func (s *fakeSession) Reset() {}

// Logout does nothing.
func (s *fakeSession) Logout() error { return nil }

// selfSigned makes a certificate for 127.0.0.1, and the configuration that trusts it.
func selfSigned(t *testing.T) (server, client *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(certificate)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, &tls.Config{RootCAs: pool}
}
