package account

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"avow/internal/access"
)

// pair is what one grant handed out, as its holder sees it: numbers that stand for tokens.
type pair struct{ access, refresh int }

// family is what the machine knows of one sign-in, by its own count.
type family struct {
	pairs  []pair
	used   map[int]bool // refresh tokens that were exchanged
	dead   bool         // a used one came back, or it was revoked
	scopes []string
}

// signIns runs random sign-ins, refreshes and thefts.
type signIns struct {
	world    *world
	now      time.Time
	drawn    int
	families []*family
}

func newSignIns() *signIns {
	m := &signIns{world: newWorld(), now: start}
	a := m.world.accounts[accountID]
	a.Status, a.Password = Active, keptPassword
	m.world.accounts[accountID] = a
	return m
}

// draw numbers a fresh pair.
func (m *signIns) draw(asked []string) (GrantInput, pair) {
	m.drawn += 2
	p := pair{m.drawn, m.drawn + 1}
	return GrantInput{Secret: rightSecret, Scopes: asked, Access: hashed(p.access), Refresh: hashed(p.refresh), Family: fmt.Sprint("fam_", m.drawn), Now: m.now, TTL: AccessTTL}, p
}

func askedScopes(t *rapid.T) []string {
	return rapid.SampledFrom([][]string{nil, {ScopeMeRead}, {ScopeMeWrite}, scopes}).Draw(t, "scopes")
}

func (m *signIns) signIn(t *rapid.T) {
	in, p := m.draw(askedScopes(t))
	k := GrantKey{Client: clientID, Org: orgID, EmailKey: "anna@example.com"}
	err := m.world.ChangeGrant(t.Context(), k, func(s GrantState) (GrantNext, error) {
		return PasswordGrant(s, PasswordInput{GrantInput: in, Matches: true, Against: keptPassword})
	})
	if err != nil {
		t.Fatalf("sign in: got %v, want no error", err)
	}
	held := in.Scopes
	if held == nil {
		held = scopes
	}
	m.families = append(m.families, &family{pairs: []pair{p}, used: map[int]bool{}, scopes: held})
}

// refresh shows a refresh token that was handed out at some time, used or not.
func (m *signIns) refresh(t *rapid.T) {
	if len(m.families) == 0 {
		return
	}
	f := rapid.SampledFrom(m.families).Draw(t, "family")
	shownPair := rapid.SampledFrom(f.pairs).Draw(t, "pair")
	in, p := m.draw(askedScopes(t))
	err := m.world.ChangeGrant(t.Context(), GrantKey{Client: clientID, Refresh: shown(shownPair.refresh), ByToken: true}, func(s GrantState) (GrantNext, error) { return RefreshGrant(s, in) })
	expired := !m.now.Before(m.token(shownPair.refresh).ExpiresAt)
	switch {
	case f.dead || expired:
		m.expect(t, err, ErrRefreshInvalid)
	case f.used[shownPair.refresh]:
		m.expect(t, err, ErrRefreshInvalid)
		f.dead = true
	case !access.Within(in.Scopes, f.scopes):
		m.expect(t, err, ErrScopeInvalid)
	default:
		m.expect(t, err, nil)
		f.used[shownPair.refresh], f.pairs = true, append(f.pairs, p)
	}
}

func (m *signIns) expect(t *rapid.T, got, want error) {
	if !errors.Is(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
}

// revoke has the client or an operator take back a refresh token of a family, used or not, and all of it.
func (m *signIns) revoke(t *rapid.T) {
	if len(m.families) == 0 || rapid.IntRange(0, 4).Draw(t, "revoke") > 0 {
		return
	}
	f := rapid.SampledFrom(m.families).Draw(t, "family")
	f.dead = true
	token := shown(rapid.SampledFrom(f.pairs).Draw(t, "pair").refresh)
	if rapid.Bool().Draw(t, "operator") {
		if found, err := m.world.RevokeToken(t.Context(), token, m.now); !found || err != nil {
			t.Fatalf("revoke: got %t, %v, want it found", found, err)
		}
		return
	}
	err := m.world.ChangeGrant(t.Context(), GrantKey{Client: clientID, Refresh: token, ByToken: true}, func(s GrantState) (GrantNext, error) { return RevokeShown(s, rightSecret, m.now) })
	m.expect(t, err, nil)
}

func (m *signIns) advance(t *rapid.T) {
	m.now = m.now.Add(rapid.SampledFrom([]time.Duration{time.Second, AccessTTL - 1, AccessTTL, 100 * 24 * time.Hour, RefreshTTL}).Draw(t, "by"))
}

// token returns the row of a token that was handed out.
func (m *signIns) token(n int) access.Token {
	return m.world.tokens[slices.IndexFunc(m.world.tokens, func(t access.Token) bool { return t.Hash == hashed(n) })]
}

// works reports whether a token is good for what it is made for, without changing anything.
func (m *signIns) works(n int) bool {
	t, c := m.world.token(shown(n))
	if t.Kind == access.AccessToken {
		return access.AuthorizeToken(t, c, access.Need{Scope: t.Scopes[0], Identity: true}, m.now) == nil
	}
	in, _ := m.draw(nil)
	_, err := RefreshGrant(m.world.grantState(GrantKey{Client: clientID, Refresh: shown(n), ByToken: true}), in)
	return err == nil
}

// After a reuse no token of the family works; of a living one exactly the newest refresh token does, and no other family feels it.
func TestReuseKillsTheFamily(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := newSignIns()
		t.Repeat(map[string]func(*rapid.T){
			"sign in": m.signIn, "refresh": m.refresh, "refresh again": m.refresh, "revoke": m.revoke, "advance": m.advance,
			"": func(t *rapid.T) {
				for i, f := range m.families {
					m.familyHolds(t, i, f)
				}
			},
		})
	})
}

func (m *signIns) familyHolds(t *rapid.T, i int, f *family) {
	for j, p := range f.pairs {
		newest := j == len(f.pairs)-1
		accessToken, refreshToken := m.token(p.access), m.token(p.refresh)
		if got, want := m.works(p.access), !f.dead && m.now.Before(accessToken.ExpiresAt); got != want {
			t.Fatalf("family %d (dead %t), access token %d: got good %t, want %t", i, f.dead, j, got, want)
		}
		if got, want := m.works(p.refresh), !f.dead && newest && m.now.Before(refreshToken.ExpiresAt); got != want {
			t.Fatalf("family %d (dead %t), refresh token %d: got good %t, want %t", i, f.dead, j, got, want)
		}
		if got, want := refreshToken.Scopes, f.scopes; !slices.Equal(got, want) || !access.Within(accessToken.Scopes, f.scopes) {
			t.Fatalf("family %d: got scopes %q and %q, want those of the sign-in, %q", i, got, accessToken.Scopes, want)
		}
		if accessToken.Family != refreshToken.Family || accessToken.Account != accountID || refreshToken.Account != accountID {
			t.Fatalf("family %d: got %+v and %+v, want one family of the account", i, accessToken, refreshToken)
		}
	}
}
