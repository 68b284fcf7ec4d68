package access

import (
	"cmp"
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
)

var errBroken = errors.New("broken")

// directory is the simplest Directory there can be.
type directory struct {
	orgs    []Organisation
	keys    []Key
	clients []Client
	broken  bool
}

func (d *directory) fault() error {
	if d.broken {
		return errBroken
	}
	return nil
}

func (d *directory) CreateOrganisation(_ context.Context, o Organisation) error {
	if slices.ContainsFunc(d.orgs, func(other Organisation) bool { return other.Name == o.Name }) {
		return ErrNameTaken
	}
	d.orgs = append(d.orgs, o)
	slices.SortFunc(d.orgs, func(a, b Organisation) int { return cmp.Compare(a.Name, b.Name) })
	return nil
}

func (d *directory) Organisations(context.Context) ([]Organisation, error) {
	return slices.Clone(d.orgs), d.fault()
}

func (d *directory) SaveSettings(_ context.Context, org string, s Settings) error {
	for i := range d.orgs {
		if d.orgs[i].ID == org {
			d.orgs[i].Settings = s
		}
	}
	return nil
}

func (d *directory) CreateKey(_ context.Context, k Key) error {
	d.keys = append(d.keys, k)
	return nil
}

func (d *directory) Keys(_ context.Context, org string) ([]Key, error) {
	keys := slices.DeleteFunc(slices.Clone(d.keys), func(k Key) bool { return org != "" && k.Owner.Org != org })
	for i := range keys {
		keys[i].Secret, keys[i].PreviousSecret = "", ""
	}
	return keys, d.fault()
}

func (d *directory) RotateKey(_ context.Context, id, secret string, until time.Time) (Key, error) {
	i := slices.IndexFunc(d.keys, func(k Key) bool { return k.ID == id && k.RevokedAt.IsZero() })
	if i < 0 {
		return Key{}, ErrKeyGone
	}
	d.keys[i].PreviousSecret, d.keys[i].PreviousUntil, d.keys[i].Secret = d.keys[i].Secret, until, secret
	return d.keys[i], nil
}

func (d *directory) RevokeKey(_ context.Context, id string, now time.Time) error {
	for i := range d.keys {
		if d.keys[i].ID == id {
			d.keys[i].RevokedAt = now
		}
	}
	return nil
}

func (d *directory) CreateClient(_ context.Context, c Client) error {
	d.clients = append(d.clients, c)
	return nil
}

func (d *directory) Clients(context.Context, string) ([]Client, error) { return d.clients, nil }

func (d *directory) RotateClient(_ context.Context, id string, secret Hash) error {
	i := slices.IndexFunc(d.clients, func(c Client) bool { return c.ID == id && c.DisabledAt.IsZero() })
	if i < 0 {
		return ErrClientGone
	}
	d.clients[i].SecretHash = secret
	return nil
}

func (d *directory) DisableClient(context.Context, string, time.Time) error { return nil }

func (d *directory) Secrets(context.Context) ([]string, error) { return nil, nil }

// office is an Admin over a directory that holds one organisation.
func office(t *testing.T) (*Admin, *directory, Organisation) {
	t.Helper()
	d := &directory{}
	a := &Admin{Directory: d, Keys: ring(t, 1), Random: seeded(t), Now: func() time.Time { return start }}
	acme, err := a.CreateOrganisation(t.Context(), "Acme", false)
	if err != nil {
		t.Fatal(err)
	}
	return a, d, acme
}

func TestCreateOrganisation(t *testing.T) {
	t.Parallel()
	a, d, acme := office(t)
	if !regexp.MustCompile(`^org_[0-9A-Za-z]{22,}$`).MatchString(acme.ID) {
		t.Errorf("got id %q, want org_ and base62", acme.ID)
	}
	want := Organisation{ID: acme.ID, Name: "Acme", Settings: Settings{}, CreatedAt: start}
	if diff := gocmp.Diff([]Organisation{want}, d.orgs); diff != "" {
		t.Errorf("got +, want -:\n%s", diff)
	}
	if _, err := a.CreateOrganisation(t.Context(), "Acme", false); !errors.Is(err, ErrNameTaken) {
		t.Errorf("got %v for the same name, want %v", err, ErrNameTaken)
	}
	if demo, err := a.CreateOrganisation(t.Context(), "Demo", true); err != nil || !demo.Demo || demo.ID == acme.ID {
		t.Errorf("got %+v, %v, want a demo organisation of its own", demo, err)
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		name string
		want error
	}{
		"plain":           {"Åke & Söner", nil},
		"100 characters":  {strings.Repeat("å", 100), nil},
		"101 characters":  {strings.Repeat("a", 101), ErrNameMissing},
		"empty":           {"", ErrNameMissing},
		"blank":           {" \u00a0 ", ErrNameMissing},
		"line break":      {"Acme\r\nBcc: x", ErrNameMissing},
		"control, hidden": {"Acme\u009b", ErrNameMissing},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, _, acme := office(t)
			_, org := a.CreateOrganisation(t.Context(), tt.name, false)
			_, key := a.CreateKey(t.Context(), acme.ID, tt.name, Live)
			_, _, client := a.CreateClient(t.Context(), NewClient{Org: acme.ID, Name: tt.name, Scopes: []string{meRead}})
			for what, err := range map[string]error{"organisation": org, "key": key, "client": client} {
				if !errors.Is(err, tt.want) {
					t.Errorf("%s: got %v, want %v", what, err, tt.want)
				}
			}
		})
	}
}

func TestOrganisation(t *testing.T) {
	t.Parallel()
	a, d, acme := office(t)
	for _, ref := range []string{acme.ID, "Acme"} {
		if got, err := a.Organisation(t.Context(), ref); err != nil || got.ID != acme.ID {
			t.Errorf("%s: got %+v, %v, want %s", ref, got, err, acme.ID)
		}
	}
	for _, ref := range []string{"", "acme", "org_unknown"} {
		if got, err := a.Organisation(t.Context(), ref); !errors.Is(err, ErrOrganisationUnknown) {
			t.Errorf("%q: got %+v, %v, want %v", ref, got, err, ErrOrganisationUnknown)
		}
	}
	d.broken = true
	if _, err := a.Organisation(t.Context(), acme.ID); !errors.Is(err, errBroken) {
		t.Errorf("got %v, want the directory's %v", err, errBroken)
	}
}

func TestSet(t *testing.T) {
	t.Parallel()
	a, d, _ := office(t)
	tests := []struct {
		ref, name, value string
		want             error
		kept             Settings
	}{
		{"Acme", BrandName, "Acme AB", nil, Settings{BrandName: "Acme AB"}},
		{"Acme", SessionTokenAsKey, "off", nil, Settings{BrandName: "Acme AB", SessionTokenAsKey: "off"}},
		{"Acme", SessionTokenAsKey, "maybe", ErrSettingValue, Settings{BrandName: "Acme AB", SessionTokenAsKey: "off"}},
		{"Acme", "colour", "red", ErrSettingUnknown, Settings{BrandName: "Acme AB", SessionTokenAsKey: "off"}},
		{"Nobody", BrandName, "x", ErrOrganisationUnknown, Settings{BrandName: "Acme AB", SessionTokenAsKey: "off"}},
		{"Acme", BrandName, "", nil, Settings{BrandName: "", SessionTokenAsKey: "off"}},
	}
	for _, tt := range tests {
		if _, err := a.Set(t.Context(), tt.ref, tt.name, tt.value); !errors.Is(err, tt.want) {
			t.Errorf("%s %s %q: got %v, want %v", tt.ref, tt.name, tt.value, err, tt.want)
		}
		if diff := gocmp.Diff(tt.kept, d.orgs[0].Settings); diff != "" {
			t.Errorf("%s %s %q: got +, want -:\n%s", tt.ref, tt.name, tt.value, diff)
		}
	}
}

// interfaces.md section 3; the mode shows in every text of a key.
func TestCreateKey(t *testing.T) {
	t.Parallel()
	for word, mode := range map[string]Mode{"live": Live, "test": Test} {
		t.Run(word, func(t *testing.T) {
			t.Parallel()
			a, d, acme := office(t)
			got, err := a.CreateKey(t.Context(), "Acme", "Shop", mode)
			if err != nil {
				t.Fatal(err)
			}
			for _, form := range []struct{ text, want string }{
				{got.ID, `^key_[0-9A-Za-z]{22,}$`},
				{got.Text, `^avow_` + word + `_[0-9A-Za-z]{49}$`},
				{got.Secret, `^avow_` + word + `_sk_[0-9A-Za-z]{49}$`},
			} {
				if !regexp.MustCompile(form.want).MatchString(form.text) {
					t.Errorf("got %q, want %s", form.text, form.want)
				}
			}
			want := Key{ID: got.ID, Owner: Owner{Org: acme.ID, Mode: mode}, Name: "Shop", Hash: a.Keys.Hash(ForAPIKey, got.Text), Secret: got.Secret, CreatedAt: start}
			if diff := gocmp.Diff([]Key{want}, d.keys); diff != "" {
				t.Errorf("got +, want -:\n%s", diff)
			}
		})
	}
}

// skills-api.md 18.18: whsec_ and the secret's bytes in standard base64.
func TestWebhookSecret(t *testing.T) {
	t.Parallel()
	if got, want := (Key{Secret: "secret?>~"}).WebhookSecret(), "whsec_c2VjcmV0Pz5+"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestRotateKey(t *testing.T) {
	t.Parallel()
	a, d, _ := office(t)
	if _, err := a.CreateKey(t.Context(), "Acme", "Other", Live); err != nil {
		t.Fatal(err)
	}
	before, err := a.CreateKey(t.Context(), "Acme", "Shop", Test)
	if err != nil {
		t.Fatal(err)
	}
	after, err := a.RotateKey(t.Context(), before.ID, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(after.Secret, "avow_test_sk_") || after.Secret == before.Secret {
		t.Errorf("got secret %q, want another one of test mode than %q", after.Secret, before.Secret)
	}
	if after.PreviousSecret != before.Secret || !after.PreviousUntil.Equal(start.Add(time.Hour)) || after.Hash != before.Hash {
		t.Errorf("got %+v, want the old secret for an hour and the same key", after)
	}
	for _, spoil := range []func(){func() { d.keys[1].RevokedAt = start }, func() { d.keys = d.keys[:1] }} { // first revoked, then unknown
		spoil()
		if _, err := a.RotateKey(t.Context(), before.ID, time.Hour); !errors.Is(err, ErrKeyGone) {
			t.Errorf("%d keys: got %v, want %v", len(d.keys), err, ErrKeyGone)
		}
	}
	d.broken = true
	if _, err := a.RotateKey(t.Context(), before.ID, time.Hour); !errors.Is(err, errBroken) {
		t.Errorf("got %v, want the directory's %v", err, errBroken)
	}
}

func TestCreateClient(t *testing.T) {
	t.Parallel()
	a, d, acme := office(t)
	n := NewClient{Org: "Acme", Name: "Web", Scopes: []string{meRead, meWrite}, VerificationURLs: []string{"https://a.example/"}, OfflineAccess: true}
	got, secret, err := a.CreateClient(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`^[a-z_]+[0-9A-Za-z]{49}$`).MatchString(secret) || secret != Checked(secret[:len(secret)-6]) {
		t.Errorf("got secret %q, want a prefix, 43 digits and their checksum", secret)
	}
	want := Client{
		ID: got.ID, Org: acme.ID, Name: "Web", SecretHash: a.Keys.Hash(ForClientSecret, secret), Scopes: n.Scopes,
		VerificationURLs: n.VerificationURLs, OfflineAccess: true, CreatedAt: start,
	}
	if diff := gocmp.Diff([]Client{want}, d.clients); diff != "" {
		t.Errorf("got +, want -:\n%s", diff)
	}
}

func TestCreateClientRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		client NewClient
		want   error
	}{
		"no scopes":       {NewClient{Org: "Acme", Name: "Web"}, ErrScopeForm},
		"a bare word":     {NewClient{Org: "Acme", Name: "Web", Scopes: []string{meRead, "openid"}}, ErrScopeForm},
		"no organisation": {NewClient{Org: "Other", Name: "Web", Scopes: []string{meRead}}, ErrOrganisationUnknown},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, d, _ := office(t)
			if _, _, err := a.CreateClient(t.Context(), tt.client); !errors.Is(err, tt.want) || len(d.clients) != 0 {
				t.Errorf("got %v and clients %v, want %v and none", err, d.clients, tt.want)
			}
		})
	}
}

func TestCreateKeyOfNobody(t *testing.T) {
	t.Parallel()
	a, d, _ := office(t)
	if _, err := a.CreateKey(t.Context(), "Other", "Shop", Live); !errors.Is(err, ErrOrganisationUnknown) || len(d.keys) != 0 {
		t.Errorf("got %v and keys %v, want %v and none", err, d.keys, ErrOrganisationUnknown)
	}
}

func TestRotateClient(t *testing.T) {
	t.Parallel()
	a, d, _ := office(t)
	c, before, err := a.CreateClient(t.Context(), NewClient{Org: "Acme", Name: "Web", Scopes: []string{meRead}})
	if err != nil {
		t.Fatal(err)
	}
	after, err := a.RotateClient(t.Context(), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	stored := d.clients[0].SecretHash
	if !a.Keys.Lookup(ForClientSecret, after).Holds(stored) || a.Keys.Lookup(ForClientSecret, before).Holds(stored) {
		t.Errorf("got old or no secret in force, want the new one alone")
	}
	if _, err := a.RotateClient(t.Context(), "client_unknown"); !errors.Is(err, ErrClientGone) {
		t.Errorf("got %v, want %v", err, ErrClientGone)
	}
}
