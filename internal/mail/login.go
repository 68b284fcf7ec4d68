package mail

import (
	"errors"
	"slices"
	"strings"

	"github.com/wneessen/go-mail/smtp"
)

// Refusals to log in. They name the setting to change.
var (
	errClear     = errors.New("the relay offers no encryption, and a password is sent in clear to loopback addresses only")
	errNoScheme  = errors.New("the relay offers none of the log-in schemes SCRAM-SHA-256, PLAIN and LOGIN")
	errNotLogged = errors.New("log-in was not begun")
)

// login is how to authenticate with a relay. It decides by what the connection really is, whatever was planned.
type login struct {
	user, password, host string
	clear                bool // the relay is on this machine: no encryption needed
}

// session is the login of one connection.
type session struct {
	login
	scheme smtp.Auth
}

// begin returns a login for a new connection.
func (l login) begin() smtp.Auth { return &session{login: l} }

// Start chooses a scheme among those that the relay offers.
func (s *session) Start(server *smtp.ServerInfo) (proto string, toServer []byte, err error) {
	if !server.TLS && !s.clear {
		return "", nil, errClear
	}
	if s.scheme = s.choose(server.Auth); s.scheme == nil {
		return "", nil, errNoScheme
	}
	return s.scheme.Start(server)
}

// choose prefers the scheme that does not show the password even to the relay.
func (s *session) choose(offered []string) smtp.Auth {
	offers := func(name string) bool {
		return slices.ContainsFunc(offered, func(o string) bool { return strings.EqualFold(o, name) })
	}
	switch {
	case offers("SCRAM-SHA-256"):
		return smtp.ScramSHA256Auth(s.user, s.password)
	case offers("PLAIN"):
		return smtp.PlainAuth("", s.user, s.password, s.host, s.clear)
	case offers("LOGIN"):
		return smtp.LoginAuth(s.user, s.password, s.host, s.clear)
	}
	return nil
}

// Next goes on as the chosen scheme does.
func (s *session) Next(fromServer []byte, more bool) (toServer []byte, err error) {
	if s.scheme == nil {
		return nil, errNotLogged
	}
	return s.scheme.Next(fromServer, more)
}
