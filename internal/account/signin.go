package account

import (
	"context"
	"time"

	"avow/internal/access"
	"avow/internal/limit"
)

// Credentials authenticate a client at the token endpoint.
type Credentials struct {
	ID, Secret string
	Network    string // where the call comes from
}

// Issued is what the token endpoint hands out.
type Issued struct {
	Access    string
	Refresh   string // empty: none
	Scopes    []string
	ExpiresIn time.Duration
}

// tokens are a freshly drawn pair and its input to a decision.
type tokens struct {
	access, refresh string
	in              GrantInput
}

func (s *Service) tokens(c Credentials, scopes []string) tokens {
	t := tokens{access: s.o.Random.Secret("avow_at_"), refresh: s.o.Random.Secret("avow_rt_")}
	t.in = GrantInput{
		Secret: s.o.Keys.Lookup(access.ForClientSecret, c.Secret), Scopes: scopes, Now: s.o.Now(), TTL: AccessTTL,
		Access:  s.o.Keys.Hash(access.ForToken, t.access),
		Refresh: s.o.Keys.Hash(access.ForToken, t.refresh),
		Family:  s.o.Random.ID("fam_"),
	}
	return t
}

// grant has a decision carried out and pairs what it issued with the tokens' texts.
func (s *Service) grant(ctx context.Context, k GrantKey, t tokens, decide func(GrantState) (GrantNext, error)) (Issued, error) {
	issued := Issued{Access: t.access, ExpiresIn: t.in.TTL}
	err := s.o.Accounts.ChangeGrant(ctx, k, func(state GrantState) (GrantNext, error) {
		next, err := decide(state)
		if err == nil {
			issued.Scopes = next.Issue[0].Scopes
			issued.Refresh = ""
			if len(next.Issue) > 1 {
				issued.Refresh = t.refresh
			}
		}
		return next, err
	})
	if err != nil {
		return Issued{}, err
	}
	return issued, nil
}

// SignInClient is the grant none, alias client_credentials.
func (s *Service) SignInClient(ctx context.Context, c Credentials, scopes []string) (Issued, error) {
	t := s.tokens(c, scopes)
	return s.counted(ctx, attempt{network: limit.TokenNetwork, from: c.Network}, func() (Issued, error) {
		return s.grant(ctx, GrantKey{Client: storable(c.ID)}, t, func(state GrantState) (GrantNext, error) { return ClientGrant(state, t.in) })
	})
}

// SignIn is the grant password. Tries are counted alike for logins that exist and those that do not (accounts-api.md 13.13).
func (s *Service) SignIn(ctx context.Context, c Credentials, scopes []string, org, email, password string) (Issued, error) {
	k := GrantKey{Client: storable(c.ID), Org: storable(org), EmailKey: EmailKey(storable(email))}
	return s.counted(ctx, attempt{limit.LoginNetwork, c.Network, k.Org + "^" + k.EmailKey}, func() (Issued, error) {
		return s.signIn(ctx, k, s.tokens(c, scopes), password)
	})
}

// signIn runs the slow comparison before the change, against whatever the address has: nothing, for an unknown one.
func (s *Service) signIn(ctx context.Context, k GrantKey, t tokens, password string) (Issued, error) {
	state, err := s.o.Accounts.ViewGrant(ctx, k)
	if err != nil {
		return Issued{}, err
	}
	if err := state.authenticateClient(t.in.Secret); err != nil {
		return Issued{}, err
	}
	in := PasswordInput{GrantInput: t.in, Once: s.o.Keys.Lookup(access.ForCode, password)}
	if state.Account != nil {
		in.Against = state.Account.Password
	}
	if in.Matches, err = s.o.Passwords.Matches(ctx, in.Against, password); err != nil {
		return Issued{}, err
	}
	return s.grant(ctx, k, t, func(state GrantState) (GrantNext, error) { return PasswordGrant(state, in) })
}

// Renew is the grant refresh_token.
func (s *Service) Renew(ctx context.Context, c Credentials, scopes []string, refresh string) (Issued, error) {
	t := s.tokens(c, scopes)
	k := GrantKey{Client: storable(c.ID), Refresh: s.o.Keys.Lookup(access.ForToken, refresh), ByToken: true}
	return s.counted(ctx, attempt{network: limit.TokenNetwork, from: c.Network}, func() (Issued, error) {
		return s.grant(ctx, k, t, func(state GrantState) (GrantNext, error) { return RefreshGrant(state, t.in) })
	})
}
