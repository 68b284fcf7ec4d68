package store

import (
	"context"
	"errors"
	"slices"
	"time"

	"avow/internal/access"
)

// endpointDocument is an endpoint as its organisation's row holds it.
type endpointDocument struct {
	ID         string   `json:"id"`
	Mode       string   `json:"mode,omitempty"` // of verifications; of accounts: none
	URL        string   `json:"url"`
	Events     []string `json:"events,omitempty"`
	Secret     []byte   `json:"secret"` // sealed
	CreatedAt  int64    `json:"createdAt"`
	DisabledAt int64    `json:"disabledAt,omitempty"`

	Previous      []byte `json:"previous,omitempty"`      // the secret before; sealed
	PreviousUntil int64  `json:"previousUntil,omitempty"` // since when it signs no more
}

const noEndpoints = "[]"

func endpointsFrom(text string) []endpointDocument {
	if text == noEndpoints {
		return nil
	}
	return fromJSON[endpointDocument](text)
}

// enabled are the endpoints that hear of a mode's events; of accounts' with none.
func enabled(documents []endpointDocument, mode access.Mode) []access.Endpoint {
	var all []access.Endpoint
	for _, d := range documents {
		if d.DisabledAt == 0 && d.Mode == string(mode) {
			all = append(all, d.endpoint(""))
		}
	}
	return all
}

func (d endpointDocument) endpoint(org string) access.Endpoint {
	return access.Endpoint{ID: d.ID, Org: org, Mode: access.Mode(d.Mode), URL: d.URL, Events: d.Events, CreatedAt: instant(d.CreatedAt), DisabledAt: instant(d.DisabledAt), PreviousUntil: instant(d.PreviousUntil)}
}

// CreateEndpoint implements access.Endpoints.
func (s *Store) CreateEndpoint(ctx context.Context, e access.Endpoint) error {
	d := s.document(e)
	return s.changeEndpoints(ctx, e.Org, func(all []endpointDocument) ([]endpointDocument, error) { return append(all, d), nil })
}

func (s *Store) document(e access.Endpoint) endpointDocument {
	sealed := s.keys.Seal(access.ForEndpointSecret, []byte(e.Secret))
	return endpointDocument{ID: e.ID, Mode: string(e.Mode), URL: e.URL, Events: e.Events, Secret: sealed, CreatedAt: micros(e.CreatedAt)}
}

// Endpoints implements access.Endpoints.
func (s *Store) Endpoints(ctx context.Context, org string) ([]access.Endpoint, error) {
	var all []access.Endpoint
	err := s.eachOrganisation(ctx, org, func(id, endpoints string) {
		for _, d := range endpointsFrom(endpoints) {
			all = append(all, d.endpoint(id))
		}
	})
	return all, err
}

// DisableEndpoint implements access.Endpoints.
func (s *Store) DisableEndpoint(ctx context.Context, id string, now time.Time) error {
	_, err := s.changeEndpoint(ctx, id, func(d *endpointDocument) bool {
		enabled := d.DisabledAt == 0
		d.DisabledAt = micros(now)
		return enabled
	})
	return err
}

// EnableEndpoint implements access.Endpoints.
func (s *Store) EnableEndpoint(ctx context.Context, id string) error {
	_, err := s.changeEndpoint(ctx, id, func(d *endpointDocument) bool {
		disabled := d.DisabledAt != 0
		d.DisabledAt = 0
		return disabled
	})
	return err
}

// RotateEndpoint implements access.Endpoints.
func (s *Store) RotateEndpoint(ctx context.Context, id, secret string, until time.Time) (access.Endpoint, error) {
	sealed := s.keys.Seal(access.ForEndpointSecret, []byte(secret))
	e, err := s.changeEndpoint(ctx, id, func(d *endpointDocument) bool {
		d.Previous, d.PreviousUntil, d.Secret = d.Secret, micros(until), sealed
		return d.DisabledAt == 0
	})
	e.Secret = secret
	return e, err
}

// changeEndpoint changes one endpoint unless change says that it is not as it should be, and returns it as it is then.
func (s *Store) changeEndpoint(ctx context.Context, id string, change func(*endpointDocument) bool) (changed access.Endpoint, err error) {
	all, err := s.Endpoints(ctx, "")
	if err != nil {
		return changed, err
	}
	i := slices.IndexFunc(all, func(e access.Endpoint) bool { return e.ID == id })
	if i < 0 {
		return changed, access.ErrEndpointGone
	}
	org := all[i].Org
	err = s.changeEndpoints(ctx, org, func(all []endpointDocument) ([]endpointDocument, error) {
		i := slices.IndexFunc(all, func(d endpointDocument) bool { return d.ID == id })
		if i < 0 || !change(&all[i]) {
			return nil, access.ErrEndpointGone
		}
		changed = all[i].endpoint(org)
		return all, nil
	})
	return changed, err
}

// eachOrganisation reads the endpoints of one organisation, or of all.
func (s *Store) eachOrganisation(ctx context.Context, org string, use func(id, endpoints string)) error {
	b := &batch{}
	b.query(`SELECT id, endpoints FROM organisations WHERE $1 = '' OR id = $1 ORDER BY name`, func(scan scanner) error {
		var id, endpoints string
		err := scan(&id, &endpoints)
		use(id, endpoints)
		return err
	}, org)
	return s.view(ctx, b)
}

// changeEndpoints replaces an organisation's endpoints if they are still those that were read; if not, it begins anew.
func (s *Store) changeEndpoints(ctx context.Context, org string, change func([]endpointDocument) ([]endpointDocument, error)) error {
	err := errStale
	for try := 0; errors.Is(err, errStale) && try < maxTries; try++ {
		found, before := false, ""
		if err := s.eachOrganisation(ctx, org, func(_, endpoints string) { found, before = true, endpoints }); err != nil {
			return err
		}
		if !found {
			return access.ErrOrganisationUnknown
		}
		after, refused := change(endpointsFrom(before))
		if refused != nil {
			return refused
		}
		err = s.mustChange(ctx, errStale, `UPDATE organisations SET endpoints = $1 WHERE id = $2 AND endpoints = $3`, toJSON(after), org, before)
	}
	return err
}

// signingSecrets are sealed, the current one first; none: the organisation has no such endpoint in these modes (in none: of accounts), or it is disabled.
func (s *Store) signingSecrets(ctx context.Context, org, id string, now time.Time, modes ...access.Mode) (sealed [][]byte, err error) {
	err = s.eachOrganisation(ctx, org, func(_, endpoints string) {
		for _, d := range endpointsFrom(endpoints) {
			switch {
			case d.ID != id || d.DisabledAt != 0 || !slices.Contains(modes, access.Mode(d.Mode)):
			case now.Before(instant(d.PreviousUntil)):
				sealed = [][]byte{d.Secret, d.Previous}
			default:
				sealed = [][]byte{d.Secret}
			}
		}
	})
	return sealed, err
}

// endpointSecrets are those of all endpoints that are not disabled.
func (s *Store) endpointSecrets(ctx context.Context) ([]string, error) {
	var sealed [][]byte
	err := s.eachOrganisation(ctx, "", func(_, endpoints string) {
		for _, d := range endpointsFrom(endpoints) {
			if d.DisabledAt == 0 {
				sealed = append(sealed, d.Secret)
			}
		}
	})
	var secrets []string
	for _, one := range sealed {
		secret, failed := s.keys.Open(access.ForEndpointSecret, one)
		if failed != nil {
			return nil, failed
		}
		secrets = append(secrets, string(secret))
	}
	return secrets, err
}
