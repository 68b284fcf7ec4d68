// Package redistest gives tests a real Redis: throw-away servers made of the distribution's program, alone, as a cluster, or watched by sentinels.
package redistest

import (
	"context"
	"crypto/rand"
	"net/url"
	"testing"
	"time"
)

// Server is a Redis server that ends with its test. Its methods may be called from any goroutine; what they cannot do fails the test.
type Server struct {
	// URL names the server with its password. It stays the same when the server is started again.
	URL string

	t        testing.TB
	node     *node
	password string
}

// Start starts an empty server. It keeps its data in memory alone. Arguments are those of redis-server, such as "--maxmemory", "1mb", and win over ours.
func Start(t testing.TB, arguments ...string) *Server {
	t.Helper()
	return startData(t, rand.Text(), func(int) ([]string, error) { return arguments, nil })
}

// startData starts a server that holds data; it gives its replicas and its fellows the same password as its clients.
func startData(t testing.TB, password string, more func(port int) ([]string, error)) *Server {
	t.Helper()
	s := start(t, password, func(port int) ([]string, error) {
		arguments, err := more(port)
		return append([]string{"--save", "", "--appendonly", "no", "--requirepass", password, "--masterauth", password}, arguments...), err
	})
	s.URL = s.url().String()
	return s
}

// start starts a server of any kind: of which kind it is, the arguments for its port say.
func start(t testing.TB, password string, arguments func(port int) ([]string, error)) *Server {
	t.Helper()
	s := &Server{t: t, password: password}
	s.node = &node{dir: t.TempDir(), choose: arguments, answers: func(ctx context.Context) error {
		_, err := s.ask(ctx, "PING")
		return err
	}}
	t.Cleanup(func() {
		s.node.kill()
		if t.Failed() {
			t.Logf("redistest: the end of the log of %s:\n%s", s.node.address(), s.node.tail())
		}
	})
	if err := s.node.restart(); err != nil {
		t.Fatalf("redistest: %v", err)
	}
	return s
}

// url is the address with the password, if it has one.
func (s *Server) url() *url.URL {
	u := &url.URL{Scheme: "redis", Host: s.node.address()}
	if s.password != "" {
		u.User = url.UserPassword("", s.password)
	}
	return u
}

// Kill ends the server as kill -9 does; its data goes with it.
func (s *Server) Kill() { s.node.kill() }

// Restart starts the server, killed or not, with no data. It returns when the server answers.
func (s *Server) Restart() {
	s.t.Helper()
	s.must(s.node.restart())
}

// Hang makes the server fall silent: it keeps its connections, and the system still takes new ones for it, but nothing is answered.
func (s *Server) Hang() {
	s.t.Helper()
	s.must(s.node.signal(stop))
}

// Resume ends what Hang began; the server goes on with what has reached it in between.
func (s *Server) Resume() {
	s.t.Helper()
	s.must(s.node.signal(resume))
}

// Flush empties the server.
func (s *Server) Flush() {
	s.t.Helper()
	_, err := s.ask(context.Background(), "FLUSHALL")
	s.must(err)
}

// ask sends one command and returns what the server answers.
func (s *Server) ask(ctx context.Context, words ...string) (string, error) {
	return ask(ctx, s.node.address(), s.password, words...)
}

func (s *Server) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Errorf("redistest: %s: %v", s.node.address(), err)
	}
}

// await asks until the answer is as wanted.
func await(t testing.TB, want string, holds func(ctx context.Context) (bool, error)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), awaitTimeout)
	defer cancel()
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	for {
		ok, err := holds(ctx)
		if ok {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("redistest: got no %s after %v, want it; last error: %v", want, awaitTimeout, err)
		case <-poll.C:
		}
	}
}
