package store

import (
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"

	"avow/internal/access"
	"avow/internal/account"
	"avow/internal/code"
)

// Each row type has the targets of its columns, in the order of the column list of the same name, and the value that they make.

type tokenRow struct {
	hash                                       []byte
	kind, org, client, account, scopes, family string
	createdAt, expiresAt, usedAt, revokedAt    int64
}

func (r *tokenRow) columns() []any {
	return []any{&r.hash, &r.kind, &r.org, &r.client, &r.account, &r.scopes, &r.family, &r.createdAt, &r.expiresAt, &r.usedAt, &r.revokedAt}
}

func (r *tokenRow) token() access.Token {
	return access.Token{
		Hash: hashFrom(r.hash), Kind: access.TokenKind(r.kind), Org: r.org, Client: r.client, Account: r.account, Scopes: list(r.scopes),
		Family: r.family, CreatedAt: instant(r.createdAt), ExpiresAt: instant(r.expiresAt), UsedAt: instant(r.usedAt), RevokedAt: instant(r.revokedAt),
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

type organisationRow struct{ name, settings string }

func (r *organisationRow) columns() []any { return []any{&r.name, &r.settings} }

// organisation is how it is called in mails and pages, and its settings.
func (r *organisationRow) organisation() (brand string, settings access.Settings) {
	settings = settingsFrom(r.settings)
	if brand = settings.Get(access.BrandName); brand == "" {
		brand = r.name
	}
	return brand, settings
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
	wrong, wrongUntil             int64
}

func (r *accountRow) columns() []any {
	return []any{&r.id, &r.org, &r.email, &r.status, &r.verified, &r.loginDisabled, &r.password, &r.profile, &r.createdAt, &r.updatedAt, &r.version, &r.codes,
		&r.wrong, &r.wrongUntil}
}

// account is nil when an outer join found none.
func (r *accountRow) account() *account.Account {
	if r.id == "" {
		return nil
	}
	a := &account.Account{
		ID: r.id, Org: r.org, Email: r.email, Status: account.Status(r.status), Verified: r.verified, LoginDisabled: r.loginDisabled,
		Password: r.password, CreatedAt: instant(r.createdAt), UpdatedAt: instant(r.updatedAt), Version: r.version,
		Attempts: account.Attempts{Wrong: int(r.wrong), Until: instant(r.wrongUntil)},
	}
	_ = json.Unmarshal([]byte(r.profile), &a.Profile) // only this program writes it
	return a
}

// verifyEmail is the purpose of the codes of e-mail verification.
const verifyEmail = "verify_email"

// codeDocument is a code as its account's row holds it, under its purpose.
type codeDocument struct {
	ID        string `json:"id"`
	Hash      string `json:"hash"` // hexadecimal
	Wrong     int    `json:"wrong"`
	Delivery  string `json:"delivery"`
	CreatedAt int64  `json:"createdAt"`
	ExpiresAt int64  `json:"expiresAt"`
}

// code is nil when none is out for the purpose.
func (r *accountRow) code(purpose string) *code.Code {
	var codes map[string]codeDocument
	if r.codes == noCodes || json.Unmarshal([]byte(r.codes), &codes) != nil { // only this program writes it
		return nil
	}
	d, ok := codes[purpose]
	if !ok {
		return nil
	}
	hash, _ := hex.DecodeString(d.Hash)
	return &code.Code{ID: d.ID, Hash: hashFrom(hash), Wrong: d.Wrong, Delivery: d.Delivery, CreatedAt: instant(d.CreatedAt), ExpiresAt: instant(d.ExpiresAt)}
}

const noCodes = "{}"

func codesToJSON(verify *code.Code) string {
	if verify == nil {
		return noCodes
	}
	return toJSON(map[string]codeDocument{verifyEmail: {
		verify.ID, hex.EncodeToString(verify.Hash[:]), verify.Wrong, verify.Delivery, micros(verify.CreatedAt), micros(verify.ExpiresAt),
	}})
}

// list splits a space-separated list; an empty one is nil.
func list(text string) []string { return append([]string(nil), strings.Fields(text)...) }

func join(columns ...[]any) []any { return slices.Concat(columns...) }
