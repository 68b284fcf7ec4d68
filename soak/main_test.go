//go:build soak

// Package soak runs avow for a long time on a bad day: the built program is loaded while it, its database and its cache are killed at random and started again, and
// what was acknowledged is compared with what has survived. Of the module only the throw-away servers are imported: all else is what a stranger can see.
package soak

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

var (
	rounds = flag.Int("rounds", 100, "how often something is killed, for each engine")
	seed   = flag.Uint64("seed", 0, "seed of what is called and killed, and when; 0 draws one")
)

// binary is the program under test, built once.
var binary string

func TestMain(m *testing.M) {
	flag.Parse()
	code, err := buildAndRun(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		code = 1
	}
	os.Exit(code)
}

// buildAndRun is apart from TestMain because os.Exit runs no deferred calls.
func buildAndRun(m *testing.M) (code int, err error) {
	dir, err := os.MkdirTemp("", "avow-soak-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "avow")
	build := exec.Command("go", "build", "-buildvcs=false", "-trimpath", "-o", binary, "avow/cmd/avow")
	if said, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("build: %w\n%s", err, said)
	}
	return m.Run(), nil
}

// newRandom prints its seed, so that a run that failed can be tried again. The same is called and killed then; how it meets is up to the machine.
func newRandom(t *testing.T) *rand.Rand {
	t.Helper()
	s := *seed
	if s == 0 {
		s = rand.Uint64() >> 16
	}
	say(t, "-seed %d", s)
	return rand.New(rand.NewPCG(s, 0))
}

// say tells at once how far a test has come: go test shows what a test logs only in its end.
func say(t *testing.T, format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%s: %s\n", t.Name(), fmt.Sprintf(format, args...))
}
