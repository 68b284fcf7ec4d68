package account

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"avow/internal/access"
)

// counting is the state of an account against which wrong passwords count until an instant.
func counting(n int, until time.Time, changes ...func(*GrantState)) func(*GrantState) {
	return func(s *GrantState) {
		s.Account.Attempts = Attempts{n, until}
		for _, change := range changes {
			change(s)
		}
	}
}

// What becomes of the count with each try (accounts-api.md 5.4, 13.13). Where nothing is counted, as much is written.
func TestAttemptsAreCounted(t *testing.T) {
	t.Parallel()
	soon, later := start.Add(1), start.Add(15*time.Minute)
	loginOff := func(s *GrantState) { s.Account.LoginDisabled = true }
	tests := map[string]struct {
		change  func(*GrantState)
		matches bool
		want    *Attempts // nil: nothing is counted
		refusal error
	}{
		"the first wrong one":              {counting(0, time.Time{}), false, &Attempts{1, later}, ErrSignIn},
		"another":                          {counting(1, soon), false, &Attempts{2, later}, ErrSignIn},
		"the fifth":                        {counting(4, soon), false, &Attempts{5, later}, ErrSignIn},
		"long after the last":              {counting(4, start), false, &Attempts{1, later}, ErrSignIn},
		"while frozen":                     {counting(5, soon), false, nil, ErrSignIn},
		"once thawed":                      {counting(5, start), false, &Attempts{1, later}, ErrSignIn},
		"the right one, none before":       {counting(0, time.Time{}), true, nil, nil},
		"the right one":                    {counting(4, soon), true, &Attempts{}, nil},
		"the right one, frozen":            {counting(5, soon), true, nil, ErrSignIn},
		"the right one, thawed":            {counting(5, start), true, &Attempts{}, nil},
		"of an unknown address":            {func(s *GrantState) { s.Account = nil }, false, nil, ErrSignIn},
		"the right one, inactive":          {counting(1, soon, holder(Inactive)), true, nil, ErrSignIn},
		"the right one, archived":          {counting(1, soon, holder(Archived)), true, nil, ErrSignIn},
		"the right one, login disabled":    {counting(1, soon, loginOff), true, nil, ErrSignIn},
		"a wrong one, inactive":            {counting(1, soon, holder(Inactive)), false, &Attempts{2, later}, ErrSignIn},
		"changed meanwhile, was wrong":     {counting(1, soon, func(s *GrantState) { s.Account.Password = "$argon2id$new" }), false, nil, ErrSignIn},
		"changed meanwhile, was the right": {counting(1, soon, func(s *GrantState) { s.Account.Password = "$argon2id$new" }), true, nil, ErrSignIn},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, in := granting(tt.change), passwordInput()
			in.Matches = tt.matches
			next, err := PasswordGrant(s, in)
			if !errors.Is(err, tt.refusal) || (len(next.Issue) == 2) != (tt.refusal == nil) || next.Idle != (err != nil && tt.want == nil) {
				t.Errorf("got %+v, %v, want tokens or %v, idle if nothing is counted", next, err, tt.refusal)
			}
			var want *Account
			if tt.want != nil {
				a := *s.Account
				a.Attempts, want = *tt.want, &a
			}
			if diff := cmp.Diff(want, next.Counted); diff != "" {
				t.Errorf("counted: got +, want -:\n%s", diff)
			}
		})
	}
}

func TestAttemptsOf(t *testing.T) {
	t.Parallel()
	need := access.Need{Scope: ScopeMeRead}
	tests := map[string]struct {
		count Attempts
		want  AttemptsLeft
	}{
		"none":        {Attempts{}, AttemptsLeft{Left: 5}},
		"four":        {Attempts{4, start.Add(1)}, AttemptsLeft{Left: 1}},
		"four, over":  {Attempts{4, start}, AttemptsLeft{Left: 5}},
		"frozen":      {Attempts{5, start.Add(1)}, AttemptsLeft{FrozenUntil: start.Add(1)}},
		"frozen once": {Attempts{5, start}, AttemptsLeft{Left: 5}},
	}
	for name, tt := range tests {
		got, err := AttemptsOf(pending(func(s *State) { s.Account.Attempts = tt.count }), need, start)
		if got != tt.want || err != nil {
			t.Errorf("%s: got %+v, %v, want %+v", name, got, err, tt.want)
		}
	}
	for name, tt := range refusedTokens {
		if got, err := AttemptsOf(pending(tt.spoil), meRead, start); !errors.Is(err, tt.want) || got != (AttemptsLeft{}) {
			t.Errorf("%s: got %+v, %v, want %v", name, got, err, tt.want)
		}
	}
	for name, spoil := range missing {
		if _, err := AttemptsOf(pending(spoil), meRead, start); !errors.Is(err, ErrAccountUnknown) {
			t.Errorf("%s: got %v, want %v", name, err, ErrAccountUnknown)
		}
	}
}

// By the service: five wrong passwords, then the right one in vain, until the time has passed. Parallel tries are counted one by one by the store.
func TestFrozenSignIn(t *testing.T) {
	t.Parallel()
	f := withPassword(t)
	try := func(word string) error {
		_, err := f.SignIn(t.Context(), credentials, nil, orgID, "anna@example.com", word)
		return err
	}
	for range MaxAttempts {
		if err := try("wrong"); !errors.Is(err, ErrSignIn) {
			t.Fatalf("got %v, want %v", err, ErrSignIn)
		}
	}
	call := Call{Bearer: bearer, Need: meRead}
	if got, err := f.Attempts(t.Context(), call); err != nil || !got.FrozenUntil.Equal(start.Add(FreezeTime)) {
		t.Errorf("got %+v, %v, want it frozen for %s", got, err, FreezeTime)
	}
	f.now = start.Add(FreezeTime - 1)
	if err := try(password); err != ErrSignIn {
		t.Errorf("frozen: got %v, want %v itself", err, ErrSignIn)
	}
	f.now = start.Add(FreezeTime)
	if err := try(password); err != nil {
		t.Errorf("thawed: got %v, want no error", err)
	}
	if got, err := f.Attempts(t.Context(), call); err != nil || got != (AttemptsLeft{Left: MaxAttempts}) {
		t.Errorf("got %+v, %v, want all attempts", got, err)
	}
}
