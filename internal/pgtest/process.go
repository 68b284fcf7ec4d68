package pgtest

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/user"
	"runtime"
	"strconv"
	"syscall"
	"time"
)

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

func (c *child) alive() bool {
	select {
	case <-c.done:
		return false
	default:
		return true
	}
}

// end asks the program to end, makes it end when it has not after a while, and returns when it is gone.
func (c *child) end(ask os.Signal) {
	_ = c.cmd.Process.Signal(ask) // it may be gone already
	select {
	case <-c.done:
	case <-time.After(endTimeout):
		_ = c.cmd.Process.Signal(syscall.SIGKILL)
		<-c.done
	}
}

// guard is a shell that outlives us: when its input ends, which a panic and kill -9 bring about as well as we do, it removes the directory.
type guard struct {
	cmd   *exec.Cmd
	input io.Closer
}

// guardScript tries again because a server that is just ending may still write.
const guardScript = `read -r _; for i in 1 2 3 4 5 6 7 8 9 10; do rm -rf -- "$0" 2>/dev/null && exit 0; sleep 1; done; exit 1`

func newGuard(dir string) (*guard, error) {
	cmd := exec.Command("sh", "-c", guardScript, dir)
	// In a group of its own it does not get the Ctrl-C that ends us.
	cmd.SysProcAttr = ownGroup()
	input, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	return &guard{cmd, input}, cmd.Start()
}

func (g *guard) release() {
	_ = g.input.Close()
	_ = g.cmd.Wait()
}

// account is whom the programs run as.
type account struct{ uid, gid int }

// unprivileged is an account for the programs when we are root, as whom PostgreSQL refuses to run: that of Debian's package, else nobody's.
// It is nil when they can run as ourselves.
func unprivileged() (*account, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		found, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.Atoi(found.Uid)
		gid, gidErr := strconv.Atoi(found.Gid)
		if uidErr == nil && gidErr == nil {
			return &account{uid, gid}, nil
		}
	}
	return nil, fmt.Errorf("got neither the account postgres nor nobody, want one: PostgreSQL does not run as root")
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
