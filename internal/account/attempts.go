package account

import (
	"context"
	"time"

	"avow/internal/access"
)

// Freezing after wrong passwords (accounts-api.md 5.4). The figures are ours.
const (
	MaxAttempts = 5                // wrong passwords that freeze an account
	FreezeTime  = 15 * time.Minute // how long it stays so, and how long a wrong password counts when none follows
)

// Attempts are the wrong passwords that count against an account. The zero value: none.
type Attempts struct {
	Wrong int
	Until time.Time // they count before this instant
}

// at is what is left of the count at an instant.
func (a Attempts) at(now time.Time) Attempts {
	if !now.Before(a.Until) {
		return Attempts{}
	}
	return a
}

// Frozen reports whether no password is accepted, the right one neither.
func (a Attempts) Frozen(now time.Time) bool { return a.at(now).Wrong >= MaxAttempts }

// counted adds a wrong password. A frozen account counts none: it thaws at its time, however many are tried meanwhile.
func (a Attempts) counted(now time.Time) Attempts {
	return Attempts{Wrong: a.at(now).Wrong + 1, Until: now.Add(FreezeTime)}
}

// tried is the account with another count. Nobody is told of it as a change of the account, so the instant of the last change stays.
func (a Account) tried(count Attempts) *Account {
	a.Attempts = count
	return &a
}

// AttemptsLeft tells how many wrong passwords an account has left.
type AttemptsLeft struct {
	Left        int
	FrozenUntil time.Time // zero: it is not frozen
}

// AttemptsOf tells how many wrong passwords the account that a call is about has left (accounts-api.md 5.4).
func AttemptsOf(s State, need access.Need, now time.Time) (AttemptsLeft, error) {
	a, err := AccountOf(s, need, now)
	if err != nil {
		return AttemptsLeft{}, err
	}
	if a.Attempts.Frozen(now) {
		return AttemptsLeft{FrozenUntil: a.Attempts.Until}, nil
	}
	return AttemptsLeft{Left: MaxAttempts - a.Attempts.at(now).Wrong}, nil
}

// Attempts tells how many wrong passwords an account has left.
func (s *Service) Attempts(ctx context.Context, c Call) (AttemptsLeft, error) {
	state, err := s.view(ctx, c)
	if err != nil {
		return AttemptsLeft{}, err
	}
	return AttemptsOf(state, c.Need, s.o.Now())
}
