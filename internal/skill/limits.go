package skill

import (
	"context"

	"avow/internal/limit"
	"avow/internal/outbox"
)

// WithLimits has every change that sends mail pay for it: each mail its address's budget, and the change that of its organisation (docs/limits.md).
func WithLimits(v Verifications, b *limit.Budgets) Verifications { return limited{v, b} }

type limited struct {
	Verifications
	budgets *limit.Budgets
}

// ChangeVerification implements Verifications.
func (l limited) ChangeVerification(ctx context.Context, subject Subject, decide func(State) (Next, error)) error {
	return limit.Guarded(ctx, l.budgets, limit.Change[State, Next]{
		Decide: decide,
		Costs:  costs,
		Carry: func(_ *State, decide func(State) (Next, error)) error {
			return l.Verifications.ChangeVerification(ctx, subject, decide)
		},
	})
}

// costs are nothing in test mode, whose mail goes to nobody, and nothing for an answer: a student's full mailbox must not take a reviewer's word back. Nor for an attempt, passed or
// not: a refusal of one of both alone would tell the student which it is.
func costs(_ State, n Next) []limit.Draw {
	if n.Assessment != nil || n.Verification != nil && !n.Verification.CompletedAt.IsZero() {
		return nil
	}
	var draws []limit.Draw
	org := ""
	for _, d := range n.Deliveries {
		if d.Kind == outbox.Mail && !d.Test {
			draws, org = append(draws, limit.MailTo(d.Target)...), d.Org
		}
	}
	if len(draws) > 0 {
		draws = append(draws, limit.Organisation.Of(org))
	}
	return draws
}
