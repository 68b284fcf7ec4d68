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
	s := State{Brand: "Acme"}
	id := k.ID
	if k.ByToken {
		if s.Token, s.Client = w.token(k.Token); s.Token != nil {
			id = s.Token.Account
		}
	}
	if a, ok := w.accounts[id]; ok && (s.Token == nil || s.Token.Org == a.Org) {
		s.Account = &a
	}
	if c, ok := w.codes[id]; ok && s.Account != nil {
		s.Code = &c
	}
	return s
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
	a := *s.Account
	if next.Account != nil {
		a = *next.Account
	}
	a.Version = s.Account.Version + 1
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

func (w *world) Create(_ context.Context, a Account) error {
	if err := w.called(); err != nil {
		return err
	}
	for _, other := range w.accounts {
		if other.Org == a.Org && EmailKey(other.Email) == EmailKey(a.Email) {
			return ErrEmailTaken
		}
	}
	w.accounts[a.ID] = a
	return nil
}

func (w *world) grantState(k GrantKey) GrantState {
	var s GrantState
	if c, ok := w.clients[k.Client]; ok {
		s.Client = &c
	}
	if k.ByToken {
		if s.Refresh, _ = w.token(k.Refresh); s.Refresh != nil {
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
		if next.Exchange != nil && t.Hash == next.Exchange.Hash {
			t.UsedAt = next.Issue[0].CreatedAt
		}
		if next.RevokeFamily != "" && t.Family == next.RevokeFamily && t.RevokedAt.IsZero() {
			t.RevokedAt = next.RevokedAt
		}
	}
	w.tokens = append(w.tokens, next.Issue...)
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
