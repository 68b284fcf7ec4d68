package store

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"avow/internal/access"
)

// CreateOrganisation implements access.Directory.
func (s *Store) CreateOrganisation(ctx context.Context, o access.Organisation) error {
	settings, err := json.Marshal(o.Settings)
	if err != nil {
		return err
	}
	b := &batch{}
	b.exec(`INSERT INTO organisations (id, name, settings, demo, created_at) VALUES ($1, $2, $3, $4, $5)`,
		o.ID, o.Name, string(settings), o.Demo, micros(o.CreatedAt))
	if err = s.save(ctx, b); errors.Is(err, errTaken) {
		return access.ErrNameTaken
	}
	return err
}

// Organisations implements access.Directory.
func (s *Store) Organisations(ctx context.Context) ([]access.Organisation, error) {
	var all []access.Organisation
	b := &batch{}
	b.query(`SELECT id, name, settings, demo, created_at FROM organisations ORDER BY name`, func(scan scanner) error {
		var o access.Organisation
		var settings string
		var created int64
		err := scan(&o.ID, &o.Name, &settings, &o.Demo, &created)
		o.Settings, o.CreatedAt = settingsFrom(settings), instant(created)
		all = append(all, o)
		return err
	})
	return all, s.view(ctx, b)
}

// SaveSettings implements access.Directory.
func (s *Store) SaveSettings(ctx context.Context, org string, settings access.Settings) error {
	text, err := json.Marshal(settings)
	if err != nil {
		return err
	}
	return s.mustChange(ctx, access.ErrOrganisationUnknown, `UPDATE organisations SET settings = $1 WHERE id = $2`, string(text), org)
}

// CreateKey implements access.Directory.
func (s *Store) CreateKey(ctx context.Context, k access.Key) error {
	b := &batch{}
	b.exec(`INSERT INTO api_keys (id, org_id, mode, name, hash, secret_sealed, previous_until, created_at, revoked_at) VALUES ($1, $2, $3, $4, $5, $6, 0, $7, 0)`,
		k.ID, k.Owner.Org, string(k.Owner.Mode), k.Name, k.Hash[:], s.keys.Seal(access.ForKeySecret, []byte(k.Secret)), micros(k.CreatedAt))
	return s.save(ctx, b)
}

// Keys implements access.Directory.
func (s *Store) Keys(ctx context.Context, org string) ([]access.Key, error) {
	var keys []access.Key
	b := &batch{}
	b.query(`SELECT k.id, k.org_id, k.mode, k.name, k.previous_until, k.created_at, k.revoked_at,
  (SELECT COUNT(*) FROM key_counts c WHERE c.key_id = k.id AND c.counter = 'credits'),
  (SELECT COUNT(*) FROM key_counts c WHERE c.key_id = k.id AND c.counter = 'verified_profiles')
FROM api_keys k WHERE $1 = '' OR k.org_id = $1 ORDER BY k.created_at DESC, k.id`,
		func(scan scanner) error {
			var k access.Key
			var mode string
			var until, created, revoked int64
			err := scan(&k.ID, &k.Owner.Org, &mode, &k.Name, &until, &created, &revoked, &k.Credits, &k.VerifiedProfiles)
			k.Owner.Mode, k.PreviousUntil, k.CreatedAt, k.RevokedAt = access.Mode(mode), instant(until), instant(created), instant(revoked)
			keys = append(keys, k)
			return err
		}, org)
	return keys, s.view(ctx, b)
}

// RotateKey implements access.Directory.
func (s *Store) RotateKey(ctx context.Context, id, secret string, until time.Time) (access.Key, error) {
	err := s.mustChange(ctx, access.ErrKeyGone,
		`UPDATE api_keys SET previous_secret_sealed = secret_sealed, previous_until = $1, secret_sealed = $2 WHERE id = $3 AND revoked_at = 0`,
		micros(until), s.keys.Seal(access.ForKeySecret, []byte(secret)), id)
	return access.Key{ID: id, Secret: secret, PreviousUntil: until}, err
}

// RevokeKey implements access.Directory.
func (s *Store) RevokeKey(ctx context.Context, id string, now time.Time) error {
	return s.mustChange(ctx, access.ErrKeyGone, `UPDATE api_keys SET revoked_at = $1 WHERE id = $2 AND revoked_at = 0`, micros(now), id)
}

// Secrets implements access.Directory.
func (s *Store) Secrets(ctx context.Context) ([]string, error) {
	secrets, err := s.endpointSecrets(ctx)
	if err != nil {
		return nil, err
	}
	var sealed [][]byte
	b := &batch{}
	b.query(`SELECT secret_sealed FROM api_keys WHERE revoked_at = 0`, func(scan scanner) error {
		var one []byte
		err := scan(&one)
		sealed = append(sealed, one)
		return err
	})
	if err := s.view(ctx, b); err != nil {
		return nil, err
	}
	for _, one := range sealed {
		secret, err := s.keys.Open(access.ForKeySecret, one)
		if err != nil {
			return nil, err
		}
		secrets = append(secrets, string(secret))
	}
	return secrets, nil
}

// CreateClient implements access.Directory.
func (s *Store) CreateClient(ctx context.Context, c access.Client) error {
	b := &batch{}
	b.exec(`INSERT INTO clients (id, org_id, name, secret_hash, scopes, verification_urls, offline_access, created_at, disabled_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0)`,
		c.ID, c.Org, c.Name, c.SecretHash[:], strings.Join(c.Scopes, " "), strings.Join(c.VerificationURLs, " "), c.OfflineAccess, micros(c.CreatedAt))
	return s.save(ctx, b)
}

// Clients implements access.Directory.
func (s *Store) Clients(ctx context.Context, org string) ([]access.Client, error) {
	var clients []access.Client
	b := &batch{}
	b.query(`SELECT `+clientColumns+` FROM clients c WHERE $1 = '' OR c.org_id = $1 ORDER BY c.created_at DESC, c.id`, func(scan scanner) error {
		var row clientRow
		err := scan(row.columns()...)
		clients = append(clients, row.client())
		return err
	}, org)
	return clients, s.view(ctx, b)
}

// RotateClient implements access.Directory.
func (s *Store) RotateClient(ctx context.Context, id string, secret access.Hash) error {
	return s.mustChange(ctx, access.ErrClientGone, `UPDATE clients SET secret_hash = $1 WHERE id = $2 AND disabled_at = 0`, secret[:], id)
}

// DisableClient implements access.Directory.
func (s *Store) DisableClient(ctx context.Context, id string, now time.Time) error {
	return s.mustChange(ctx, access.ErrClientGone, `UPDATE clients SET disabled_at = $1 WHERE id = $2 AND disabled_at = 0`, micros(now), id)
}

// mustChange runs a statement that has to change exactly one row; otherwise it returns the refusal.
func (s *Store) mustChange(ctx context.Context, refusal error, sql string, args ...any) error {
	b := &batch{}
	b.must(sql, args...)
	err := s.save(ctx, b)
	if errors.Is(err, errStale) {
		return refusal
	}
	return err
}
