package account

import (
	"time"

	"avow/internal/access"
	"avow/internal/fault"
)

// Lifetimes of tokens.
const (
	AccessTTL  = time.Hour            // accounts-api.md 2.1, 13.11
	RefreshTTL = 180 * 24 * time.Hour // ours; each exchange starts it anew
)

// Refusals of the token endpoint (accounts-api.md 2.2, 13.11).
var (
	ErrClientInvalid  = fault.New(fault.Unauthenticated, "client_invalid", "Client authentication failed.")
	ErrSignIn         = fault.New(fault.Invalid, "sign_in", "Username/password do not match")
	ErrRefreshInvalid = fault.New(fault.Invalid, "refresh_invalid", "The refresh token is not valid.")
	ErrScopeInvalid   = fault.New(fault.Invalid, "scope_invalid", "The client may not ask for one of these scopes.")
)

// ErrNoTokens tells an operator that an account is inactive, archived or may not sign in.
var ErrNoTokens = fault.New(fault.Conflict, "no_tokens", "The account is blocked, so it gets no tokens.")

// GrantRefusals lists what the token endpoint can refuse, for the test that walks the wire's table.
var GrantRefusals = []*fault.Error{ErrClientInvalid, ErrSignIn, ErrRefreshInvalid, ErrScopeInvalid}

// GrantState is what a decision about a token needs.
type GrantState struct {
	Client  *access.Client // nil: unknown
	Codes   Codes          // of the account that signs in
	Account *Account       // the account that signs in or that the refresh token belongs to; nil: none
	Refresh *access.Token  // that was shown, of whatever kind; nil: unknown, another organisation's, or none was shown
	Issuer  *access.Client // that the shown token was issued to; nothing but id and state is loaded of it
}

// GrantNext is what a grant wants saved.
type GrantNext struct {
	Issue        []access.Token
	Exchange     *access.Token // the refresh token that is used up
	Revoke       *access.Token // this token alone is revoked
	RevokeFamily string        // all tokens of the family are revoked
	RevokedAt    time.Time     // when
	Codes        Codes         // what becomes of its codes; saved with Counted
	Counted      *Account      // whose count of wrong passwords changes; what is issued counts on that
	Idle         bool          // saves nothing, but by as many statements as a counted wrong password: nobody learns by them whether there was one to count
}

// Empty reports whether there is nothing to save.
func (n GrantNext) Empty() bool {
	return len(n.Issue) == 0 && n.Exchange == nil && n.Revoke == nil && n.RevokeFamily == "" && n.Counted == nil && !n.Idle
}

// GrantInput is what all grants take. The hashes are those of freshly drawn tokens.
type GrantInput struct {
	Secret  access.Lookup
	Scopes  []string // asked for; empty: all that may be had
	Access  access.Hash
	Refresh access.Hash
	Family  string
	Now     time.Time
	TTL     time.Duration // of the access token
}

// authenticateClient compares a secret also where there is no client: an unknown one takes as long as a known one.
func (s GrantState) authenticateClient(secret access.Lookup) error {
	var c access.Client
	if s.Client != nil {
		c = *s.Client
	}
	if right := secret.Holds(c.SecretHash); !right || s.Client == nil || !c.DisabledAt.IsZero() {
		return ErrClientInvalid
	}
	return nil
}

// ClientGrant issues a token without identity: the grants none and client_credentials.
func ClientGrant(s GrantState, in GrantInput) (GrantNext, error) {
	if err := s.authenticateClient(in.Secret); err != nil {
		return GrantNext{}, err
	}
	scopes, err := granted(in.Scopes, s.Client.Scopes)
	if err != nil {
		return GrantNext{}, err
	}
	return GrantNext{Issue: []access.Token{s.token(in, access.AccessToken, scopes)}}, nil
}

// PasswordInput adds what the slow comparison of the password found, and against which kept text.
type PasswordInput struct {
	GrantInput
	Matches bool
	Against string
	Once    access.Lookup // the password, taken for a one-time one
}

// PasswordGrant signs an account in. Unknown address, wrong password, a frozen account and one that may hold no tokens have one answer and take one amount of work
// (accounts-api.md 13.13). A wrong password is counted, and the count is saved with the refusal; a right one takes the count back. A password that was compared with
// another one than the account has by now was no try at it. A one-time password takes the place of the other, and is used up.
func PasswordGrant(s GrantState, in PasswordInput) (GrantNext, error) {
	if err := s.authenticateClient(in.Secret); err != nil {
		return GrantNext{}, err
	}
	scopes, err := granted(in.Scopes, s.Client.Scopes)
	if err != nil {
		return GrantNext{}, err
	}
	a := s.Account
	switch {
	case a == nil || a.Password != in.Against || a.Attempts.Frozen(in.Now):
		return GrantNext{Idle: true}, ErrSignIn
	case a.signsIn() && s.Codes[SignInOnce].Live(in.Now) && in.Once.Holds(s.Codes[SignInOnce].Hash):
		next := s.identity(in.GrantInput, scopes, scopes)
		next.Counted, next.Codes = a.tried(Attempts{}), Codes{SignInOnce: nil}
		return next, nil
	case !in.Matches:
		return GrantNext{Counted: a.tried(a.Attempts.counted(in.Now))}, ErrSignIn
	case !a.signsIn():
		return GrantNext{Idle: true}, ErrSignIn
	}
	next := s.identity(in.GrantInput, scopes, scopes)
	if a.Attempts != (Attempts{}) {
		next.Counted = a.tried(Attempts{})
	}
	return next, nil
}

// RefreshGrant exchanges a refresh token for a new pair. One that was exchanged before revokes its whole family: one of its two holders is a thief.
func RefreshGrant(s GrantState, in GrantInput) (GrantNext, error) {
	if err := s.authenticateClient(in.Secret); err != nil {
		return GrantNext{}, err
	}
	r := s.Refresh
	if !s.refreshable(in.Now) {
		return GrantNext{}, ErrRefreshInvalid
	}
	if !r.UsedAt.IsZero() {
		return GrantNext{RevokeFamily: r.Family, RevokedAt: in.Now}, ErrRefreshInvalid
	}
	if s.Account == nil || !s.Account.signsIn() || !s.Account.Sessions.keep(r) {
		return GrantNext{}, ErrRefreshInvalid
	}
	scopes, err := granted(in.Scopes, r.Scopes)
	if err != nil {
		return GrantNext{}, err
	}
	in.Family = r.Family
	next := s.identity(in, scopes, r.Scopes)
	next.Exchange = r
	return next, nil
}

// refreshable reports whether a live refresh token of the client was shown, used or not.
func (s GrantState) refreshable(now time.Time) bool {
	r := s.Refresh
	return r != nil && r.Kind == access.RefreshToken && r.Client == s.Client.ID && r.RevokedAt.IsZero() && now.Before(r.ExpiresAt)
}

// Direct issues an access token on an operator's word: `avow token issue`.
func Direct(s GrantState, in GrantInput, account *Account) (GrantNext, error) {
	if s.Client == nil || !s.Client.DisabledAt.IsZero() {
		return GrantNext{}, access.ErrClientGone
	}
	scopes, err := granted(in.Scopes, s.Client.Scopes)
	if err != nil {
		return GrantNext{}, err
	}
	t := s.token(in, access.AccessToken, scopes)
	if account != nil {
		if !account.signsIn() {
			return GrantNext{}, ErrNoTokens
		}
		t.Account, t.Epoch = account.ID, account.Sessions.Epoch
	}
	return GrantNext{Issue: []access.Token{t}}, nil
}

// signsIn reports whether new tokens of the account may be issued.
func (a *Account) signsIn() bool { return a.mayHoldTokens() && a.Status != Archived }

// identity issues an access token of the account and, to clients with offline access, a refresh token.
func (s GrantState) identity(in GrantInput, scopes, refreshScopes []string) GrantNext {
	a := s.token(in, access.AccessToken, scopes)
	a.Account, a.Epoch = s.Account.ID, s.Account.Sessions.Epoch
	next := GrantNext{Issue: []access.Token{a}}
	if s.Client.OfflineAccess {
		r := s.token(in, access.RefreshToken, refreshScopes)
		r.Account, r.Epoch = a.Account, a.Epoch
		next.Issue = append(next.Issue, r)
	}
	return next
}

func (s GrantState) token(in GrantInput, kind access.TokenKind, scopes []string) access.Token {
	t := access.Token{
		Kind: kind, Hash: in.Access, Org: s.Client.Org, Client: s.Client.ID, Scopes: scopes, Family: in.Family,
		CreatedAt: in.Now, ExpiresAt: in.Now.Add(in.TTL),
	}
	if kind == access.RefreshToken {
		t.Hash, t.ExpiresAt = in.Refresh, in.Now.Add(RefreshTTL)
	}
	return t
}

// granted gives the asked scopes when all may be had, and all when none was asked.
func granted(asked, held []string) ([]string, error) {
	if len(asked) == 0 {
		return held, nil
	}
	if !access.Within(asked, held) {
		return nil, ErrScopeInvalid
	}
	return asked, nil
}
