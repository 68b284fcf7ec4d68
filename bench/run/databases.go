package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// postgres is a PostgreSQL of our own: every commit flushed, on a free loopback port, with a password that nobody else knows.
type postgres struct {
	*service
	bin, password string
	port          int
}

const postgresUser = "bench"

func startPostgres(ctx context.Context, b *box, bin string) (*postgres, error) {
	p := &postgres{bin: bin, password: rand.Text()}
	if p.bin == "" {
		p.bin = newestPostgres()
	}
	if p.bin == "" {
		return nil, errors.New("no PostgreSQL found; install one or name it with -postgres")
	}
	dir, owner, err := b.ownedDir("postgres")
	if err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	if err := p.initialize(ctx, data, owner); err != nil {
		return nil, err
	}
	if p.port, err = freePort(); err != nil {
		return nil, err
	}
	p.service, err = b.start(spec{name: "postgres", dir: dir, user: owner, stop: syscall.SIGQUIT, args: []string{
		p.tool("postgres"), "-D", data, "-p", strconv.Itoa(p.port), "-h", "127.0.0.1", "-k", "",
		"-c", "fsync=on", "-c", "synchronous_commit=on", "-c", "shared_buffers=1GB", "-c", "max_connections=200", "-c", "max_wal_size=4GB",
	}})
	if err != nil {
		return nil, err
	}
	ping := func() error { return p.run(ctx, "pg_isready", "-q") }
	return p, p.answers(ctx, ping)
}

// initialize makes the cluster. Its password comes from a file: initdb takes it from nothing else without a terminal.
func (p *postgres) initialize(ctx context.Context, data string, owner *syscall.Credential) error {
	file := filepath.Join(filepath.Dir(data), "password")
	if err := os.WriteFile(file, []byte(p.password+"\n"), 0o600); err != nil {
		return err
	}
	if owner != nil {
		if err := os.Chown(file, int(owner.Uid), int(owner.Gid)); err != nil {
			return err
		}
	}
	_, err := run(ctx, spec{name: "initdb", dir: filepath.Dir(data), user: owner, args: []string{
		p.tool("initdb"), "-D", data, "-U", postgresUser, "--pwfile=" + file, "-A", "scram-sha-256", "-E", "UTF8", "--locale=C", "--no-sync",
	}})
	return errors.Join(err, os.Remove(file))
}

// ownedDir makes a directory for a server that refuses to run as root; owner is nil when nobody else is needed.
func (b *box) ownedDir(name string) (dir string, owner *syscall.Credential, err error) {
	dir = b.path(name)
	if err := os.Mkdir(dir, 0o700); err != nil || os.Geteuid() != 0 {
		return dir, nil, err
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, errUID := strconv.ParseUint(u.Uid, 10, 32)
		gid, errGID := strconv.ParseUint(u.Gid, 10, 32)
		if err := errors.Join(errUID, errGID); err != nil {
			return dir, nil, err
		}
		return dir, &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, os.Chown(dir, int(uid), int(gid))
	}
	return dir, nil, errors.New("running as root, and there is neither a user postgres nor nobody to run PostgreSQL as")
}

// newestPostgres looks where distributions put the servers, then on the path.
func newestPostgres() string {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	version := func(path string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
		return n
	}
	if len(found) > 0 {
		return filepath.Dir(slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) }))
	}
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path)
	}
	return ""
}

func (p *postgres) tool(name string) string { return filepath.Join(p.bin, name) }

// run carries out one of PostgreSQL's own client programs.
func (p *postgres) run(ctx context.Context, name string, args ...string) error {
	env := []string{"PGHOST=127.0.0.1", "PGPORT=" + strconv.Itoa(p.port), "PGUSER=" + postgresUser, "PGPASSWORD=" + p.password}
	_, err := run(ctx, spec{name: name, args: append([]string{p.tool(name)}, args...), env: env, dir: "/"})
	return err
}

// url is how a database is reached.
func (p *postgres) url(database string) string {
	u := url.URL{Scheme: "postgres", User: url.UserPassword(postgresUser, p.password), Host: loopback(p.port), Path: "/" + database, RawQuery: "sslmode=disable"}
	return u.String()
}

// redis is a Redis of our own that keeps nothing.
type redis struct {
	*service
	password string
	port     int
}

func startRedis(ctx context.Context, b *box) (*redis, error) {
	bin, err := exec.LookPath("redis-server")
	if err != nil {
		return nil, errors.New("no redis-server found; install one")
	}
	r := &redis{password: rand.Text()}
	if r.port, err = freePort(); err != nil {
		return nil, err
	}
	config := fmt.Sprintf("port %d\nbind 127.0.0.1\nrequirepass %s\nsave \"\"\nappendonly no\ndir %s\n", r.port, r.password, b.dir)
	r.service, err = b.start(spec{name: "redis", args: []string{bin, "-"}, stdin: strings.NewReader(config), stop: syscall.SIGTERM})
	if err != nil {
		return nil, err
	}
	return r, r.answers(ctx, r.ping)
}

// ask sends one command and returns everything that Redis said.
func (r *redis) ask(command string) (string, error) {
	c, err := net.Dial("tcp", loopback(r.port))
	if err != nil {
		return "", err
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(2 * time.Second))
	if _, err := fmt.Fprintf(c, "AUTH %s\r\n%s\r\nQUIT\r\n", r.password, command); err != nil {
		return "", err
	}
	said, err := io.ReadAll(c)
	return string(said), err
}

func (r *redis) ping() error {
	said, err := r.ask("PING")
	if err == nil && !strings.Contains(said, "+PONG") {
		err = fmt.Errorf("redis says %q", said)
	}
	return err
}

// commands is how many commands it has carried out so far.
func (r *redis) commands() (int, error) {
	said, err := r.ask("INFO stats")
	if err != nil {
		return 0, err
	}
	_, after, _ := strings.Cut(said, "total_commands_processed:")
	text, _, _ := strings.Cut(after, "\r")
	return strconv.Atoi(text)
}

func (r *redis) url() string {
	u := url.URL{Scheme: "redis", User: url.UserPassword("", r.password), Host: loopback(r.port), Path: "/0"}
	return u.String()
}

// answers waits until a server without an announcement does.
func (v *service) answers(ctx context.Context, ping func() error) error {
	for end := time.Now().Add(startTime); ; {
		err := ping()
		if err == nil {
			return nil
		}
		if err := errors.Join(ctx.Err(), v.running()); err != nil {
			return err
		}
		if time.Now().After(end) {
			return v.failure("does not answer: " + err.Error())
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	_, text, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return 0, err
	}
	port, err := strconv.Atoi(text)
	return port, errors.Join(err, l.Close())
}
