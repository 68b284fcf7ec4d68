package account

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"avow/internal/access"
)

// showing is the state of a client that shows its own access token.
func showing(changes ...func(*GrantState)) GrantState {
	return granting(append([]func(*GrantState){func(s *GrantState) {
		s.Refresh.Kind = access.AccessToken
		s.Issuer = &access.Client{ID: clientID}
	}}, changes...)...)
}

func refresher(s *GrantState) { s.Refresh.Kind = access.RefreshToken }

func noneShown(s *GrantState) { s.Refresh, s.Issuer, s.Account = nil, nil, nil }

func ofOther(s *GrantState) { s.Refresh.Client, s.Issuer.ID = "client_2", "client_2" }

func revokedShown(s *GrantState) { s.Refresh.RevokedAt = start.Add(-1) }

func usedShown(s *GrantState) { s.Refresh.UsedAt = start.Add(-1) }

func expiredShown(s *GrantState) { s.Refresh.ExpiresAt = start }

func every(changes ...func(*GrantState)) func(*GrantState) {
	return func(s *GrantState) {
		for _, change := range changes {
			change(s)
		}
	}
}

// RFC 7009, 2.1 and 2.2.
func TestRevokeShown(t *testing.T) {
	t.Parallel()
	const none, alone, family = 0, 1, 2
	tests := map[string]struct {
		change func(*GrantState)
		want   int
	}{
		"an access token":            {func(*GrantState) {}, alone},
		"of nobody any more":         {func(s *GrantState) { s.Account = nil }, alone},
		"expired":                    {expiredShown, alone},
		"revoked before":             {revokedShown, none},
		"unknown":                    {noneShown, none},
		"of another client":          {ofOther, none},
		"a refresh token":            {refresher, family},
		"a used refresh token":       {every(refresher, usedShown), family},
		"an expired refresh token":   {every(refresher, expiredShown), family},
		"a revoked refresh token":    {every(refresher, revokedShown), none},
		"another's refresh token":    {every(refresher, ofOther), none},
		"a refresh token of nobody":  {every(refresher, func(s *GrantState) { s.Account = nil }), family},
		"another's used one":         {every(refresher, ofOther, usedShown), none},
		"of an account that is shut": {every(refresher, holder(Inactive)), family},
	}
	for name, tt := range tests {
		s := showing(tt.change)
		next, err := RevokeShown(s, rightSecret, start)
		want := map[int]GrantNext{none: {}, alone: {Revoke: s.Refresh, RevokedAt: start}, family: {RevokeFamily: "fam_old", RevokedAt: start}}[tt.want]
		if diff := cmp.Diff(want, next); diff != "" || err != nil {
			t.Errorf("%s: got error %v, and got +, want -:\n%s", name, err, diff)
		}
		if next, err := RevokeShown(s, wrongSecret, start); !errors.Is(err, ErrClientInvalid) || !next.Empty() {
			t.Errorf("%s, wrong secret: got %+v, %v, want nothing and %v", name, next, err, ErrClientInvalid)
		}
	}
}

// RFC 7662, 2.2: one answer to all that is not active.
func TestIntrospectShown(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*GrantState)
		active bool
	}{
		"an access token":          {func(*GrantState) {}, true},
		"of a created account":     {holder(Created), true},
		"of another client":        {ofOther, true},
		"without identity":         {func(s *GrantState) { s.Refresh.Account, s.Account = "", nil }, true},
		"in its last instant":      {func(s *GrantState) { s.Refresh.ExpiresAt = start.Add(1) }, true},
		"unknown":                  {noneShown, false},
		"expired":                  {expiredShown, false},
		"revoked":                  {revokedShown, false},
		"of a disabled client":     {every(ofOther, func(s *GrantState) { s.Issuer.DisabledAt = start }), false},
		"of nobody any more":       {func(s *GrantState) { s.Account = nil }, false},
		"inactive":                 {holder(Inactive), false},
		"archived":                 {holder(Archived), false},
		"login disabled":           {func(s *GrantState) { s.Account.LoginDisabled = true }, false},
		"a refresh token":          {refresher, true},
		"a used refresh token":     {every(refresher, usedShown), false},
		"an expired refresh token": {every(refresher, expiredShown), false},
		"a revoked refresh token":  {every(refresher, revokedShown), false},
		"another's refresh token":  {every(refresher, ofOther), false},
		"refresh, inactive":        {every(refresher, holder(Inactive)), false},
		"refresh, archived":        {every(refresher, holder(Archived)), false},
	}
	for name, tt := range tests {
		s := showing(tt.change)
		got, err := IntrospectShown(s, rightSecret, start)
		if (got != nil) != tt.active || err != nil || got != nil && got != s.Refresh {
			t.Errorf("%s: got %+v, %v, want active %t", name, got, err, tt.active)
		}
		if got, err := IntrospectShown(s, wrongSecret, start); !errors.Is(err, ErrClientInvalid) || got != nil {
			t.Errorf("%s, wrong secret: got %+v, %v, want nothing and %v", name, got, err, ErrClientInvalid)
		}
	}
}

// Any access token that is good may ask about itself, whatever its scopes; one that is not is refused as on every call.
func TestTokenOf(t *testing.T) {
	t.Parallel()
	good := map[string]func(*State){
		"of an account": func(*State) {}, "no scope": func(s *State) { s.Token.Scopes = nil },
		"no identity": func(s *State) { s.Token.Account, s.Holder, s.Account, s.Code = "", nil, nil, nil },
	}
	for name, change := range good {
		s := pending(change)
		got, err := TokenOf(s, start)
		if diff := cmp.Diff(*s.Token, got); diff != "" || err != nil {
			t.Errorf("%s: got error %v, and got +, want -:\n%s", name, err, diff)
		}
	}
	for name, tt := range refusedTokens {
		if good[name] != nil || errors.Is(tt.want, access.ErrScopeMissing) {
			continue
		}
		if got, err := TokenOf(pending(tt.spoil), start); !errors.Is(err, tt.want) || got.Client != "" {
			t.Errorf("%s: got %+v, %v, want %v", name, got, err, tt.want)
		}
	}
	for name, spoil := range missing {
		if _, err := TokenOf(pending(spoil), start); !errors.Is(err, access.ErrTokenUnknown) {
			t.Errorf("%s: got %v, want %v", name, err, access.ErrTokenUnknown)
		}
	}
}

// By the service: what a client is issued it may look into and end; what the store says goes up.
func TestShownTokens(t *testing.T) {
	t.Parallel()
	f := withPassword(t)
	issued, err := f.SignIn(t.Context(), credentials, nil, orgID, "anna@example.com", password)
	if err != nil {
		t.Fatal(err)
	}
	active := func(token string, want bool) {
		t.Helper()
		if got, err := f.IntrospectShown(t.Context(), credentials, token); (got != nil) != want || err != nil {
			t.Errorf("got %+v, %v, want active %t", got, err, want)
		}
	}
	active(issued.Access, true)
	active(issued.Refresh, true)
	active("another token", false)
	if got, left, err := f.TokenInfo(t.Context(), issued.Access); err != nil || left != time.Hour || got.Account != accountID {
		t.Errorf("got %+v for %s, %v, want the account's for an hour", got, left, err)
	}
	for _, token := range []string{issued.Access, issued.Refresh, issued.Refresh, "another token"} {
		if err := f.RevokeShown(t.Context(), credentials, token); err != nil {
			t.Errorf("got %v, want no error", err)
		}
		active(issued.Access, false)
	}
	active(issued.Refresh, false)
	if _, _, err := f.TokenInfo(t.Context(), ""); !errors.Is(err, access.ErrNoCredential) {
		t.Errorf("got %v, want %v", err, access.ErrNoCredential)
	}
	f.world.broken = true
	_, introspected := f.IntrospectShown(t.Context(), credentials, "x")
	_, _, told := f.TokenInfo(t.Context(), "x")
	_, counted := f.Attempts(t.Context(), Call{Bearer: "x", Need: meRead})
	for _, err := range []error{f.RevokeShown(t.Context(), credentials, "x"), introspected, told, counted} {
		if !errors.Is(err, errBroken) {
			t.Errorf("got %v, want %v", err, errBroken)
		}
	}
}
