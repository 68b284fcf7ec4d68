package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// bouncerStart is how long PgBouncer may take to answer.
const bouncerStart = 10 * time.Second

// bouncerConfig pools by transaction: a client has another server connection in each. The first is the database, the last the size of its pool.
const bouncerConfig = `[databases]
%s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 4
max_client_conn = 200
logfile = %s
`

// Bouncer starts a PgBouncer that pools by transaction in front of a database, and returns the URL through it. It ends with the test.
func Bouncer(t testing.TB, database string) string {
	t.Helper()
	through, err := startBouncer(t, database)
	if err != nil {
		t.Fatalf("pgtest: PgBouncer: %v", err)
	}
	return through
}

func startBouncer(t testing.TB, database string) (string, error) {
	program, err := findBouncer()
	if err != nil {
		return "", err
	}
	as, err := unprivileged()
	if err != nil {
		return "", err
	}
	port, err := freePort()
	if err != nil {
		return "", err
	}
	config, err := writeConfig(t, database, port, as)
	if err != nil {
		return "", err
	}
	cmd := exec.Command(program, config)
	cmd.SysProcAttr = attributes(as)
	c, err := launch(cmd)
	if err != nil {
		return "", err
	}
	t.Cleanup(func() { c.end(syscall.SIGTERM) })
	u, err := url.Parse(database)
	if err != nil {
		return "", err
	}
	u.Host = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	return u.String(), answers(t.Context(), c, u.String())
}

// findBouncer looks beside the PATH, too: Debian puts it where only root looks.
func findBouncer() (string, error) {
	for _, name := range []string{"pgbouncer", "/usr/sbin/pgbouncer"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("got no program pgbouncer on the PATH or in /usr/sbin; on Debian, as root: apt-get install --no-install-recommends pgbouncer")
}

func writeConfig(t testing.TB, database string, port int, as *account) (string, error) {
	c, err := pgx.ParseConfig(database)
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "avow-pgbouncer-")
	if err != nil {
		return "", err
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	line := fmt.Sprintf("%s = host=%s port=%d dbname=%s user=%s password=%s", c.Database, c.Host, c.Port, c.Database, c.User, c.Password)
	file := filepath.Join(dir, "pgbouncer.ini")
	if err := os.WriteFile(file, fmt.Appendf(nil, bouncerConfig, line, port, filepath.Join(dir, "pgbouncer.log")), 0o600); err != nil || as == nil {
		return file, err
	}
	return file, errors.Join(os.Chown(dir, as.uid, as.gid), os.Chown(file, as.uid, as.gid))
}

// answers waits until a query comes through.
func answers(ctx context.Context, c *child, through string) error {
	ctx, cancel := context.WithTimeout(ctx, bouncerStart)
	defer cancel()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		err := ping(ctx, through)
		if err == nil {
			return nil
		}
		select {
		case <-again.C:
		case <-c.done:
			return fmt.Errorf("got it ended, want an answer: %w", err)
		case <-ctx.Done():
			return fmt.Errorf("got no answer in %v: %w", bouncerStart, err)
		}
	}
}

func ping(ctx context.Context, through string) error {
	config, err := pgx.ParseConfig(through)
	if err != nil {
		return err
	}
	config.DefaultQueryExecMode = pgx.QueryExecModeExec
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}
