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
	TLS *tls.Config // trust other than the system's
}

// SMTP hands mails to a relay, one connection each.
type SMTP struct {
	renderer *Renderer
	relay    relay
	from     mail.Address
	domain   string // of the sender's address
	tls      *tls.Config
}

// NewSMTP makes a sender from the value of AVOW_SMTP_URL, and finds whatever is wrong with it now rather than with the first mail.
func NewSMTP(r *Renderer, relayURL string, from mail.Address, o SMTPOptions) (*SMTP, error) {
	to, err := parseRelay(relayURL)
	if err != nil {
		return nil, err
	}
	domain, err := checkFrom(from)
	if err != nil {
		return nil, err
	}
	return &SMTP{renderer: r, relay: to, from: from, domain: domain, tls: to.tls(o.TLS)}, nil
}

// longest bounds an attempt whose context has no end of its own.
const longest = time.Minute

// Send performs one attempt and returns what the relay said, with an error, too. docs/mail.md says for each step of the dialogue which error is permanent, which leaves
// the outcome uncertain, and which is worth just another try.
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
	ctx, end := context.WithTimeout(ctx, longest)
	defer end()
	talk := dialogue{relay: s.relay, tls: s.tls, from: envelope(s.from.Address), to: envelope(to.Address), raw: raw}
	return talk.hold(ctx, newMask(content.Text, to.Address, s.relay.login))
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
	return raw.Bytes(), nil
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
