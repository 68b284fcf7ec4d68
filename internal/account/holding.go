package account

import (
	"context"
	"time"

	"avow/internal/access"
	"avow/internal/outbox"
)

// Holding is an account with everything that is kept of its holder: what an export shows and an erasure removes.
type Holding struct {
	Account    Account
	Codes      Codes             // all of them, that of e-mail verification under VerifyEmail
	Tokens     []access.Token    // in the order in which they were issued
	Deliveries []outbox.Record   // mails and events that tell of it, in the order in which they were made
	Mails      []outbox.Captured // kept instead of being sent, without what is in them
}

// VerifyEmail names the code of e-mail verification among the others.
const VerifyEmail Purpose = "verify_email"

// Erasure is what is left of an erased account.
type Erasure struct {
	ID        string
	Org       string
	CreatedAt time.Time
	ErasedAt  time.Time
}

// HoldingState is what there is of an account. What is unknown is nil in it.
type HoldingState struct {
	Holding *Holding
	Erased  *Erasure // of an account that was there once
}

// Holdings is where accounts are looked up and erased as a whole, on an operator's word.
type Holdings interface {
	// ViewHolding loads an account with all that belongs to it.
	ViewHolding(ctx context.Context, id string) (HoldingState, error)
	// EraseHolding loads an account and lets decide decide; unless that refuses or returns nil, everything that was kept of it is gone for good but what decide returned,
	// its names and its address are free again, and nothing that is under way brings any of it back.
	EraseHolding(ctx context.Context, id string, decide func(HoldingState) (*Erasure, error)) error
}

// Erase decides on the erasure of an account. One that was erased before stays so.
func Erase(s HoldingState, now time.Time) (*Erasure, error) {
	switch {
	case s.Holding != nil:
		a := s.Holding.Account
		return &Erasure{ID: a.ID, Org: a.Org, CreatedAt: a.CreatedAt, ErasedAt: now}, nil
	case s.Erased != nil:
		return nil, nil
	}
	return nil, ErrAccountUnknown
}

// Export returns everything that is kept of an account.
func (s *Service) Export(ctx context.Context, id string) (Holding, error) {
	state, err := s.o.Holdings.ViewHolding(ctx, Named(ByID, id).Value)
	if err == nil && state.Holding == nil {
		err = ErrAccountUnknown
	}
	if err != nil {
		return Holding{}, err
	}
	return *state.Holding, nil
}

// Erase removes an account and returns what is left. Erasing it again answers the same.
func (s *Service) Erase(ctx context.Context, id string) (erased Erasure, err error) {
	now := s.o.Now()
	err = s.o.Holdings.EraseHolding(ctx, Named(ByID, id).Value, func(state HoldingState) (*Erasure, error) {
		left, refusal := Erase(state, now)
		switch {
		case left != nil:
			erased = *left
		case refusal == nil:
			erased = *state.Erased
		}
		return left, refusal
	})
	return erased, err
}
