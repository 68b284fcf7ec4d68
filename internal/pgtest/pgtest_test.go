//go:build integration

package pgtest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

func TestMain(m *testing.M) { os.Exit(Main(m, migrate)) }

// migrate leaves its connection open, as pools may do for a moment.
func migrate(ctx context.Context, url string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, "CREATE TABLE word (text TEXT)")
	return err
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

func query(t *testing.T, conn *pgx.Conn, sql string) string {
	t.Helper()
	var got string
	if err := conn.QueryRow(t.Context(), sql).Scan(&got); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return got
}

func insert(t *testing.T, conn *pgx.Conn, text string) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), "INSERT INTO word VALUES ($1)", text); err != nil {
		t.Fatal(err)
	}
}

const words = "SELECT coalesce(string_agg(text, ',' ORDER BY text), '') FROM word"

func TestDatabasesAreApart(t *testing.T) {
	t.Parallel()
	one, two := connect(t, URL(t)), connect(t, URL(t))
	insert(t, one, "only here")
	if got := query(t, two, words); got != "" {
		t.Errorf("got %q in another database, want nothing", got)
	}
	if got := query(t, one, "SELECT rolsuper::text FROM pg_roles WHERE rolname = current_user"); got != "false" {
		t.Errorf("got superuser %s, want false", got)
	}
}

// TestParallelDatabases has many tests ask at once.
func TestParallelDatabases(t *testing.T) {
	t.Parallel()
	for i := range 16 {
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			t.Parallel()
			if got := query(t, connect(t, URL(t)), words); got != "" {
				t.Errorf("got %q, want an empty table", got)
			}
		})
	}
}

func TestDatabaseIsDroppedWithItsConnections(t *testing.T) {
	t.Parallel()
	var address string
	t.Run("the test that ends", func(t *testing.T) {
		address = URL(t)
		connect(t, address)
	})
	if _, err := pgx.Connect(t.Context(), address); err == nil || !strings.Contains(err.Error(), "3D000") {
		t.Errorf("got %v, want SQLSTATE 3D000: no such database", err)
	}
}

func TestLogOfOneDatabase(t *testing.T) {
	t.Parallel()
	one, two := URL(t), URL(t)
	for name, address := range map[string]string{"mine": one, "other": two} {
		if _, err := connect(t, address).Exec(t.Context(), "SELECT\n"+name); err == nil {
			t.Fatal("got no error, want one")
		}
	}
	got := shared.server.logOf(one[strings.LastIndex(one, "/")+1 : strings.Index(one, "?")])
	if !strings.Contains(got, "\tmine") || strings.Contains(got, "other") {
		t.Errorf("got log %q, want the statement of this database alone", got)
	}
}

func TestKilledServerKeepsWhatItAcknowledged(t *testing.T) {
	t.Parallel()
	server := Start(t, migrate)
	address := server.URL()
	conn := connect(t, address)
	insert(t, conn, "before")
	server.Kill()
	if _, err := pgx.Connect(t.Context(), address); err == nil {
		t.Error("got a connection to a killed server, want none")
	}
	server.Restart()
	conn = connect(t, address)
	if got := query(t, conn, words); got != "before" {
		t.Errorf("got %q after the crash, want %q", got, "before")
	}
	insert(t, conn, "later")
	server.Restart()
	if got := query(t, connect(t, address), words); got != "before,later" {
		t.Errorf("got %q after a stop in good order, want %q", got, "before,later")
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	for want, settings := range map[string][]string{"off": nil, "on": {"fsync=on"}} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			server := Start(t, nil, settings...)
			if got := query(t, connect(t, server.URL()), "SHOW fsync"); got != want {
				t.Errorf("got fsync %s, want %s", got, want)
			}
		})
	}
}

func TestFailedMigrationIsTold(t *testing.T) {
	t.Parallel()
	bad := errors.New("bad migration")
	s, err := open(func(context.Context, string) error { return bad }, nil)
	if !errors.Is(err, bad) {
		t.Errorf("got %v and %v, want %v", s, err, bad)
	}
}

// victim is set in the environment of the process that TestVictim runs in to say how it ends.
const victim = "AVOW_PGTEST_VICTIM"

// TestVictim does nothing unless TestNothingIsLeftBehind runs it.
func TestVictim(t *testing.T) {
	how := os.Getenv(victim)
	if how == "" {
		return
	}
	fmt.Printf("victim %s %s\n", URL(t), shared.server.dir)
	switch how {
	case "panic":
		// Not that of the test, which would run the test's cleanups.
		go panic("as it should")
		select {}
	case "kill":
		select {}
	}
}

func TestNothingIsLeftBehind(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"panic", "kill", "end"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			temp := t.TempDir()
			allow(t, temp)
			address, dir := runVictim(t, how, temp)
			if filepath.Dir(dir) != temp {
				t.Errorf("got directory %q, want it in %s", dir, temp)
			}
			eventually(t, "no directory", func() bool {
				left, err := filepath.Glob(filepath.Join(temp, "*"))
				return err == nil && len(left) == 0
			})
			eventually(t, "no server", func() bool { return !listens(t, address) })
		})
	}
}

// allow lets the account that the server runs as into the directory.
func allow(t *testing.T, dir string) {
	t.Helper()
	for _, name := range []string{filepath.Dir(dir), dir} {
		if err := os.Chmod(name, 0o755); err != nil && !errors.Is(err, fs.ErrPermission) {
			t.Fatal(err)
		}
	}
}

// runVictim runs TestVictim in a process of its own until that has died, and returns the address and directory of its server.
func runVictim(t *testing.T, how, temp string) (address, dir string) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestVictim$")
	cmd.Env = append(os.Environ(), victim+"="+how, "TMPDIR="+temp)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if n, _ := fmt.Sscanf(lines.Text(), "victim %s %s", &address, &dir); n == 2 && how == "kill" {
			_ = cmd.Process.Kill()
		}
	}
	if err := cmd.Wait(); (err == nil) != (how == "end") {
		t.Errorf("got %v from the process, want it to %s", err, how)
	}
	return address, dir
}

func listens(t *testing.T, address string) bool {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", u.Host)
	if err == nil {
		conn.Close()
	}
	return err == nil
}

func eventually(t *testing.T, want string, holds func() bool) {
	t.Helper()
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	for deadline := time.Now().Add(20 * time.Second); !holds(); <-poll.C {
		if time.Now().After(deadline) {
			t.Errorf("got it still after 20 seconds, want %s", want)
			return
		}
	}
}
