// Package redisstore keeps copies of sessions in a Redis, so that their large lists need not be read from the database, and counts the budgets that several processes
// share.
//
// No session depends on it: to them a Redis that is empty, hangs, is away or comes back costs speed and nothing else. It is left alone from the first thing that goes wrong
// until it has taken a write again, so a sick one holds up the few calls that are under way, for a moment each.
package redisstore

import (
	"context"
	"encoding/hex"
	"errors"
	"log/slog"
	"time"

	"avow/internal/access"
	"avow/internal/config"
	"avow/internal/metrics"
	"avow/internal/skill"
)

// Options is what a Cache is made of.
type Options struct {
	Redis   config.Redis
	Keys    *access.Keyring
	Now     func() time.Time // tells how long a session has to live
	Metrics *metrics.Metrics
	Log     *slog.Logger
}

// Cache is a skill.SessionCache.
type Cache struct {
	o    Options
	line *line
}

// Open makes a cache and begins to look for its Redis.
func Open(o Options) *Cache {
	return open(o, func() (server, error) { return connect(o.Redis) })
}

// patience is how long a call waits for a copy of a session, which the database has as well.
const patience = 100 * time.Millisecond

var caching = purpose{patience, "it caches sessions", "sessions are read from the database alone"}

func open(o Options, dial func() (server, error)) *Cache {
	return &Cache{o: o, line: startLine(caching, dial, o.Log)}
}

// Close ends the use of the Redis; from then on the cache has nothing.
func (c *Cache) Close() { c.line.close() }

// Ready reports whether the Redis answers.
func (c *Cache) Ready(ctx context.Context) error { return c.line.ready(ctx) }

// The outcomes that are counted.
const (
	hit    = "hit"
	miss   = "miss"
	failed = "error"
	away   = "away"
)

// Get implements skill.SessionCache.
func (c *Cache) Get(ctx context.Context, token access.Lookup) *skill.Session {
	found, err := use(ctx, c.line, func(ctx context.Context, s server) ([][]byte, error) { return s.get(ctx, sessionKeys(token)) })
	if err != nil {
		c.o.Metrics.SessionCache(outcomeOf(err))
		return nil
	}
	for _, sealed := range found {
		if session, ok := unseal(c.o.Keys, sealed); ok && token.Holds(session.Hash) {
			c.o.Metrics.SessionCache(hit)
			return &session
		}
	}
	c.o.Metrics.SessionCache(miss)
	return nil
}

// Put implements skill.SessionCache. Next to the session stands the way to it from its verification, for those who know only that.
func (c *Cache) Put(ctx context.Context, session skill.Session) {
	left := session.ExpiresAt.Sub(c.o.Now())
	if left < time.Millisecond { // Redis counts in these
		return
	}
	pairs := []pair{
		{sessionKey(session.Hash), seal(c.o.Keys, session)},
		{"avow:verification:" + session.Verification, []byte(hex.EncodeToString(session.Hash[:]))},
	}
	_, err := use(ctx, c.line, func(ctx context.Context, s server) (struct{}, error) { return struct{}{}, s.keep(ctx, pairs, left) })
	if err != nil {
		c.o.Metrics.SessionCache(outcomeOf(err))
	}
}

const (
	// forgotten takes the place of a copy of an erased session. Nothing sealed begins like it.
	forgotten = "avow:forgotten"
	// forgottenFor is longer than any call takes that may still put a copy there which it has read before the erasure.
	forgottenFor = time.Hour
)

// Forget implements skill.SessionCache.
func (c *Cache) Forget(ctx context.Context, sessions []access.Hash) error {
	if len(sessions) == 0 {
		return nil
	}
	var marks []pair
	for _, h := range sessions {
		marks = append(marks, pair{sessionKey(h), []byte(forgotten)})
	}
	c.line.await(ctx)
	_, err := use(ctx, c.line, func(ctx context.Context, s server) (struct{}, error) {
		return struct{}{}, s.set(ctx, marks, forgottenFor)
	})
	if err != nil {
		return skill.ErrCopiesLeft.Because(err)
	}
	return nil
}

func outcomeOf(err error) string {
	if errors.Is(err, errAway) {
		return away
	}
	return failed
}

// sessionKeys are the keys under which the session of a token may stand, each once.
func sessionKeys(token access.Lookup) []string {
	keys := []string{sessionKey(token[0])}
	for _, h := range token[1:] {
		if h != token[0] {
			keys = append(keys, sessionKey(h))
		}
	}
	return keys
}

func sessionKey(h access.Hash) string { return "avow:session:" + hex.EncodeToString(h[:]) }
