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
		sealed, err := s.keySecrets(ctx, d, by, now)
		return s.openAll(access.ForKeySecret, sealed, err)
	}
	if d.Org == "" {
		return nil, nil
	}
	modes := []access.Mode{access.Test}
	if !d.Test {
		modes = []access.Mode{access.Live, ""} // what happens to accounts is never a test
	}
	sealed, err := s.signingSecrets(ctx, d.Org, by.Endpoint, now, modes...)
	return s.openAll(access.ForEndpointSecret, sealed, err)
}

// keySecrets are sealed, the current one first.
func (s *Store) keySecrets(ctx context.Context, d outbox.Delivery, by outbox.Signer, now time.Time) (sealed [][]byte, err error) {
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
	return sealed, s.view(ctx, b)
}

func (s *Store) openAll(use access.Purpose, sealed [][]byte, err error) ([][]byte, error) {
	var secrets [][]byte
	for _, one := range sealed {
		secret, failed := s.keys.Open(use, one)
		if err == nil {
			err = failed
		}
		secrets = append(secrets, secret)
	}
	return secrets, err
}

func modeOf(d outbox.Delivery) string {
	if d.Test {
		return string(access.Test)
	}
	return string(access.Live)
}
