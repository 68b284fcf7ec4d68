package pgtest

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"
)

const (
	// startTimeout is long because a start after a crash does again what the server did last.
	startTimeout = time.Minute
	endTimeout   = 10 * time.Second
	// A start that failed is tried again after a pause.
	maxStarts  = 100
	startAgain = 100 * time.Millisecond
	pollEvery  = 10 * time.Millisecond
)

// server is a PostgreSQL server with its files.
type server struct {
	programs programs
	dir      string
	guard    *guard
	account  *account
	settings []string
	password string
	pristine pristine

	// running guards what follows.
	running sync.Mutex
	child   *child
	port    int

	// creating guards what follows, and lets one copy of the template be made at a time. PostgreSQL would make several, which gains little: they wait for the same disk.
	creating sync.Mutex
	created  int
	spare    []string // emptied databases that nobody uses
}

// open makes a server, starts it and fills its template.
func open(migrate Migrate, settings []string) (*server, error) {
	programs, err := findPrograms(debianRoot)
	if err != nil {
		return nil, err
	}
	account, err := unprivileged()
	if err != nil {
		return nil, err
	}
	s := &server{programs: programs, account: account, settings: settings, password: rand.Text()}
	if err := s.makeDir(); err != nil {
		return nil, err
	}
	if err := s.fill(migrate); err != nil {
		defer s.close()
		return nil, fmt.Errorf("%w\nThe end of the server's log:\n%s", err, s.tail())
	}
	return s, nil
}

func (s *server) makeDir() error {
	dir, err := os.MkdirTemp("", "avow-pgtest-")
	if err != nil {
		return err
	}
	s.dir = dir
	s.guard, err = newGuard(dir)
	if err != nil {
		_ = os.Remove(dir)
	}
	return err
}

func (s *server) fill(migrate Migrate) error {
	if err := s.initialise(); err != nil {
		return err
	}
	if err := s.restart(); err != nil {
		return err
	}
	return s.makeTemplate(migrate)
}

// initialise makes the data directory; the passwords keep other users of the machine out.
func (s *server) initialise() error {
	secret := filepath.Join(s.dir, "password")
	if err := os.WriteFile(secret, []byte(s.password), 0o600); err != nil {
		return err
	}
	if err := s.giveAway(s.dir, secret); err != nil {
		return err
	}
	cmd := s.command(s.programs.initdb, "--pgdata="+s.data(), "--username="+superuser, "--pwfile="+secret,
		"--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", "--no-sync", "--no-instructions")
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, text)
	}
	return nil
}

func (s *server) giveAway(names ...string) error {
	for _, name := range names {
		if s.account == nil {
			break
		}
		if err := os.Chown(name, s.account.uid, s.account.gid); err != nil {
			return err
		}
	}
	return nil
}

func (s *server) command(program string, arguments ...string) *exec.Cmd {
	cmd := exec.Command(program, arguments...)
	cmd.Dir = s.dir // the account may not be allowed where we are
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	cmd.SysProcAttr = attributes(s.account)
	return cmd
}

func (s *server) data() string { return filepath.Join(s.dir, "data") }

// arguments are the settings. Nothing that is not in the directory may be left behind by a server that was killed, hence shared memory in files.
func (s *server) arguments(port int) []string {
	settings := []string{
		"port=" + strconv.Itoa(port),
		"listen_addresses=127.0.0.1",
		"unix_socket_directories=",
		"max_connections=200",
		"fsync=off",
		"dynamic_shared_memory_type=mmap",
		"log_line_prefix=" + logPrefix,
	}
	arguments := []string{"-D", s.data()}
	for _, setting := range append(settings, s.settings...) {
		arguments = append(arguments, "-c", setting)
	}
	return arguments
}

// restart stops the server if it runs, and starts it. What speaks against a start is tried again for a while: another program may have taken the port just
// before us, and the sessions of a killed server have to notice that it is gone.
func (s *server) restart() error {
	s.running.Lock()
	defer s.running.Unlock()
	if s.child != nil {
		s.child.end(syscall.SIGINT)
	}
	again := time.NewTicker(startAgain)
	defer again.Stop()
	for starts := 1; ; starts++ {
		err := s.start()
		if err == nil {
			return nil
		}
		if starts == maxStarts {
			return fmt.Errorf("start the server: %w", err)
		}
		<-again.C
	}
}

// start starts the server; once it has run, its port stays the same.
func (s *server) start() error {
	if s.child == nil {
		port, err := freePort()
		if err != nil {
			return err
		}
		s.port = port
	}
	started, err := s.launch()
	if err != nil {
		return err
	}
	if err := s.ready(started); err != nil {
		started.end(syscall.SIGKILL)
		return err
	}
	s.child = started
	return nil
}

func (s *server) launch() (*child, error) {
	log, err := os.OpenFile(s.logFile(), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd := s.command(s.programs.postgres, s.arguments(s.port)...)
	cmd.Stdout, cmd.Stderr = log, log
	return launch(cmd)
}

// ready waits until the server takes connections.
func (s *server) ready(started *child) error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	for {
		err := s.exec(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-started.done:
			return fmt.Errorf("the server has ended: %w", started.err)
		case <-ctx.Done():
			return err
		case <-poll.C:
		}
	}
}

func (s *server) kill() {
	s.running.Lock()
	defer s.running.Unlock()
	s.child.end(syscall.SIGKILL)
}

func (s *server) alive() bool {
	s.running.Lock()
	defer s.running.Unlock()
	return s.child != nil && s.child.alive()
}

// close ends the server without care for its data, which goes with it.
func (s *server) close() {
	s.running.Lock()
	defer s.running.Unlock()
	if s.child != nil {
		s.child.end(syscall.SIGQUIT)
	}
	s.guard.release()
}

// url is a database of the server. The port is set before the first call and stays, so it is read without the lock.
func (s *server) url(role, database string) string {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(role, s.password),
		Host:     net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)),
		Path:     database,
		RawQuery: "sslmode=disable",
	}
	return u.String()
}
