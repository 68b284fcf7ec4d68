// Package access says who calls: organisations, OAuth clients, API keys, tokens, scopes and modes, and the rules by which a credential is accepted.
// It decides on values only; reading and writing them is the store's work.
package access

import (
	"slices"
	"strings"
	"time"

	"avow/internal/fault"
)

// Mode separates test data from live data. It is part of the key of every row of the skill contract.
type Mode string

// The two modes (skills-api.md 8).
const (
	Live Mode = "live"
	Test Mode = "test"
)

// Owner is whose data a call may touch. The account contract knows live data only.
type Owner struct {
	Org  string
	Mode Mode
}

// Organisation is a tenant.
type Organisation struct {
	ID        string
	Name      string
	Settings  Settings
	Demo      bool // made by `avow dev`
	CreatedAt time.Time
}

// Client is an OAuth client of the account contract.
type Client struct {
	ID               string
	Org              string
	Name             string
	SecretHash       Hash
	Scopes           []string
	VerificationURLs []string // narrows the server's allow-list; empty: no narrowing
	OfflineAccess    bool     // identity grants get a refresh token
	CreatedAt        time.Time
	DisabledAt       time.Time // zero: enabled
}

// Token is an access or refresh token; its text is never kept.
type Token struct {
	Hash      Hash
	Kind      TokenKind
	Org       string
	Client    string
	Account   string // empty: no identity
	Scopes    []string
	Family    string // tokens that descend from one sign-in
	Epoch     int64  // of its account when it was issued
	CreatedAt time.Time
	ExpiresAt time.Time
	UsedAt    time.Time // refresh tokens: when it was exchanged
	RevokedAt time.Time
}

// TokenKind tells access tokens from refresh tokens.
type TokenKind string

// The kinds of token.
const (
	AccessToken  TokenKind = "access"
	RefreshToken TokenKind = "refresh"
)

// Key is an API key of the skill contract. The secret is kept sealed, for signatures must be computed with it.
type Key struct {
	ID             string
	Owner          Owner
	Name           string
	Hash           Hash
	Secret         string
	PreviousSecret string // accepted until PreviousUntil while a secret is being rotated
	PreviousUntil  time.Time
	CreatedAt      time.Time
	RevokedAt      time.Time

	// What the key was counted for (skills-api.md 9); known where keys are listed.
	Credits          int
	VerifiedProfiles int
}

// Refusals of credentials. Wire packages map every one of them.
var (
	ErrNoCredential = fault.New(fault.Unauthenticated, "no_credential", "An access token is required.")
	ErrTokenUnknown = fault.New(fault.Unauthenticated, "token_unknown", "The access token is not valid.")
	ErrTokenExpired = fault.New(fault.Unauthenticated, "token_expired", "The access token has expired.")
	ErrScopeMissing = fault.New(fault.Forbidden, "scope_missing", "The access token does not carry the scope that this call needs.")
	ErrNoIdentity   = fault.New(fault.Forbidden, "no_identity", "This call needs an access token that belongs to an account.")
	ErrKeyUnknown   = fault.New(fault.Unauthenticated, "key_unknown", "A valid API key is required in the x-api-key header.")
)

// TokenRefusals are the refusals of AuthorizeToken.
var TokenRefusals = []*fault.Error{ErrNoCredential, ErrTokenUnknown, ErrTokenExpired, ErrScopeMissing, ErrNoIdentity}

// KeyRefusals are the refusals of AuthenticateKey.
var KeyRefusals = []*fault.Error{ErrKeyUnknown}

// SignatureRefusals are those that CheckSignature adds.
var SignatureRefusals = []*fault.Error{ErrSignatureMissing, ErrSignatureWrong}

// Need is what an endpoint asks of a token.
type Need struct {
	Scope    string
	Identity bool
}

// AuthorizeToken accepts or refuses a token for one call (accounts-api.md 2.6). Token and client are nil when unknown.
func AuthorizeToken(t *Token, c *Client, need Need, now time.Time) error {
	if err := CheckToken(t, c, now); err != nil {
		return err
	}
	switch {
	case !slices.Contains(t.Scopes, need.Scope):
		return ErrScopeMissing.With(need.Scope)
	case need.Identity && t.Account == "":
		return ErrNoIdentity
	}
	return nil
}

// CheckToken accepts or refuses an access token as such, whatever it is good for.
func CheckToken(t *Token, c *Client, now time.Time) error {
	switch {
	case t == nil || c == nil || t.Kind != AccessToken || !t.RevokedAt.IsZero() || !c.DisabledAt.IsZero():
		return ErrTokenUnknown
	case !now.Before(t.ExpiresAt):
		return ErrTokenExpired
	}
	return nil
}

// AuthenticateKey accepts or refuses an API key (skills-api.md 18.1). The key is nil when unknown.
func AuthenticateKey(k *Key) error {
	if k == nil || !k.RevokedAt.IsZero() {
		return ErrKeyUnknown
	}
	return nil
}

// ParseScopes splits a list at its spaces, dropping repeats. Other blanks belong to a scope, and make it one that nobody has (RFC 6749, 3.3).
func ParseScopes(text string) []string {
	var scopes []string
	for s := range strings.SplitSeq(text, " ") {
		if s != "" && !slices.Contains(scopes, s) {
			scopes = append(scopes, s)
		}
	}
	return scopes
}

// Within reports whether every asked scope is among the held ones, compared as whole strings: `w` does not imply `r` (accounts-api.md 2.5).
func Within(asked, held []string) bool {
	return !slices.ContainsFunc(asked, func(s string) bool { return !slices.Contains(held, s) })
}
