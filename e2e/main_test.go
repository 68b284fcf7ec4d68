//go:build e2e

// Package e2e looks at avow as its users meet it: the program is built, started, fed over HTTP and by commands, killed, stopped, restarted and opened in a browser.
// Nothing of the module is imported, so that only what a stranger can see is relied on.
package e2e

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// binary is the program under test, built once.
var binary string

// seed makes the random instants of a run come again; 0 draws a new one.
var seed = flag.Uint64("seed", 0, "seed of the random instants at which the program is killed; 0 draws one")

const builtVersion, builtCommit = "v0.0.0-e2e", "0123456789abcdef"

func TestMain(m *testing.M) {
	flag.Parse()
	code, err := buildAndRun(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		code = 1
	}
	os.Exit(code)
}

// buildAndRun is apart from TestMain because os.Exit runs no deferred calls.
func buildAndRun(m *testing.M) (code int, err error) {
	dir, err := os.MkdirTemp("", "avow-e2e-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "avow")
	// Without the race detector: users do not run it either, and it would blur the instants of the kills.
	build := exec.Command("go", "build", "-buildvcs=false", "-trimpath", "-ldflags", "-X main.version="+builtVersion+" -X main.commit="+builtCommit, "-o", binary, "avow/cmd/avow")
	if said, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("build: %w\n%s", err, said)
	}
	return m.Run(), nil
}
