//go:build integration

package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

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
	w.must(w.open()) // for calls that come first
	l.count(t, map[string]trips{
		"create a verification request": {w.create, 2},
		"one on a state that was seen":  {w.createSeen, 2},
		"refused":                       {w.refused, 1},
		"how it stands":                 {w.view, 1},
		"init and step 2":               {w.open, 4},
		"step 1, names looked up":       {w.claim, 2},
		"step 3":                        {w.items, 2},
		"create, claim, renew, settle":  {w.send, 2 + 1 + 1 + 1},
		"create, claim, bounce":         {w.bounce, 2 + 1 + 2},
		"store a reviewer":              {w.reviewer, 2},
		"look at a review":              {w.look, 1},
		"change an e-mail":              {w.email, 2},
	})
}

// trips is a call and the round trips that it may take.
type trips struct {
	call func() error
	want int64
}

// count counts the round trips of each call.
func (l *line) count(t *testing.T, calls map[string]trips) {
	t.Helper()
	for name, one := range calls {
		for range 3 { // the statements of a first call are prepared, which takes round trips of its own
			if err := one.call(); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		before := l.trips.Load()
		if err := one.call(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := l.trips.Load() - before; got != one.want {
			t.Errorf("%s: got %d round trips, want %d", name, got, one.want)
		}
	}
}

// TestRoundTripsOfSystems counts those of the calls that name an account, and of what strangers are told nothing by. A new account is looked up once before its password
// is hashed.
func TestRoundTripsOfSystems(t *testing.T) {
	t.Parallel()
	l, through := listen(t, pgtest.URL(t))
	w := newStranger(t, openURL(t, through, 1))
	id := w.add(account.NewAccount{Email: "kalle@example.com", Profile: account.Profile{Alias: "kalle", ExternalIDs: map[string]string{"crm": "1"}}}, true, false)
	w.add(account.NewAccount{Email: "anna@example.com", Password: guessed}, false, false)
	w.freeze("cold@example.com", account.MaxAttempts)
	w.must(w.CreateEndpoint(w.ctx, access.Endpoint{ID: "whe_1", Org: w.client.Org, URL: "https://hooks.example/"})) // hears of everything, in no further trip
	issued, err := w.service.Issue(w.ctx, w.client.ID, "", nil, time.Hour)
	w.must(err)
	call := func(kind account.NameKind, value string) account.Call {
		return account.Call{Bearer: issued.Access, Need: access.Need{Scope: account.ScopeAccountWrite}, Name: account.Named(kind, value)}
	}
	_, err = w.service.RequestEmailChange(w.ctx, call(account.ByID, id), "first@example.com", "")
	w.must(err)
	find := func(kind account.NameKind, value string) func() error {
		return func() error { _, err := w.service.Account(w.ctx, call(kind, value)); return err }
	}
	l.count(t, map[string]trips{
		"a request":      {func() error { _, err := w.service.CreateRequest(w.ctx, call(account.ByID, id), ""); return err }, 2},
		"how it stands":  {func() error { _, err := w.service.Standing(w.ctx, call(account.ByID, id)); return err }, 1},
		"by address":     {find(account.ByEmail, "kalle@example.com"), 1},
		"by alias":       {find(account.ByAlias, "kalle"), 1},
		"by external id": {find(account.ByExternalID("crm"), "1"), 1},
		"a new account": {func() error {
			n := account.NewAccount{Email: randomSource.ID("x") + "@example.com", Password: guessed, Profile: account.Profile{ExternalIDs: map[string]string{"crm": randomSource.ID("")}}}
			_, err := w.service.Register(w.ctx, call(account.ByID, id), n)
			return err
		}, 3},
		"a wrong code on the page": {func() error { return refusedWith(account.ErrCodeInvalid, w.service.VerifyOnPage(w.ctx, id, "wrong")) }, 2},
		"an unknown id on the page": {func() error {
			return refusedWith(account.ErrCodeInvalid, w.service.VerifyOnPage(w.ctx, "ffffffffffffffffffffffff", "wrong"))
		}, 2},
		"another address": {func() error {
			_, err := w.service.RequestEmailChange(w.ctx, call(account.ByID, id), "new@example.com", "")
			return err
		}, 2},
		"a wrong code for it": {func() error {
			_, err := w.service.VerifyEmailChange(w.ctx, call(account.ByID, id), "wrong")
			return refusedWith(account.ErrCodeInvalid, err)
		}, 2},
		"a code for a new password": {func() error {
			_, err := w.service.RequestReset(w.ctx, call(account.ByEmail, "anna@example.com"), "https://a.example/", "")
			return err
		}, 2},
		"a one-time password": {func() error {
			return w.service.RequestOneTimePassword(w.ctx, call(account.ByEmail, "anna@example.com"), "", time.Hour)
		}, 2},
		"a wrong password":   {func() error { return refusedWith(account.ErrSignIn, w.signIn("anna@example.com")) }, 3},
		"a frozen account":   {func() error { return refusedWith(account.ErrSignIn, w.signIn("cold@example.com")) }, 3},
		"an unknown address": {func() error { return refusedWith(account.ErrSignIn, w.signIn("nobody@example.com")) }, 3},
	})
}

// TestRoundTripsOfTokens counts those of a client that shows a token.
func TestRoundTripsOfTokens(t *testing.T) {
	t.Parallel()
	l, through := listen(t, pgtest.URL(t))
	w := newStranger(t, openURL(t, through, 1))
	c := account.Credentials{ID: w.client.ID, Secret: w.secret}
	issue := func() string {
		issued, err := w.service.Issue(w.ctx, w.client.ID, "", nil, time.Hour)
		w.must(err)
		return issued.Access
	}
	shown, spare := issue(), []string{issue(), issue(), issue(), issue()}
	l.count(t, map[string]trips{
		"introspected": {func() error { _, err := w.service.IntrospectShown(w.ctx, c, shown); return err }, 1},
		"looked into":  {func() error { _, _, err := w.service.TokenInfo(w.ctx, shown); return err }, 1},
		"unknown":      {func() error { return w.service.RevokeShown(w.ctx, c, "nobody's") }, 1},
		"revoked": {func() error {
			err := w.service.RevokeShown(w.ctx, c, spare[0])
			spare = spare[1:]
			return err
		}, 2},
	})
}

// TestNamesTakenMeanwhile has another process make an account with the same name, or address, between a change's decision and its save: it is decided again, and refused.
func TestNamesTakenMeanwhile(t *testing.T) {
	t.Parallel()
	database := pgtest.URL(t)
	s, other := openURL(t, database, 2), openURL(t, database, 2)
	w := newTrip(t, s)
	kalle := func(email, id string) account.Account {
		return account.Account{ID: randomSource.ObjectID(fixedNow()), Org: w.account.Org, Email: email, Profile: account.Profile{ExternalIDs: map[string]string{"crm": id}}}
	}
	for name, tt := range map[string]struct {
		mine, theirs account.Account
		want         error
	}{
		"name":    {kalle("kalle@example.com", "1"), kalle("anka@example.com", "1"), account.ErrNameInUse},
		"address": {kalle("knatte@example.com", "2"), kalle("knatte@example.com", "3"), account.ErrEmailTaken},
	} {
		decided := 0
		err := s.Change(w.ctx, account.KeyOfNew(tt.mine.Org, tt.mine.Email, tt.mine.Profile.Names()), func(state account.State) (account.Next, error) {
			if decided++; decided == 1 {
				w.must((&trip{T: t, Store: other, ctx: w.ctx}).enrol(tt.theirs))
			}
			return account.Enrol(state, account.RegisterInput{Account: tt.mine})
		})
		if !errors.Is(err, tt.want) || decided != 2 {
			t.Errorf("%s: got %v after %d decisions, want %v after 2", name, err, decided, tt.want)
		}
	}
}

// refusedWith wants one refusal.
func refusedWith(want, got error) error {
	if errors.Is(got, want) {
		return nil
	}
	return fmt.Errorf("got %v, want %w", got, want)
}

func (w *stranger) signIn(email string) error {
	_, err := w.service.SignIn(w.ctx, account.Credentials{ID: w.client.ID, Secret: w.secret}, nil, w.client.Org, email, "wrong horse")
	return err
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
	w.account = account.Account{ID: randomSource.ObjectID(fixedNow()), Org: org.ID, Email: "a@example.com"}
	w.must(w.enrol(w.account))
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

// enrol makes an account by the real decision.
func (w *trip) enrol(a account.Account) error {
	return w.Change(w.ctx, account.KeyOfNew(a.Org, a.Email, a.Profile.Names()), func(s account.State) (account.Next, error) {
		return account.Enrol(s, account.RegisterInput{Account: a})
	})
}

func (w *trip) accountKey() account.Key {
	return account.KeyOfToken(w.keys.Lookup(access.ForToken, w.token))
}

func (w *trip) create() error { return w.createWith(w.accountKey()) }

// createSeen looks first, as a change does whose budgets are asked for in between.
func (w *trip) createSeen() error {
	k := w.accountKey()
	state, err := w.View(w.ctx, k)
	if err != nil {
		return err
	}
	k.Seen = &state
	return w.createWith(k)
}

func (w *trip) createWith(k account.Key) error {
	return w.Change(w.ctx, k, func(state account.State) (account.Next, error) {
		id := randomSource.ID("dlv_")
		mail := outbox.NewMail(id, state.Account.Org, "a@example.com", "t", map[string]string{}, fixedNow())
		return account.Next{Account: state.Account, Code: &account.Code{ID: "r", Delivery: id}, Mails: []account.Mail{mail}}, nil
	})
}

// send has a mail be asked for and sent. The log of its attempt takes no round trip of its own, nor does the look for attempts that were lost.
func (w *trip) send() error {
	if err := w.create(); err != nil {
		return err
	}
	claimed, err := w.Claim(w.ctx, outbox.Claim{Kind: outbox.Mail, Now: fixedNow(), Until: fixedNow().Add(time.Minute), Limit: 1})
	if err != nil || len(claimed) != 1 {
		return fmt.Errorf("got %d claimed, %w, want 1", len(claimed), err)
	}
	err = w.Renew(w.ctx, claimed[0], fixedNow().Add(2*time.Minute))
	return errors.Join(err, w.Settle(w.ctx, claimed[0], outbox.Result{State: outbox.Delivered, Outcome: outbox.Succeeded, At: fixedNow()}))
}

// bounce reports on a mail by a key, with a webhook.
func (w *trip) bounce() error {
	if err := w.create(); err != nil {
		return err
	}
	claimed, err := w.Claim(w.ctx, outbox.Claim{Kind: outbox.Mail, Now: fixedNow(), Until: fixedNow().Add(time.Minute), Limit: 1})
	if err != nil || len(claimed) != 1 {
		return fmt.Errorf("got %d claimed, %w, want 1", len(claimed), err)
	}
	hook := outbox.Delivery{ID: claimed[0].ID + "_1", Org: w.account.Org, Kind: outbox.Webhook, Target: "https://r.example/", Payload: []byte("{}"), Due: fixedNow(), Created: fixedNow()}
	reader := outbox.Reader{Key: w.keys.Lookup(access.ForAPIKey, w.key.Text)}
	return w.NoteReport(w.ctx, reader, claimed[0].ID, func(v outbox.BounceView) (outbox.BounceNext, error) {
		if v.Key == nil {
			return outbox.BounceNext{}, fmt.Errorf("got %+v, want the key", v)
		}
		return outbox.BounceNext{Note: &outbox.Note{Action: outbox.BouncedAction, At: fixedNow()}, Bounced: true, Hooks: []outbox.Delivery{hook}}, nil
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

// claim is step 1 without names: they are looked up by the load.
func (w *trip) claim() error {
	claims := []skill.Claim{{Skill: "go"}, {Skill: "http://data.europa.eu/esco/skill/1"}}
	_, err := w.skills.StoreSkills(w.ctx, w.key.Text, skill.SkillsInput{Carriers: skill.Carriers{Tokens: []string{w.session}}, Claims: claims})
	return err
}

func (w *trip) items() error {
	_, err := w.skills.StoreItems(w.ctx, w.key.Text, w.session, []skill.Source{{Kind: skill.Project, ID: "p1"}})
	return err
}
