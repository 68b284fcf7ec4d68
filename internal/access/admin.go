package access

import (
	"context"
	"slices"
	"strings"
	"time"

	"avow/internal/fault"
)

// Refusals of what operators ask for.
var (
	ErrOrganisationUnknown = fault.New(fault.NotFound, "organisation_unknown", "There is no such organisation.")
	ErrNameTaken           = fault.New(fault.Conflict, "name_taken", "There is an organisation of this name already.")
	ErrNameMissing         = fault.New(fault.Invalid, "name_missing", "A name of 1 to 100 characters without control characters is required.")
	ErrScopeForm           = fault.New(fault.Invalid, "scope_form", "A scope begins with a slash, such as /external/me/r.")
	ErrKeyGone             = fault.New(fault.NotFound, "key_gone", "There is no such key, or it is revoked.")
	ErrClientGone          = fault.New(fault.NotFound, "client_gone", "There is no such client, or it is disabled.")
)

// Directory is where organisations, keys and clients are kept.
type Directory interface {
	// CreateOrganisation saves a new organisation. ErrNameTaken: there is one of this name.
	CreateOrganisation(ctx context.Context, o Organisation) error
	// Organisations returns all of them by name.
	Organisations(ctx context.Context) ([]Organisation, error)
	// SaveSettings replaces the settings of an organisation.
	SaveSettings(ctx context.Context, org string, s Settings) error
	// CreateKey saves a new key.
	CreateKey(ctx context.Context, k Key) error
	// Keys returns the keys of an organisation, newest first, revoked ones included; of all organisations when org is empty. Secrets are left out.
	Keys(ctx context.Context, org string) ([]Key, error)
	// RotateKey gives a key another secret; the one before is accepted until the given instant. ErrKeyGone: unknown or revoked.
	RotateKey(ctx context.Context, id, secret string, until time.Time) (Key, error)
	// RevokeKey makes a key worthless at once. ErrKeyGone: unknown or revoked before.
	RevokeKey(ctx context.Context, id string, now time.Time) error
	// CreateClient saves a new client.
	CreateClient(ctx context.Context, c Client) error
	// Clients returns the clients of an organisation, newest first, disabled ones included; of all organisations when org is empty.
	Clients(ctx context.Context, org string) ([]Client, error)
	// RotateClient gives a client another secret; the one before is worthless at once. ErrClientGone: unknown or disabled.
	RotateClient(ctx context.Context, id string, secret Hash) error
	// DisableClient makes a client and its tokens worthless at once. ErrClientGone: unknown or disabled before.
	DisableClient(ctx context.Context, id string, now time.Time) error
	// Secrets returns the secrets of all keys and endpoints that are not revoked or disabled, for the developers' webhook receiver.
	Secrets(ctx context.Context) ([]string, error)
}

// Admin carries out what operators ask for.
type Admin struct {
	Directory Directory
	Keys      *Keyring
	Random    Random
	Now       func() time.Time
}

// Organisation finds an organisation by its id or its unique name.
func (a *Admin) Organisation(ctx context.Context, ref string) (Organisation, error) {
	all, err := a.Directory.Organisations(ctx)
	if err != nil {
		return Organisation{}, err
	}
	i := slices.IndexFunc(all, func(o Organisation) bool { return o.ID == ref || o.Name == ref })
	if i < 0 {
		return Organisation{}, ErrOrganisationUnknown
	}
	return all[i], nil
}

// CreateOrganisation makes an organisation.
func (a *Admin) CreateOrganisation(ctx context.Context, name string, demo bool) (Organisation, error) {
	if err := checkName(name); err != nil {
		return Organisation{}, err
	}
	o := Organisation{ID: a.Random.ID("org_"), Name: name, Settings: Settings{}, Demo: demo, CreatedAt: a.Now()}
	return o, a.Directory.CreateOrganisation(ctx, o)
}

// Set changes one setting of an organisation.
func (a *Admin) Set(ctx context.Context, ref, name, value string) (Organisation, error) {
	o, err := a.Organisation(ctx, ref)
	if err != nil {
		return Organisation{}, err
	}
	if err := CheckSetting(name, value); err != nil {
		return Organisation{}, err
	}
	o.Settings[name] = value
	return o, a.Directory.SaveSettings(ctx, o.ID, o.Settings)
}

// NewKey is an API key with its text, which is shown once.
type NewKey struct {
	Key
	Text string
}

// WebhookSecret is the secret in the form that Standard Webhooks libraries take (skills-api.md 18.18).
func (k Key) WebhookSecret() string { return webhookSecret(k.Secret) }

// CreateKey makes an API key.
func (a *Admin) CreateKey(ctx context.Context, ref, name string, mode Mode) (NewKey, error) {
	o, err := a.Organisation(ctx, ref)
	if err != nil {
		return NewKey{}, err
	}
	if err := checkName(name); err != nil {
		return NewKey{}, err
	}
	k := a.DrawKey(a.Random, Owner{Org: o.ID, Mode: mode}, name)
	return k, a.Directory.CreateKey(ctx, k.Key)
}

// keyPrefix is what API keys begin with, and session tokens do not.
const keyPrefix = "avow_"

// LooksLikeKey reports whether a text that was shown as API key has the form of one.
func LooksLikeKey(shown string) bool { return strings.HasPrefix(shown, keyPrefix) }

// DrawKey draws a key from a source without saving it.
func (a *Admin) DrawKey(source Random, owner Owner, name string) NewKey {
	prefix := keyPrefix + string(owner.Mode) + "_"
	k := NewKey{Key: Key{ID: source.ID("key_"), Owner: owner, Name: name, CreatedAt: a.Now()}, Text: source.Secret(prefix)}
	k.Secret, k.Hash = source.Secret(prefix+"sk_"), a.Keys.Hash(ForAPIKey, k.Text)
	return k
}

// RotateKey gives a key another secret; both are accepted for the overlap.
func (a *Admin) RotateKey(ctx context.Context, id string, overlap time.Duration) (Key, error) {
	keys, err := a.Directory.Keys(ctx, "")
	if err != nil {
		return Key{}, err
	}
	i := slices.IndexFunc(keys, func(k Key) bool { return k.ID == id && k.RevokedAt.IsZero() })
	if i < 0 {
		return Key{}, ErrKeyGone
	}
	secret := a.Random.Secret("avow_" + string(keys[i].Owner.Mode) + "_sk_")
	return a.Directory.RotateKey(ctx, id, secret, a.Now().Add(overlap))
}

// NewClient is what an operator says of a client to be made.
type NewClient struct {
	Org              string // id or name
	Name             string
	Scopes           []string
	VerificationURLs []string
	OfflineAccess    bool
}

// CreateClient makes an OAuth client and returns its secret, which is shown once.
func (a *Admin) CreateClient(ctx context.Context, n NewClient) (Client, string, error) {
	o, err := a.Organisation(ctx, n.Org)
	if err != nil {
		return Client{}, "", err
	}
	if err := checkClient(n); err != nil {
		return Client{}, "", err
	}
	n.Org = o.ID
	c, secret := a.DrawClient(a.Random, n)
	return c, secret, a.Directory.CreateClient(ctx, c)
}

// DrawClient draws a client and its secret from a source without saving it. The organisation is named by its id.
func (a *Admin) DrawClient(source Random, n NewClient) (Client, string) {
	c := Client{
		ID: source.ID("client_"), Org: n.Org, Name: n.Name, Scopes: n.Scopes, VerificationURLs: n.VerificationURLs, OfflineAccess: n.OfflineAccess, CreatedAt: a.Now(),
	}
	secret := source.Secret("avow_cs_")
	c.SecretHash = a.Keys.Hash(ForClientSecret, secret)
	return c, secret
}

func checkClient(n NewClient) error {
	if err := checkName(n.Name); err != nil {
		return err
	}
	if len(n.Scopes) == 0 || slices.ContainsFunc(n.Scopes, func(s string) bool { return !strings.HasPrefix(s, "/") }) {
		return ErrScopeForm
	}
	return nil
}

// RotateClient gives a client another secret and returns it.
func (a *Admin) RotateClient(ctx context.Context, id string) (string, error) {
	secret := a.Random.Secret("avow_cs_")
	return secret, a.Directory.RotateClient(ctx, id, a.Keys.Hash(ForClientSecret, secret))
}

func checkName(name string) error {
	if n := len([]rune(name)); strings.TrimSpace(name) == "" || n > maxSettingText || strings.ContainsFunc(name, isControl) {
		return ErrNameMissing
	}
	return nil
}
