package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/textproto"
)

// Examined is how far a conversation with a relay came that sends no mail.
type Examined struct {
	Relay     string // host:port
	Encrypted bool
	LoggedIn  bool // a user and a password were asked for, and taken
}

// Examine greets a relay, encrypts, logs in and takes its leave, as the sender of mails does, and sends nothing. The error names the step, and never a password. Trust
// other than the system's is that of tests.
func Examine(ctx context.Context, relayURL string, trust *tls.Config) (Examined, error) {
	to, err := parseRelay(relayURL)
	if err != nil {
		return Examined{}, err
	}
	d := dialogue{relay: to, tls: to.tls(trust)}
	defer d.hangUp()
	err = d.follow(ctx, d.reach())
	e := Examined{Relay: to.address()}
	if err != nil {
		return e, fmt.Errorf("%s: %s", d.at, newMask("", "", to.login).cover(words(ctx, err)))
	}
	d.leave()
	_, e.Encrypted = d.session.TLSConnectionState()
	e.Encrypted, e.LoggedIn = e.Encrypted || to.implicit, to.login != nil
	return e, nil
}

// words are a relay's, or our own where it said nothing.
func words(ctx context.Context, err error) string {
	said := &textproto.Error{}
	if errors.As(err, &said) {
		return fmt.Sprintf("%d %s", said.Code, said.Msg)
	}
	return cause(ctx, err).Error()
}
