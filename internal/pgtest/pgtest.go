// Package pgtest gives tests a real PostgreSQL: a throw-away server made of the distribution's programs, migrated once, and in it a database for each test.
package pgtest

import (
	"context"
	"errors"
	"sync"
	"testing"
)

// Migrate brings the empty database at url to the schema that the tests want.
type Migrate func(ctx context.Context, url string) error

// shared is the server of this test binary.
var shared = &lazy{open: func() (*server, error) {
	return nil, errors.New("got no server, want a TestMain that calls pgtest.Main")
}}

// Main runs the tests of a package; TestMain exits with what it returns. The server that URL speaks of starts with the first call of URL, so that a
// run that needs none does not wait for one, and is gone when Main returns. A setting is name=value, as in postgresql.conf, and wins over ours:
// "fsync=on" for instance. A migrate of nil leaves the databases empty.
func Main(m *testing.M, migrate Migrate, settings ...string) int {
	shared = &lazy{open: func() (*server, error) { return open(migrate, settings) }}
	defer shared.close()
	return m.Run()
}

// URL is a migrated database that nobody else has, and that nobody finds after the test. Its role owns the database and is no superuser.
func URL(t testing.TB) string {
	t.Helper()
	s, err := shared.get()
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	return s.database(t)
}

// Server is a server of one test, which may kill it. Its methods may be called from any goroutine.
type Server struct {
	t      testing.TB
	server *server
}

// Start starts a server that ends with the test; migrate and settings are as for Main.
func Start(t testing.TB, migrate Migrate, settings ...string) *Server {
	t.Helper()
	s, err := open(migrate, settings)
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("pgtest: the end of the server's log:\n%s", s.tail())
		}
		s.close()
	})
	return &Server{t: t, server: s}
}

// URL is a migrated database of this server, as the function of this name gives one. It stays the same when the server is started again.
func (s *Server) URL() string {
	s.t.Helper()
	return s.server.database(s.t)
}

// Kill ends the server as kill -9 does. Sessions that were at work may do so for a moment longer.
func (s *Server) Kill() { s.server.kill() }

// Restart starts a killed server on the data that it left, or stops a running one in good order first. It returns when the server takes connections.
func (s *Server) Restart() {
	s.t.Helper()
	if err := s.server.restart(); err != nil {
		s.t.Errorf("pgtest: %v", err)
	}
}

// lazy is a server that starts when it is first asked for.
type lazy struct {
	once   sync.Once
	open   func() (*server, error)
	server *server
	err    error
}

func (l *lazy) get() (*server, error) {
	l.once.Do(func() { l.server, l.err = l.open() })
	return l.server, l.err
}

func (l *lazy) close() {
	l.once.Do(func() { l.err = errors.New("got a call after the tests had ended") })
	if l.server != nil {
		l.server.close()
	}
}
