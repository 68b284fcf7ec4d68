//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience bounds every wait for something that must come. It is long because a build server may be busy; nothing waits that long when all is well.
const patience = 30 * time.Second

// demo is what `avow dev` made for trying it out.
type demo struct {
	Org             string `json:"org"`
	APIKey          string `json:"apiKey"`
	SecretKey       string `json:"secretKey"`
	KeyID           string `json:"keyId"`
	ClientID        string `json:"client_id"`
	ClientSecret    string `json:"client_secret"`
	AccountID       string `json:"account_id"`
	AccountEmail    string `json:"account_email"`
	AccountPassword string `json:"account_password"`
	AccessToken     string `json:"access_token"`
	MailsURL        string `json:"mails_url"`
	WebhooksURL     string `json:"webhooks_url"`
}

// readyLine is the first line that a server prints with --json.
type readyLine struct {
	Event    string `json:"event"`
	URL      string `json:"url"`
	AdminURL string `json:"admin_url"`
	Data     string `json:"data"`
	Demo     demo   `json:"demo"`
}

// program is a server that runs.
type program struct {
	ready          readyLine
	data           string
	cmd            *exec.Cmd
	stdout, stderr *output
	exited         chan struct{} // closed when it has ended
}

// output keeps what a program writes while it runs.
type output struct {
	mu      sync.Mutex
	text    bytes.Buffer
	written chan struct{} // holds a token when there is news
}

func newOutput() *output { return &output{written: make(chan struct{}, 1)} }

// Write implements io.Writer.
func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	select {
	case o.written <- struct{}{}:
	default:
	}
	return o.text.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// environment is this process's without settings of avow, so that nobody's shell decides what is tested. Limits are off: the load of these tests is no attack.
func environment(more ...string) []string {
	env := slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "AVOW_") })
	return append(append(env, "AVOW_LIMITS=off"), more...)
}

// launch starts a server without waiting for anything; the test's end kills it.
func launch(t *testing.T, env []string, args ...string) *program {
	t.Helper()
	p := &program{cmd: exec.Command(binary, args...), stdout: newOutput(), stderr: newOutput(), exited: make(chan struct{})}
	p.cmd.Env, p.cmd.Stdout, p.cmd.Stderr = environment(env...), p.stdout, p.stderr
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("start %v: %v", args, err)
	}
	go func() {
		defer close(p.exited)
		_ = p.cmd.Wait() // how it ended is in ProcessState
	}()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("the last lines that avow %s wrote to stderr:\n%s", strings.Join(args, " "), lastLines(p.stderr.String(), 20))
		}
	})
	return p
}

func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// startServer starts a server with --json and waits for its ready line.
func startServer(t *testing.T, data string, env []string, args ...string) *program {
	t.Helper()
	args = append(args, "--json", "--data", data, "--addr", "127.0.0.1:0", "--admin-addr", "127.0.0.1:0")
	p := launch(t, env, args...)
	p.data = data
	line := p.waitFor(t, func(text string) (string, bool) {
		line, _, whole := strings.Cut(text, "\n")
		return line, whole
	})
	if err := json.Unmarshal([]byte(line), &p.ready); err != nil {
		t.Fatalf("ready line: got %q, want JSON: %v", line, err)
	}
	return p
}

func startDev(t *testing.T, data string, env ...string) *program {
	t.Helper()
	return startServer(t, data, env, "dev")
}

// waitFor reads stdout until it holds what is looked for.
func (p *program) waitFor(t *testing.T, find func(text string) (string, bool)) string {
	t.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		if found, ok := find(p.stdout.String()); ok {
			return found
		}
		select {
		case <-p.stdout.written:
		case <-p.exited:
			if found, ok := find(p.stdout.String()); ok {
				return found
			}
			t.Fatalf("got exit code %d with %q on stderr, want a running server", p.cmd.ProcessState.ExitCode(), p.stderr)
		case <-timer.C:
			t.Fatalf("got %q on stdout after %s, want a running server", p.stdout, patience)
		}
	}
}

// kill ends the program like a power cut ends its machine's processes, and waits until it is gone.
func (p *program) kill() {
	_ = p.cmd.Process.Kill() // an error says that it is gone already
	<-p.exited
}

// signal asks the program to stop.
func (p *program) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		t.Fatalf("send %s: %v", s, err)
	}
}

// exitCode waits for the end of the program.
func (p *program) exitCode(t *testing.T, within time.Duration) int {
	t.Helper()
	timer := time.NewTimer(within)
	defer timer.Stop()
	select {
	case <-p.exited:
	case <-timer.C:
		t.Fatalf("got a program that still runs after %s, want it to have ended", within)
	}
	return p.cmd.ProcessState.ExitCode()
}

// calm fails when the program has logged an error of its own: whatever is asked of it here, it must cope with.
func (p *program) calm(t *testing.T) {
	t.Helper()
	for line := range strings.Lines(p.stderr.String()) {
		if strings.Contains(line, `"level":"ERROR"`) {
			t.Errorf("log: got %s, want no errors", line)
		}
	}
}

// stop ends the program gently.
func (p *program) stop(t *testing.T) {
	t.Helper()
	p.signal(t, syscall.SIGTERM)
	if code := p.exitCode(t, patience); code != 0 {
		t.Fatalf("exit code after SIGTERM: got %d, want 0", code)
	}
}

// result is how a command ended.
type result struct {
	code           int
	stdout, stderr string
}

// command runs a command of the program to its end. It fails no test itself, so it may be called from any goroutine.
func command(env []string, stdin string, args ...string) (result, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience) // a server that should have refused to start would run for ever
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, args...)
	var stdout, stderr bytes.Buffer
	cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = environment(env...), strings.NewReader(stdin), &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		err = nil
	}
	return result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}, err
}

// eventually polls until check has nothing to complain about.
func eventually(t *testing.T, what string, check func() error) {
	t.Helper()
	if err := poll(patience, check); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// poll is eventually for goroutines that must not end the test.
func poll(within time.Duration, check func() error) error {
	deadline, tick := time.NewTimer(within), time.NewTicker(5*time.Millisecond)
	defer deadline.Stop()
	defer tick.Stop()
	for {
		err := check()
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-deadline.C:
			return err
		}
	}
}
