//go:build integration

package redistest

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// expect asks a server and holds the answer against what is wanted.
func expect(t *testing.T, s *Server, want string, words ...string) {
	t.Helper()
	got, err := s.ask(t.Context(), words...)
	if err != nil || got != want {
		t.Errorf("%v: got %q and error %v, want %q", words, got, err, want)
	}
}

func TestServersAreApart(t *testing.T) {
	t.Parallel()
	one, two := Start(t), Start(t)
	expect(t, one, "OK", "SET", "key", "only\r\nhere")
	expect(t, one, "only\r\nhere", "GET", "key")
	expect(t, two, "", "GET", "key")
	if want := "redis://:" + one.password + "@" + one.node.address(); one.URL != want {
		t.Errorf("got URL %s, want %s", one.URL, want)
	}
	if _, err := ask(t.Context(), one.node.address(), "", "PING"); err == nil || !strings.Contains(err.Error(), "NOAUTH") {
		t.Errorf("got %v without the password, want NOAUTH", err)
	}
}

func TestArgumentsWin(t *testing.T) {
	t.Parallel()
	s := Start(t, "--maxmemory", "7mb", "--maxmemory-policy", "noeviction")
	info, err := s.ask(t.Context(), "INFO", "memory")
	if err != nil || !strings.Contains(info, "maxmemory:7340032") {
		t.Errorf("got %s and error %v, want maxmemory:7340032", info, err)
	}
}

func TestFlush(t *testing.T) {
	t.Parallel()
	s := Start(t)
	expect(t, s, "OK", "SET", "key", "1")
	s.Flush()
	expect(t, s, "0", "DBSIZE")
}

func TestKilledServerComesBackEmpty(t *testing.T) {
	t.Parallel()
	s := Start(t)
	expect(t, s, "OK", "SET", "key", "1")
	s.Kill()
	if _, err := s.ask(t.Context(), "PING"); err == nil {
		t.Error("got an answer from a killed server, want none")
	}
	for range 2 { // once killed, once running
		s.Restart()
		expect(t, s, "0", "DBSIZE")
		expect(t, s, "OK", "SET", "key", "1")
	}
}

func TestHungServerAnswersLater(t *testing.T) {
	t.Parallel()
	s := Start(t)
	conn, err := net.Dial("tcp", s.node.address())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	s.Hang()
	fmt.Fprintf(conn, "AUTH %s\r\n", s.password)
	_ = conn.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
	if got, err := bufio.NewReader(conn).ReadString('\n'); err == nil {
		t.Errorf("got answer %q, want none", got)
	}
	s.Resume()
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	if got, err := bufio.NewReader(conn).ReadString('\n'); got != "+OK\r\n" {
		t.Errorf("got answer %q and error %v, want +OK", got, err)
	}
}

func TestTLS(t *testing.T) {
	t.Parallel()
	s, authority := StartTLS(t)
	text, err := os.ReadFile(authority)
	if err != nil {
		t.Fatal(err)
	}
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(text)
	u, err := url.Parse(s.URL)
	if err != nil || u.Scheme != "rediss" || u.User.String() != ":"+s.password {
		t.Fatalf("got URL %s and error %v, want rediss and the password", s.URL, err)
	}
	for range 2 {
		conn, err := tls.Dial("tcp", u.Host, &tls.Config{RootCAs: trusted})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		answers := bufio.NewReader(conn)
		if _, err := exchange(conn, answers, "AUTH", s.password); err != nil {
			t.Error(err)
		}
		if got, err := exchange(conn, answers, "PING"); got != "PONG" {
			t.Errorf("got %q and error %v, want PONG", got, err)
		}
		s.Restart()
	}
}

func TestClusterSharesTheKeys(t *testing.T) {
	t.Parallel()
	c := StartCluster(t)
	// The slots of foo and bar are 12182 and 5061.
	expect(t, c.Masters[2], "OK", "SET", "foo", "1")
	expect(t, c.Masters[0], "OK", "SET", "bar", "1")
	if _, err := c.Masters[1].ask(t.Context(), "GET", "foo"); err == nil || !strings.Contains(err.Error(), "MOVED 12182 "+c.Masters[2].node.address()) {
		t.Errorf("got %v, want MOVED to the third master", err)
	}
	want := "redis://:" + c.Masters[0].password + "@" + c.Masters[0].node.address() + "?addr="
	if !strings.HasPrefix(c.URL, want) || strings.Count(c.URL, "addr=") != 2 {
		t.Errorf("got URL %s, want it to begin with %s and to name two more", c.URL, want)
	}
	c.Masters[1].Kill()
	c.Masters[1].Restart()
	await(t, "cluster after a crash", c.Masters[1].inCluster)
}

func TestSentinelsFailOver(t *testing.T) {
	t.Parallel()
	s := StartSentinel(t)
	if want := "&master_set=" + MasterSet; !strings.HasSuffix(s.URL, want) || !strings.Contains(s.URL, "@"+s.Sentinels[0].node.address()) {
		t.Errorf("got URL %s, want the first sentinel in it and %s", s.URL, want)
	}
	s.Master.Kill()
	begin := time.Now()
	await(t, "new master", func(ctx context.Context) (bool, error) {
		info, err := s.Replica.ask(ctx, "INFO", "replication")
		return strings.Contains(info, "role:master"), err
	})
	t.Logf("the replica has taken over after %v", time.Since(begin))
	expect(t, s.Replica, "OK", "SET", "key", "1")
}

// victim is set in the environment of the process that TestVictim runs in.
const victim = "AVOW_REDISTEST_VICTIM"

// TestVictim does nothing unless TestServerDiesWithTheTests runs it.
func TestVictim(t *testing.T) {
	if os.Getenv(victim) == "" {
		return
	}
	s := Start(t)
	fmt.Printf("victim %s\n", s.node.address())
	select {}
}

func TestServerDiesWithTheTests(t *testing.T) {
	t.Parallel()
	cmd := exec.Command(os.Args[0], "-test.run=^TestVictim$")
	cmd.Env = append(os.Environ(), victim+"=1", "TMPDIR="+t.TempDir())
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var address string
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if n, _ := fmt.Sscanf(lines.Text(), "victim %s", &address); n == 1 {
			_ = cmd.Process.Kill()
		}
	}
	if err := cmd.Wait(); err == nil || address == "" {
		t.Fatalf("got error %v and address %q, want a killed process and the address of its server", err, address)
	}
	await(t, "end of the server", func(context.Context) (bool, error) {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
		}
		return err != nil, nil
	})
}
