package account

import (
	"context"
	"errors"
	"slices"
	"time"

	"avow/internal/access"
	"avow/internal/outbox"
)

var errBroken = errors.New("broken")

// world is the simplest Accounts there can be: everything in maps, one call at a time.
type world struct {
	clients  map[string]access.Client
	accounts map[string]Account
	codes    map[string]Code // by account
	tokens   []access.Token
	mails    map[string]outbox.State // by delivery
	sent     []Mail
	broken   bool
	calls    int
	idle     int // saves of nothing
	settings access.Settings
	stale    func(*GrantState) // what a grant is decided on first
}

func newWorld() *world {
	w := &world{clients: map[string]access.Client{}, accounts: map[string]Account{}, codes: map[string]Code{}, mails: map[string]outbox.State{}}
	w.clients[clientID] = access.Client{ID: clientID, Org: orgID, SecretHash: access.Hash{5}, Scopes: scopes, OfflineAccess: true}
	w.accounts[accountID] = Account{ID: accountID, Org: orgID, Email: "anna@example.com", Status: Created, CreatedAt: start, UpdatedAt: start, Version: 1}
	w.tokens = []access.Token{{Hash: access.Hash{1}, Kind: access.AccessToken, Org: orgID, Client: clientID, Account: accountID, Scopes: scopes, ExpiresAt: start.AddDate(10, 0, 0)}}
	return w
}

func (w *world) called() error {
	w.calls++
	if w.broken {
		return errBroken
	}
	return nil
}

// token returns the token of a look-up and its client.
func (w *world) token(l access.Lookup) (*access.Token, *access.Client) {
	i := slices.IndexFunc(w.tokens, func(t access.Token) bool { return slices.Contains(l[:], t.Hash) })
	if i < 0 {
		return nil, nil
	}
	t, c := w.tokens[i], w.clients[w.tokens[i].Client]
	return &t, &c
}

func (w *world) state(k Key) State {
	s := State{Brand: "Acme", Settings: w.settings}
	org := k.Org
	if k.ByToken {
		if s.Token, s.Client = w.token(k.Token); s.Token == nil {
			return s
		}
		org = s.Token.Org
		s.Holder = w.find(org, Named(ByID, s.Token.Account))
	}
	switch name := k.Name; {
	case name == Name{}:
		s.Account = s.Holder
	case !k.ByToken && !k.New:
		s.Account = w.find(w.accounts[name.Value].Org, name)
	default:
		s.Account = w.find(org, name)
	}
	for _, n := range k.Names {
		if w.find(org, n) != nil {
			s.InUse = append(s.InUse, n.Kind)
		}
	}
	if s.Account != nil {
		if c, ok := w.codes[s.Account.ID]; ok {
			s.Code = &c
		}
	}
	return s
}

// find returns the account of a name in an organisation.
func (w *world) find(org string, n Name) *Account {
	for _, a := range w.accounts {
		names := append(a.Profile.Names(), Named(ByID, a.ID), Named(ByEmail, a.Email))
		if a.Org == org && slices.Contains(names, n) {
			return &a
		}
	}
	return nil
}

func (w *world) View(_ context.Context, k Key) (State, error) {
	if err := w.called(); err != nil {
		return State{}, err
	}
	return w.state(k), nil
}

// Change decides twice, as a store may.
func (w *world) Change(_ context.Context, k Key, decide func(State) (Next, error)) error {
	if err := w.called(); err != nil {
		return err
	}
	_, _ = decide(w.state(k))
	state := w.state(k)
	next, err := decide(state)
	w.save(state, next)
	return err
}

func (w *world) save(s State, next Next) {
	if next.Empty() {
		return
	}
	if next.Idle {
		w.idle++
		return
	}
	var a Account
	if s.Account != nil {
		a = *s.Account
	}
	if next.Account != nil {
		a = *next.Account
	}
	a.Version++
	w.accounts[a.ID] = a
	if next.Code != nil {
		w.codes[a.ID] = *next.Code
	}
	if next.NoCode {
		delete(w.codes, a.ID)
	}
	for _, id := range next.Unsend {
		if w.mails[id] == outbox.Queued {
			w.mails[id] = outbox.Cancelled
		}
	}
	for _, m := range next.Mails {
		w.mails[m.ID], w.sent = outbox.Queued, append(w.sent, m)
	}
}

func (w *world) grantState(k GrantKey) GrantState {
	var s GrantState
	if c, ok := w.clients[k.Client]; ok {
		s.Client = &c
	}
	if k.ByToken {
		if s.Refresh, s.Issuer = w.token(k.Refresh); s.Refresh != nil {
			if a, ok := w.accounts[s.Refresh.Account]; ok {
				s.Account = &a
			}
		}
		return s
	}
	for _, a := range w.accounts {
		if s.Client != nil && a.Org == s.Client.Org && a.Org == k.Org && EmailKey(a.Email) == k.EmailKey {
			s.Account = &a
		}
	}
	return s
}

func (w *world) ViewGrant(_ context.Context, k GrantKey) (GrantState, error) {
	if err := w.called(); err != nil {
		return GrantState{}, err
	}
	return w.grantState(k), nil
}

func (w *world) ChangeGrant(_ context.Context, k GrantKey, decide func(GrantState) (GrantNext, error)) error {
	if err := w.called(); err != nil {
		return err
	}
	first := w.grantState(k)
	if w.stale != nil {
		w.stale(&first)
	}
	_, _ = decide(first)
	next, err := decide(w.grantState(k))
	w.saveGrant(next)
	return err
}

func (w *world) saveGrant(next GrantNext) {
	for i := range w.tokens {
		t := &w.tokens[i]
		if next.Revoke != nil && t.Hash == next.Revoke.Hash && t.RevokedAt.IsZero() {
			t.RevokedAt = next.RevokedAt
		}
		if next.Exchange != nil && t.Hash == next.Exchange.Hash {
			t.UsedAt = next.Issue[0].CreatedAt
		}
		if next.RevokeFamily != "" && t.Family == next.RevokeFamily && t.RevokedAt.IsZero() {
			t.RevokedAt = next.RevokedAt
		}
	}
	w.tokens = append(w.tokens, next.Issue...)
	if next.Counted != nil {
		w.accounts[next.Counted.ID] = *next.Counted
	}
}

func (w *world) RevokeToken(_ context.Context, token access.Lookup, now time.Time) (bool, error) {
	if err := w.called(); err != nil {
		return false, err
	}
	found, _ := w.token(token)
	if found == nil {
		return false, nil
	}
	for i := range w.tokens {
		if w.tokens[i].Hash == found.Hash || found.Kind == access.RefreshToken && w.tokens[i].Family == found.Family {
			w.tokens[i].RevokedAt = now
		}
	}
	return true, nil
}
