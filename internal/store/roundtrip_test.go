//go:build integration

package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/url"
	"sync/atomic"
	"testing"

	"avow/internal/access"
	"avow/internal/account"
	"avow/internal/outbox"
	"avow/internal/pgtest"
	"avow/internal/skill"
)

func init() { postgresURL = func(t *testing.T) string { return pgtest.URL(t) } }

// line counts how often the client stops speaking and waits for the server: the round trips.
type line struct {
	listener net.Listener
	trips    atomic.Int64
	speaking atomic.Bool // the server spoke last
}

// listen puts a line in front of the server of a database URL and returns the URL through it.
func listen(t *testing.T, database string) (*line, string) {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	l := &line{}
	if l.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.listener.Close() })
	server := u.Host
	go l.accept(server)
	u.Host = l.listener.Addr().String()
	return l, u.String()
}

func (l *line) accept(server string) {
	for {
		client, err := l.listener.Accept()
		if err != nil {
			return
		}
		back, err := net.Dial("tcp", server)
		if err != nil {
			_ = client.Close()
			return
		}
		go l.carry(back, client, func() {
			if l.speaking.CompareAndSwap(true, false) {
				l.trips.Add(1)
			}
		})
		go l.carry(client, back, func() { l.speaking.Store(true) })
	}
}

func (l *line) carry(to io.WriteCloser, from io.Reader, heard func()) {
	defer func() { _ = to.Close() }()
	buffer := make([]byte, 1<<16)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		heard()
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// TestTwoRoundTrips counts the round trips of changes and reads on PostgreSQL, once their statements are prepared.
func TestTwoRoundTrips(t *testing.T) {
	t.Parallel()
	database := pgtest.URL(t)
	l, through := listen(t, database)
	s := openURL(t, through, 1)
	w := newTrip(t, s)
	for name, one := range map[string]struct {
		call func() error
		want int64
	}{
		"create a verification request": {w.create, 2},
		"refused":                       {w.refused, 1},
		"how it stands":                 {w.view, 1},
		"init and step 2":               {w.open, 4},
		"step 3":                        {w.items, 2},
		"store a reviewer":              {w.reviewer, 2},
		"look at a review":              {w.look, 1},
		"change an e-mail":              {w.email, 2},
	} {
		for range 3 { // the statements of a first call are prepared, which takes round trips of its own
			w.must(one.call())
		}
		before := l.trips.Load()
		w.must(one.call())
		if got := l.trips.Load() - before; got != one.want {
			t.Errorf("%s: got %d round trips, want %d", name, got, one.want)
		}
	}
}

// trip has an account with a token and an open verification.
type trip struct {
	*testing.T
	*Store
	ctx     context.Context
	account account.Account
	token   string
	key     access.NewKey
	skills  *skill.Service
	session string
	id      string
	emails  int
}

func newTrip(t *testing.T, s *Store) *trip {
	t.Helper()
	w := &trip{T: t, Store: s, ctx: context.Background()}
	admin := &access.Admin{Directory: s, Keys: s.keys, Random: randomSource, Now: fixedNow}
	org, err := admin.CreateOrganisation(w.ctx, "one", false)
	w.must(err)
	client, _, err := admin.CreateClient(w.ctx, access.NewClient{Org: "one", Name: "c", Scopes: []string{account.ScopeMeWrite}})
	w.must(err)
	w.account = account.Account{ID: randomSource.ObjectID(fixedNow()), Org: org.ID, Email: "a@example.com", Status: account.Created, Version: 1}
	w.must(s.Create(w.ctx, w.account))
	w.token = "token"
	w.must(s.ChangeGrant(w.ctx, account.GrantKey{Client: client.ID}, func(account.GrantState) (account.GrantNext, error) {
		return account.GrantNext{Issue: []access.Token{{
			Hash: s.keys.Hash(access.ForToken, w.token), Kind: access.AccessToken, Org: org.ID, Client: client.ID, Account: w.account.ID,
			Scopes: client.Scopes, ExpiresAt: fixedNow().AddDate(1, 0, 0),
		}}}, nil
	}))
	w.key, err = admin.CreateKey(w.ctx, "one", "k", access.Live)
	w.must(err)
	w.skills = skill.NewService(skill.Options{Verifications: s, Keys: s.keys, Random: randomSource, Now: fixedNow, SessionTTL: 960 * 3600e9, ReviewTTL: 720 * 3600e9})
	w.must(w.open())
	return w
}

func (w *trip) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *trip) accountKey() account.Key {
	return account.KeyOfToken(w.keys.Lookup(access.ForToken, w.token))
}

func (w *trip) create() error {
	return w.Change(w.ctx, w.accountKey(), func(state account.State) (account.Next, error) {
		id := randomSource.ID("dlv_")
		mail := outbox.NewMail(id, state.Account.Org, "a@example.com", "t", map[string]string{}, fixedNow())
		return account.Next{Account: state.Account, Code: &account.Code{ID: "r", Delivery: id}, Mails: []account.Mail{mail}}, nil
	})
}

func (w *trip) refused() error {
	return w.Change(w.ctx, w.accountKey(), func(account.State) (account.Next, error) { return account.Next{}, nil })
}

func (w *trip) view() error {
	_, err := w.View(w.ctx, w.accountKey())
	return err
}

func (w *trip) open() error {
	opened, err := w.skills.Init(w.ctx, w.key.Text, skill.InitInput{
		Student: "s", Callback: "https://hooks.example.com/", Name: "n", Email: "s@example.com",
		Lists: skill.Lists{Projects: []byte(`[{"projectId":"p1","name":"P"}]`), Experience: []byte(`[]`), Certificates: []byte(`[]`)},
	})
	if err != nil {
		return err
	}
	w.session, w.id = opened.Token, opened.Verification.ID
	return w.skills.ChooseMethod(w.ctx, w.key.Text, skill.MethodInput{Carriers: skill.Carriers{IDs: []string{opened.Verification.ID}}, Method: skill.Human})
}

func (w *trip) items() error {
	_, err := w.skills.StoreItems(w.ctx, w.key.Text, w.session, []skill.Source{{Kind: skill.Project, ID: "p1"}})
	return err
}

func (w *trip) reviewer() error {
	_, err := w.skills.StoreReviewer(w.ctx, w.key.Text, skill.ReviewerInput{Carriers: skill.Carriers{IDs: []string{w.id}}, Name: "R", Email: "r@work.example", Company: "C"})
	return err
}

func (w *trip) look() error {
	_, err := w.skills.ReviewPage(w.ctx, w.id, "unknown")
	if errors.Is(err, skill.ErrReviewUnknown) {
		return nil
	}
	return err
}

func (w *trip) email() error {
	w.emails++
	return w.skills.ChangeEmail(w.ctx, w.session, fmt.Sprintf("s%d@example.com", w.emails))
}

// TestTwoRoundTripsOfAReview counts those of sending and answering, which end what they are about: many are prepared.
func TestTwoRoundTripsOfAReview(t *testing.T) {
	t.Parallel()
	database := pgtest.URL(t)
	l, through := listen(t, database)
	w := newTrip(t, openURL(t, through, 1))
	for n := range 4 {
		tokens := skill.NewService(skill.Options{
			Verifications: w.Store, Keys: w.keys, Random: access.Random{Source: rand.NewChaCha8([32]byte{byte(n + 1)})}, Now: fixedNow, ReviewTTL: 720 * 3600e9,
		})
		again := access.Random{Source: rand.NewChaCha8([32]byte{byte(n + 1)})} // draws what the service draws
		w.must(w.open())
		w.must(w.skill(fmt.Sprint("skill ", n)))
		w.must(w.items())
		w.must(w.reviewer())
		before := l.trips.Load()
		_, err := tokens.Send(w.ctx, w.key.Text, skill.Carriers{IDs: []string{w.id}})
		w.must(err)
		sent := l.trips.Load()
		_, err = tokens.Endorse(w.ctx, again.UUID(), skill.EndorseInput{Answers: map[string]skill.Answer{fmt.Sprint("skill ", n): skill.Confirmed}})
		w.must(err)
		if n == 3 && (sent-before != 2 || l.trips.Load()-sent != 2) { // the statements of first calls are prepared, which takes round trips of its own
			t.Errorf("got %d and %d round trips, want 2 and 2", sent-before, l.trips.Load()-sent)
		}
	}
}

func (w *trip) skill(id string) error {
	_, err := w.skills.StoreSkills(w.ctx, w.key.Text, skill.SkillsInput{Carriers: skill.Carriers{IDs: []string{w.id}}, Claims: []skill.Claim{{Skill: id}}})
	return err
}
