package account

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"avow/internal/access"
)

const keptPassword = "$argon2id$kept"

var (
	rightSecret = lookup(5)
	wrongSecret = lookup(6)
)

func grantInput(asked ...string) GrantInput {
	return GrantInput{Secret: rightSecret, Scopes: asked, Access: access.Hash{10}, Refresh: access.Hash{11}, Family: "fam_new", Now: start, TTL: time.Hour}
}

func passwordInput(asked ...string) PasswordInput {
	return PasswordInput{GrantInput: grantInput(asked...), Matches: true, Against: keptPassword}
}

// granting is the state of a client with offline access, of an account with a password and of an unused refresh token.
func granting(changes ...func(*GrantState)) GrantState {
	s := GrantState{
		Client:  &access.Client{ID: clientID, Org: orgID, SecretHash: access.Hash{5}, Scopes: append([]string{"/external/account/r"}, scopes...), OfflineAccess: true},
		Account: &Account{ID: accountID, Org: orgID, Status: Active, Password: keptPassword},
		Refresh: &access.Token{
			Hash: access.Hash{12}, Kind: access.RefreshToken, Org: orgID, Client: clientID, Account: accountID, Scopes: scopes, Family: "fam_old",
			CreatedAt: start.Add(-time.Hour), ExpiresAt: start.Add(24 * time.Hour),
		},
	}
	for _, change := range changes {
		change(&s)
	}
	return s
}

func holder(want Status) func(*GrantState) { return func(s *GrantState) { s.Account.Status = want } }

// issued is an access token as accounts-api.md 2.1 and 13.11 want it: of the client's organisation, for an hour.
func issued(account, family string, scopes ...string) access.Token {
	return access.Token{
		Hash: access.Hash{10}, Kind: access.AccessToken, Org: orgID, Client: clientID, Account: account, Scopes: scopes, Family: family,
		CreatedAt: start, ExpiresAt: start.Add(time.Hour),
	}
}

// refreshable is the refresh token beside it, for 180 days.
func refreshable(family string, scopes ...string) access.Token {
	t := issued(accountID, family, scopes...)
	t.Hash, t.Kind, t.ExpiresAt = access.Hash{11}, access.RefreshToken, start.Add(180*24*time.Hour)
	return t
}

// grants are the calls of the token endpoint.
func grants() map[string]func(GrantState, GrantInput) (GrantNext, error) {
	return map[string]func(GrantState, GrantInput) (GrantNext, error){
		"client":  ClientGrant,
		"refresh": RefreshGrant,
		"password": func(s GrantState, in GrantInput) (GrantNext, error) {
			return PasswordGrant(s, PasswordInput{GrantInput: in, Matches: true, Against: keptPassword})
		},
	}
}

// The client is checked before anything else, whatever else is wrong.
func TestGrantsAuthenticateTheClient(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*GrantState)
		secret access.Lookup
	}{
		"unknown":              {func(s *GrantState) { s.Client, s.Refresh, s.Account = nil, nil, nil }, rightSecret},
		"wrong secret":         {func(*GrantState) {}, wrongSecret},
		"empty hash":           {func(*GrantState) {}, access.Lookup{}},
		"disabled":             {func(s *GrantState) { s.Client.DisabledAt = start }, rightSecret},
		"and everything wrong": {func(s *GrantState) { s.Account, s.Refresh, s.Client.Scopes = nil, nil, nil }, wrongSecret},
	}
	for name, tt := range tests {
		for grant, decide := range grants() {
			in := grantInput()
			in.Secret = tt.secret
			if next, err := decide(granting(tt.change), in); !errors.Is(err, ErrClientInvalid) || !next.Empty() {
				t.Errorf("%s, %s: got %+v, %v, want nothing and %v", name, grant, next, err, ErrClientInvalid)
			}
		}
	}
	in := grantInput()
	in.Secret = access.Lookup{{7}, {8}, {5}}
	if _, err := ClientGrant(granting(), in); err != nil {
		t.Errorf("hashed under an older key: got %v, want no error", err)
	}
}

// No scope asked means all of the client's; one too many refuses all (accounts-api.md 2.1, 13.11).
func TestClientGrant(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		asked   []string
		want    []string
		refusal error
	}{
		"none asked":        {nil, []string{"/external/account/r", ScopeMeRead, ScopeMeWrite}, nil},
		"one":               {[]string{ScopeMeRead}, []string{ScopeMeRead}, nil},
		"all, turned round": {[]string{ScopeMeWrite, ScopeMeRead, "/external/account/r"}, []string{ScopeMeWrite, ScopeMeRead, "/external/account/r"}, nil},
		"another":           {[]string{"/external/account/w"}, nil, ErrScopeInvalid},
		"one too many":      {[]string{ScopeMeRead, "/external/account/w"}, nil, ErrScopeInvalid},
		"in capitals":       {[]string{"/EXTERNAL/me/r"}, nil, ErrScopeInvalid},
	}
	for name, tt := range tests {
		next, err := ClientGrant(granting(), grantInput(tt.asked...))
		want := GrantNext{}
		if tt.refusal == nil {
			want.Issue = []access.Token{issued("", "fam_new", tt.want...)}
		}
		if diff := cmp.Diff(want, next); diff != "" || !errors.Is(err, tt.refusal) {
			t.Errorf("%s: got error %v, want %v, and got +, want -:\n%s", name, err, tt.refusal, diff)
		}
	}
}

func TestPasswordGrant(t *testing.T) {
	t.Parallel()
	own := []string{"/external/account/r", ScopeMeRead, ScopeMeWrite}
	tests := map[string]struct {
		change  func(*GrantState)
		input   PasswordInput
		want    []access.Token
		refusal error
	}{
		"active":             {holder(Active), passwordInput(), []access.Token{issued(accountID, "fam_new", own...), refreshable("fam_new", own...)}, nil},
		"created":            {holder(Created), passwordInput(), []access.Token{issued(accountID, "fam_new", own...), refreshable("fam_new", own...)}, nil},
		"fewer scopes":       {holder(Active), passwordInput(ScopeMeRead), []access.Token{issued(accountID, "fam_new", ScopeMeRead), refreshable("fam_new", ScopeMeRead)}, nil},
		"no offline access":  {func(s *GrantState) { s.Client.OfflineAccess = false }, passwordInput(), []access.Token{issued(accountID, "fam_new", own...)}, nil},
		"scope of others":    {holder(Active), passwordInput("/external/account/w"), nil, ErrScopeInvalid},
		"scope, and unknown": {func(s *GrantState) { s.Account = nil }, passwordInput("/external/account/w"), nil, ErrScopeInvalid},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			next, err := PasswordGrant(granting(tt.change), tt.input)
			if diff := cmp.Diff(GrantNext{Issue: tt.want}, next); diff != "" || !errors.Is(err, tt.refusal) {
				t.Errorf("got error %v, want %v, and got +, want -:\n%s", err, tt.refusal, diff)
			}
		})
	}
}

// The connector of the original looks for these words (accounts-api.md 2.2).
func TestSignInWords(t *testing.T) {
	t.Parallel()
	if got, want := ErrSignIn.Message, "Username/password do not match"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A refresh keeps the scopes of the sign-in; fewer may be asked for the access token, none added. The pair stays in its family, and the old token is used up.
func TestRefreshGrant(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*GrantState)
		asked  []string
		want   []access.Token
	}{
		"all":               {func(*GrantState) {}, nil, []access.Token{issued(accountID, "fam_old", scopes...), refreshable("fam_old", scopes...)}},
		"fewer":             {func(*GrantState) {}, []string{ScopeMeRead}, []access.Token{issued(accountID, "fam_old", ScopeMeRead), refreshable("fam_old", scopes...)}},
		"created":           {holder(Created), nil, []access.Token{issued(accountID, "fam_old", scopes...), refreshable("fam_old", scopes...)}},
		"last instant":      {func(s *GrantState) { s.Refresh.ExpiresAt = start.Add(1) }, nil, []access.Token{issued(accountID, "fam_old", scopes...), refreshable("fam_old", scopes...)}},
		"offline no longer": {func(s *GrantState) { s.Client.OfflineAccess = false }, nil, []access.Token{issued(accountID, "fam_old", scopes...)}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := granting(tt.change)
			next, err := RefreshGrant(s, grantInput(tt.asked...))
			if diff := cmp.Diff(GrantNext{Issue: tt.want, Exchange: s.Refresh}, next); diff != "" || err != nil {
				t.Errorf("got error %v, and got +, want -:\n%s", err, diff)
			}
		})
	}
}

func TestRefreshGrantRefuses(t *testing.T) {
	t.Parallel()
	theft := GrantNext{RevokeFamily: "fam_old", RevokedAt: start}
	tests := map[string]struct {
		change  func(*GrantState)
		asked   []string
		want    GrantNext
		refusal error
	}{
		"unknown":              {func(s *GrantState) { s.Refresh, s.Account = nil, nil }, nil, GrantNext{}, ErrRefreshInvalid},
		"an access token":      {func(s *GrantState) { s.Refresh.Kind = access.AccessToken }, nil, GrantNext{}, ErrRefreshInvalid},
		"of another client":    {func(s *GrantState) { s.Refresh.Client = "client_2" }, nil, GrantNext{}, ErrRefreshInvalid},
		"revoked":              {func(s *GrantState) { s.Refresh.RevokedAt = start }, nil, GrantNext{}, ErrRefreshInvalid},
		"at its expiry":        {func(s *GrantState) { s.Refresh.ExpiresAt = start }, nil, GrantNext{}, ErrRefreshInvalid},
		"used":                 {func(s *GrantState) { s.Refresh.UsedAt = start.Add(-1) }, nil, theft, ErrRefreshInvalid},
		"used, scope too":      {func(s *GrantState) { s.Refresh.UsedAt = start.Add(-1) }, []string{"/x"}, theft, ErrRefreshInvalid},
		"used, account gone":   {func(s *GrantState) { s.Refresh.UsedAt, s.Account = start.Add(-1), nil }, nil, theft, ErrRefreshInvalid},
		"used by others":       {func(s *GrantState) { s.Refresh.UsedAt, s.Refresh.Client = start.Add(-1), "client_2" }, nil, GrantNext{}, ErrRefreshInvalid},
		"account gone":         {func(s *GrantState) { s.Account = nil }, nil, GrantNext{}, ErrRefreshInvalid},
		"inactive":             {holder(Inactive), nil, GrantNext{}, ErrRefreshInvalid},
		"archived":             {holder(Archived), nil, GrantNext{}, ErrRefreshInvalid},
		"login disabled":       {func(s *GrantState) { s.Account.LoginDisabled = true }, nil, GrantNext{}, ErrRefreshInvalid},
		"scope of the client":  {func(*GrantState) {}, []string{"/external/account/r"}, GrantNext{}, ErrScopeInvalid},
		"one scope more":       {func(*GrantState) {}, []string{ScopeMeRead, "/external/account/r"}, GrantNext{}, ErrScopeInvalid},
		"scope of the sign-in": {func(s *GrantState) { s.Refresh.Scopes = []string{ScopeMeRead} }, []string{ScopeMeWrite}, GrantNext{}, ErrScopeInvalid},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			next, err := RefreshGrant(granting(tt.change), grantInput(tt.asked...))
			if diff := cmp.Diff(tt.want, next); diff != "" || !errors.Is(err, tt.refusal) {
				t.Errorf("got error %v, want %v, and got +, want -:\n%s", err, tt.refusal, diff)
			}
		})
	}
}

// An operator needs no secret; scopes are held to the client's all the same.
func TestDirect(t *testing.T) {
	t.Parallel()
	anna := granting().Account
	tests := map[string]struct {
		change  func(*GrantState)
		account *Account
		asked   []string
		want    []access.Token
		refusal error
	}{
		"without identity": {func(*GrantState) {}, nil, []string{ScopeMeRead}, []access.Token{issued("", "fam_new", ScopeMeRead)}, nil},
		"of an account":    {func(*GrantState) {}, anna, scopes, []access.Token{issued(accountID, "fam_new", scopes...)}, nil},
		"all scopes":       {func(s *GrantState) { s.Client.Scopes = scopes }, anna, nil, []access.Token{issued(accountID, "fam_new", scopes...)}, nil},
		"of a blocked one": {func(*GrantState) {}, &Account{ID: accountID, Status: Inactive}, scopes, nil, ErrNoTokens},
		"of an archived":   {func(*GrantState) {}, &Account{ID: accountID, Status: Archived}, scopes, nil, ErrNoTokens},
		"login disabled":   {func(*GrantState) {}, &Account{ID: accountID, Status: Active, LoginDisabled: true}, scopes, nil, ErrNoTokens},
		"only created":     {func(*GrantState) {}, &Account{ID: accountID, Status: Created}, scopes, []access.Token{issued(accountID, "fam_new", scopes...)}, nil},
		"too many scopes":  {func(*GrantState) {}, anna, []string{"/external/account/w"}, nil, ErrScopeInvalid},
		"unknown client":   {func(s *GrantState) { s.Client = nil }, anna, nil, nil, access.ErrClientGone},
		"disabled client":  {func(s *GrantState) { s.Client.DisabledAt = start }, anna, nil, nil, access.ErrClientGone},
	}
	for name, tt := range tests {
		in := grantInput(tt.asked...)
		in.Secret = wrongSecret
		next, err := Direct(granting(tt.change), in, tt.account)
		if diff := cmp.Diff(GrantNext{Issue: tt.want}, next); diff != "" || !errors.Is(err, tt.refusal) {
			t.Errorf("%s: got error %v, want %v, and got +, want -:\n%s", name, err, tt.refusal, diff)
		}
	}
}

func TestGrantsArePure(t *testing.T) {
	t.Parallel()
	all := grants()
	all["reuse"] = func(s GrantState, in GrantInput) (GrantNext, error) { return RefreshGrant(s, in) }
	for name, decide := range all {
		change := func(s *GrantState) {
			if name == "reuse" {
				s.Refresh.UsedAt = start
			}
		}
		s := granting(change)
		first, _ := decide(s, grantInput())
		second, _ := decide(s, grantInput())
		if diff := cmp.Diff(first, second); diff != "" {
			t.Errorf("%s, decided again: got +, want -:\n%s", name, diff)
		}
		if diff := cmp.Diff(granting(change), s); diff != "" {
			t.Errorf("%s, state afterwards: got +, want -:\n%s", name, diff)
		}
	}
}
