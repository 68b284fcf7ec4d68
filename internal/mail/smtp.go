package mail

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"net/mail"
	"strings"
	"time"
	"unicode"

	gomail "github.com/wneessen/go-mail"

	"avow/internal/outbox"
)

// SMTPOptions are what an SMTP sender can do without.
type SMTPOptions struct {
	TLS   *tls.Config      // trust other than the system's
	Now   func() time.Time // nil: the system's clock
	Watch Watch            // nil: nobody
	DKIM  *DKIM            // nil: mails are not signed here
}

// SMTP hands mails to relays, one connection each.
type SMTP struct {
	renderer *Renderer
	fleet    *fleet
	from     mail.Address
	domain   string // of the sender's address
	tls      *tls.Config
	dkim     *DKIM

	// alarm calls a function after a time unless it is stopped before.
	alarm func(d time.Duration, ring func()) (stop func() bool)
}

// NewSMTP makes a sender from the URLs of AVOW_SMTP_URL, in the order in which they are preferred, and finds whatever is wrong with them now rather than with the first
// mail.
func NewSMTP(r *Renderer, relayURLs []string, from mail.Address, o SMTPOptions) (*SMTP, error) {
	relays, err := parseRelays(relayURLs)
	if err != nil {
		return nil, err
	}
	domain, err := checkFrom(from)
	if err != nil {
		return nil, err
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	alarm := func(d time.Duration, ring func()) func() bool { return time.AfterFunc(d, ring).Stop }
	return &SMTP{renderer: r, fleet: newFleet(relays, o.Now, o.Watch), from: from, domain: domain, tls: o.TLS, dkim: o.DKIM, alarm: alarm}, nil
}

// Ready returns ErrNoRelay when every relay is passed over. It asks nobody.
func (s *SMTP) Ready(context.Context) error { return s.fleet.anyWell() }

// Send performs one attempt and returns what the relay said, with an error, too. docs/mail.md says for each step of the dialogue which error is permanent, which leaves
// the outcome uncertain, which is worth just another try, and which relay is asked next.
func (s *SMTP) Send(ctx context.Context, d outbox.Delivery) (outbox.Answer, error) {
	m, to, err := message(d)
	if err != nil {
		return outbox.Answer{}, err
	}
	content, err := s.renderer.Render(m)
	if err != nil {
		return outbox.Answer{}, err
	}
	raw, err := s.letter(d, to, content)
	if err != nil {
		return outbox.Answer{}, err
	}
	return s.askInTurn(ctx, favourite(d.Relay), func(m *member) (*dialogue, mask) {
		talk := &dialogue{relay: m.relay, tls: m.tls(s.tls), from: envelope(s.from.Address), to: envelope(to.Address), raw: raw}
		return talk, newMask(content.Text, m.login)
	})
}

// letter builds the mail. Everything in it comes from the delivery, so that each attempt is the same mail to the byte.
func (s *SMTP) letter(d outbox.Delivery, to *mail.Address, content Content) ([]byte, error) {
	m := gomail.NewMsg(
		gomail.WithNoDefaultUserAgent(), gomail.WithCharset(gomail.CharsetUTF8), gomail.WithEncoding(gomail.EncodingQP),
		gomail.WithBoundary(boundary(content)),
	)
	m.FromMailAddress(&s.from)
	m.ToMailAddress(to)
	m.Subject(content.Subject)
	m.SetMessageIDWithValue(d.ID + "@" + s.domain)
	m.SetDateWithValue(d.Created.UTC())
	m.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: holiday notices are not sent back
	m.SetBodyString(gomail.TypeTextPlain, content.Text)
	m.AddAlternativeString(gomail.TypeTextHTML, content.HTML)
	var raw bytes.Buffer
	if _, err := m.WriteTo(&raw); err != nil {
		return nil, fmt.Errorf("build mail %s: %w", d.ID, err)
	}
	return s.dkim.sign(raw.Bytes())
}

// boundary is made of what it parts, so that no text can hold it, and each attempt has the same.
func boundary(c Content) string {
	sum := sha256.Sum256([]byte(c.Text + c.HTML))
	return hex.EncodeToString(sum[:20])
}

// envelope writes an address for MAIL and RCPT: in angle brackets, and quoted where it must be.
func envelope(address string) string {
	bare := mail.Address{Address: address}
	return bare.String()
}

func international(address string) bool { return strings.ContainsFunc(address, beyondASCII) }

func beyondASCII(r rune) bool { return r > unicode.MaxASCII }
