package account

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"avow/internal/access"
)

var (
	accountWrite = access.Need{Scope: ScopeAccountWrite}
	accountRead  = access.Need{Scope: ScopeAccountRead}
)

// named is the state in which a system's token names an account that has a live request; the changes spoil it.
func named(changes ...func(*State)) State {
	s := pending()
	s.Token.Account, s.Token.Scopes, s.Holder = "", []string{ScopeAccountRead, ScopeAccountWrite}, nil
	for _, change := range changes {
		change(&s)
	}
	return s
}

// held gives the token an account of its own.
func held(status Status, loginDisabled bool) func(*State) {
	return func(s *State) {
		s.Token.Account, s.Holder = "aaaaaaaaaaaaaaaaaaaaaaaa", &Account{ID: "aaaaaaaaaaaaaaaaaaaaaaaa", Status: status, LoginDisabled: loginDisabled}
	}
}

func both(changes ...func(*State)) func(*State) {
	return func(s *State) {
		for _, change := range changes {
			change(s)
		}
	}
}

// accounts-api.md 1.3, 2.6, 4, 5.2, 13.8: what each call on a named account says to each state of it and of the token's own.
func TestNamedAccount(t *testing.T) {
	t.Parallel()
	type refusals struct{ create, verify, standing, account error }
	same := func(err error) refusals { return refusals{err, err, err, err} }
	gone, done, none := same(ErrAccountUnknown), refusals{ErrAlreadyVerified, ErrAlreadyVerified, nil, nil}, refusals{}
	tests := map[string]struct {
		change func(*State)
		want   refusals
	}{
		"created":                       {func(*State) {}, none},
		"active":                        {status(Active), none},
		"verified":                      {isVerified, done},
		"inactive":                      {status(Inactive), refusals{ErrAccountUnknown, ErrAccountUnknown, ErrAccountUnknown, nil}},
		"inactive and verified":         {both(isVerified, status(Inactive)), done},
		"archived":                      {status(Archived), gone},
		"archived and verified":         {both(isVerified, status(Archived)), gone},
		"login disabled":                {loginDisabled, none},
		"unknown":                       {func(s *State) { s.Account, s.Code = nil, nil }, gone},
		"named by an account":           {held(Active, false), none},
		"named by a created account":    {held(Created, false), none},
		"named by an inactive account":  {held(Inactive, false), same(access.ErrTokenUnknown)},
		"named by an archived account":  {held(Archived, false), same(access.ErrTokenUnknown)},
		"named by one without login":    {held(Active, true), same(access.ErrTokenUnknown)},
		"named by an account not there": {both(held(Active, false), func(s *State) { s.Holder = nil }), same(access.ErrTokenUnknown)},
		"disabled client":               {func(s *State) { s.Client.DisabledAt = start }, same(access.ErrTokenUnknown)},
		"expired token":                 {func(s *State) { s.Token.ExpiresAt = start }, same(access.ErrTokenExpired)},
		"scopes of the own account":     {func(s *State) { s.Token.Scopes = scopes }, same(access.ErrScopeMissing)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := createInput()
			in.Need = accountWrite
			created, create := CreateRequest(named(tt.change), in)
			verified, verify := Verify(named(tt.change), VerifyInput{Need: accountWrite, Code: rightCode, Now: start})
			_, standing := StandingOf(named(tt.change), accountRead, start)
			_, account := AccountOf(named(tt.change), accountWrite, start)
			got := refusals{create, verify, standing, account}
			if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(refusals{}), cmp.Comparer(func(a, b error) bool { return errors.Is(a, b) || errors.Is(b, a) })); diff != "" {
				t.Errorf("got +, want -:\n%s", diff)
			}
			if created.Empty() != (create != nil) || verified.Empty() != (verify != nil) {
				t.Errorf("got %+v and %+v to save, want something where it is not refused", created, verified)
			}
		})
	}
}

// The decisions are those of the own account: the same request, the same mail, the same count.
func TestNamedIsLikeOwn(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*State){"pending": func(*State) {}, "no code": noCode, "last try": wrong(19), "dead": wrong(20), "expired": expired} {
		for _, code := range []access.Lookup{rightCode, wrongCode} {
			mine, mineErr := Verify(pending(change), VerifyInput{Need: meWrite, Code: code, Now: start})
			theirs, theirsErr := Verify(named(change), VerifyInput{Need: accountWrite, Code: code, Now: start})
			if diff := cmp.Diff(mine, theirs); diff != "" || !errors.Is(theirsErr, mineErr) {
				t.Errorf("%s: got %v, want %v, and got +, want -:\n%s", name, theirsErr, mineErr, diff)
			}
		}
		in := createInput()
		mine, _ := CreateRequest(pending(change), in)
		in.Need = accountWrite
		theirs, _ := CreateRequest(named(change), in)
		if diff := cmp.Diff(mine, theirs); diff != "" || theirs.Empty() {
			t.Errorf("%s, create: got +, want -:\n%s", name, diff)
		}
	}
}

func TestNamed(t *testing.T) {
	t.Parallel()
	tests := map[Name]Name{
		{ByID, "5C6291D537C2ED78A11518B7"}:    {ByID, "5c6291d537c2ed78a11518b7"},
		{ByEmail, " Anna@Example.COM "}:       {ByEmail, "anna@example.com"},
		{ByAlias, "Anna"}:                     {ByAlias, "Anna"},
		{ByCustomerNumber, "A_1"}:             {ByCustomerNumber, "A_1"},
		{ByExternalID("CRM"), " X "}:          {"external_id:CRM", " X "},
		{ByID, "a\x00"}:                       {ByID, ""},
		{ByEmail, "anna@example.com\xff"}:     {ByEmail, ""},
		{ByTuloCustomerNumber, "1\x00"}:       {ByTuloCustomerNumber, ""},
		{ByExternalID("crm"), "\xed\xa0\x80"}: {"external_id:crm", ""},
	}
	for in, want := range tests {
		if got := Named(in.Kind, in.Value); got != want {
			t.Errorf("%+v: got %+v, want %+v", in, got, want)
		}
	}
}
