package access

import (
	"context"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"avow/internal/fault"
)

// Endpoint is an address of an organisation that hears of its accounts' events (accounts-api.md 6) or, where it has a mode, of how that mode's verifications end
// (skills-api.md 10). The secret is kept sealed, for signatures must be computed with it.
type Endpoint struct {
	ID         string
	Org        string
	Mode       Mode // empty: of accounts, which have none
	URL        string
	Events     []string // their names; empty: all
	Secret     string   // left out where nothing is signed
	CreatedAt  time.Time
	DisabledAt time.Time // zero: enabled

	PreviousUntil time.Time // since when the secret before the last rotation signs no more; zero: there was none
}

// Hears reports whether the endpoint is to be told of an event.
func (e Endpoint) Hears(event string) bool {
	return len(e.Events) == 0 || slices.Contains(e.Events, event)
}

// WebhookSecret is the secret in the form that Standard Webhooks libraries take.
func (e Endpoint) WebhookSecret() string { return webhookSecret(e.Secret) }

// Refusals of what operators ask of endpoints.
var (
	ErrEndpointGone  = fault.New(fault.NotFound, "endpoint_gone", "There is no such endpoint, or it is disabled.")
	ErrEndpointURL   = fault.New(fault.Invalid, "endpoint_url", "The URL must be an absolute https address without user information and fragment; http only into AVOW_EGRESS_ALLOW.")
	ErrEndpointEvent = fault.New(fault.Invalid, "endpoint_event", "")
)

// Endpoints is where they are kept.
type Endpoints interface {
	// CreateEndpoint saves a new endpoint. ErrOrganisationUnknown: there is no such organisation.
	CreateEndpoint(ctx context.Context, e Endpoint) error
	// Endpoints returns the endpoints of an organisation, oldest first, disabled ones included; of all organisations when org is empty. Secrets are left out.
	Endpoints(ctx context.Context, org string) ([]Endpoint, error)
	// DisableEndpoint ends what is told to an endpoint: nothing new is queued for it, and what is queued is not sent. ErrEndpointGone: unknown or disabled before.
	DisableEndpoint(ctx context.Context, id string, now time.Time) error
	// EnableEndpoint takes that back. ErrEndpointGone: unknown or not disabled by DisableEndpoint.
	EnableEndpoint(ctx context.Context, id string) error
	// RotateEndpoint gives an endpoint another secret; the one before signs beside it until the given instant. ErrEndpointGone: unknown or disabled.
	RotateEndpoint(ctx context.Context, id, secret string, until time.Time) (Endpoint, error)
}

// EndpointPolicy says what endpoints may be.
type EndpointPolicy struct {
	Events   []string       // that there are
	Networks []netip.Prefix // hosts by address that may have plain http
}

// CreateEndpoint makes an endpoint for some events, for all when none is named. Its secret is shown once.
func (a *Admin) CreateEndpoint(ctx context.Context, store Endpoints, p EndpointPolicy, n Endpoint) (Endpoint, error) {
	o, err := a.Organisation(ctx, n.Org)
	if err != nil {
		return Endpoint{}, err
	}
	if err := p.check(n); err != nil {
		return Endpoint{}, err
	}
	n.ID, n.Org, n.Secret, n.CreatedAt = a.Random.ID("whe_"), o.ID, a.Random.Secret("avow_whs_"), a.Now()
	return n, store.CreateEndpoint(ctx, n)
}

// RotateEndpoint gives an endpoint another secret, which is shown once; what is sent during the overlap is signed by both.
func (a *Admin) RotateEndpoint(ctx context.Context, store Endpoints, id string, overlap time.Duration) (Endpoint, error) {
	return store.RotateEndpoint(ctx, id, a.Random.Secret("avow_whs_"), a.Now().Add(overlap))
}

func (p EndpointPolicy) check(n Endpoint) error {
	u, err := url.Parse(n.URL)
	if err != nil || u.Hostname() == "" || u.User != nil || strings.Contains(n.URL, "#") || u.Scheme != "https" && (u.Scheme != "http" || !p.inside(u.Hostname())) {
		return ErrEndpointURL
	}
	for _, name := range n.Events {
		if !slices.Contains(p.Events, name) {
			return ErrEndpointEvent.Saying("There is no event " + name + "; known are " + strings.Join(p.Events, ", ") + ".")
		}
	}
	return nil
}

func (p EndpointPolicy) inside(host string) bool {
	addr, err := netip.ParseAddr(host)
	return err == nil && slices.ContainsFunc(p.Networks, func(n netip.Prefix) bool { return n.Contains(addr.Unmap()) })
}
