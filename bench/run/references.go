package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"avow/bench/proc"
	"avow/bench/summary"
)

func (s *stack) startDatabases(ctx context.Context) {
	if !s.wants(aTx, aCTE, aGroup, bTx, bCTE, aPostgres, bPostgres, aBoth, bBoth) {
		return
	}
	s.optional(ctx, "PostgreSQL", func() (err error) {
		p, err := startPostgres(ctx, s.box, s.options.postgres)
		if err == nil {
			err = p.run(ctx, "createdb", "limit")
		}
		if err == nil {
			err = p.run(ctx, "createdb", "avow")
		}
		if err == nil {
			s.postgres = p
		}
		return err
	})
	s.optional(ctx, "Redis", func() error {
		r, err := startRedis(ctx, s.box)
		if err == nil {
			s.redis = r
		}
		return err
	})
}

// binary is one of the programs that are built together with this one.
func binary(name string) string {
	self, _ := os.Executable()
	return filepath.Join(filepath.Dir(self), name)
}

func (s *stack) buildLimit(ctx context.Context) error {
	if !s.wants(bare, aTx, aCTE, aGroup, bTx, bCTE, sGroup) {
		return nil
	}
	args, env := []string{binary("limit"), "-sqlite", s.box.path("limit.db")}, []string{}
	if s.postgres != nil {
		env = append(env, "LIMIT_POSTGRES="+s.postgres.url("limit"))
	}
	if s.redis != nil {
		args, env = append(args, "-redis", loopback(s.redis.port)), append(env, "LIMIT_REDIS_PASSWORD="+s.redis.password)
	}
	v, err := s.box.start(spec{name: "limit", args: args, env: env, stop: syscall.SIGTERM})
	if err != nil {
		return err
	}
	line, err := v.ready(ctx)
	if err != nil {
		return err
	}
	own := []proc.Group{v.group(summary.Server, false)}
	l := load{url: line.URL, body: `{"kind":"email"}`, services: s.services(v), processes: own}
	s.addLimit(l, bare, "/bare", 200)
	s.addLimit(l, sGroup, "/s/group?{n}", 201)
	l.processes = append(own, s.databases(false)...)
	if s.postgres != nil {
		s.addLimit(l, aTx, "/a/tx?{n}", 201)
		s.addLimit(l, aCTE, "/a/cte?{n}", 201)
		s.addLimit(l, aGroup, "/a/group?{n}", 201)
	}
	l.processes = append(own, s.databases(true)...)
	if s.postgres != nil && s.redis != nil {
		s.addLimit(l, bTx, "/b/r-tx?{n}", 200)
		s.addLimit(l, bCTE, "/b/r-cte?{n}", 200)
	}
	return nil
}

func (s *stack) addLimit(l load, label, path string, expect int) {
	l.label, l.path, l.expect = label, path, expect
	s.add(l)
}

// databases are the processes of the databases, for counting.
func (s *stack) databases(withRedis bool) []proc.Group {
	var groups []proc.Group
	if s.postgres != nil {
		groups = append(groups, s.postgres.group("postgres", true))
	}
	if s.redis != nil && withRedis {
		groups = append(groups, s.redis.group("redis", false))
	}
	return groups
}

func (s *stack) buildPocketBases(ctx context.Context) error {
	for _, kind := range []struct{ label, synchronous string }{{pbFull, "FULL"}, {pbNormal, "NORMAL"}} {
		if !s.wants(kind.label) {
			continue
		}
		if err := s.buildPocketBase(ctx, kind.label, kind.synchronous); err != nil {
			return err
		}
	}
	return nil
}

func (s *stack) buildPocketBase(ctx context.Context, label, synchronous string) error {
	dir := s.box.path(label)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	tokens := filepath.Join(dir, "tokens")
	v, err := s.box.start(spec{name: "PocketBase " + synchronous, stop: syscall.SIGTERM, args: []string{
		binary("pocketbase"), "-dir", filepath.Join(dir, "data"), "-tokens", tokens, "-users", fmt.Sprint(s.people), "-synchronous", synchronous,
	}})
	if err != nil {
		return err
	}
	line, err := v.ready(ctx)
	if err != nil {
		return err
	}
	s.add(load{
		label: label, url: line.URL, path: "/api/collections/requests/records", body: `{"kind":"email"}`, header: "Authorization: {l}", list: tokens, expect: 200,
		services: []*service{v}, processes: []proc.Group{v.group(summary.Server, false)},
	})
	return nil
}
