package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"avow/bench/proc"
)

// box holds everything that must be gone in the end: a directory and the processes that were started.
type box struct {
	dir      string
	services []*service
}

func newBox(parent string) (*box, error) {
	dir, err := os.MkdirTemp(parent, "avow-bench-")
	if err != nil {
		return nil, err
	}
	// PostgreSQL may run as another user, who has to get to its directory; nothing can be listed, and what is secret lies in directories of its own.
	return &box{dir: dir}, os.Chmod(dir, 0o711)
}

func (b *box) path(name string) string { return filepath.Join(b.dir, name) }

// spec is a process to start.
type spec struct {
	name  string
	args  []string
	env   []string
	user  *syscall.Credential
	dir   string
	stdin io.Reader
	stop  syscall.Signal // how it is asked to end
	quiet bool           // it logs every request: thrown away
}

// service is a process that runs until the end.
type service struct {
	spec
	cmd   *exec.Cmd
	log   string
	first chan string // the first line of its output
	done  chan struct{}
}

// baseEnv is all that a process gets of our own environment: an AVOW_ setting of the user must not change what is measured.
func baseEnv() []string { return []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"} }

// start starts a process that ends with this one, however this one ends.
func (b *box) start(s spec) (*service, error) {
	v := &service{spec: s, log: b.path(s.name + ".log"), first: make(chan string, 1), done: make(chan struct{})}
	v.cmd = exec.Command(s.args[0], s.args[1:]...)
	v.cmd.Env, v.cmd.Dir, v.cmd.Stdin = append(baseEnv(), s.env...), s.dir, s.stdin
	// A group of its own keeps the terminal's Ctrl-C away: close ends everything in the right order.
	v.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: s.stop, Credential: s.user}
	if !s.quiet {
		log, err := os.OpenFile(v.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
		if err != nil {
			return nil, err
		}
		defer func() { _ = log.Close() }()
		v.cmd.Stderr = log
	}
	out, err := v.cmd.StdoutPipe()
	if err == nil {
		err = v.cmd.Start()
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.name, err)
	}
	b.services = append(b.services, v)
	go v.watch(out)
	return v, nil
}

func (v *service) watch(out io.Reader) {
	lines := bufio.NewReader(out)
	if line, err := lines.ReadString('\n'); err == nil {
		v.first <- line
	}
	_, _ = io.Copy(io.Discard, lines)
	_ = v.cmd.Wait()
	close(v.done)
}

// announcement is the line by which a server says that it accepts connections.
type announcement struct {
	URL      string `json:"url"`
	AdminURL string `json:"admin_url"`
}

const startTime = time.Minute

// ready waits for the announcement.
func (v *service) ready(ctx context.Context) (a announcement, err error) {
	select {
	case line := <-v.first:
		if err := json.Unmarshal([]byte(line), &a); err != nil {
			return a, fmt.Errorf("%s: %q is no announcement: %w", v.name, line, err)
		}
		return a, nil
	case <-v.done:
		return a, v.failure("ended at once")
	case <-time.After(startTime):
		return a, v.failure("did not start within " + startTime.String())
	case <-ctx.Done():
		return a, ctx.Err()
	}
}

// running fails when a process is gone.
func (v *service) running() error {
	select {
	case <-v.done:
		return v.failure("ended")
	default:
		return nil
	}
}

// failure adds the end of the process's log, which close removes.
func (v *service) failure(what string) error {
	log, _ := os.ReadFile(v.log)
	return fmt.Errorf("%s %s: %s", v.name, what, log[max(0, len(log)-2000):])
}

// group names the process for counting.
func (v *service) group(name string, tree bool) proc.Group {
	return proc.Group{Name: name, PID: v.cmd.Process.Pid, Tree: tree}
}

const stopTime = 5 * time.Second

// close ends every process, the last one first, and removes the directory.
func (b *box) close() error {
	for _, v := range slices.Backward(b.services) {
		_ = v.cmd.Process.Signal(v.stop)
		select {
		case <-v.done:
		case <-time.After(stopTime):
			_ = v.cmd.Process.Kill()
			<-v.done
		}
	}
	return os.RemoveAll(b.dir)
}

// run carries out a short command and returns what it printed.
func run(ctx context.Context, s spec) ([]byte, error) {
	cmd := exec.CommandContext(ctx, s.args[0], s.args[1:]...)
	cmd.Env, cmd.Dir, cmd.Stdin = append(baseEnv(), s.env...), s.dir, s.stdin
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: s.user}
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		err = fmt.Errorf("%s: %w: %s", s.name, err, exit.Stderr)
	}
	return out, err
}
