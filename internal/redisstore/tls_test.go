//go:build integration

package redisstore

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"avow/internal/config"
	"avow/internal/redistest"
)

// tlsURL is set in the environment of the processes that TestTLSClient runs in.
const tlsURL = "AVOW_REDISSTORE_TLS_URL"

// TestTLSClient does nothing unless TestAuthorityOfTheOperator runs it.
func TestTLSClient(t *testing.T) {
	t.Parallel()
	address := os.Getenv(tlsURL)
	if address == "" {
		return
	}
	settings, err := config.Load(config.Dev, nil, []string{"AVOW_REDIS_URL=" + address})
	if err != nil {
		t.Fatal(err)
	}
	s, err := connect(settings.Redis)
	if err != nil {
		t.Fatal(err) // the loop of a cache would try for ever
	}
	s.close()
	c := openCache(t, address, 1)
	awaitReady(t, c)
	expectFound(t, c, token)
}

// TestAuthorityOfTheOperator has processes use a Redis whose certificate was signed by an authority that nobody knows. Those work that were told of it, in the ways of
// docs/settings.md. Go reads once what the system trusts, hence the processes.
func TestAuthorityOfTheOperator(t *testing.T) {
	t.Parallel()
	s, authority := redistest.StartTLS(t)
	const works, strange = "--- PASS: TestTLSClient", "certificate signed by unknown authority"
	for name, test := range map[string]struct{ setting, want string }{
		"file":            {"SSL_CERT_FILE=" + authority, works},
		"directory":       {"SSL_CERT_DIR=" + filepath.Dir(authority), works},
		"other directory": {"SSL_CERT_DIR=" + t.TempDir(), strange},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command(os.Args[0], "-test.run=^TestTLSClient$", "-test.v")
			cmd.Env = append(os.Environ(), tlsURL+"="+s.URL, test.setting)
			if said, err := cmd.CombinedOutput(); !strings.Contains(string(said), test.want) {
				t.Errorf("got error %v and\n%s\nwant %q", err, said, test.want)
			}
		})
	}
}
