package mail

import (
	"crypto/tls"
	"errors"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// Refusals of a relay's settings. They never quote the URL, for it may hold a password.
var (
	ErrRelayURL  = errors.New("the mail relay must read smtp://user:password@host:587 or smtps://host, percent-encoded, with no more than ?tls=required behind it")
	ErrTwice     = errors.New("the mail relays must differ: the same host and port stands there twice")
	ErrRelayUser = errors.New("the mail relay's URL must hold both a user and a password, or neither")
	ErrFrom      = errors.New("the sender of mail must be one address in ASCII; write an international domain in its xn-- form")
)

// relay is where and how to connect.
type relay struct {
	host     string
	port     int
	implicit bool   // TLS from the start
	insists  bool   // on encryption
	login    *login // nil: no authentication
}

// defaultPorts are those of RFC 6409 and RFC 8314.
var defaultPorts = map[string]int{"smtp": 587, "smtps": 465}

// parseRelays reads all of them; one at least.
func parseRelays(urls []string) ([]relay, error) {
	var all []relay
	known := map[string]bool{}
	for _, text := range urls {
		r, err := parseRelay(text)
		if err != nil {
			return nil, err
		}
		if known[r.address()] {
			return nil, ErrTwice
		}
		known[r.address()] = true
		all = append(all, r)
	}
	if len(all) == 0 {
		return nil, ErrRelayURL
	}
	return all, nil
}

func parseRelay(text string) (relay, error) {
	u, err := url.Parse(text)
	if err != nil || !bare(u) {
		return relay{}, ErrRelayURL
	}
	port, err := portOf(u)
	if err != nil {
		return relay{}, err
	}
	r := relay{host: u.Hostname(), port: port, implicit: u.Scheme == "smtps"}
	if r.login, err = loginOf(u); err != nil {
		return relay{}, err
	}
	r.insists = insists(u.RawQuery != "", r.login)
	return r, nil
}

// bare accepts URLs that say nothing we do not understand.
func bare(u *url.URL) bool {
	_, known := defaultPorts[u.Scheme]
	query := u.RawQuery == "" || u.RawQuery == "tls=required"
	return known && query && u.Hostname() != "" && strings.Trim(u.Path, "/") == "" && u.Opaque == "" && u.Fragment == ""
}

func portOf(u *url.URL) (int, error) {
	if u.Port() == "" {
		return defaultPorts[u.Scheme], nil
	}
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	if err != nil || port == 0 {
		return 0, ErrRelayURL
	}
	return int(port), nil
}

func loginOf(u *url.URL) (*login, error) {
	if u.User == nil {
		return nil, nil
	}
	password, _ := u.User.Password()
	if u.User.Username() == "" || password == "" {
		return nil, ErrRelayUser
	}
	return &login{user: u.User.Username(), password: password, host: u.Hostname(), clear: loopback(u.Hostname())}, nil
}

// insists on encryption when asked to, and whenever a password would have to travel in clear through a network: leaving STARTTLS out of its offer is the first thing an
// attacker in between does.
func insists(required bool, l *login) bool { return required || l != nil && !l.clear }

// loopback reports whether host is this machine for certain, without a look-up.
func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.Unmap().IsLoopback()
}

func (r relay) address() string { return net.JoinHostPort(r.host, strconv.Itoa(r.port)) }

// tls returns the configuration for the relay, from the given one, which may be nil.
func (r relay) tls(base *tls.Config) *tls.Config {
	if base == nil {
		base = &tls.Config{}
	}
	config := base.Clone()
	config.ServerName, config.MinVersion = r.host, tls.VersionTLS12
	return config
}

// checkFrom returns the domain of the sender's address.
func checkFrom(from mail.Address) (domain string, err error) {
	alone := mail.Address{Address: from.Address}
	parsed, err := mail.ParseAddress(alone.String())
	if err != nil || parsed.Address != from.Address || strings.ContainsFunc(from.Address, beyondASCII) {
		return "", ErrFrom
	}
	return from.Address[strings.LastIndex(from.Address, "@")+1:], nil
}
