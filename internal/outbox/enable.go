package outbox

import (
	"context"
	"time"
)

// Watched is an endpoint whose webhooks do not arrive as they should, or did not until a short while ago.
type Watched struct {
	Org  string
	Test bool
	URL  string
	Endpoint
}

// Endpoints is where it is kept how the targets of webhooks are doing.
type Endpoints interface {
	// Watched returns the endpoints of an organisation, of all when org is empty, that are failing, off, or catching up; by organisation, mode and URL.
	Watched(ctx context.Context, org string) ([]Watched, error)
	// EnableURL looks the endpoint with a URL up, for a reader with a key in the organisation and mode of that, for an operator in those that at names, and lets decide
	// decide; unless that refuses, the endpoint is called again, and what waits for it is tried.
	EnableURL(ctx context.Context, r Reader, at Watched, now time.Time, decide func(View) error) error
}

// Enable has an endpoint that is off called again. What was given up meanwhile is not sent by that, but by a replay. ErrEndpointOn: there is none that the reader may reach.
func (s *Service) Enable(ctx context.Context, r Reader, at Watched) error {
	return s.Endpoints.EnableURL(ctx, r, at, s.Now(), func(v View) error {
		if err := r.check(v); err != nil {
			return err
		}
		if len(v.Endpoints) == 0 || v.Endpoints[0].Off.IsZero() {
			return ErrEndpointOn
		}
		return nil
	})
}
