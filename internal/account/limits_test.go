package account

import (
	"context"
	"crypto/rand"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"avow/internal/access"
	"avow/internal/fault"
	"avow/internal/limit"
	"avow/internal/outbox"
)

// limit gives a fixture budgets, counted in its process.
func (f *fixture) limit() *fixture {
	f.o.Budgets = limit.New(limit.Options{Limiter: limit.NewMemory(1000), Keys: f.keys, Now: func() time.Time { return f.now }})
	f.o.Accounts = WithLimits(f.world, f.o.Budgets)
	return f
}

func (f *fixture) left(t *testing.T, p *limit.Policy, subject string) int {
	t.Helper()
	ctx, notes := limit.WithNotes(t.Context())
	f.o.Budgets.Charge(ctx, p.Room(subject))
	return notes.Standings()[0].Remaining
}

// stranger adds another organisation's account with an address, and a token of it.
func (f *fixture) stranger(org, id, email string) (token string) {
	token = "token of " + id
	f.world.clients["client of "+org] = access.Client{ID: "client of " + org, Org: org, Scopes: scopes}
	f.world.accounts[id] = Account{ID: id, Org: org, Email: email, Status: Created, Version: 1}
	f.world.tokens = append(f.world.tokens, access.Token{
		Hash: f.keys.Hash(access.ForToken, token), Kind: access.AccessToken, Org: org, Client: "client of " + org, Account: id, Scopes: scopes, ExpiresAt: start.AddDate(10, 0, 0),
	})
	return token
}

func TestCosts(t *testing.T) {
	t.Parallel()
	mails := func(kinds ...outbox.Kind) (all []Mail) {
		for _, kind := range kinds {
			all = append(all, Mail{Kind: kind, Target: "Anna@example.com"})
		}
		return all
	}
	mail := limit.MailTo("anna@example.com")
	holder := []limit.Draw{limit.Account.Of(accountID), limit.Organisation.Of(orgID)}
	fresh := &Account{ID: "new", Org: orgID}
	tests := map[string]struct {
		state State
		next  Next
		want  []limit.Draw
	}{
		"nothing":               {pending(), Next{}, nil},
		"a code without a mail": {pending(), Next{Account: pending().Account, Code: &Code{}, Unsend: []string{"dlv_old"}}, nil},
		"no mail":               {pending(), Next{Mails: mails("webhook")}, nil},
		"a mail":                {pending(), Next{Mails: mails(outbox.Mail)}, append(append(mail[:2:2], holder...), limit.Client.Of(clientID))},
		"two":                   {pending(), Next{Mails: mails(outbox.Mail, "webhook", outbox.Mail)}, append(append(append(mail[:2:2], mail...), holder...), limit.Client.Of(clientID))},
		"without a client":      {State{Account: pending().Account}, Next{Mails: mails(outbox.Mail)}, append(mail[:2:2], holder...)},
		"of a new account":      {State{}, Next{Account: fresh, Mails: mails(outbox.Mail)}, append(mail[:2:2], limit.Account.Of("new"), limit.Organisation.Of(orgID))},
	}
	for name, tt := range tests {
		if d := cmp.Diff(tt.want, costs(tt.state, tt.next)); d != "" {
			t.Errorf("%s: got (+), want (-):\n%s", name, d)
		}
	}
}

// TestAnAddressHasOneBudget counts the mails of an address, whichever account, organisation and way of writing it they come from (accounts-api.md 13.12).
func TestAnAddressHasOneBudget(t *testing.T) {
	t.Parallel()
	f := newFixture(t).limit()
	other := f.stranger("org_2", "b", "ANNA@example.com")
	for i, token := range []string{bearer, other, bearer, other, bearer} {
		if _, err := f.CreateRequest(t.Context(), Call{Bearer: token, Need: meWrite}, ""); err != nil {
			t.Fatalf("call %d: got %v, want it", i+1, err)
		}
	}
	before := f.world.codes["b"]
	for _, token := range []string{bearer, other} {
		_, err := f.CreateRequest(t.Context(), Call{Bearer: token, Need: meWrite}, "")
		if f := fault.From(err); !errors.Is(err, limit.ErrTooMany) || f.After != 12*time.Minute {
			t.Errorf("got %v after %v, want %v after 12m", err, f.After, limit.ErrTooMany)
		}
	}
	if len(f.world.sent) != 5 || f.world.codes["b"] != before {
		t.Errorf("got %d mails and code %+v, want 5 and the code as it was", len(f.world.sent), f.world.codes["b"])
	}
	if _, err := f.CreateRequest(t.Context(), Call{Bearer: f.stranger(orgID, "c", "carla@example.com"), Need: meWrite}, ""); err != nil {
		t.Errorf("got %v for another address, want it", err)
	}
	f.now = f.now.Add(12 * time.Minute)
	if _, err := f.CreateRequest(t.Context(), Call{Bearer: other, Need: meWrite}, ""); err != nil {
		t.Errorf("got %v when one is back, want it", err)
	}
}

// TestAnAccountHasABudget changes the address each time: the account's creates are counted all the same.
func TestAnAccountHasABudget(t *testing.T) {
	t.Parallel()
	f := newFixture(t).limit()
	for i := range 11 {
		a := f.world.accounts[accountID]
		a.Email = string(rune('a'+i)) + "@example.com"
		f.world.accounts[accountID] = a
		_, err := f.CreateRequest(t.Context(), Call{Bearer: bearer, Need: meWrite}, "")
		if got, want := errors.Is(err, limit.ErrTooMany), i >= 10; got != want {
			t.Errorf("call %d: got %v, want it refused: %t", i+1, err, want)
		}
	}
	if got := f.left(t, limit.MailHour, "k@example.com"); got != 5 {
		t.Errorf("got %d left of the address of the refused call, want all 5", got)
	}
}

// TestRefusedCallsAreFree makes calls that are refused for what they are: they cost nothing.
func TestRefusedCallsAreFree(t *testing.T) {
	t.Parallel()
	f := newFixture(t).limit()
	for range 20 {
		if _, err := f.CreateRequest(t.Context(), Call{Bearer: bearer, Need: meWrite}, "ftp://example.com"); !errors.Is(err, ErrURLNotAllowed) {
			t.Fatalf("got %v, want %v", err, ErrURLNotAllowed)
		}
		if _, err := f.CreateRequest(t.Context(), Call{Bearer: "nobody's", Need: meWrite}, ""); !errors.Is(err, access.ErrTokenUnknown) {
			t.Fatalf("got %v, want %v", err, access.ErrTokenUnknown)
		}
	}
	f.request(t)
	_, code := f.mailedCode(t)
	if _, err := f.Verify(t.Context(), own(meWrite), code); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if _, err := f.CreateRequest(t.Context(), Call{Bearer: bearer, Need: meWrite}, ""); !errors.Is(err, ErrAlreadyVerified) {
			t.Fatalf("got %v, want %v", err, ErrAlreadyVerified)
		}
	}
	if mails, account := f.left(t, limit.MailHour, "anna@example.com"), f.left(t, limit.Account, accountID); mails != 4 || account != 9 {
		t.Errorf("got %d mails and %d creates left, want 4 and 9: one was made", mails, account)
	}
}

// signsIn tries a password from a network.
func (f *fixture) signsIn(ctx context.Context, network, email, password string) error {
	c := credentials
	c.Network = network
	_, err := f.SignIn(ctx, c, nil, orgID, email, password)
	return err
}

// TestGuessesAreCounted tries wrong passwords until the login's budget is used up: then the right one is refused as well, whether or not there is such a login, and others
// from elsewhere are not.
func TestGuessesAreCounted(t *testing.T) {
	t.Parallel()
	f := withPassword(t).limit()
	for _, email := range []string{"anna@example.com", "nobody@example.com"} {
		for i := range 10 {
			if err := f.signsIn(t.Context(), "network of guess "+email+string(rune('a'+i)), email, "wrong"); err != ErrSignIn {
				t.Fatalf("guess %d at %s: got %v, want %v", i+1, email, err, ErrSignIn)
			}
		}
		err := f.signsIn(t.Context(), "another network", " "+email, password)
		if g := fault.From(err); !errors.Is(err, limit.ErrTooMany) || g.After != 90*time.Second {
			t.Errorf("%s: got %v after %v, want %v after 90s", email, err, g.After, limit.ErrTooMany)
		}
	}
	f.now = f.now.Add(90 * time.Second)
	if err := f.signsIn(t.Context(), "another network", "Anna@example.com", password); err != ErrSignIn {
		t.Errorf("got %v once one try is back, want it taken, in vain: the account is frozen", err)
	}
	f.now = f.now.Add(FreezeTime)
	if err := f.signsIn(t.Context(), "another network", "Anna@example.com", password); err != nil {
		t.Errorf("got %v once it has thawed, want no error", err)
	}
}

// TestNetworksAreCounted guesses at many logins from one network.
func TestNetworksAreCounted(t *testing.T) {
	t.Parallel()
	f := withPassword(t).limit()
	for i := range 10 {
		if err := f.signsIn(t.Context(), "bad", string(rune('a'+i))+"@example.com", "wrong"); err != ErrSignIn {
			t.Fatalf("guess %d: got %v, want %v", i+1, err, ErrSignIn)
		}
	}
	if err := f.signsIn(t.Context(), "bad", "anna@example.com", password); !errors.Is(err, limit.ErrTooMany) {
		t.Errorf("got %v from the network, want %v", err, limit.ErrTooMany)
	}
	if got := f.left(t, limit.Login, orgID+"^anna@example.com"); got != 10 {
		t.Errorf("got %d tries left of a login that was not tried, want all 10", got)
	}
	if err := f.signsIn(t.Context(), "good", "anna@example.com", password); err != nil {
		t.Errorf("got %v from another network, want it", err)
	}
	if _, err := f.SignInClient(t.Context(), Credentials{ID: clientID, Secret: secret, Network: "bad"}, nil); err != nil {
		t.Errorf("got %v for a client's own token, want it: wrong passwords keep no machine out", err)
	}
}

// TestSuccessIsFreeAndForgivesNothing signs in often, and between guesses.
func TestSuccessIsFreeAndForgivesNothing(t *testing.T) {
	t.Parallel()
	f := withPassword(t).limit()
	login := orgID + "^anna@example.com"
	for range 3 {
		if err := f.signsIn(t.Context(), "n", "anna@example.com", "wrong"); err != ErrSignIn {
			t.Fatal(err)
		}
		for range 4 {
			if err := f.signsIn(t.Context(), "n", "anna@example.com", password); err != nil {
				t.Fatal(err)
			}
		}
	}
	if user, network := f.left(t, limit.Login, login), f.left(t, limit.LoginNetwork, "n"); user != 7 || network != 7 {
		t.Errorf("got %d and %d left after 3 wrong and 12 right passwords, want 7 and 7", user, network)
	}
}

// TestOtherFailures counts what fails beside passwords: with the network alone, and by kind of grant. What is no guess is not counted.
func TestOtherFailures(t *testing.T) {
	t.Parallel()
	f := withPassword(t).limit()
	good, bad := Credentials{ID: clientID, Secret: secret, Network: "n"}, Credentials{ID: clientID, Secret: "x", Network: "n"}
	steps := map[string]struct {
		call func() error
		want error
	}{
		"client":  {func() error { _, err := f.SignInClient(t.Context(), bad, nil); return err }, ErrClientInvalid},
		"refresh": {func() error { _, err := f.Renew(t.Context(), good, nil, "nobody's"); return err }, ErrRefreshInvalid},
		"client of a login": {func() error {
			_, err := f.SignIn(t.Context(), bad, nil, orgID, "anna@example.com", password)
			return err
		}, ErrClientInvalid},
		"scope": {func() error { _, err := f.SignInClient(t.Context(), good, []string{"/x"}); return err }, ErrScopeInvalid},
	}
	for name, step := range steps {
		if err := step.call(); !errors.Is(err, step.want) {
			t.Errorf("%s: got %v, want %v", name, err, step.want)
		}
	}
	f.world.broken = true
	if err := f.signsIn(t.Context(), "n", "anna@example.com", password); !errors.Is(err, errBroken) {
		t.Errorf("got %v, want %v", err, errBroken)
	}
	for p, want := range map[*limit.Policy]int{limit.TokenNetwork: 8, limit.LoginNetwork: 9} {
		if got := f.left(t, p, "n"); got != want {
			t.Errorf("got %d left of %s, want %d", got, p.Name, want)
		}
	}
	if got := f.left(t, limit.Login, orgID+"^anna@example.com"); got != 10 {
		t.Errorf("got %d tries left of the login, want all 10: its password was never compared", got)
	}
}

// shared is a world that several may call at once.
type shared struct {
	Accounts
	mu sync.Mutex
}

func (s *shared) ViewGrant(ctx context.Context, k GrantKey) (GrantState, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.Accounts.ViewGrant(ctx, k)
}

func (s *shared) ChangeGrant(ctx context.Context, k GrantKey, decide func(GrantState) (GrantNext, error)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.Accounts.ChangeGrant(ctx, k, decide)
}

// TestGuessesTogether guesses at one login from many networks at once: no more than the budget is ever compared.
func TestGuessesTogether(t *testing.T) {
	t.Parallel()
	f := withPassword(t).limit()
	f.o.Accounts, f.o.Random = &shared{Accounts: f.world}, access.Random{Source: rand.Reader}
	outcomes := make([]error, 24)
	var group sync.WaitGroup
	for i := range outcomes {
		group.Go(func() {
			outcomes[i] = f.signsIn(context.Background(), "n"+string(rune('a'+i)), "anna@example.com", "wrong")
		})
	}
	group.Wait()
	compared := 0
	for _, err := range outcomes {
		if err == ErrSignIn {
			compared++
		} else if !errors.Is(err, limit.ErrTooMany) {
			t.Errorf("got %v, want %v or %v", err, ErrSignIn, limit.ErrTooMany)
		}
	}
	if compared != 10 {
		t.Errorf("got %d passwords compared, want 10", compared)
	}
}
