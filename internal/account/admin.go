package account

import (
	"context"
	"time"

	"avow/internal/access"
	"avow/internal/code"
	"avow/internal/event"
	"avow/internal/fault"
)

// ErrTokenGone answers an operator who names a token that is not there.
var ErrTokenGone = fault.New(fault.NotFound, "token_gone", "There is no such token.")

// ErrLanguageMalformed answers an operator who names no language.
var ErrLanguageMalformed = fault.New(fault.Invalid, "language_malformed", "The language must be one such as en, sv or sv-SE.")

// Show returns an account by its id.
func (s *Service) Show(ctx context.Context, id string) (Account, error) {
	state, err := s.o.Accounts.View(ctx, KeyOfID(id))
	if err != nil {
		return Account{}, err
	}
	if state.Account == nil {
		return Account{}, ErrAccountUnknown
	}
	return *state.Account, nil
}

// Disable blocks an account: it becomes inactive, its tokens stop working at once and its live code is dead (accounts-api.md 5.2, 13.8).
func (s *Service) Disable(ctx context.Context, id string) error {
	now := s.o.Now()
	events := s.eventIDs()
	return s.o.Accounts.Change(ctx, KeyOfID(id), func(state State) (Next, error) { return Block(state, now, events) })
}

// Block is the decision of Disable.
func Block(s State, now time.Time, events EventIDs) (Next, error) {
	a, err := s.subject()
	if err != nil {
		return Next{}, err
	}
	a.Status = Inactive
	next := Next{Account: touched(a, now)}.with(code.Withdraw(s.Code))
	return s.withdraw(next, ChangeEmail, ChangeEmailShown, ResetPassword, SignInOnce).tell(s, events, told{name: event.AccountChanged}), nil
}

// Issue makes an access token without the HTTP round trip. The account, where one is named, must be the client's organisation's.
func (s *Service) Issue(ctx context.Context, client, accountID string, scopes []string, ttl time.Duration) (Issued, error) {
	holder, err := s.holder(ctx, accountID)
	if err != nil {
		return Issued{}, err
	}
	t := s.tokens(Credentials{ID: client}, scopes)
	t.in.TTL = ttl
	return s.grant(ctx, GrantKey{Client: client}, t, func(state GrantState) (GrantNext, error) {
		if holder != nil && state.Client != nil && holder.Org != state.Client.Org {
			return GrantNext{}, ErrAccountUnknown
		}
		return Direct(state, t.in, holder)
	})
}

func (s *Service) holder(ctx context.Context, id string) (*Account, error) {
	if id == "" {
		return nil, nil
	}
	a, err := s.Show(ctx, id)
	if err != nil {
		return nil, err
	}
	return &a, nil
}

// Revoke makes a token worthless at once; a refresh token takes its family with it.
func (s *Service) Revoke(ctx context.Context, token string) error {
	found, err := s.o.Accounts.RevokeToken(ctx, s.o.Keys.Lookup(access.ForToken, token), s.o.Now())
	if err == nil && !found {
		return ErrTokenGone
	}
	return err
}
