package account

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"regexp"
	"slices"
	"sync"
	"testing"
	"time"

	"avow/internal/access"
)

// withPassword gives the account its password.
func withPassword(t *testing.T) *fixture {
	t.Helper()
	f := newFixture(t)
	kept, err := f.o.Passwords.Hash(t.Context(), password)
	if err != nil {
		t.Fatal(err)
	}
	a := f.world.accounts[accountID]
	a.Password = kept
	f.world.accounts[accountID] = a
	return f
}

// good reports whether a handed-out token is good for a call on the own account.
func (f *fixture) good(t *testing.T, token string) error {
	t.Helper()
	return f.Authenticate(t.Context(), Call{Bearer: token, Need: meRead})
}

func TestSignInAndRenew(t *testing.T) {
	t.Parallel()
	f := withPassword(t)
	first, err := f.SignIn(t.Context(), credentials, []string{ScopeMeRead}, orgID, "Anna@Example.com", password)
	if err != nil {
		t.Fatal(err)
	}
	if first.ExpiresIn != time.Hour || !slices.Equal(first.Scopes, []string{ScopeMeRead}) {
		t.Errorf("got %+v, want the scope asked, for an hour", first)
	}
	second, err := f.Renew(t.Context(), credentials, nil, first.Refresh)
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{first.Access, first.Refresh, second.Access, second.Refresh}
	for i, text := range texts {
		if !regexp.MustCompile(`^[A-Za-z0-9_]{40,}$`).MatchString(text) || slices.Index(texts, text) != i {
			t.Errorf("got token %q, want fresh long texts: %q", text, texts)
		}
	}
	for name, token := range map[string]string{"first": first.Access, "second": second.Access} {
		if err := f.good(t, token); err != nil {
			t.Errorf("%s token: got %v, want it good", name, err)
		}
	}
	if err := f.good(t, first.Refresh); !errors.Is(err, access.ErrTokenUnknown) {
		t.Errorf("refresh token as bearer: got %v, want %v", err, access.ErrTokenUnknown)
	}
	if got, err := f.Renew(t.Context(), credentials, nil, first.Refresh); !errors.Is(err, ErrRefreshInvalid) || got.Access != "" {
		t.Errorf("used again: got %+v, %v, want nothing and %v", got, err, ErrRefreshInvalid)
	}
	for name, token := range map[string]string{"first": first.Access, "second": second.Access} {
		if err := f.good(t, token); !errors.Is(err, access.ErrTokenUnknown) {
			t.Errorf("%s token after the theft: got %v, want %v", name, err, access.ErrTokenUnknown)
		}
	}
}

// strangers are sign-ins that must all look alike (accounts-api.md 13.13).
var strangers = map[string]struct{ org, email, password string }{
	"wrong password":       {orgID, "anna@example.com", "wrong"},
	"empty password":       {orgID, "anna@example.com", ""},
	"unknown address":      {orgID, "nobody@example.com", password},
	"no password kept":     {orgID, "bert@example.com", password},
	"nothing against none": {orgID, "bert@example.com", ""},
	"another organisation": {"org_2", "anna@example.com", password},
	"blocked":              {orgID, "carla@example.com", password},
}

func (f *fixture) addStrangers() {
	f.world.accounts["b"] = Account{ID: "b", Org: orgID, Email: "bert@example.com", Status: Active}
	f.world.accounts["c"] = Account{ID: "c", Org: orgID, Email: "carla@example.com", Status: Inactive, Password: f.world.accounts[accountID].Password}
}

func TestSignInTellsNothing(t *testing.T) {
	t.Parallel()
	f := withPassword(t)
	f.addStrangers()
	for name, tt := range strangers {
		f.world.calls = 0
		got, err := f.SignIn(t.Context(), credentials, nil, tt.org, tt.email, tt.password)
		if err != ErrSignIn || got.Access != "" || got.Refresh != "" {
			t.Errorf("%s: got %+v, %v, want nothing and %v itself", name, got, err, ErrSignIn)
		}
		if f.world.calls != 2 {
			t.Errorf("%s: got %d calls of the store, want 2", name, f.world.calls)
		}
	}
}

// gate is a source that can be made to wait: whoever hashes a password meanwhile keeps the only place.
type gate struct {
	io.Reader
	shut          bool
	entered, open chan struct{}
	once          sync.Once
}

func (g *gate) Read(p []byte) (int, error) {
	if g.shut {
		g.once.Do(func() { close(g.entered) })
		<-g.open
	}
	return g.Reader.Read(p)
}

// busyPasswords have no free place until the test ends.
func busyPasswords(t *testing.T) *access.Passwords {
	t.Helper()
	g := &gate{Reader: rand.NewChaCha8([32]byte{2}), entered: make(chan struct{}), open: make(chan struct{})}
	p := access.NewPasswords(access.Random{Source: g}, 1)
	g.shut = true
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = p.Hash(context.Background(), password)
	}()
	<-g.entered
	t.Cleanup(func() { close(g.open); <-done })
	return p
}

// Every sign-in of a known client compares a password, also where there is none: no answer tells by its time whether an address has an account.
func TestSignInAlwaysCompares(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.addStrangers()
	f.o.Passwords = busyPasswords(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, tt := range strangers {
		if _, err := f.SignIn(ctx, credentials, nil, tt.org, tt.email, tt.password); !errors.Is(err, access.ErrBusy) {
			t.Errorf("%s: got %v, want %v", name, err, access.ErrBusy)
		}
	}
	for name, c := range map[string]Credentials{"unknown client": {ID: "client_2", Secret: secret}, "wrong secret": {ID: clientID, Secret: "x"}, "no secret": {ID: clientID}} {
		if _, err := f.SignIn(ctx, c, nil, orgID, "anna@example.com", password); !errors.Is(err, ErrClientInvalid) {
			t.Errorf("%s: got %v, want %v before any comparison", name, err, ErrClientInvalid)
		}
	}
}

func TestSignInClient(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	got, err := f.SignInClient(t.Context(), credentials, nil)
	if err != nil || got.Refresh != "" || got.ExpiresIn != time.Hour || !slices.Equal(got.Scopes, scopes) {
		t.Fatalf("got %+v, %v, want all scopes for an hour, without a refresh token", got, err)
	}
	if err := f.good(t, got.Access); !errors.Is(err, access.ErrNoIdentity) {
		t.Errorf("got %v, want %v", err, access.ErrNoIdentity)
	}
	if _, err := f.SignInClient(t.Context(), Credentials{ID: clientID, Secret: "x"}, nil); !errors.Is(err, ErrClientInvalid) {
		t.Errorf("wrong secret: got %v, want %v", err, ErrClientInvalid)
	}
}

// What was decided on a stale state leaves no trace in the answer.
func TestGrantDecidedAgain(t *testing.T) {
	t.Parallel()
	f := withPassword(t)
	c := f.world.clients[clientID]
	c.OfflineAccess, c.Scopes = false, []string{ScopeMeRead}
	f.world.clients[clientID] = c
	f.world.stale = func(s *GrantState) { s.Client.OfflineAccess, s.Client.Scopes = true, scopes }
	got, err := f.SignIn(t.Context(), credentials, nil, orgID, "anna@example.com", password)
	if err != nil || got.Refresh != "" || !slices.Equal(got.Scopes, []string{ScopeMeRead}) {
		t.Errorf("got %+v, %v, want one scope and no refresh token", got, err)
	}
}

func TestIssue(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.world.accounts["d"] = Account{ID: "d", Org: "org_2", Email: "dora@example.com", Status: Active}
	tests := map[string]struct {
		client, account string
		scopes          []string
		want            error
		good            error // what the token is good for
	}{
		"of the account":       {clientID, accountID, nil, nil, nil},
		"of nobody":            {clientID, "", []string{ScopeMeRead}, nil, access.ErrNoIdentity},
		"too little":           {clientID, accountID, []string{ScopeMeWrite}, nil, access.ErrScopeMissing},
		"too much":             {clientID, accountID, []string{"/external/account/w"}, ErrScopeInvalid, nil},
		"unknown client":       {"client_2", accountID, nil, access.ErrClientGone, nil},
		"unknown account":      {clientID, "ffffffffffffffffffffffff", nil, ErrAccountUnknown, nil},
		"another organisation": {clientID, "d", nil, ErrAccountUnknown, nil},
		"neither is known":     {"client_2", "d", nil, access.ErrClientGone, nil},
	}
	for name, tt := range tests {
		got, err := f.Issue(t.Context(), tt.client, tt.account, tt.scopes, 24*time.Hour)
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: got %v, want %v", name, err, tt.want)
		}
		if tt.want != nil {
			continue
		}
		if got.Refresh != "" || got.ExpiresIn != 24*time.Hour {
			t.Errorf("%s: got %+v, want no refresh token and a day", name, got)
		}
		if err := f.good(t, got.Access); !errors.Is(err, tt.good) {
			t.Errorf("%s: got %v for the token, want %v", name, err, tt.good)
		}
	}
}

func TestIssuedTokenLivesAsLongAsAsked(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	got, err := f.Issue(t.Context(), clientID, accountID, nil, 24*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	f.now = start.Add(24*time.Hour - 1)
	if err := f.good(t, got.Access); err != nil {
		t.Errorf("in its last instant: got %v, want no error", err)
	}
	f.now = start.Add(24 * time.Hour)
	if err := f.good(t, got.Access); !errors.Is(err, access.ErrTokenExpired) {
		t.Errorf("a day later: got %v, want %v", err, access.ErrTokenExpired)
	}
}

func TestRevoke(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for range 2 { // once more changes nothing
		if err := f.Revoke(t.Context(), bearer); err != nil {
			t.Errorf("got %v, want no error", err)
		}
	}
	if err := f.good(t, bearer); !errors.Is(err, access.ErrTokenUnknown) {
		t.Errorf("got %v, want %v", err, access.ErrTokenUnknown)
	}
	if err := f.Revoke(t.Context(), "another token"); !errors.Is(err, ErrTokenGone) {
		t.Errorf("got %v, want %v", err, ErrTokenGone)
	}
}

// What the store says goes up as it is, and nothing is handed out.
func TestStoreFaults(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.world.broken = true
	calls := map[string]func() (Issued, error){
		"SignInClient": func() (Issued, error) { return f.SignInClient(t.Context(), credentials, nil) },
		"SignIn": func() (Issued, error) {
			return f.SignIn(t.Context(), credentials, nil, orgID, "anna@example.com", password)
		},
		"Renew":        func() (Issued, error) { return f.Renew(t.Context(), credentials, nil, "x") },
		"Issue":        func() (Issued, error) { return f.Issue(t.Context(), clientID, accountID, nil, time.Hour) },
		"Revoke":       func() (Issued, error) { return Issued{}, f.Revoke(t.Context(), bearer) },
		"VerifyOnPage": func() (Issued, error) { return Issued{}, f.VerifyOnPage(t.Context(), accountID, "x") },
		"Disable":      func() (Issued, error) { return Issued{}, f.Disable(t.Context(), accountID) },
		"Create": func() (Issued, error) {
			_, err := f.Create(t.Context(), NewAccount{Org: orgID, Email: "bert@example.com"})
			return Issued{}, err
		},
	}
	for name, call := range calls {
		if got, err := call(); !errors.Is(err, errBroken) || got.Access != "" || got.Refresh != "" {
			t.Errorf("%s: got %+v, %v, want nothing and %v", name, got, err, errBroken)
		}
	}
}

func TestBusyPasswords(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.o.Passwords = busyPasswords(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if a, err := f.Create(ctx, NewAccount{Org: orgID, Email: "bert@example.com", Password: password}); !errors.Is(err, access.ErrBusy) || a.ID != "" {
		t.Errorf("got %+v, %v, want none and %v", a, err, access.ErrBusy)
	}
}
