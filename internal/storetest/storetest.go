// Package storetest is the suite that every store must pass. A new method of a port begins as a case here.
package storetest

import (
	"bytes"
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"avow/internal/access"
	"avow/internal/account"
	"avow/internal/assess"
	"avow/internal/catalogue"
	"avow/internal/outbox"
	"avow/internal/skill"
)

// Store is everything that a store has to be.
type Store interface {
	access.Directory
	access.Endpoints
	account.Accounts
	account.Holdings
	skill.Verifications
	skill.Endpoints
	skill.People
	catalogue.Imports
	assess.Imports
	outbox.Queue
	outbox.Ledger
	outbox.Reports
	outbox.Endpoints
	outbox.Replays
	outbox.Mailbox
	outbox.TestMailbox
	// ReleaseLeases makes claimed deliveries due at once.
	ReleaseLeases(ctx context.Context, now time.Time) error
	// SigningSecrets is the port of package webhook, which ranks beside the stores.
	SigningSecrets(ctx context.Context, d outbox.Delivery, by outbox.Signer, now time.Time) ([][]byte, error)
	// PurgeEndpoints forgets at most limit endpoints that are not off and that nothing was sent to since an instant.
	PurgeEndpoints(ctx context.Context, before time.Time, limit int) (int, error)
	// PurgeDeliveries forgets at most limit deliveries that were finished before an instant.
	PurgeDeliveries(ctx context.Context, before time.Time, limit int) (int, error)
	// PurgeTokens does the same for tokens that expired.
	PurgeTokens(ctx context.Context, before time.Time, limit int) (int, error)
	// PurgeSessions does the same for sessions that expired.
	PurgeSessions(ctx context.Context, before time.Time, limit int) (int, error)
	// PurgeMails does the same for captured mails.
	PurgeMails(ctx context.Context, before time.Time, limit int) (int, error)
	// PurgeMailsBut forgets captured mails but the newest.
	PurgeMailsBut(ctx context.Context, newest, limit int) (int, error)
	// OldestOver returns since when the oldest row of a table that is purged has been over.
	OldestOver(ctx context.Context, table string) (time.Time, error)
	// TakeTurn takes what only one process at a time may do, and EndTurn gives it back.
	TakeTurn(ctx context.Context, name, holder string, now, until time.Time) (bool, error)
	// EndTurn does nothing to another's turn.
	EndTurn(ctx context.Context, name, holder string) error
	// Waiting counts the deliveries that wait.
	Waiting(ctx context.Context) (map[outbox.Kind]outbox.Backlog, error)
	// Ready reports whether the database answers.
	Ready(ctx context.Context) error
}

// Open opens an empty store that ends with the test.
type Open func(t *testing.T) Store

// Run runs the whole suite.
func Run(t *testing.T, open Open) {
	t.Run("directory", func(t *testing.T) { t.Parallel(); directory(t, open) })
	t.Run("accounts", func(t *testing.T) { t.Parallel(); accounts(t, open) })
	t.Run("names", func(t *testing.T) { t.Parallel(); names(t, open) })
	t.Run("grants", func(t *testing.T) { t.Parallel(); grants(t, open) })
	t.Run("deliveries", func(t *testing.T) { t.Parallel(); deliveries(t, open) })
	t.Run("webhooks", func(t *testing.T) { t.Parallel(); webhooks(t, open) })
	t.Run("neighbours", func(t *testing.T) { t.Parallel(); neighbours(t, open) })
	t.Run("lanes", func(t *testing.T) { t.Parallel(); lanes(t, open) })
	t.Run("endpoints", func(t *testing.T) { t.Parallel(); endpoints(t, open) })
	t.Run("replays", func(t *testing.T) { t.Parallel(); replays(t, open) })
	t.Run("ledger", func(t *testing.T) { t.Parallel(); ledger(t, open) })
	t.Run("reports", func(t *testing.T) { t.Parallel(); reports(t, open) })
	t.Run("purge", func(t *testing.T) { t.Parallel(); purge(t, open) })
	t.Run("upkeep", func(t *testing.T) { t.Parallel(); upkeep(t, open) })
	t.Run("mailbox", func(t *testing.T) { t.Parallel(); mailbox(t, open) })
	t.Run("test mails", func(t *testing.T) { t.Parallel(); testMails(t, open) })
	t.Run("catalogue", func(t *testing.T) { t.Parallel(); skillCatalogue(t, open) })
	t.Run("questions", func(t *testing.T) { t.Parallel(); questions(t, open) })
	t.Run("skills", func(t *testing.T) { t.Parallel(); skills(t, open) })
	t.Run("privacy", func(t *testing.T) { t.Parallel(); privacy(t, open) })
}

// Keys are the master keys of the stores under test.
func Keys(t *testing.T) *access.Keyring {
	t.Helper()
	keys, err := access.NewKeyring([][]byte{bytes.Repeat([]byte{1}, 32)})
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// start is the instant at which the suite begins; instants are whole microseconds, as stores keep them.
var start = time.Date(2026, 1, 2, 3, 4, 5, 678000, time.UTC)

// world is a store with two organisations, each with a client and an account with a token.
type world struct {
	*testing.T
	Store
	ctx    context.Context
	keys   *access.Keyring
	random access.Random
	admin  *access.Admin
	one    tenant
	two    tenant
}

type tenant struct {
	org     access.Organisation
	client  access.Client
	account account.Account
	token   string
}

func newWorld(t *testing.T, open Open) *world {
	t.Helper()
	w := &world{T: t, Store: open(t), ctx: context.Background(), keys: Keys(t), random: access.Random{Source: rand.NewChaCha8([32]byte{9})}}
	w.admin = &access.Admin{Directory: w.Store, Keys: w.keys, Random: w.random, Now: func() time.Time { return start }}
	w.one, w.two = w.tenant("one"), w.tenant("two")
	return w
}

func (w *world) tenant(name string) tenant {
	w.Helper()
	org, err := w.admin.CreateOrganisation(w.ctx, name, false)
	w.must(err)
	client, _, err := w.admin.CreateClient(w.ctx, access.NewClient{Org: name, Name: "web", Scopes: []string{account.ScopeMeRead, account.ScopeMeWrite}})
	w.must(err)
	a := w.newAccount(org.ID, "holder@example.com")
	w.must(w.create(a))
	a = *w.view(account.KeyOfID(a.ID)).Account
	return tenant{org: org, client: client, account: a, token: w.issue(client, a.ID)}
}

func (w *world) newAccount(org, email string) account.Account {
	return account.Account{ID: w.random.ObjectID(start), Org: org, Email: email, CreatedAt: start, UpdatedAt: start}
}

// create makes an account by the real decision.
func (w *world) create(a account.Account) error {
	return w.Change(w.ctx, account.KeyOfNew(a.Org, a.Email, a.Profile.Names()), func(s account.State) (account.Next, error) {
		return account.Enrol(s, account.RegisterInput{Account: a})
	})
}

func (w *world) issue(c access.Client, accountID string) string {
	w.Helper()
	text := w.random.Secret("avow_at_")
	t := access.Token{
		Hash: w.keys.Hash(access.ForToken, text), Kind: access.AccessToken, Org: c.Org, Client: c.ID, Account: accountID,
		Scopes: c.Scopes, Family: w.random.ID("fam_"), CreatedAt: start, ExpiresAt: start.Add(time.Hour),
	}
	w.must(w.ChangeGrant(w.ctx, account.GrantKey{Client: c.ID}, func(account.GrantState) (account.GrantNext, error) {
		return account.GrantNext{Issue: []access.Token{t}}, nil
	}))
	return text
}

func (w *world) keyOf(token string) account.Key {
	return account.KeyOfToken(w.keys.Lookup(access.ForToken, token))
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}
