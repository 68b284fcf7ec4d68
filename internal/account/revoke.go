package account

import (
	"context"
	"time"

	"avow/internal/access"
	"avow/internal/limit"
)

// RevokeShown ends the token that a client shows, if it was issued to that client (RFC 7009, 2.1): an access token alone, a refresh token with all that came from the
// same sign-in, used up or not. Any other token is left as it is, and the client is told no difference.
func RevokeShown(s GrantState, secret access.Lookup, now time.Time) (GrantNext, error) {
	if err := s.authenticateClient(secret); err != nil {
		return GrantNext{}, err
	}
	t := s.Refresh
	switch {
	case t == nil || t.Client != s.Client.ID || !t.RevokedAt.IsZero():
		return GrantNext{}, nil
	case t.Kind == access.RefreshToken:
		return GrantNext{RevokeFamily: t.Family, RevokedAt: now}, nil
	}
	return GrantNext{Revoke: t, RevokedAt: now}, nil
}

// IntrospectShown returns the token that a client asks about; nil when it is not active (RFC 7662, 2.2). An access token of the client's organisation is active while it
// is let in with what it is good for. A refresh token is for its own client's eyes only, so that nobody else takes it for an access token.
func IntrospectShown(s GrantState, secret access.Lookup, now time.Time) (*access.Token, error) {
	if err := s.authenticateClient(secret); err != nil {
		return nil, err
	}
	t := s.Refresh
	unused := s.refreshable(now) && t.UsedAt.IsZero()
	if !unused && access.CheckToken(t, s.Issuer, now) != nil {
		return nil, nil
	}
	if t.Account != "" && (s.Account == nil || !s.Account.signsIn() || !s.Account.Sessions.keep(t)) {
		return nil, nil
	}
	return t, nil
}

// TokenOf returns the token of a call, whatever it is good for.
func TokenOf(s State, now time.Time) (access.Token, error) {
	if err := access.CheckToken(s.Token, s.Client, now); err != nil {
		return access.Token{}, err
	}
	if s.Token.Account != "" && !s.holderAllows(access.Need{}) {
		return access.Token{}, access.ErrTokenUnknown
	}
	return *s.Token, nil
}

// shown is what a client does with a token that it shows: its key, and the client's secret.
func (s *Service) shown(c Credentials, token string) (GrantKey, access.Lookup) {
	k := GrantKey{Client: storable(c.ID), Refresh: s.o.Keys.Lookup(access.ForToken, token), ByToken: true}
	return k, s.o.Keys.Lookup(access.ForClientSecret, c.Secret)
}

// RevokeShown ends a token on its client's word. That there is no such token is no error.
func (s *Service) RevokeShown(ctx context.Context, c Credentials, token string) error {
	k, secret := s.shown(c, token)
	now := s.o.Now()
	return s.ofClient(ctx, c, func() error {
		return s.o.Accounts.ChangeGrant(ctx, k, func(state GrantState) (GrantNext, error) { return RevokeShown(state, secret, now) })
	})
}

// IntrospectShown tells a client what a token is good for; nil: nothing.
func (s *Service) IntrospectShown(ctx context.Context, c Credentials, token string) (*access.Token, error) {
	k, secret := s.shown(c, token)
	var found *access.Token
	err := s.ofClient(ctx, c, func() error {
		state, err := s.o.Accounts.ViewGrant(ctx, k)
		if err == nil {
			found, err = IntrospectShown(state, secret, s.o.Now())
		}
		return err
	})
	return found, err
}

// ofClient counts wrong secrets as the token endpoint does: they are guessed as well here as there (accounts-api.md 13.12).
func (s *Service) ofClient(ctx context.Context, c Credentials, call func() error) error {
	_, err := s.counted(ctx, attempt{network: limit.TokenNetwork, from: c.Network}, func() (Issued, error) { return Issued{}, call() })
	return err
}

// TokenInfo returns an access token to its bearer, and how long it lives on.
func (s *Service) TokenInfo(ctx context.Context, bearer string) (access.Token, time.Duration, error) {
	state, err := s.view(ctx, Call{Bearer: bearer})
	if err != nil {
		return access.Token{}, 0, err
	}
	now := s.o.Now()
	t, err := TokenOf(state, now)
	return t, t.ExpiresAt.Sub(now), err
}
