package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"os"
	"time"

	"github.com/wneessen/go-mail/smtp"

	"avow/internal/outbox"
)

// step is where in the dialogue with a relay an attempt is.
type step string

// The steps in their order. Before the last one has begun, no relay can have taken the mail: its end, the final dot, has not left the house.
const (
	connecting step = "connect"
	greeting   step = "greeting"
	hello      step = "EHLO"
	encrypting step = "STARTTLS"
	loggingIn  step = "AUTH"
	sender     step = "MAIL"
	recipient  step = "RCPT"
	data       step = "DATA"
	content    step = "content"
	ending     step = "end of data"
)

// dialogue is one conversation with a relay about one mail. It walks the steps itself, on the library's protocol client: the library's own way of sending does not say
// whether the final dot was written, and asks the relay for more once it has refused.
type dialogue struct {
	relay    relay
	tls      *tls.Config
	from, to string // in angle brackets
	raw      []byte
	opened   func() // told when the relay is ready for the mail; may be nil

	at      step
	conn    net.Conn
	session *smtp.Client
	answer  outbox.Answer
}

// Refusals of our own.
var (
	errNoTLS  = errors.New("encryption is required, but the relay does not offer STARTTLS")
	errNoUTF8 = errors.New("the relay cannot carry international addresses: it does not offer SMTPUTF8")
)

// hold carries the dialogue out.
func (d *dialogue) hold(ctx context.Context, m mask) (outbox.Answer, verdict) {
	defer d.hangUp()
	err := d.walk(ctx)
	said := &textproto.Error{}
	answered := errors.As(err, &said)
	if answered {
		d.answer = outbox.Answer{Code: said.Code, Text: said.Msg}
	}
	d.answer.Text = m.cover(d.answer.Text)
	if err == nil || answered {
		d.leave()
	}
	if err == nil {
		return d.answer, verdict{relay: isWell}
	}
	return d.answer, d.judge(ctx, err)
}

// leg is a step with what is done in it.
type leg struct {
	at step
	do func(context.Context) error
}

// walk goes all the way.
func (d *dialogue) walk(ctx context.Context) error {
	return d.follow(ctx, append(d.reach(), d.hand()...))
}

// reach are the steps that have nothing to do with a mail.
func (d *dialogue) reach() []leg {
	return []leg{
		{connecting, d.connect},
		{greeting, func(context.Context) (err error) { d.session, err = smtp.NewClient(d.conn, d.relay.host); return err }},
		{hello, func(context.Context) error { return d.session.Hello(ownName()) }},
		{encrypting, d.encrypt},
		{loggingIn, d.logIn},
	}
}

// hand are those in which the mail is handed over.
func (d *dialogue) hand() []leg {
	return []leg{
		{sender, d.mail},
		{recipient, func(context.Context) error { return d.session.Rcpt(d.to) }},
		{data, d.begin},
		{content, d.write},
		{ending, d.hear},
	}
}

// follow goes step by step, and remembers which was the last.
func (d *dialogue) follow(ctx context.Context, legs []leg) error {
	for _, next := range legs {
		d.at = next.at
		if err := next.do(ctx); err != nil {
			return err
		}
	}
	return nil
}

// connect opens a connection that ends with the attempt, whatever it is waiting for.
func (d *dialogue) connect(ctx context.Context) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", d.relay.address())
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, func() { _ = conn.Close() })
	d.conn = conn
	if !d.relay.implicit {
		return nil
	}
	secure := tls.Client(conn, d.tls)
	d.conn = secure
	return secure.HandshakeContext(ctx)
}

// ownName is how we introduce ourselves.
func ownName() string {
	name, err := os.Hostname()
	if err != nil || name == "" {
		return "localhost"
	}
	return name
}

func (d *dialogue) encrypt(context.Context) error {
	if d.relay.implicit {
		return nil
	}
	offered, _ := d.session.Extension("STARTTLS")
	switch {
	case offered:
		return d.session.StartTLS(d.tls)
	case d.relay.insists:
		return errNoTLS
	}
	return nil
}

func (d *dialogue) logIn(context.Context) error {
	if d.relay.login == nil {
		return nil
	}
	return d.session.Auth(d.relay.login.begin())
}

// mail asks for SMTPUTF8 only where the address needs it: a relay could otherwise be unable to pass the mail on to one that knows nothing of it.
func (d *dialogue) mail(context.Context) error {
	wide := international(d.to)
	if able, _ := d.session.Extension("SMTPUTF8"); wide && !able {
		return errNoUTF8
	}
	d.session.SkipSMTPUTF8(!wide)
	return d.session.Mail(d.from)
}

func (d *dialogue) begin(context.Context) error {
	if err := d.session.Text.PrintfLine("DATA"); err != nil {
		return err
	}
	_, _, err := d.session.Text.ReadResponse(354)
	return err
}

// write sends the mail and the final dot. An error means that the dot was not handed on in whole.
func (d *dialogue) write(context.Context) error {
	if d.opened != nil {
		d.opened()
	}
	w := d.session.Text.DotWriter()
	if _, err := w.Write(d.raw); err != nil {
		return err
	}
	return w.Close()
}

// hear reads what the relay says to the mail; any reply that begins with 2 takes it.
func (d *dialogue) hear(context.Context) (err error) {
	d.answer.Code, d.answer.Text, err = d.session.Text.ReadResponse(2)
	return err
}

// patience is for the relay's goodbye.
const patience = time.Second

// leave says goodbye to a relay that has answered. Nothing depends on whether it hears that.
func (d *dialogue) leave() {
	if d.session == nil {
		return // refused with its first word
	}
	_ = d.session.UpdateDeadline(patience)
	_ = d.session.Quit()
}

func (d *dialogue) hangUp() {
	if d.conn != nil {
		_ = d.conn.Close()
	}
}

// told is an error that names the step.
func (d *dialogue) told(ctx context.Context, err error) error {
	if d.answer.Code != 0 {
		return fmt.Errorf("mail relay, %s: %d %s", d.at, d.answer.Code, d.answer.Text)
	}
	return fmt.Errorf("mail relay, %s: %w", d.at, cause(ctx, err))
}

// cause is why the connection was closed under a step, where that was we.
func cause(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
