package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"avow/bench/proc"
	"avow/bench/summary"
)

// The labels of what is measured. A is creating a verification request, B is storing verification items.
const (
	bare      = "bare"
	aTx       = "a/tx"
	aCTE      = "a/cte"
	aGroup    = "a/group"
	bTx       = "b/r-tx"
	bCTE      = "b/r-cte"
	sGroup    = "s/group"
	pbFull    = "pb-full"
	pbNormal  = "pb-rec"
	aEmbedded = "avow A embedded"
	bEmbedded = "avow B embedded"
	aPostgres = "avow A PostgreSQL"
	bPostgres = "avow B PostgreSQL"
	aBoth     = "avow A PostgreSQL+Redis"
	bBoth     = "avow B PostgreSQL+Redis"
)

// load is one thing to measure.
type load struct {
	label, url, path, body, header, list string
	expect                               int
	admin                                string // where avow can be profiled
	services                             []*service
	processes                            []proc.Group
}

// stack is everything that runs.
type stack struct {
	options
	box      *box
	only     *regexp.Regexp
	loads    []load
	notes    []string
	failed   bool
	postgres *postgres
	redis    *redis
}

// order puts next to each other what is compared with each other.
var order = []string{bare, aTx, aCTE, aPostgres, aBoth, aGroup, bTx, bCTE, bPostgres, bBoth, bEmbedded, sGroup, aEmbedded, pbFull, pbNormal}

// inQuick is what a quick run measures; the rest is for the tables of a full one.
var inQuick = []string{aCTE, aGroup, bCTE, sGroup, pbFull, aEmbedded, bEmbedded, aPostgres, bPostgres, aBoth, bBoth}

func build(ctx context.Context, b *box, o options) (*stack, error) {
	only, err := regexp.Compile(o.only)
	if err != nil {
		return nil, fmt.Errorf("-only: %w", err)
	}
	s := &stack{options: o, box: b, only: only}
	key := newKey()
	if s.wants(aEmbedded, bEmbedded) {
		if err := s.buildEmbedded(ctx, key); err != nil {
			return s, err
		}
	}
	s.startDatabases(ctx)
	if err := s.buildLimit(ctx); err != nil {
		return s, err
	}
	if err := s.buildPocketBases(ctx); err != nil {
		return s, err
	}
	if s.wants(aPostgres, bPostgres, aBoth, bBoth) {
		s.optional(ctx, "avow on PostgreSQL", func() error { return s.buildPostgres(ctx, key) })
	}
	slices.SortFunc(s.loads, func(a, b load) int { return slices.Index(order, a.label) - slices.Index(order, b.label) })
	return s, ctx.Err()
}

// wants says whether any of the labels is to be measured.
func (s *stack) wants(labels ...string) bool {
	for _, label := range labels {
		if (!s.quick || slices.Contains(inQuick, label)) && s.only.MatchString(label) {
			return true
		}
	}
	return false
}

func (s *stack) add(l load) {
	if s.wants(l.label) {
		s.loads = append(s.loads, l)
	}
}

func (s *stack) note(format string, values ...any) {
	text := fmt.Sprintf(format, values...)
	say("%s", text)
	s.notes = append(s.notes, text)
}

// unavailable says that something is not there to be measured, which is no failure.
type unavailable struct{ error }

// optional builds a part without which the rest is still worth measuring.
func (s *stack) optional(ctx context.Context, what string, build func() error) {
	err := build()
	if err == nil || ctx.Err() != nil {
		return
	}
	reason := strings.Join(strings.Fields(err.Error()), " ")
	if _, ok := err.(unavailable); ok {
		s.note("%s: not available (%s)", what, reason)
		return
	}
	s.failed = true
	s.note("%s: FAILED, not measured: %s", what, reason)
}

func (s *stack) buildEmbedded(ctx context.Context, key string) error {
	dir := s.box.path("embedded")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	a := newAvow(s.options, "avow embedded", key, "AVOW_DATA_DIR="+dir)
	if err := a.command(ctx, nil, "migrate", "up"); err != nil {
		return err
	}
	p, err := a.prepare(ctx, s.people)
	if err != nil {
		return err
	}
	return s.serveAvow(ctx, a, p, aEmbedded, bEmbedded)
}

// serveAvow starts a server and adds both calls to it.
func (s *stack) serveAvow(ctx context.Context, a avow, p people, labelA, labelB string, databases ...proc.Group) error {
	v, err := a.serve(ctx, s.box, "--no-worker")
	if err != nil {
		return err
	}
	sessions, err := v.openSessions(ctx, p.apiKey, s.sessions)
	if err != nil {
		return err
	}
	bodies, err := selections(sessions)
	if err != nil {
		return err
	}
	dir := s.box.path("lists " + a.name)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	tokenFile, bodyFile := filepath.Join(dir, "tokens"), filepath.Join(dir, "bodies")
	if err := writeLines(tokenFile, p.tokens); err != nil {
		return err
	}
	if err := writeLines(bodyFile, bodies); err != nil {
		return err
	}
	common := load{url: v.URL, admin: v.AdminURL, expect: 201, services: s.services(v.service), processes: append([]proc.Group{v.group(summary.Server, false)}, databases...)}
	first, second := common, common
	first.label, first.path, first.list = labelA, "/external/api/v1/me/create_verification_request", tokenFile
	first.header, first.body = "Authorization: Bearer {l}", `{"verification_url":"`+verificationURL+`"}`
	second.label, second.path, second.list = labelB, "/api/v1/step3/store-verification-items/store", bodyFile
	second.header, second.body = "X-Api-Key: "+p.apiKey, "{l}"
	s.add(first)
	s.add(second)
	return nil
}

// services are the processes that a load needs.
func (s *stack) services(own *service) []*service {
	all := []*service{own}
	if s.postgres != nil {
		all = append(all, s.postgres.service)
	}
	if s.redis != nil {
		all = append(all, s.redis.service)
	}
	return all
}

// buildPostgres starts avow on PostgreSQL, and a second one with Redis on the same database.
func (s *stack) buildPostgres(ctx context.Context, key string) error {
	if s.postgres == nil {
		return unavailable{fmt.Errorf("no PostgreSQL")}
	}
	database := "AVOW_DATABASE_URL=" + s.postgres.url("avow")
	a := newAvow(s.options, "avow PostgreSQL", key, database)
	if err := a.command(ctx, nil, "migrate", "status"); err != nil {
		return unavailable{err}
	}
	if err := a.command(ctx, nil, "migrate", "up"); err != nil {
		return err
	}
	p, err := a.prepare(ctx, s.people)
	if err != nil {
		return err
	}
	if err := s.serveAvow(ctx, a, p, aPostgres, bPostgres, s.databases(false)...); err != nil {
		return err
	}
	// A database that has run for a while knows its own statistics.
	analyze := func() error { return s.postgres.run(ctx, "vacuumdb", "--analyze", "--quiet", "avow") }
	if err := analyze(); err != nil {
		return err
	}
	s.optional(ctx, "avow on PostgreSQL and Redis", func() error { return s.buildBoth(ctx, key, database, p) })
	return analyze()
}

func (s *stack) buildBoth(ctx context.Context, key, database string, p people) error {
	if s.redis == nil {
		return unavailable{fmt.Errorf("no Redis")}
	}
	a := newAvow(s.options, "avow PostgreSQL+Redis", key, database, "AVOW_REDIS_URL="+s.redis.url())
	if err := a.command(ctx, nil, "migrate", "status"); err != nil {
		return unavailable{err}
	}
	before, err := s.redis.commands()
	if err != nil {
		return err
	}
	if err := s.serveAvow(ctx, a, p, aBoth, bBoth, s.databases(true)...); err != nil {
		return err
	}
	after, err := s.redis.commands()
	if err == nil && after-before < s.sessions {
		s.loads = slices.DeleteFunc(s.loads, func(l load) bool { return l.label == aBoth || l.label == bBoth })
		err = unavailable{fmt.Errorf("it takes AVOW_REDIS_URL, but opening %d sessions made %d Redis commands", s.sessions, after-before)}
	}
	return err
}

// host is the host:port of a load's server.
func (l load) host() string {
	u, err := url.Parse(l.url)
	if err != nil {
		return l.url
	}
	return u.Host
}
