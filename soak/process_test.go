//go:build soak

package soak

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience bounds every wait for something that must come; nothing waits that long when all is well.
const patience = 60 * time.Second

// process is a server of avow that is killed and started again; it has another address each time.
type process struct {
	name string
	args []string
	env  []string
	log  string

	mu     sync.Mutex
	base   string
	admin  string // where metrics are
	cmd    *exec.Cmd
	exited chan struct{}
}

// environment is this process's without settings of avow, so that nobody's shell decides what is tested. Limits are off: the load of these tests is no attack.
func environment(more []string) []string {
	env := slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "AVOW_") })
	return append(append(env, "AVOW_LIMITS=off", "AVOW_LOG_LEVEL=warn"), more...)
}

// newProcess starts a server that ends with the test.
func newProcess(t *testing.T, name string, env []string, args ...string) *process {
	t.Helper()
	p := &process{
		name: name, env: env, log: filepath.Join(t.TempDir(), "log"),
		args: append(args, "--json", "--admin-addr", "127.0.0.1:0"),
	}
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("the end of what %s wrote to stderr:\n%s", p.name, p.tail())
		}
	})
	if err := p.start(); err != nil {
		t.Fatal(err)
	}
	return p
}

const tailBytes = 4 << 10

func (p *process) tail() string {
	text, err := os.ReadFile(p.log)
	return errorText(string(text[max(0, len(text)-tailBytes):]), err)
}

func errorText(text string, err error) string {
	if err != nil {
		return text + err.Error()
	}
	return text
}

// start returns when the server is ready.
func (p *process) start() error {
	log, err := os.OpenFile(p.log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(binary, p.args...)
	cmd.Env, cmd.Stderr = environment(p.env), log
	stdout, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return err
	}
	lines := make(chan string, 1)
	exited := make(chan struct{})
	go func() {
		defer close(exited)
		line, _ := bufio.NewReader(stdout).ReadString('\n') // nothing more comes
		lines <- line
		_ = cmd.Wait() // how it ends is our doing
	}()
	p.mu.Lock()
	p.cmd, p.exited = cmd, exited
	p.mu.Unlock()
	return p.ready(lines)
}

func (p *process) ready(lines chan string) error {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	var line string
	select {
	case line = <-lines:
	case <-timer.C:
	}
	var said struct {
		Event, URL string
		AdminURL   string `json:"admin_url"`
	}
	if err := json.Unmarshal([]byte(line), &said); err != nil || said.Event != "ready" {
		return errors.Join(err, errors.New("start "+p.name+": got ready line \""+line+"\", want one; its log ends with\n"+p.tail()))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.base, p.admin = said.URL, said.AdminURL
	return nil
}

// at is the address that the server has, or had before it was killed.
func (p *process) at() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.base
}

// kill ends the server as a power cut ends its machine's processes.
func (p *process) kill() {
	p.mu.Lock()
	cmd, exited := p.cmd, p.exited
	p.mu.Unlock()
	if cmd != nil {
		_ = cmd.Process.Kill() // an error says that it is gone already
		<-exited
	}
}

// runs reports whether the server runs: a fault of the database must not end it.
func (p *process) runs() bool {
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

// command runs a command to its end and returns what it prints.
func command(env []string, args ...string) (string, error) {
	cmd := exec.Command(binary, args...)
	var stdout, stderr strings.Builder
	cmd.Env, cmd.Stdout, cmd.Stderr, cmd.WaitDelay = environment(env), &stdout, &stderr, patience
	if err := cmd.Run(); err != nil {
		return "", errors.Join(err, errors.New("avow "+strings.Join(args, " ")+": "+stderr.String()))
	}
	return stdout.String(), nil
}

// made runs a command with --json and reads what it has made.
func made[T any](env []string, args ...string) (v T, err error) {
	text, err := command(env, append(args, "--json")...)
	if err == nil {
		err = json.Unmarshal([]byte(text), &v)
	}
	return v, err
}

// poll tries until there is nothing to complain about.
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

// pause lets the load run.
func pause(d time.Duration) { <-time.NewTimer(d).C }
