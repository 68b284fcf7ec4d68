package store

import (
	"context"
	"time"

	"avow/internal/access"
	"avow/internal/outbox"
)

// SigningSecrets implements webhook.Secrets for API keys and endpoints. A disabled endpoint signs nothing, so that what waits for it is given up.
func (s *Store) SigningSecrets(ctx context.Context, d outbox.Delivery, by outbox.Signer, now time.Time) ([][]byte, error) {
	if by.Endpoint == "" {
		return s.keySecrets(ctx, d, by, now)
	}
	sealed, err := s.endpointSecret(ctx, d.Org, by.Endpoint)
	if err != nil || sealed == nil || d.Org == "" || d.Test {
		return nil, err
	}
	secret, err := s.keys.Open(access.ForEndpointSecret, sealed)
	return [][]byte{secret}, err
}

func (s *Store) keySecrets(ctx context.Context, d outbox.Delivery, by outbox.Signer, now time.Time) ([][]byte, error) {
	var sealed [][]byte
	b := &batch{}
	b.query(`SELECT secret_sealed, previous_secret_sealed, previous_until FROM api_keys WHERE id = $1 AND mode = $2 AND org_id = $3`, func(scan scanner) error {
		var current, previous []byte
		var until int64
		err := scan(&current, &previous, &until)
		if sealed = [][]byte{current}; now.Before(instant(until)) {
			sealed = append(sealed, previous)
		}
		return err
	}, by.Key, modeOf(d), d.Org)
	if err := s.view(ctx, b); err != nil {
		return nil, err
	}
	secrets := make([][]byte, len(sealed))
	for i, one := range sealed {
		var err error
		if secrets[i], err = s.keys.Open(access.ForKeySecret, one); err != nil {
			return nil, err
		}
	}
	return secrets, nil
}

func modeOf(d outbox.Delivery) string {
	if d.Test {
		return string(access.Test)
	}
	return string(access.Live)
}
