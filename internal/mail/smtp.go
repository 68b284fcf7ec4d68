package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"slices"
	"strings"
	"time"
	"unicode"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

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
	s := &SMTP{renderer: r, relay: to, from: from, domain: domain, tls: to.tls(o.TLS)}
	if _, err := s.client(context.Background(), false); err != nil {
		return nil, fmt.Errorf("mail relay: %w", err)
	}
	return s, nil
}

// accepted is the reply code to a message that a relay takes (RFC 5321).
const accepted = 250

// Send performs one attempt and returns what the relay said. What the relay refuses for good is permanent; all else is worth another try.
func (s *SMTP) Send(ctx context.Context, d outbox.Delivery) (outbox.Answer, error) {
	m, to, err := message(d)
	if err != nil {
		return outbox.Answer{}, err
	}
	content, err := s.renderer.Render(m)
	if err != nil {
		return outbox.Answer{}, err
	}
	letter := s.letter(d, to, content)
	if err := s.hand(ctx, letter); err != nil {
		return outbox.Answer{}, verdict(ctx, err)
	}
	return outbox.Answer{Code: accepted, Text: letter.ServerResponse()}, nil
}

// letter builds the mail. Everything in its header comes from the delivery, so that each attempt is recognised as the same mail.
func (s *SMTP) letter(d outbox.Delivery, to *mail.Address, content Content) *gomail.Msg {
	m := gomail.NewMsg(gomail.WithNoDefaultUserAgent(), gomail.WithCharset(gomail.CharsetUTF8), gomail.WithEncoding(gomail.EncodingQP))
	m.FromMailAddress(&s.from)
	m.ToMailAddress(to)
	m.Subject(content.Subject)
	m.SetMessageIDWithValue(d.ID + "@" + s.domain)
	m.SetDateWithValue(d.Created.UTC())
	m.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: holiday notices are not sent back
	m.SetBodyString(gomail.TypeTextPlain, content.Text)
	m.AddAlternativeString(gomail.TypeTextHTML, content.HTML)
	return m
}

// hand talks to the relay. A mail that the relay has accepted is delivered, whatever happens to the connection afterwards.
func (s *SMTP) hand(ctx context.Context, letter *gomail.Msg) error {
	ctx, end := context.WithCancel(ctx)
	defer end()
	client, err := s.client(ctx, international(letter))
	if err != nil {
		return err
	}
	session, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return err
	}
	if err := client.SendWithSMTPClient(session, letter); err != nil && !letter.IsDelivered() {
		return err
	}
	leave(session)
	return nil
}

// leave says goodbye. Nothing depends on whether the relay answers.
func leave(session *smtp.Client) {
	_ = session.UpdateDeadline(patience)
	_ = session.Quit()
}

const (
	longest  = time.Minute // bounds an attempt whose context has no end of its own
	patience = time.Second // for the relay's goodbye
)

// client makes what one attempt needs; its connection ends with ctx. International addresses ask the relay for SMTPUTF8; others do not, for a relay could then be
// unable to pass the mail on to one that knows nothing of it.
func (s *SMTP) client(ctx context.Context, international bool) (*gomail.Client, error) {
	options := []gomail.Option{
		gomail.WithPort(s.relay.port), gomail.WithTLSPolicy(s.relay.starttls), gomail.WithTLSConfig(s.tls),
		gomail.WithTimeout(longest), gomail.WithoutNoop(), gomail.WithoutRset(), gomail.WithDialContextFunc(s.dialer(ctx)),
	}
	if s.relay.implicit {
		options = append(options, gomail.WithSSL())
	}
	if s.relay.login != nil {
		options = append(options, gomail.WithSMTPAuthCustom(s.relay.login.begin()))
	}
	if !international {
		options = append(options, gomail.WithoutSMTPUTF8())
	}
	return gomail.NewClient(s.relay.host, options...)
}

// dialer connects and closes the connection when the attempt ends: the library watches a context only while it connects.
func (s *SMTP) dialer(attempt context.Context) gomail.DialContextFunc {
	return func(ctx context.Context, network, _ string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, s.relay.address())
		if err != nil {
			return nil, err
		}
		context.AfterFunc(attempt, func() { _ = conn.Close() })
		if !s.relay.implicit {
			return conn, nil
		}
		secure := tls.Client(conn, s.tls)
		return secure, secure.HandshakeContext(ctx)
	}
}

func international(letter *gomail.Msg) bool {
	return strings.ContainsFunc(strings.Join(letter.GetToString(), ""), beyondASCII)
}

func beyondASCII(r rune) bool { return r > unicode.MaxASCII }

// verdict tells what is refused for good from what may work later.
func verdict(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("mail relay: %w", ctx.Err())
	}
	var refused *gomail.SendError
	if !errors.As(err, &refused) {
		return fmt.Errorf("mail relay: %w", err)
	}
	told := fmt.Errorf("mail relay: %s", plainly(refused))
	if forGood(refused) {
		return outbox.Permanent(told)
	}
	return told
}

// plainly is the relay's answer without the library's list of recipients and ids: the delivery names them already.
func plainly(refused *gomail.SendError) string {
	text, _, _ := strings.Cut(refused.Error(), ", affected ")
	return text
}

// ours is the code by which a relay asks for a log-in or encryption first (RFC 4954): a fault of our settings, not of the mail, and mended by changing them.
const ours = 530

// forGood reports whether the relay refused this very mail with a permanent code.
func forGood(refused *gomail.SendError) bool {
	code := refused.ErrorCode()
	return code/100 == 5 && code != ours && slices.Contains(aboutTheMail, refused.Reason)
}

var aboutTheMail = []gomail.SendErrReason{gomail.ErrSMTPMailFrom, gomail.ErrSMTPRcptTo, gomail.ErrSMTPData, gomail.ErrSMTPDataClose}
