//go:build integration

package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"avow/internal/access"
	"avow/internal/account"
)

// listening is an engine that notes what it is asked: each call, and each statement with the number of its rows.
type listening struct {
	engine
	mu    sync.Mutex
	heard []string
}

func (l *listening) note(what string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.heard = append(l.heard, what)
}

func (l *listening) statements(b *batch) *batch {
	if !b.empty() {
		for _, st := range b.ordered() {
			l.note(fmt.Sprintf("  %d rows of %.60q", len(st.rows), st.name()))
		}
	}
	return b
}

func (st statement) name() string {
	if st.set == nil {
		return st.text
	}
	return strings.TrimPrefix(st.set.post, st.set.postHead())
}

func (l *listening) view(ctx context.Context, load *batch) error {
	l.note("view")
	return l.engine.view(ctx, l.statements(load))
}

func (l *listening) change(ctx context.Context, u *unit) error {
	l.note("change")
	load, decide := u.load, u.decide
	u.load, u.decide = func() *batch { return l.statements(load()) }, func() *batch { return l.statements(decide()) }
	return l.engine.change(ctx, u)
}

// asked is what a call made the engine do.
func (l *listening) asked(call func() error, want error) ([]string, error) {
	l.mu.Lock()
	l.heard = nil
	l.mu.Unlock()
	if err := call(); err == nil || err.Error() != want.Error() {
		return nil, fmt.Errorf("got %w, want %w", err, want)
	}
	return l.heard, nil
}

// stranger has accounts in every state, and callers who guess at them.
type stranger struct {
	*trip
	service *account.Service
	client  access.Client
	secret  string
}

func newStranger(t *testing.T, s *Store) *stranger {
	t.Helper()
	w := &stranger{trip: &trip{T: t, Store: s, ctx: context.Background()}}
	admin := &access.Admin{Directory: s, Keys: s.keys, Random: randomSource, Now: fixedNow}
	_, err := admin.CreateOrganisation(w.ctx, "one", false)
	w.must(err)
	w.client, w.secret, err = admin.CreateClient(w.ctx, access.NewClient{Org: "one", Name: "c", Scopes: []string{account.ScopeMeWrite, account.ScopeAccountWrite}})
	w.must(err)
	w.service = account.NewService(account.Options{
		Accounts: s, Keys: s.keys, Random: randomSource, Now: fixedNow, TTL: time.Hour, Passwords: access.NewPasswords(randomSource, 1),
		Links: account.LinkPolicy{PublicURL: "https://avow.example", Allowed: []string{"*"}},
	})
	return w
}

// add makes an account; with a request where it is to have one, blocked where it is to be.
func (w *stranger) add(n account.NewAccount, request, blocked bool) string {
	w.Helper()
	n.Org = w.client.Org
	made, err := w.service.Create(w.ctx, n)
	w.must(err)
	if request {
		token, err := w.service.Issue(w.ctx, w.client.ID, "", []string{account.ScopeAccountWrite}, time.Hour)
		w.must(err)
		_, err = w.service.CreateRequest(w.ctx, account.Call{Bearer: token.Access, Need: access.Need{Scope: account.ScopeAccountWrite}, Name: account.Named(account.ByID, made.ID)}, "")
		w.must(err)
	}
	if blocked {
		w.must(w.service.Disable(w.ctx, made.ID))
	}
	return made.ID
}

// freeze makes an account against which wrong passwords count.
func (w *stranger) freeze(email string, wrong int) {
	w.Helper()
	w.add(account.NewAccount{Email: email, Password: guessed}, false, false)
	for range wrong {
		w.must(refusedWith(account.ErrSignIn, w.signIn(email)))
	}
}

const guessed = "correct horse"

// accounts-api.md 13.13: what a stranger may ask has one answer, by the same statements in the same order, whatever there is.
func TestStrangersLearnNothing(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *Store) {
		w := newStranger(t, s)
		pending := w.add(account.NewAccount{Email: "pending@example.com", Password: guessed}, true, false)
		pages := map[string]string{
			"a live request": pending, "no request": w.add(account.NewAccount{Email: "none@example.com"}, false, false),
			"verified": w.add(account.NewAccount{Email: "done@example.com", Password: guessed, Verified: true}, false, false),
			"inactive": w.add(account.NewAccount{Email: "idle@example.com", Password: guessed}, true, true),
			"unknown":  "ffffffffffffffffffffffff", "no id": "x", "no text": "\x00",
		}
		w.add(account.NewAccount{Email: "kept@example.com", Password: guessed, LoginDisabled: true}, false, false)
		w.freeze("cold@example.com", account.MaxAttempts)
		w.freeze("cool@example.com", account.MaxAttempts-1)
		l := &listening{engine: s.engine}
		s.engine = l
		same(t, l, account.ErrCodeInvalid, pages, func(id string) error { return w.service.VerifyOnPage(w.ctx, id, "wrong") })
		same(t, l, account.ErrSignIn, map[string]string{
			"a wrong password": "pending@example.com", "frozen": "cold@example.com", "frozen by this": "cool@example.com",
			"another wrong one": "done@example.com", "no password": "none@example.com", "inactive": "idle@example.com", "login disabled": "kept@example.com",
			"unknown": "nobody@example.com", "no address": "nobody", "no text": "\x00", "nothing": "",
		}, func(email string) error {
			if slices.Contains([]string{"pending@example.com", "done@example.com", "cool@example.com"}, email) {
				return w.signIn(email)
			}
			_, err := w.service.SignIn(w.ctx, account.Credentials{ID: w.client.ID, Secret: w.secret}, nil, w.client.Org, email, guessed)
			return err
		})
	})
}

// same makes a call about each and compares what it took.
func same(t *testing.T, l *listening, refusal error, about map[string]string, call func(string) error) {
	t.Helper()
	var first []string
	var what string
	for name, one := range about {
		heard, err := l.asked(func() error { return call(one) }, refusal)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if first == nil {
			first, what = heard, name
		}
		if diff := cmp.Diff(first, heard); diff != "" || len(heard) < 3 {
			t.Errorf("%s: got +, want as of %s -:\n%s", name, what, diff)
		}
	}
}
