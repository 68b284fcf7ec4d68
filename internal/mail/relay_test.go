package mail

import (
	"errors"
	"net/mail"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/wneessen/go-mail/smtp"
)

var testFrom = mail.Address{Name: "Acme", Address: "verify@example.org"}

func TestRelayURL(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]relay{
		"smtp://relay.example":                       {host: "relay.example", port: 587},
		"smtp://relay.example:25/":                   {host: "relay.example", port: 25},
		"smtp://relay.example?tls=required":          {host: "relay.example", port: 587, insists: true},
		"smtp://[2001:db8::1]:2525":                  {host: "2001:db8::1", port: 2525},
		"smtps://relay.example":                      {host: "relay.example", port: 465, implicit: true},
		"smtp://u:p%40%2C%3A@relay.example":          {host: "relay.example", port: 587, insists: true, login: &login{user: "u", password: "p@,:", host: "relay.example"}},
		"smtps://u:p@relay.example:4650":             {host: "relay.example", port: 4650, implicit: true, insists: true, login: &login{user: "u", password: "p", host: "relay.example"}},
		"smtp://u:p@localhost:1025":                  {host: "localhost", port: 1025, login: &login{user: "u", password: "p", host: "localhost", clear: true}},
		"smtp://u:p@127.0.0.9:1025":                  {host: "127.0.0.9", port: 1025, login: &login{user: "u", password: "p", host: "127.0.0.9", clear: true}},
		"smtp://u:p@[::1]:1025?tls=required":         {host: "::1", port: 1025, insists: true, login: &login{user: "u", password: "p", host: "::1", clear: true}},
		"smtp://u:p@localhost.example.org:25":        {host: "localhost.example.org", port: 25, insists: true, login: &login{user: "u", password: "p", host: "localhost.example.org"}},
		"smtp://u:p@[::ffff:10.0.0.1]?tls=required":  {host: "::ffff:10.0.0.1", port: 587, insists: true, login: &login{user: "u", password: "p", host: "::ffff:10.0.0.1"}},
		"smtp://u:p@[::ffff:127.0.0.1]?tls=required": {host: "::ffff:127.0.0.1", port: 587, insists: true, login: &login{user: "u", password: "p", host: "::ffff:127.0.0.1", clear: true}},
	} {
		got, err := parseRelay(text)
		if err != nil {
			t.Errorf("%s: got %v, want no error", text, err)
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(relay{}, login{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
}

func TestBadSettingsAreRefusedAtTheStart(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]error{
		"": ErrRelayURL, "relay.example": ErrRelayURL, "http://relay.example": ErrRelayURL, "smtp:relay": ErrRelayURL, "smtp://": ErrRelayURL,
		"smtp://u:SECRET@relay.example:0": ErrRelayURL, "smtp://u:SECRET@relay.example:70000": ErrRelayURL, "smtp://u:SECRET@relay.example:x": ErrRelayURL,
		"smtp://u:SECRET@relay.example/x": ErrRelayURL, "smtp://u:SECRET@relay.example?tls=off": ErrRelayURL, "smtp://u:SECRET@relay.example#x": ErrRelayURL,
		"smtp://u:SECRET%@relay.example": ErrRelayURL, "smtp://u:SECRET@a.example,smtp://v:SECRET@a.example:587": ErrTwice, "smtp://u:SECRET@a.example,nonsense": ErrRelayURL,
		"smtp://u@relay.example": ErrRelayUser, "smtp://:SECRET@relay.example": ErrRelayUser,
	} {
		_, err := NewSMTP(NewRenderer(), strings.Split(text, ","), testFrom, SMTPOptions{})
		if !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", text, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%s: got %v, want no password in it", text, err)
		}
	}
}

func TestBadSenderIsRefusedAtTheStart(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"", "verify", "@example.org", "verify@", "verify@bücher.example", "verify@example.org\r\nBcc: eve@example.com"} {
		if _, err := NewSMTP(NewRenderer(), []string{"smtp://relay.example"}, mail.Address{Address: address}, SMTPOptions{}); !errors.Is(err, ErrFrom) {
			t.Errorf("%q: got %v, want ErrFrom", address, err)
		}
	}
}

func TestPasswordIsNeverSentInClearThroughANetwork(t *testing.T) {
	t.Parallel()
	away := login{user: "u", password: "SECRET", host: "relay.example"}
	proto, toServer, err := away.begin().Start(&smtp.ServerInfo{Name: "relay.example", Auth: []string{"PLAIN", "LOGIN", "SCRAM-SHA-256"}})
	if !errors.Is(err, errClear) || proto != "" || toServer != nil {
		t.Errorf("in clear: got %q, %q, %v, want nothing sent and errClear", proto, toServer, err)
	}
	if _, err := away.begin().Next([]byte("Password:"), true); !errors.Is(err, errNotLogged) {
		t.Errorf("asked without a start: got %v, want errNotLogged", err)
	}
}

func TestLoginScheme(t *testing.T) {
	t.Parallel()
	away := login{user: "u", password: "p", host: "relay.example"}
	near := login{user: "u", password: "p", host: "127.0.0.1", clear: true}
	for name, c := range map[string]struct {
		login login
		tls   bool
		offer []string
		want  string
	}{
		"the password stays here": {away, true, []string{"LOGIN", "PLAIN", "scram-sha-256"}, "SCRAM-SHA-256"},
		"plain":                   {away, true, []string{"LOGIN", "PLAIN"}, "PLAIN"},
		"login":                   {away, true, []string{"CRAM-MD5", "LOGIN"}, "LOGIN"},
		"loopback in clear":       {near, false, []string{"PLAIN"}, "PLAIN"},
		"loopback login in clear": {near, false, []string{"LOGIN"}, "LOGIN"},
		"none that we know":       {away, true, []string{"GSSAPI"}, ""},
	} {
		got, _, err := c.login.begin().Start(&smtp.ServerInfo{Name: c.login.host, TLS: c.tls, Auth: c.offer})
		if got != c.want || (err != nil) != (c.want == "") {
			t.Errorf("%s: got %q, %v, want %q", name, got, err, c.want)
		}
	}
}
