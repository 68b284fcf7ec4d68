package account

import (
	"time"

	"avow/internal/access"
)

// start is the instant at which the tests begin.
var start = time.Date(2024, 1, 14, 12, 0, 0, 0, time.UTC)

const (
	accountID = "5c6291d537c2ed78a11518b7"
	orgID     = "org_1"
	clientID  = "client_1"
)

var (
	scopes  = []string{ScopeMeRead, ScopeMeWrite}
	meWrite = access.Need{Scope: ScopeMeWrite, Identity: true}
	meRead  = access.Need{Scope: ScopeMeRead, Identity: true}

	rightCode = lookup(1)
	wrongCode = lookup(2)
)

// lookup is the look-up of a secret whose hash begins with b.
func lookup(b byte) access.Lookup { return access.Lookup{{b}, {b}, {b}} }

// pending is the state in which a holder with a good token has a live request; the changes spoil it.
func pending(changes ...func(*State)) State {
	s := State{
		Token:   &access.Token{Kind: access.AccessToken, Org: orgID, Client: clientID, Account: accountID, Scopes: scopes, ExpiresAt: start.Add(48 * time.Hour)},
		Client:  &access.Client{ID: clientID, Org: orgID, Scopes: scopes},
		Brand:   "Acme",
		Account: &Account{ID: accountID, Org: orgID, Email: "anna@example.com", Status: Created, CreatedAt: start.Add(-time.Hour), UpdatedAt: start.Add(-time.Hour), Version: 3},
		Code: &Code{
			ID: "5caf3c206e95528fe2943abe", Hash: access.Hash{1}, Delivery: "dlv_old", CreatedAt: start.Add(-time.Minute), ExpiresAt: start.Add(23 * time.Hour),
		},
	}
	s.Holder = s.Account
	for _, change := range changes {
		change(&s)
	}
	return s
}

func noAccount(s *State) { s.Holder, s.Account, s.Code = nil, nil, nil }

func noCode(s *State) { s.Code = nil }

func isVerified(s *State) { s.Account.Verified, s.Account.Status, s.Code = true, Active, nil }

func status(want Status) func(*State) { return func(s *State) { s.Account.Status = want } }

func loginDisabled(s *State) { s.Account.LoginDisabled = true }

func wrong(n int) func(*State) { return func(s *State) { s.Code.Wrong = n } }

// expired has the code end at the very instant of the call.
func expired(s *State) { s.Code.ExpiresAt = start }

// refusedTokens are the ways in which a token is not good for a call on the own account (accounts-api.md 2.6, 13.8).
var refusedTokens = map[string]struct {
	spoil func(*State)
	want  error
}{
	"unknown token":            {func(s *State) { s.Token, s.Client, s.Holder, s.Account, s.Code = nil, nil, nil, nil, nil }, access.ErrTokenUnknown},
	"revoked token":            {func(s *State) { s.Token.RevokedAt = start }, access.ErrTokenUnknown},
	"refresh token":            {func(s *State) { s.Token.Kind = access.RefreshToken }, access.ErrTokenUnknown},
	"disabled client":          {func(s *State) { s.Client.DisabledAt = start }, access.ErrTokenUnknown},
	"expired token":            {func(s *State) { s.Token.ExpiresAt = start }, access.ErrTokenExpired},
	"no scope":                 {func(s *State) { s.Token.Scopes = nil }, access.ErrScopeMissing},
	"the other accounts scope": {func(s *State) { s.Token.Scopes = []string{"/external/account/r", "/external/account/w"} }, access.ErrScopeMissing},
	"no identity":              {func(s *State) { s.Token.Account, s.Holder, s.Account, s.Code = "", nil, nil, nil }, access.ErrNoIdentity},
	"inactive account":         {status(Inactive), access.ErrTokenUnknown},
	"inactive and verified":    {func(s *State) { isVerified(s); s.Account.Status = Inactive }, access.ErrTokenUnknown},
	"login disabled":           {loginDisabled, access.ErrTokenUnknown},
	"expired, and inactive":    {func(s *State) { s.Token.ExpiresAt = start; s.Account.Status = Inactive }, access.ErrTokenExpired},
}

// missing are the ways in which there is no account to speak of (accounts-api.md 13.8).
var missing = map[string]func(*State){
	"no account":            noAccount,
	"archived":              status(Archived),
	"archived and verified": func(s *State) { isVerified(s); s.Account.Status = Archived },
}
