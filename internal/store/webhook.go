package store

import (
	"context"
	"crypto/sha256"
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

// CallbackDisabled implements webhook.Callbacks.
func (s *Store) CallbackDisabled(ctx context.Context, d outbox.Delivery) (disabled bool, err error) {
	b := &batch{}
	b.query(`SELECT 1 FROM disabled_callbacks WHERE url_hash = $1 AND mode = $2 AND org_id = $3`, func(scan scanner) error {
		disabled = true
		return scan(new(int64))
	}, callback(d)...)
	return disabled, s.view(ctx, b)
}

// DisableCallback implements webhook.Callbacks.
func (s *Store) DisableCallback(ctx context.Context, d outbox.Delivery, now time.Time) error {
	b := &batch{}
	b.exec(`INSERT INTO disabled_callbacks (url_hash, mode, org_id, disabled_at) VALUES ($1, $2, $3, $4) ON CONFLICT (url_hash, mode, org_id) DO NOTHING`,
		append(callback(d), micros(now))...)
	return s.save(ctx, b)
}

// EnableCallback lets a delivery's target be called again by its organisation and in its mode; one that was never disabled stays as it is.
func (s *Store) EnableCallback(ctx context.Context, d outbox.Delivery) error {
	b := &batch{}
	b.exec(`DELETE FROM disabled_callbacks WHERE url_hash = $1 AND mode = $2 AND org_id = $3`, callback(d)...)
	return s.save(ctx, b)
}

// callback is the key of a delivery's target among the disabled ones.
func callback(d outbox.Delivery) []any {
	hash := sha256.Sum256([]byte(d.Target))
	return []any{hash[:], modeOf(d), d.Org}
}

func modeOf(d outbox.Delivery) string { return modeName(d.Test) }

func modeName(test bool) string {
	if test {
		return string(access.Test)
	}
	return string(access.Live)
}
