//go:build soak

package soak

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"avow/internal/pgtest"
	"avow/internal/redistest"
)

// victim is what can be killed and brought back to life.
type victim struct {
	name     string
	database bool
	cache    bool // avow does without it, so nothing may fail when it alone is killed
	kill     func()
	revive   func() error
}

// system is avow as an operator runs it, with what it depends on.
type system struct {
	relay     *relay
	env       []string
	processes []*process
	replicas  []*process // those of them that answer requests
	victims   []victim
	caches    []victim // none or one
	redis     *redistest.Server
	quiet     func() error  // returns when nothing of killed processes goes on in the database
	lease     time.Duration // for which nobody else tries to send what a process has claimed
	org       string
	client    string
	apiKey    string
}

// newSystem has settings, a relay and a schema, and nothing that runs.
func newSystem(t *testing.T, relaySeed uint64, env ...string) *system {
	t.Helper()
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	s := &system{relay: startRelay(t, relaySeed), quiet: func() error { return nil }}
	s.env = append(env,
		"AVOW_DATA_DIR="+t.TempDir(), "AVOW_SECRET_KEY="+base64.StdEncoding.EncodeToString(key), "AVOW_ADDR=127.0.0.1:0",
		"AVOW_PUBLIC_URL=https://verify.example.org", "AVOW_MAIL_FROM=Verify <verify@example.org>", "AVOW_SMTP_URL=smtp://"+s.relay.address,
		"AVOW_ALLOWED_VERIFICATION_URLS=https://app.example/")
	s.withRedis(t)
	if _, err := command(s.env, "migrate", "up"); err != nil {
		t.Fatal(err)
	}
	if err := s.furnish(); err != nil {
		t.Fatal(err)
	}
	return s
}

// furnish makes an organisation with a client and a key.
func (s *system) furnish() error {
	org, err := made[struct{ Org string }](s.env, "org", "create", "--name", "acme")
	client, clientErr := made[struct {
		ID string `json:"client_id"`
	}](s.env, "client", "create", "--org", "acme", "--name", "web", "--scopes", scopes)
	key, keyErr := made[struct{ APIKey string }](s.env, "key", "create", "--org", "acme", "--name", "backend", "--mode", "test")
	s.org, s.client, s.apiKey = org.Org, client.ID, key.APIKey
	return errors.Join(err, clientErr, keyErr)
}

const scopes = "/external/me/r /external/me/w"

// withRedis adds a Redis to an avow that can use one. One that cannot says so, and the summary shows that none was killed.
func (s *system) withRedis(t *testing.T) {
	t.Helper()
	const nowhere = "AVOW_REDIS_URL=redis://127.0.0.1:9"
	if _, err := command(append([]string{nowhere}, s.env...), "migrate", "status"); err != nil {
		say(t, "this avow knows no AVOW_REDIS_URL, so none is killed")
		return
	}
	r := redistest.Start(t)
	s.redis, s.env = r, append(s.env, "AVOW_REDIS_URL="+r.URL)
	s.caches = append(s.caches, victim{name: "redis", cache: true, kill: r.Kill, revive: func() error { r.Restart(); return nil }})
}

// run starts a process.
func (s *system) run(t *testing.T, name string, args ...string) *process {
	t.Helper()
	p := newProcess(t, name, s.env, args...)
	s.processes = append(s.processes, p)
	s.victims = append(s.victims, victim{name: name, kill: p.kill, revive: p.start})
	return p
}

func newEmbedded(t *testing.T, relaySeed uint64) *system {
	t.Helper()
	s := newSystem(t, relaySeed)
	s.replicas = []*process{s.run(t, "serve", "serve")}
	return s
}

// newReplicated has two servers, which send mail too, and a worker beside them on one PostgreSQL that flushes as in production.
func newReplicated(t *testing.T, relaySeed uint64) *system {
	t.Helper()
	server := pgtest.Start(t, nil, "fsync=on")
	url := server.URL()
	s := newSystem(t, relaySeed, "AVOW_DATABASE_URL="+url, "AVOW_DATABASE_POOL=8")
	s.replicas = []*process{s.run(t, "serve-1", "serve"), s.run(t, "serve-2", "serve")}
	s.run(t, "worker", "worker")
	s.victims = append(s.victims, victim{name: "postgres", database: true, kill: server.Kill, revive: func() error { server.Restart(); return nil }})
	s.lease = 25 * time.Second // 30 s, less what an attempt takes; an embedded database's claims are given back when its one process starts
	s.quiet = func() error { return poll(patience, func() error { return idle(url) }) }
	return s
}

// newCached has one server, whose Redis is what goes wrong. Its PostgreSQL need not survive anything, so the disk has no part in how long calls take.
func newCached(t *testing.T, relaySeed uint64) *system {
	t.Helper()
	s := newSystem(t, relaySeed, "AVOW_DATABASE_URL="+pgtest.Start(t, nil).URL())
	s.replicas = []*process{s.run(t, "serve", "serve")}
	return s
}

// idle complains while a transaction is under way: the sessions of a process that was killed finish what they have been told.
func idle(url string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	var busy int
	err = conn.QueryRow(ctx, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'`).Scan(&busy)
	if err == nil && busy > 0 {
		err = fmt.Errorf("got %d sessions at work, want none", busy)
	}
	return err
}

// people makes accounts with tokens, a few at a time.
func (s *system) people(n int) ([]person, error) {
	const lanes = 4
	all, errs := make([]person, n), make([]error, lanes)
	var group sync.WaitGroup
	for lane := range lanes {
		group.Go(func() {
			for i := lane; i < n && errs[lane] == nil; i += lanes {
				all[i], errs[lane] = s.person(fmt.Sprintf("holder-%d@example.com", i))
			}
		})
	}
	group.Wait()
	return all, errors.Join(errs...)
}

func (s *system) person(email string) (person, error) {
	account, err := made[struct{ ID string }](s.env, "account", "create", "--org", s.org, "--email", email)
	if err != nil {
		return person{}, err
	}
	token, err := made[struct {
		Text string `json:"access_token"`
	}](s.env, "token", "issue", "--client", s.client, "--account", account.ID, "--scopes", scopes, "--ttl", "240h")
	return person{account.ID, email, token.Text}, err
}
