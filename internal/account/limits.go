package account

import (
	"cmp"
	"context"
	"errors"

	"avow/internal/limit"
	"avow/internal/outbox"
)

// WithLimits has every change that sends mail pay for it, whatever call it comes from: each mail its address's budget, and the change those of its account, organisation and
// client (accounts-api.md 13.12).
func WithLimits(a Accounts, b *limit.Budgets) Accounts { return limited{a, b} }

type limited struct {
	Accounts
	budgets *limit.Budgets
}

// Change implements Accounts.
func (l limited) Change(ctx context.Context, k Key, decide func(State) (Next, error)) error {
	return limit.Guarded(ctx, l.budgets, limit.Change[State, Next]{
		Decide: decide,
		Costs:  costs,
		Carry: func(seen *State, decide func(State) (Next, error)) error {
			k.Seen = seen
			return l.Accounts.Change(ctx, k, decide)
		},
	})
}

func costs(s State, n Next) []limit.Draw {
	var draws []limit.Draw
	for _, m := range n.Mails {
		if m.Kind == outbox.Mail {
			draws = append(draws, limit.MailTo(m.Target)...)
		}
	}
	if len(draws) == 0 {
		return nil
	}
	if a := cmp.Or(n.Account, s.Account); a != nil {
		draws = append(draws, limit.Account.Of(a.ID), limit.Organisation.Of(a.Org))
	}
	if s.Client != nil {
		draws = append(draws, limit.Client.Of(s.Client.ID))
	}
	return draws
}

// attempt is a try with a secret, and where failures of it are counted.
type attempt struct {
	network *limit.Policy
	from    string // the caller's network
	login   string // whose password is tried; empty: nobody's
}

// counted carries out a grant. It is refused when its network or its login has failed too often. Only failures count: a good one takes nothing, and forgives nothing. The
// login's share is taken beforehand, so that guesses at the same moment have no more than the budget between them; the network's is not, for many may sign in from one.
func (s *Service) counted(ctx context.Context, a attempt, grant func() (Issued, error)) (Issued, error) {
	draws := []limit.Draw{a.network.Room(a.from)}
	if a.login != "" {
		draws = append(draws, limit.Login.Of(a.login))
	}
	taken, err := s.o.Budgets.Take(ctx, draws...)
	if err != nil {
		return Issued{}, err
	}
	issued, err := grant()
	if !errors.Is(err, ErrSignIn) && a.login != "" {
		taken.Return(ctx)
	}
	if isWrong(err) {
		s.o.Budgets.Charge(ctx, a.network.Of(a.from))
	}
	return issued, err
}

// isWrong reports whether a grant was refused because somebody who guesses would be.
func isWrong(err error) bool {
	return errors.Is(err, ErrClientInvalid) || errors.Is(err, ErrSignIn) || errors.Is(err, ErrRefreshInvalid)
}
