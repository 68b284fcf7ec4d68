package store

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"avow/internal/access"
	"avow/internal/account"
)

// Each row type has the targets of its columns, in the order of the column list of the same name, and the value that they make.

type tokenRow struct {
	hash                                       []byte
	kind, org, client, account, scopes, family string
	epoch                                      int64
	createdAt, expiresAt, usedAt, revokedAt    int64
}

func (r *tokenRow) columns() []any {
	return []any{&r.hash, &r.kind, &r.org, &r.client, &r.account, &r.scopes, &r.family, &r.epoch, &r.createdAt, &r.expiresAt, &r.usedAt, &r.revokedAt}
}

func (r *tokenRow) token() access.Token {
	return access.Token{
		Hash: hashFrom(r.hash), Kind: access.TokenKind(r.kind), Org: r.org, Client: r.client, Account: r.account, Scopes: list(r.scopes),
		Family: r.family, Epoch: r.epoch, CreatedAt: instant(r.createdAt), ExpiresAt: instant(r.expiresAt), UsedAt: instant(r.usedAt), RevokedAt: instant(r.revokedAt),
	}
}

type clientRow struct {
	id, org, name         string
	secretHash            []byte
	scopes, urls          string
	offline               bool
	createdAt, disabledAt int64
}

func (r *clientRow) columns() []any {
	return []any{&r.id, &r.org, &r.name, &r.secretHash, &r.scopes, &r.urls, &r.offline, &r.createdAt, &r.disabledAt}
}

func (r *clientRow) client() access.Client {
	return access.Client{
		ID: r.id, Org: r.org, Name: r.name, SecretHash: hashFrom(r.secretHash), Scopes: list(r.scopes),
		VerificationURLs: list(r.urls), OfflineAccess: r.offline, CreatedAt: instant(r.createdAt), DisabledAt: instant(r.disabledAt),
	}
}

// organisationColumns are what a change of an account needs of its organisation.
const organisationColumns = `o.name, o.settings, o.endpoints`

type organisationRow struct{ name, settings, endpoints string }

func (r *organisationRow) columns() []any { return []any{&r.name, &r.settings, &r.endpoints} }

// tell fills a state with what the organisation says.
func (r *organisationRow) tell(state *account.State) {
	state.Settings = settingsFrom(r.settings)
	state.Brand = brandOf(r.name, state.Settings)
	state.Endpoints = enabled(endpointsFrom(r.endpoints), "")
}

// brandOf is how an organisation is called in mails and pages.
func brandOf(name string, settings access.Settings) string {
	return cmp.Or(settings.Get(access.BrandName), name)
}

func settingsFrom(text string) access.Settings {
	settings := access.Settings{}
	if json.Unmarshal([]byte(text), &settings) != nil {
		return access.Settings{} // only this program writes them: defaults are safe
	}
	return settings
}

type accountRow struct {
	id, org, email, status        string
	verified, loginDisabled       bool
	password, profile             string
	createdAt, updatedAt, version int64
	codes                         string
	sessions                      account.Sessions
	wrong, wrongUntil             int64
}

func (r *accountRow) columns() []any {
	return []any{&r.id, &r.org, &r.email, &r.status, &r.verified, &r.loginDisabled, &r.password, &r.profile, &r.createdAt, &r.updatedAt, &r.version, &r.codes,
		&r.sessions.Epoch, &r.sessions.Kept, &r.wrong, &r.wrongUntil}
}

// account is nil when an outer join found none.
func (r *accountRow) account() *account.Account {
	if r.id == "" {
		return nil
	}
	a := &account.Account{
		ID: r.id, Org: r.org, Email: r.email, Status: account.Status(r.status), Verified: r.verified, LoginDisabled: r.loginDisabled,
		Password: r.password, Sessions: r.sessions, CreatedAt: instant(r.createdAt), UpdatedAt: instant(r.updatedAt), Version: r.version,
		Attempts: account.Attempts{Wrong: int(r.wrong), Until: instant(r.wrongUntil)},
	}
	_ = json.Unmarshal([]byte(r.profile), &a.Profile) // only this program writes it
	return a
}

// list splits a space-separated list; an empty one is nil.
func list(text string) []string { return append([]string(nil), strings.Fields(text)...) }

func join(columns ...[]any) []any { return slices.Concat(columns...) }
