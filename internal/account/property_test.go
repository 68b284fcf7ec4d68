package account

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"avow/internal/access"
	"avow/internal/outbox"
)

const requestTTL = 24 * time.Hour

// hashed is a hash that belongs to one number.
func hashed(n int) (h access.Hash) {
	binary.BigEndian.PutUint64(h[8:], uint64(n)+1)
	return h
}

func shown(n int) access.Lookup { return access.Lookup{hashed(n), hashed(n), hashed(n)} }

// mailed is what the machine knows of a code that went out: by its own count, not by the state's.
type mailed struct {
	expires time.Time
	wrong   int
	at      int // index in the machine's list
}

// machine runs random calls on one account and remembers what must never change.
type machine struct {
	world    *world
	now      time.Time
	codes    []mailed
	verified bool
	blocked  bool
	seen     map[string]int // wrong codes by request
}

func newMachine() *machine {
	m := &machine{world: newWorld(), now: start, seen: map[string]int{}}
	m.world.tokens = append(m.world.tokens, access.Token{
		Hash: access.Hash{2}, Kind: access.AccessToken, Org: orgID, Client: clientID, Scopes: []string{ScopeAccountRead, ScopeAccountWrite}, ExpiresAt: start.AddDate(10, 0, 0),
	})
	return m
}

func (m *machine) key() Key { return KeyOfToken(access.Lookup{{1}, {1}, {1}}) }

// way is who speaks of the account: its holder, or a system that names it.
func (m *machine) way(t *rapid.T) (Key, access.Need) {
	if rapid.Bool().Draw(t, "by a system") {
		return KeyOfNamed(access.Lookup{{2}, {2}, {2}}, Named(ByID, accountID)), accountWrite
	}
	return m.key(), meWrite
}

func (m *machine) account() Account { return m.world.accounts[accountID] }

// latest is the only code that may verify; nil: none may.
func (m *machine) latest() *mailed {
	if len(m.codes) == 0 {
		return nil
	}
	c := &m.codes[len(m.codes)-1]
	if c.wrong >= 20 || !m.now.Before(c.expires) || m.verified || m.blocked {
		return nil
	}
	return c
}

func (m *machine) create(t *rapid.T) {
	n := len(m.codes)
	key, need := m.way(t)
	in := CreateInput{
		Need: need, Policy: serveAny, RequestID: fmt.Sprintf("%024x", n), Code: "code", CodeHash: hashed(n), MailID: fmt.Sprint("dlv_", n),
		Now: m.now, ExpiresAt: m.now.Add(requestTTL),
	}
	err := m.world.Change(t.Context(), key, func(s State) (Next, error) { return CreateRequest(s, in) })
	if (err == nil) == (m.verified || m.blocked) {
		t.Fatalf("create: got %v, want a request unless verified (%t) or blocked (%t)", err, m.verified, m.blocked)
	}
	if err == nil {
		m.codes = append(m.codes, mailed{expires: in.ExpiresAt, at: n})
	}
}

// try shows a code, with a token or on the page, and holds the outcome against the machine's own count.
func (m *machine) try(t *rapid.T, code int) {
	before, live := m.account(), m.latest()
	want := live != nil && live.at == code
	key, need := m.way(t)
	in := VerifyInput{Need: need, Code: shown(code), Now: m.now}
	decide := Verify
	if rapid.Bool().Draw(t, "on the page") {
		key, decide = KeyOfID(accountID), VerifyOnPage
	}
	err := m.world.Change(t.Context(), key, func(s State) (Next, error) { return decide(s, in) })
	if (err == nil) != want {
		t.Fatalf("code %d of %d at %v: got %v, want verified %t", code, len(m.codes), m.now.Sub(start), err, want)
	}
	if live != nil && !want {
		live.wrong++
	}
	m.verified = m.verified || want
	if diff := cmp.Diff(before, m.account()); m.blocked && diff != "" {
		t.Fatalf("got the inactive account changed (+), want it untouched (-):\n%s", diff)
	}
}

func (m *machine) right(t *rapid.T) { m.try(t, len(m.codes)-1) }

func (m *machine) old(t *rapid.T) {
	if len(m.codes) > 1 {
		m.try(t, rapid.IntRange(0, len(m.codes)-2).Draw(t, "old code"))
	}
}

func (m *machine) wrong(t *rapid.T) {
	for range rapid.IntRange(1, 22).Draw(t, "times") {
		m.try(t, rapid.IntRange(1_000_000, 2_000_000).Draw(t, "no code"))
	}
}

func (m *machine) advance(t *rapid.T) {
	m.now = m.now.Add(rapid.SampledFrom([]time.Duration{1, time.Second, time.Hour, 12 * time.Hour, requestTTL - 1, requestTTL}).Draw(t, "by"))
}

func (m *machine) block(t *rapid.T) {
	if rapid.IntRange(0, 9).Draw(t, "block") > 0 {
		return
	}
	if err := m.world.Change(t.Context(), KeyOfID(accountID), func(s State) (Next, error) { return Block(s, m.now, EventIDs{}) }); err != nil {
		t.Fatalf("block: got %v, want no error", err)
	}
	m.blocked = true
}

// One random life after the other: create, verify, advance, block in any order.
func TestNoPathLeavesVerified(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := newMachine()
		t.Repeat(map[string]func(*rapid.T){
			"create": m.create, "right": m.right, "old": m.old, "wrong": m.wrong, "advance": m.advance, "block": m.block,
			"": func(t *rapid.T) {
				m.statusHolds(t)
				m.wrongNeverFalls(t)
				m.oneCodeVerifies(t)
				m.oneMailWaits(t)
			},
		})
	})
}

// statusHolds: verified stays, and an account that was created becomes active by that alone.
func (m *machine) statusHolds(t *rapid.T) {
	want := Created
	switch {
	case m.blocked:
		want = Inactive
	case m.verified:
		want = Active
	}
	if a := m.account(); a.Verified != m.verified || a.Status != want {
		t.Fatalf("got %s, verified %t, want %s, verified %t", a.Status, a.Verified, want, m.verified)
	}
}

func (m *machine) wrongNeverFalls(t *rapid.T) {
	c, ok := m.world.codes[accountID]
	if !ok {
		return
	}
	if c.Wrong < m.seen[c.ID] || c.Wrong > 20 || c.Wrong != m.codes[len(m.codes)-1].wrong {
		t.Fatalf("got %d wrong codes of %s, want %d, at least %d and at most 20", c.Wrong, c.ID, m.codes[len(m.codes)-1].wrong, m.seen[c.ID])
	}
	m.seen[c.ID] = c.Wrong
}

// oneCodeVerifies asks the decision about every code that ever went out, without saving what it says.
func (m *machine) oneCodeVerifies(t *rapid.T) {
	var good []int
	for _, c := range m.codes {
		if _, err := VerifyOnPage(m.world.state(KeyOfID(accountID)), VerifyInput{Code: shown(c.at), Now: m.now}); err == nil {
			good = append(good, c.at)
		}
	}
	var want []int
	if live := m.latest(); live != nil {
		want = []int{live.at}
	}
	if !slices.Equal(good, want) {
		t.Fatalf("got codes %v that verify, want %v", good, want)
	}
	standing, err := StandingOf(m.world.state(m.key()), meRead, m.now)
	if m.blocked != errors.Is(err, access.ErrTokenUnknown) || (standing.Request != nil) != (len(want) == 1) {
		t.Fatalf("got standing %+v, %v, want pending %t", standing, err, len(want) == 1)
	}
}

// oneMailWaits: of all mails that are unsent, none holds a code that is dead by a later one, by success or by a block.
func (m *machine) oneMailWaits(t *rapid.T) {
	for i, mail := range m.world.sent {
		over := i < len(m.world.sent)-1 || m.verified || m.blocked
		if got := m.world.mails[mail.ID]; over != (got == outbox.Cancelled) {
			t.Fatalf("mail %d of %d: got %s, want it cancelled %t", i, len(m.world.sent), got, over)
		}
	}
}
