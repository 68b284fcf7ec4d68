// Package egress is the only client that may call an address given by a stranger: a callback, or a link to be looked at.
//
// What may be called is decided on the address that is about to be dialled: after the name was looked up, for every connection and every redirect anew. A name that
// stands for a public address today and for this machine tomorrow gains nothing.
package egress

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"time"
)

// Refusals. Neither tells an address: what a name stands for inside is nobody's business.
var (
	// ErrURL refuses what can never be called.
	ErrURL = errors.New("only absolute http and https URLs of at most 8 KiB without user information can be called")
	// ErrRefused refuses a host whose address may not be called, for now: names can come to stand for others.
	ErrRefused = errors.New("the host's address may not be called: it is not public, and not in AVOW_EGRESS_ALLOW")
)

// Bounds of what a stranger's server can make us do.
const (
	webhookTime = 10 * time.Second // from dial to the end of the answer (skills-api.md 7)
	maxURL      = 8 << 10
	maxHeader   = 32 << 10
	maxBody     = 64 << 10
)

// Client sends requests to strangers, over HTTP/1.1, with TLS 1.2 or later, to any port. Every request is a connection of its own: each is dialled under guard, and no
// two organisations share one. Proxies of the environment are not used, for the guard cannot see where a proxy dials.
type Client struct{ http *http.Client }

// NewWebhooks makes the client for callbacks: public addresses, and those of the allowed networks. It follows no redirect.
func NewWebhooks(allow []netip.Prefix) *Client {
	return newClient(&net.Dialer{Control: guard(allow)}, 0, webhookTime)
}

// newClient follows at most the given number of redirects, and gives a request and all of these together the given time.
func newClient(d *net.Dialer, redirects int, limit time.Duration) *Client {
	transport := &http.Transport{
		DialContext: d.DialContext, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12},
		DisableKeepAlives: true, DisableCompression: true, MaxResponseHeaderBytes: maxHeader,
	}
	return &Client{&http.Client{Transport: transport, Timeout: limit, CheckRedirect: follow(redirects)}}
}

// follow returns the last answer once there were enough redirects. A server is not told which URL has sent us.
func follow(redirects int) func(*http.Request, []*http.Request) error {
	return func(next *http.Request, before []*http.Request) error {
		if len(before) > redirects {
			return http.ErrUseLastResponse
		}
		next.Header.Del("Referer")
		return check(next.URL)
	}
}

// Do sends a request. At most 64 KiB of the answer's body can be read; the caller closes it. Errors: ErrURL, ErrRefused, context.DeadlineExceeded in the chain when time
// ran out, or what the network said; none quotes the URL, which may hold a secret.
func (c *Client) Do(r *http.Request) (*http.Response, error) {
	if err := check(r.URL); err != nil {
		return nil, err
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return nil, plain(err)
	}
	answer.Body = boundedBody{io.LimitReader(answer.Body, maxBody), answer.Body}
	return answer, nil
}

type boundedBody struct {
	io.Reader
	io.Closer
}

// plain takes the URL out of an error, and what is said of an address out of a refusal.
func plain(err error) error {
	for _, refusal := range []error{ErrURL, ErrRefused} {
		if errors.Is(err, refusal) {
			return refusal
		}
	}
	var quoting *url.Error
	if errors.As(err, &quoting) {
		return quoting.Err
	}
	return err
}

func check(u *url.URL) error {
	web := u.Scheme == "http" || u.Scheme == "https"
	if !web || u.Hostname() == "" || u.User != nil || !portInRange(u.Port()) || len(u.String()) > maxURL {
		return ErrURL
	}
	return nil
}

// portInRange accepts an absent port as well.
func portInRange(port string) bool {
	n, err := strconv.ParseUint(port, 10, 16)
	return port == "" || err == nil && n > 0
}
