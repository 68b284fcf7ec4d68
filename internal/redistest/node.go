package redistest

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"time"
)

const (
	startTimeout = 20 * time.Second
	awaitTimeout = 30 * time.Second
	pollEvery    = 10 * time.Millisecond
	// A start that failed is tried again: another program may have taken the port just before.
	maxStarts = 10
	logLines  = 40
)

// node is a process of redis-server with its directory.
type node struct {
	dir string
	// choose gives the arguments for a port.
	choose func(port int) ([]string, error)
	// answers says whether the server is there and ours.
	answers func(ctx context.Context) error

	running sync.Mutex
	child   *child
	// port and arguments stay the same once the server has run, so they are read without the lock.
	port      int
	arguments []string
}

func (n *node) address() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(n.port)) }

func (n *node) restart() error {
	n.running.Lock()
	defer n.running.Unlock()
	n.end()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		return fmt.Errorf("%w; on Debian, as root: apt-get install --no-install-recommends redis-server", err)
	}
	for range maxStarts {
		if err = n.start(program); err == nil {
			return nil
		}
	}
	return fmt.Errorf("start redis-server: %w\nThe end of its log:\n%s", err, n.tail())
}

func (n *node) start(program string) error {
	if n.child == nil {
		if err := n.settle(); err != nil {
			return err
		}
	}
	log, err := os.OpenFile(n.logFile(), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(program, n.arguments...)
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = n.dir, log, log, attributes()
	started, err := launch(cmd)
	if err != nil {
		return err
	}
	if err := n.ready(started); err != nil {
		started.kill()
		return err
	}
	n.child = started
	return nil
}

// settle chooses port and arguments.
func (n *node) settle() error {
	port, err := freePort()
	if err != nil {
		return err
	}
	arguments, err := n.choose(port)
	n.port, n.arguments = port, append(arguments, "--port", strconv.Itoa(port), "--bind", "127.0.0.1", "--dir", n.dir)
	return err
}

func (n *node) ready(started *child) error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	for {
		err := n.answers(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-started.done:
			return fmt.Errorf("it has ended: %w", started.err)
		case <-ctx.Done():
			return err
		case <-poll.C:
		}
	}
}

func (n *node) kill() {
	n.running.Lock()
	defer n.running.Unlock()
	n.end()
}

// end ends the process if there is one; the caller has the lock.
func (n *node) end() {
	if n.child != nil {
		n.child.kill()
	}
}

func (n *node) signal(sig os.Signal) error {
	n.running.Lock()
	defer n.running.Unlock()
	return n.child.cmd.Process.Signal(sig)
}

func (n *node) logFile() string { return filepath.Join(n.dir, "server.log") }

func (n *node) tail() string {
	text, err := os.ReadFile(n.logFile())
	if err != nil {
		return err.Error()
	}
	lines := bytes.SplitAfter(text, []byte("\n"))
	return string(bytes.Join(lines[max(0, len(lines)-logLines):], nil))
}

// child is a program that we have started.
type child struct {
	cmd *exec.Cmd
	// done is closed when the program has ended; only then err says how.
	done chan struct{}
	err  error
}

func launch(cmd *exec.Cmd) (*child, error) {
	c := &child{cmd: cmd, done: make(chan struct{})}
	started := make(chan error)
	go func() {
		// The kernel ties a child to the thread that started it and kills it with that thread, so this one has to stay.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			c.err = cmd.Wait()
			close(c.done)
		}
	}()
	return c, <-started
}

// kill returns when the program is gone, as it may have been before.
func (c *child) kill() {
	_ = c.cmd.Process.Signal(syscall.SIGKILL)
	<-c.done
}

// freePort picks below the ports that systems give to outgoing connections: one of those must not take the place of a server that is down for a moment.
func freePort() (int, error) {
	const low, high = 20000, 32000
	var last error
	for range 100 {
		port := low + rand.IntN(high-low)
		listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			return port, listener.Close()
		}
		last = err
	}
	return 0, last
}
