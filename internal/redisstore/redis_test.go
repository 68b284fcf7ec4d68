//go:build integration

package redisstore

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"avow/internal/access"
	"avow/internal/config"
	"avow/internal/metrics"
	"avow/internal/redistest"
	"avow/internal/skill"
)

func openCache(t *testing.T, address string, masters ...byte) *Cache {
	t.Helper()
	settings, err := config.Load(config.Dev, nil, []string{"AVOW_REDIS_URL=" + address})
	if err != nil {
		t.Fatal(err)
	}
	c := Open(Options{Redis: settings.Redis, Keys: ring(t, masters...), Now: time.Now, Metrics: metrics.New(), Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	t.Cleanup(c.Close)
	return c
}

func awaitReady(t *testing.T, c *Cache) {
	t.Helper()
	await(t, "ready", func() bool { return c.Ready(t.Context()) == nil })
}

// await asks until something holds.
func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	poll, end := time.NewTicker(5*time.Millisecond), time.After(30*time.Second)
	defer poll.Stop()
	for !holds() {
		select {
		case <-poll.C:
		case <-end:
			t.Fatalf("%s: got it not in 30 s, want it sooner", what)
		}
	}
}

// living is a session of a token that lasts for a while from now.
func living(c *Cache, token string, last time.Duration) skill.Session {
	s := session(c.o.Keys)
	now := time.Now().UTC().Truncate(time.Microsecond)
	s.Hash, s.CreatedAt, s.ExpiresAt = c.o.Keys.Hash(access.ForSession, token), now, now.Add(last)
	return s
}

func (c *Cache) find(ctx context.Context, token string) *skill.Session {
	return c.Get(ctx, c.o.Keys.Lookup(access.ForSession, token))
}

// expectFound puts a session and finds it again. A busy machine may make Redis look dead for a moment, so it is tried until it works.
func expectFound(t *testing.T, c *Cache, token string) {
	t.Helper()
	want := living(c, token, time.Hour)
	var got *skill.Session
	await(t, token, func() bool {
		c.Put(t.Context(), want)
		got = c.find(t.Context(), token)
		return got != nil
	})
	if d := cmp.Diff(&want, got); d != "" {
		t.Errorf("%s: got (+), want (-):\n%s", token, d)
	}
}

// expectThere finds a session that is in Redis.
func expectThere(t *testing.T, c *Cache, token string) *skill.Session {
	t.Helper()
	var got *skill.Session
	await(t, token, func() bool { got = c.find(t.Context(), token); return got != nil })
	return got
}

func expectNone(t *testing.T, c *Cache, when string) {
	t.Helper()
	if got := c.find(t.Context(), token); got != nil {
		t.Errorf("%s: got %+v, want none", when, got)
	}
}

func TestRedisKeepsSessions(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	one, two := openCache(t, s.URL, 1), openCache(t, s.URL, 1)
	awaitReady(t, one)
	awaitReady(t, two)
	expectNone(t, one, "before the put")
	expectFound(t, one, token)
	expectThere(t, two, token)
	s.Flush()
	expectNone(t, one, "after a flush")
	expectFound(t, one, token)
}

// TestRedisTakesLargeSessions puts as much as a request can bring.
func TestRedisTakesLargeSessions(t *testing.T) {
	t.Parallel()
	c := openCache(t, redistest.Start(t).URL, 1)
	awaitReady(t, c)
	large := living(c, token, time.Hour)
	large.Lists.Projects = []byte(strings.Repeat("x", 1<<20))
	await(t, "large session", func() bool {
		c.Put(t.Context(), large)
		got := c.find(t.Context(), token)
		return got != nil && len(got.Lists.Projects) == 1<<20
	})
}

func TestRedisForgetsWithTheSession(t *testing.T) {
	t.Parallel()
	c := openCache(t, redistest.Start(t).URL, 1)
	awaitReady(t, c)
	const life = 500 * time.Millisecond
	await(t, "session", func() bool {
		c.Put(t.Context(), living(c, token, life))
		return c.find(t.Context(), token) != nil
	})
	await(t, "end of the session", func() bool { return c.find(t.Context(), token) == nil })
}

// TestRedisIsNotTrusted has a cache with another master key find what it cannot open, and one with both keys what it can.
func TestRedisIsNotTrusted(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	old, fresh, both := openCache(t, s.URL, 1), openCache(t, s.URL, 2), openCache(t, s.URL, 2, 1)
	for _, c := range []*Cache{old, fresh, both} {
		awaitReady(t, c)
	}
	expectFound(t, old, token)
	expectNone(t, fresh, "under another master key")
	expectThere(t, both, token)
}

func TestRedisKilledAndBack(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	c := openCache(t, s.URL, 1)
	awaitReady(t, c)
	expectFound(t, c, token)
	s.Kill()
	expectQuick(t, c, "killed")
	s.Restart()
	awaitReady(t, c)
	expectNone(t, c, "after a restart")
	expectFound(t, c, token)
	s.Restart() // unnoticed by anybody
	expectFound(t, c, token)
}

func TestRedisHangsAndGoesOn(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	c := openCache(t, s.URL, 1)
	awaitReady(t, c)
	expectFound(t, c, token)
	s.Hang()
	expectQuick(t, c, "hung")
	s.Resume()
	awaitReady(t, c)
	expectThere(t, c, token)
}

// expectQuick sees that 64 callers who meet a dead Redis lose a moment each, and 1000 calls after them next to nothing together.
func expectQuick(t *testing.T, c *Cache, how string) {
	t.Helper()
	const slack = 400 * time.Millisecond // for a busy machine
	var callers sync.WaitGroup
	took := make([]time.Duration, 64)
	for i := range took {
		callers.Go(func() {
			begin := time.Now()
			expectNone(t, c, how)
			took[i] = time.Since(begin)
		})
	}
	callers.Wait()
	for _, d := range took {
		if d > patience+slack {
			t.Errorf("%s: got %v for a caller who met it, want at most %v", how, d, patience+slack)
		}
	}
	begin := time.Now()
	for range 1000 {
		expectNone(t, c, how)
		c.Put(t.Context(), living(c, token, time.Hour))
	}
	if d := time.Since(begin); d > slack {
		t.Errorf("%s: got %v for 1000 calls after them, want at most %v", how, d, slack)
	}
}

// TestRedisComesLater opens caches while their Redis is down, and while it hangs.
func TestRedisComesLater(t *testing.T) {
	t.Parallel()
	for how, leave := range map[string]func(*redistest.Server) (comeBack func()){
		"down":    func(s *redistest.Server) func() { s.Kill(); return s.Restart },
		"hanging": func(s *redistest.Server) func() { s.Hang(); return s.Resume },
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			s := redistest.Start(t)
			comeBack := leave(s)
			c := openCache(t, s.URL, 1)
			expectQuick(t, c, how)
			comeBack()
			awaitReady(t, c)
			expectFound(t, c, token)
		})
	}
}

// hosts writes the servers' addresses as one URL has them, with the password of the first.
func hosts(t *testing.T, servers []*redistest.Server) (login, list string) {
	t.Helper()
	var all []string
	for _, s := range servers {
		u, err := url.Parse(s.URL)
		if err != nil {
			t.Fatal(err)
		}
		if u.User != nil {
			login = u.User.String() + "@"
		}
		all = append(all, u.Host)
	}
	return login, strings.Join(all, ",")
}

func TestRedisCluster(t *testing.T) {
	t.Parallel()
	cluster := redistest.StartCluster(t)
	login, list := hosts(t, cluster.Masters)
	c := openCache(t, "redis://"+login+list, 1)
	awaitReady(t, c)
	for i := range 32 { // over all slots
		expectFound(t, c, fmt.Sprint("token ", i))
	}
	cluster.Masters[0].Kill()
	await(t, "a loss", func() bool { return c.find(t.Context(), token) == nil && c.Ready(t.Context()) != nil })
	cluster.Masters[0].Restart()
	for i := range 32 {
		expectFound(t, c, fmt.Sprint("token ", i))
	}
}

func TestRedisSentinel(t *testing.T) {
	t.Parallel()
	s := redistest.StartSentinel(t)
	login, _ := hosts(t, []*redistest.Server{s.Master})
	_, list := hosts(t, s.Sentinels)
	c := openCache(t, "redis-sentinel://"+login+list+"/"+redistest.MasterSet+"?db=1", 1)
	awaitReady(t, c)
	expectFound(t, c, token)
	s.Master.Kill()
	begin := time.Now()
	await(t, "the loss", func() bool { return c.find(t.Context(), token) == nil })
	expectFound(t, c, token)
	t.Logf("the cache is back %v after its master was killed", time.Since(begin))
}

// TestRedisForgetsSessions has another process put a copy of an erased session that it had read before.
func TestRedisForgetsSessions(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	one, two := openCache(t, s.URL, 1), openCache(t, s.URL, 1)
	awaitReady(t, one)
	awaitReady(t, two)
	expectFound(t, one, token)
	await(t, "forgotten", func() bool {
		return one.Forget(t.Context(), []access.Hash{one.o.Keys.Hash(access.ForSession, token)}) == nil
	})
	expectNone(t, one, "forgotten")
	two.Put(t.Context(), living(two, token, time.Hour))
	expectNone(t, two, "put too late")
	expectFound(t, two, "another")
}
