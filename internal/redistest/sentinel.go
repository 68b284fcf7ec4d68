package redistest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const (
	// MasterSet is the name under which the sentinels watch the master.
	MasterSet = "avow"
	sentinels = 3
)

// Sentinel is a master and a replica, watched by three sentinels: when the master is killed, the replica takes its place within seconds.
type Sentinel struct {
	// URL names the sentinels, the second and third as addr parameters, with the password of master and replica and MasterSet as master_set.
	URL string
	// Master is the server that was the master in the beginning, Replica its replica.
	Master, Replica *Server
	// Sentinels watch both; they want no password.
	Sentinels []*Server
}

// StartSentinel starts all six servers; they end with the test. It returns when the sentinels know each other and the replica.
func StartSentinel(t testing.TB) *Sentinel {
	t.Helper()
	s := &Sentinel{Master: Start(t, "--repl-diskless-sync-delay", "0")}
	master, password := s.Master.node, s.Master.password
	s.Replica = startData(t, password, func(int) ([]string, error) {
		return []string{"--replicaof", "127.0.0.1 " + strconv.Itoa(master.port)}, nil
	})
	text := fmt.Sprintf("sentinel monitor %[1]s 127.0.0.1 %[2]d 2\nsentinel auth-pass %[1]s %[3]s\n"+
		"sentinel down-after-milliseconds %[1]s 500\nsentinel failover-timeout %[1]s 5000\n", MasterSet, master.port, password)
	for range sentinels {
		s.Sentinels = append(s.Sentinels, startSentinel(t, text))
	}
	for _, one := range s.Sentinels {
		await(t, "whole view of "+one.node.address(), func(ctx context.Context) (bool, error) {
			info, err := one.ask(ctx, "INFO", "sentinel")
			return strings.Contains(info, fmt.Sprintf("status=ok,address=%s,slaves=1,sentinels=%d", master.address(), sentinels)), err
		})
	}
	u := withOthers(s.Sentinels)
	u.User = s.Master.url().User
	u.RawQuery += "&" + url.Values{"master_set": {MasterSet}}.Encode()
	s.URL = u.String()
	return s
}

// startSentinel starts a sentinel; it writes what it learns into its configuration file.
func startSentinel(t testing.TB, text string) *Server {
	t.Helper()
	file := filepath.Join(t.TempDir(), "sentinel.conf")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s := start(t, "", func(int) ([]string, error) { return []string{file, "--sentinel"}, nil })
	s.URL = s.url().String()
	return s
}
