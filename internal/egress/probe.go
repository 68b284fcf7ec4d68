package egress

import (
	"context"
	"net"
	"net/http"
	"time"
)

// Bounds of a probe (skills-api.md 5.4).
const (
	probeTime      = 5 * time.Second
	probeRedirects = 5
)

const probeAgent = "avow-link-check"

// Probe looks whether links of strangers answer. It reaches public addresses only, whatever networks webhooks may reach: anybody can make it call, and what it answers
// would tell them what is inside.
type Probe struct{ client *Client }

// NewProbe makes a Probe.
func NewProbe() *Probe { return newProbe(&net.Dialer{Control: guard(nil)}) }

func newProbe(d *net.Dialer) *Probe { return &Probe{newClient(d, probeRedirects, probeTime)} }

// Probe asks for a link by HEAD, or for its first byte by GET where the server knows no HEAD, and returns the status behind at most five redirects. An error: there was
// no answer; context.DeadlineExceeded in its chain: not within five seconds.
func (p *Probe) Probe(ctx context.Context, link string) (status int, err error) {
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	status, err = p.ask(ctx, http.MethodHead, link)
	if status == http.StatusMethodNotAllowed || status == http.StatusNotImplemented {
		return p.ask(ctx, http.MethodGet, link)
	}
	return status, err
}

func (p *Probe) ask(ctx context.Context, method, link string) (status int, err error) {
	r, err := http.NewRequestWithContext(ctx, method, link, nil)
	if err != nil {
		return 0, ErrURL
	}
	r.Header.Set("User-Agent", probeAgent)
	if method == http.MethodGet {
		r.Header.Set("Range", "bytes=0-0")
	}
	answer, err := p.client.Do(r)
	if err != nil {
		return 0, err
	}
	return answer.StatusCode, answer.Body.Close()
}
