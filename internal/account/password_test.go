package account

import (
	"errors"
	"testing"

	"avow/internal/access"
)

// resettable is moving with a password, for a system.
func resettable(changes ...func(*State)) State {
	return moving(append([]func(*State){func(s *State) {
		s.Account.Password, s.Account.Sessions, s.Account.Attempts = "old", Sessions{4, "fam_1"}, Attempts{MaxAttempts, start.Add(FreezeTime)}
		s.Token.Scopes, s.Token.Account, s.Holder = []string{ScopeAccountWrite}, "", nil
	}}, changes...)...)
}

func complete(l access.Lookup, password string) CompleteInput {
	return CompleteInput{VerifyInput: VerifyInput{Need: accountOnly, Code: l, Now: start}, Password: password}
}

// A new password ends every session and thaws the account.
func TestCompleteReset(t *testing.T) {
	t.Parallel()
	next, err := CompleteReset(resettable(), complete(resetCode, "new"))
	if err != nil {
		t.Fatal(err)
	}
	if a := next.Account; a.Password != "new" || a.Sessions != (Sessions{5, ""}) || a.Attempts != (Attempts{}) || !a.Verified {
		t.Errorf("got %+v, want the new password in a new epoch that no family outlives", a)
	}
	if c, changed := next.Codes[ResetPassword]; !changed || c != nil {
		t.Errorf("got %v, want the code gone", next.Codes)
	}
	for name, tt := range map[string]struct {
		change func(*State)
		in     CompleteInput
		want   error
		counts bool
	}{
		"wrong":          {func(*State) {}, complete(wrongCode, ""), ErrCodeInvalid, true},
		"of a move":      {func(*State) {}, complete(mailedCode, "new"), ErrCodeInvalid, true},
		"without a hash": {func(*State) {}, complete(resetCode, ""), ErrCodeInvalid, false},
		"inactive":       {status(Inactive), complete(resetCode, "new"), ErrAccountUnknown, false},
		"archived":       {status(Archived), complete(resetCode, "new"), ErrAccountUnknown, false},
		"login disabled": {loginDisabled, complete(resetCode, "new"), ErrAccountUnknown, false},
	} {
		next, err := CompleteReset(resettable(tt.change), tt.in)
		if counted := next.Codes[ResetPassword] != nil && next.Codes[ResetPassword].Wrong == 1; !errors.Is(err, tt.want) || counted != tt.counts || next.Empty() == tt.counts {
			t.Errorf("%s: got %+v, %v, want %v, counted: %t", name, next, err, tt.want, tt.counts)
		}
	}
}

func TestRequestReset(t *testing.T) {
	t.Parallel()
	in := ResetInput{CreateInput: createInput()}
	in.Need = accountOnly
	next, err := RequestReset(resettable(), in)
	if c := next.Codes[ResetPassword]; err != nil || len(next.Mails) != 0 || c.Hash != in.CodeHash || c.Delivery != "" {
		t.Errorf("told: got %+v, %v, want a code and no mail", next, err)
	}
	in.URL, in.ReturnURL = "https://a.example/r#f", "https://a.example/?a=b&c"
	next, err = RequestReset(resettable(), in)
	if c := next.Codes[ResetPassword]; err != nil || len(next.Mails) != 1 || c.Delivery != next.Mails[0].ID {
		t.Errorf("mailed: got %+v, %v, want a code and its mail", next, err)
	}
	want := "https://a.example/r?id=" + accountID + "&confirmation_code=" + in.Code + "&return_url=https%3A%2F%2Fa.example%2F%3Fa%3Db%26c#f"
	if got := in.link(*resettable().Account); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for name, spoil := range map[string]func(*State){"none": noAccount, "inactive": status(Inactive), "archived": status(Archived), "login disabled": loginDisabled} {
		if next, err := RequestReset(resettable(spoil), in); !errors.Is(err, ErrAddressUnknown) || !next.Empty() {
			t.Errorf("%s: got %+v, %v, want %v", name, next, err, ErrAddressUnknown)
		}
		if next, err := RequestOneTimePassword(resettable(spoil), OnceInput{in.CreateInput}); !errors.Is(err, ErrAddressUnknown) || !next.Empty() {
			t.Errorf("once, %s: got %+v, %v, want %v", name, next, err, ErrAddressUnknown)
		}
	}
}

// The session that changes the password goes on; wrong ones are counted and freeze.
func TestUpdatePassword(t *testing.T) {
	t.Parallel()
	need := access.Need{Scope: ScopePassword, Identity: true}
	state := func(a Attempts) State {
		return moving(func(s *State) {
			s.Token.Scopes, s.Token.Family, s.Token.Epoch = []string{ScopePassword}, "fam_1", 4
			s.Account.Password, s.Account.Sessions, s.Account.Attempts = "old", Sessions{Epoch: 4}, a
		})
	}
	in := UpdatePasswordInput{Need: need, Matches: true, Against: "old", Password: "new", Now: start}
	next, err := UpdatePassword(state(Attempts{2, start.Add(1)}), in)
	if a := next.Account; err != nil || a.Password != "new" || a.Sessions != (Sessions{5, "fam_1"}) || a.Attempts != (Attempts{}) {
		t.Errorf("got %+v, %v, want the new password, and the session kept", next, err)
	}
	if c, changed := next.Codes[ResetPassword]; !changed || c != nil {
		t.Errorf("got %v, want a reset that is under way ended", next.Codes)
	}
	if next, err = UpdatePassword(state(Attempts{MaxAttempts, start.Add(1)}), in); !errors.Is(err, ErrPasswordWrong) || !next.Empty() {
		t.Errorf("frozen: got %+v, %v, want %v", next, err, ErrPasswordWrong)
	}
	in.Matches = false
	if next, err = UpdatePassword(state(Attempts{}), in); !errors.Is(err, ErrPasswordWrong) || next.Account.Attempts.Wrong != 1 || next.Account.Password != "old" {
		t.Errorf("wrong: got %+v, %v, want it counted", next, err)
	}
	in.Matches, in.Against = true, "older"
	if next, err = UpdatePassword(state(Attempts{}), in); !errors.Is(err, ErrPasswordWrong) || !next.Empty() {
		t.Errorf("changed meanwhile: got %+v, %v, want %v", next, err, ErrPasswordWrong)
	}
}

// A token is good in its account's epoch, or of the family that outlived the last change.
func TestSessions(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		account Sessions
		epoch   int64
		family  string
		good    bool
	}{
		"the same epoch":  {Sessions{3, ""}, 3, "f", true},
		"before":          {Sessions{3, ""}, 2, "f", false},
		"before, kept":    {Sessions{3, "f"}, 2, "f", true},
		"before, another": {Sessions{3, "f"}, 2, "g", false},
		"no family":       {Sessions{3, ""}, 2, "", false},
	} {
		s := pending(func(s *State) { s.Account.Sessions, s.Token.Epoch, s.Token.Family = tt.account, tt.epoch, tt.family })
		if err := s.authorize(meWrite, start); (err == nil) != tt.good {
			t.Errorf("%s: got %v, want it good: %t", name, err, tt.good)
		}
		refresh := *s.Token
		refresh.Kind = access.RefreshToken
		g := GrantState{Client: &access.Client{ID: clientID, Org: orgID, SecretHash: access.Hash{5}}, Account: s.Account, Refresh: &refresh}
		next, err := RefreshGrant(g, GrantInput{Secret: lookup(5), Now: start})
		if (err == nil) != tt.good || tt.good && next.Issue[0].Epoch != tt.account.Epoch {
			t.Errorf("%s: refreshed: got %+v, %v, want it good: %t, in the account's epoch", name, next, err, tt.good)
		}
		shown, err := IntrospectShown(GrantState{Client: g.Client, Issuer: g.Client, Account: s.Account, Refresh: s.Token}, lookup(5), start)
		if (shown != nil) != tt.good || err != nil {
			t.Errorf("%s: looked into: got %+v, %v, want it active: %t", name, shown, err, tt.good)
		}
	}
}

// A one-time password signs in once, also where it is not the account's own; dead ones and those of a frozen account do not.
func TestOneTimePassword(t *testing.T) {
	t.Parallel()
	state := func(change func(*State)) GrantState {
		s := moving(change)
		s.Codes[SignInOnce] = &Code{Hash: access.Hash{4}, ExpiresAt: start.Add(1)}
		return GrantState{Client: &access.Client{ID: clientID, Org: orgID, SecretHash: access.Hash{5}, Scopes: scopes}, Account: s.Account, Codes: s.Codes}
	}
	in := PasswordInput{GrantInput: GrantInput{Secret: lookup(5), Now: start}, Once: lookup(4)}
	next, err := PasswordGrant(state(func(*State) {}), in)
	if c, changed := next.Codes[SignInOnce]; err != nil || len(next.Issue) != 1 || next.Counted == nil || !changed || c != nil {
		t.Errorf("got %+v, %v, want a token, and the password used up", next, err)
	}
	for name, tt := range map[string]struct {
		change func(*State)
		in     func(*PasswordInput)
	}{
		"wrong":          {func(*State) {}, func(in *PasswordInput) { in.Once = wrongCode }},
		"another code":   {func(*State) {}, func(in *PasswordInput) { in.Once = resetCode }},
		"expired":        {func(*State) {}, func(in *PasswordInput) { in.Now = start.Add(1) }},
		"login disabled": {loginDisabled, func(*PasswordInput) {}},
		"inactive":       {status(Inactive), func(*PasswordInput) {}},
		"frozen":         {func(s *State) { s.Account.Attempts = Attempts{MaxAttempts, start.Add(1)} }, func(*PasswordInput) {}},
	} {
		spoiled := in
		tt.in(&spoiled)
		if next, err := PasswordGrant(state(tt.change), spoiled); !errors.Is(err, ErrSignIn) || len(next.Issue) > 0 || next.Codes != nil {
			t.Errorf("%s: got %+v, %v, want %v", name, next, err, ErrSignIn)
		}
	}
}
