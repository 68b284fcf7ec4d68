package store

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"avow/internal/access"
)

// unit is one load → decide → save on its way through an engine.
type unit struct {
	load     func() *batch
	decide   func() *batch
	conflict func() string // after the load: what no two units of a transaction may both change; empty: nothing

	left    atomic.Bool // the caller has gone before it was begun
	panicky any         // what decide panicked with
	done    chan error
}

func newUnit(load, decide func() *batch, conflict func() string) *unit {
	if conflict == nil {
		conflict = func() string { return "" }
	}
	return &unit{load: load, decide: decide, conflict: conflict, done: make(chan error, 1)}
}

// decided runs the decision. A panic is kept for the caller of the change, whose request it ruins and nobody else's.
func (u *unit) decided() (save *batch, ok bool) {
	defer func() {
		if p := recover(); p != nil {
			u.panicky, save, ok = fmt.Sprintf("%v\n%s", p, debug.Stack()), nil, false
		}
	}()
	return u.decide(), true
}

const (
	groupSize = 64   // changes that share a transaction; larger groups gain nothing
	queueSize = 1024 // changes that wait; more are refused at once
)

// committer collects changes into groups: whatever is waiting when the one before is done, never waiting for more.
type committer struct {
	queue  chan *unit
	closed chan struct{}
	ended  chan struct{} // closed when the loops have ended
	loops  sync.WaitGroup
	group  func(ctx context.Context, units []*unit) (again []*unit)
	told   func(changes int, took time.Duration)
}

// changeTime bounds a group once it has begun. It does not end with a caller: a commit that is under way is either durable or rolled back, never half.
const changeTime = 20 * time.Second

// startCommitter runs n loops that carry out groups, and tells of each. Again, what a group returns, is first in the loop's next group.
func startCommitter(n int, group func(context.Context, []*unit) []*unit, told func(changes int, took time.Duration)) *committer {
	c := &committer{queue: make(chan *unit, queueSize), closed: make(chan struct{}), ended: make(chan struct{}), group: group, told: told}
	for range n {
		c.loops.Go(c.loop)
	}
	return c
}

// submit hands a unit over and waits for its end.
func (c *committer) submit(ctx context.Context, u *unit) error {
	select {
	case <-c.closed:
		return errClosed
	default:
	}
	select {
	case c.queue <- u:
	default:
		return access.ErrBusy
	}
	select {
	case err := <-u.done:
		return u.outcome(err)
	case <-ctx.Done():
		u.left.Store(true)
		return fmt.Errorf("wait for the database: %w", ctx.Err())
	case <-c.ended:
		return u.late()
	}
}

// outcome passes a panic of the decision on to the caller.
func (u *unit) outcome(err error) error {
	if u.panicky != nil {
		panic(u.panicky)
	}
	return err
}

// late answers a unit that came in the moment of the close.
func (u *unit) late() error {
	select {
	case err := <-u.done:
		return u.outcome(err)
	default:
		return errClosed
	}
}

func (c *committer) loop() {
	var waiting []*unit
	for {
		units := c.gather(waiting)
		if units == nil {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), changeTime)
		begun := time.Now()
		waiting = c.group(ctx, units)
		c.told(len(units), time.Since(begun))
		cancel()
	}
}

// gather takes what waits, at least one unit; nil when the committer is closed and nothing waits. Units whose caller has left are dropped.
func (c *committer) gather(units []*unit) []*unit {
	for len(units) == 0 {
		select {
		case u := <-c.queue:
			units = u.join(units)
		case <-c.closed:
			return c.rest(nil)
		}
	}
	return c.rest(units)
}

// rest fills up a group with what waits at this moment.
func (c *committer) rest(units []*unit) []*unit {
	for len(units) < groupSize {
		select {
		case u := <-c.queue:
			units = u.join(units)
		default:
			return units
		}
	}
	return units
}

// join adds a unit to a group unless its caller has left.
func (u *unit) join(units []*unit) []*unit {
	if u.left.Load() {
		return units
	}
	return append(units, u)
}

// close lets the loops finish what is queued and ends them.
func (c *committer) close() {
	close(c.closed)
	c.loops.Wait()
	close(c.ended)
}
