package storetest

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"

	"avow/internal/access"
	"avow/internal/account"
)

// shownToken has a second client of the organisation show the first one's token.
func (w *world) shownToken() {
	other, _, err := w.admin.CreateClient(w.ctx, access.NewClient{Org: "one", Name: "other", Scopes: []string{account.ScopeMeRead}})
	w.must(err)
	shown := func(client, token string) account.GrantState {
		return w.grant(account.GrantKey{Client: client, ByToken: true, Refresh: w.keys.Lookup(access.ForToken, token)})
	}
	state := shown(other.ID, w.one.token)
	if state.Client == nil || state.Client.ID != other.ID || state.Refresh == nil || state.Issuer == nil || state.Issuer.ID != w.one.client.ID {
		w.Fatalf("got %+v, want the token, the client that asks and the one that it was issued to", state)
	}
	if diff := cmp.Diff(&w.one.account, state.Account); diff != "" {
		w.Errorf("account: got +, want -:\n%s", diff)
	}
	w.must(w.DisableClient(w.ctx, w.one.client.ID, start))
	if got := shown(other.ID, w.one.token).Issuer.DisabledAt; !got.Equal(start) {
		w.Errorf("got it disabled at %s, want %s", got, start)
	}
	for name, state := range map[string]account.GrantState{"unknown": shown(other.ID, "nobody's"), "of another organisation": shown(other.ID, w.two.token)} {
		if state.Refresh != nil || state.Issuer != nil || state.Account != nil || state.Client == nil {
			w.Errorf("%s: got %+v, want nothing but the client", name, state)
		}
	}
}

func (w *world) revokedAlone() {
	first, refresh := w.pair("fam_1")
	second, _ := w.pair("fam_1")
	w.must(w.ChangeGrant(w.ctx, w.refreshKey(first), func(s account.GrantState) (account.GrantNext, error) {
		return account.GrantNext{Revoke: s.Refresh, RevokedAt: start}, nil
	}))
	if got := w.view(w.keyOf(first)).Token.RevokedAt; !got.Equal(start) {
		w.Errorf("got it revoked at %s, want %s", got, start)
	}
	if !w.view(w.keyOf(second)).Token.RevokedAt.IsZero() || !w.grant(w.refreshKey(refresh)).Refresh.RevokedAt.IsZero() {
		w.Error("got another token of the family revoked, want them good")
	}
}

func (w *world) signInKey() account.GrantKey {
	return account.GrantKey{Client: w.one.client.ID, Org: w.one.org.ID, EmailKey: "holder@example.com"}
}

// counted is the account with a count of wrong passwords.
func counted(s account.GrantState, n int) *account.Account {
	a := *s.Account
	a.Attempts = account.Attempts{Wrong: n, Until: start.Add(time.Hour)}
	return &a
}

// attempts is the count of the account as every look-up reads it.
func (w *world) attempts() account.Attempts {
	w.Helper()
	got := w.grant(w.signInKey()).Account.Attempts
	for name, k := range map[string]account.Key{"id": account.KeyOfID(w.one.account.ID), "token": w.keyOf(w.one.token)} {
		if other := w.view(k).Account.Attempts; other != got {
			w.Errorf("by %s: got %+v, want %+v", name, other, got)
		}
	}
	return got
}

// countedInParallel has the sign-in and a change of the account meet: nothing gets lost of either.
func (w *world) countedInParallel() {
	const callers = 24
	refusal := errors.New("refused")
	var group sync.WaitGroup
	for range callers {
		group.Go(func() {
			err := w.ChangeGrant(w.ctx, w.signInKey(), func(s account.GrantState) (account.GrantNext, error) {
				return account.GrantNext{Counted: counted(s, s.Account.Attempts.Wrong+1)}, refusal
			})
			if !errors.Is(err, refusal) {
				w.Errorf("got %v, want %v", err, refusal)
			}
		})
		group.Go(func() {
			err := w.Change(w.ctx, w.keyOf(w.one.token), func(s account.State) (account.Next, error) {
				code := w.code("r1")
				if s.Code != nil {
					code.Wrong = s.Code.Wrong + 1
				}
				return account.Next{Account: s.Account, Code: code}, nil
			})
			if err != nil {
				w.Error(err)
			}
		})
	}
	group.Wait()
	if got := w.attempts(); got.Wrong != callers || !got.Until.Equal(start.Add(time.Hour)) {
		w.Errorf("got %+v, want %d", got, callers)
	}
	if got := w.view(w.keyOf(w.one.token)).Code.Wrong; got != callers-1 {
		w.Errorf("got %d wrong codes, want %d", got, callers-1)
	}
}

func (w *world) countKept() {
	w.must(w.ChangeGrant(w.ctx, w.signInKey(), func(s account.GrantState) (account.GrantNext, error) {
		return account.GrantNext{Counted: counted(s, 3)}, nil
	}))
	w.must(w.Change(w.ctx, w.keyOf(w.one.token), func(s account.State) (account.Next, error) {
		return account.Next{Account: s.Account, Code: w.code("r1")}, nil
	}))
	if got := w.attempts(); got.Wrong != 3 {
		w.Errorf("got %+v, want 3", got)
	}
	w.must(w.Change(w.ctx, w.keyOf(w.one.token), func(s account.State) (account.Next, error) {
		a := *s.Account
		a.Attempts = account.Attempts{}
		return account.Next{Account: &a}, nil
	}))
	if got := w.attempts(); got != (account.Attempts{}) {
		w.Errorf("got %+v, want none", got)
	}
}

// issuedOnCount decides the first time on a state that another change then makes stale: what it would have issued must not be there beside what the second try issues.
func (w *world) issuedOnCount() {
	tries := 0
	w.must(w.ChangeGrant(w.ctx, w.signInKey(), func(s account.GrantState) (account.GrantNext, error) {
		tries++
		if tries == 1 {
			stale := *s.Account
			stale.Version++
			s.Account = &stale
		}
		t := access.Token{
			Hash: w.keys.Hash(access.ForToken, fmt.Sprint("try ", tries)), Kind: access.AccessToken, Org: w.one.org.ID, Client: w.one.client.ID,
			Account: w.one.account.ID, Family: "fam_1", CreatedAt: start, ExpiresAt: start.Add(time.Hour),
		}
		return account.GrantNext{Issue: []access.Token{t}, Counted: counted(s, tries)}, nil
	}))
	if tries != 2 || w.view(w.keyOf("try 1")).Token != nil || w.view(w.keyOf("try 2")).Token == nil {
		w.Errorf("got %d tries, want two and the token of the second only", tries)
	}
	if got := w.attempts(); got.Wrong != 2 {
		w.Errorf("got %+v, want 2", got)
	}
}

func (w *world) idleGrant() {
	before := w.view(account.KeyOfID(w.one.account.ID)).Account
	w.must(w.ChangeGrant(w.ctx, w.signInKey(), func(account.GrantState) (account.GrantNext, error) { return account.GrantNext{Idle: true}, nil }))
	if diff := cmp.Diff(before, w.view(account.KeyOfID(w.one.account.ID)).Account); diff != "" {
		w.Errorf("got +, want -:\n%s", diff)
	}
}
