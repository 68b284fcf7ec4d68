package redisstore

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"avow/internal/limit"
)

// rest is how long a Redis is left alone at least that has failed.
const rest = time.Second

// errAway answers calls while the Redis is left alone.
var errAway = errors.New("redis is away")

// server is what a line leads to.
type server interface {
	// get returns the values of those keys that have one.
	get(ctx context.Context, keys []string) ([][]byte, error)
	// set writes pairs that last for a while.
	set(ctx context.Context, pairs []pair, last time.Duration) error
	// keep does the same but for keys that hold the mark of what was forgotten.
	keep(ctx context.Context, pairs []pair, last time.Duration) error
	// step moves budgets as limit.Step says.
	step(ctx context.Context, now int64, moves []limit.Move) (step, error)
	// close may take long when the server hangs.
	close()
}

type pair struct {
	key   string
	value []byte
}

// probe asks for a write: a Redis that is full, or a replica, is of no use.
func probe(ctx context.Context, s server) error {
	return s.set(ctx, []pair{{"avow:probe", []byte("1")}}, rest)
}

// purpose is what a line is for.
type purpose struct {
	patience time.Duration // how long a call waits
	up, down string        // what the log says when the Redis answers and when it does not
}

// line leads to a Redis when there is one. The first failure cuts it; a loop mends it.
type line struct {
	purpose
	dial  func() (server, error)
	log   *slog.Logger
	lost  chan error    // why the line was cut
	tried chan struct{} // closed when the first try to get through is over
	stop  func()        // ends the loop and waits for its end

	mu     sync.Mutex
	end    server // nil: the line is cut
	closed bool
}

func startLine(p purpose, dial func() (server, error), log *slog.Logger) *line {
	l := &line{purpose: p, dial: dial, log: log, lost: make(chan error, 1), tried: make(chan struct{})}
	ctx, cancel := context.WithCancel(context.Background())
	var loop sync.WaitGroup
	loop.Go(func() { l.keep(ctx) })
	l.stop = func() { cancel(); loop.Wait() }
	return l
}

// keep mends the line whenever it is cut, and tells of every change once.
func (l *line) keep(ctx context.Context) {
	first := sync.OnceFunc(func() { close(l.tried) })
	defer first()
	for told := false; ctx.Err() == nil; {
		err := l.mend(ctx)
		first()
		if err == nil {
			l.log.Info("redis answers: " + l.up)
			told = false
			select {
			case err = <-l.lost:
			case <-ctx.Done():
				return
			}
		}
		if !told && ctx.Err() == nil {
			l.log.Warn("redis is away: "+l.down, "error", err)
			told = true
		}
		pause(ctx)
	}
}

// pause lasts a little longer than rest, so that processes do not come back all at once.
func pause(ctx context.Context) {
	timer := time.NewTimer(rest + rand.N(rest/2))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// mend tries to get through to the server. Dialling has its own end; the loop need not wait for it.
func (l *line) mend(ctx context.Context) error {
	done := make(chan error, 1)
	go func() { done <- l.reach(ctx) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (l *line) reach(ctx context.Context) error {
	s, err := l.dial()
	if err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, connectTime)
	defer cancel()
	if err := probe(limited, s); err != nil {
		s.close()
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		go s.close()
		return errAway
	}
	l.end = s
	return nil
}

func (l *line) server() server {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.end
}

// cut gives a server up, unless that has been done. Nobody waits for its connections to end: it may hang.
func (l *line) cut(s server, why error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.end != s {
		return
	}
	l.end = nil
	l.lost <- why // has room: the loop takes one before it mends the line again
	go s.close()
}

// await waits until it is known whether the server answers, for a moment at most.
func (l *line) await(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 3*connectTime)
	defer cancel()
	select {
	case <-l.tried:
	case <-ctx.Done():
	}
}

// ready asks the server.
func (l *line) ready(ctx context.Context) error {
	_, err := use(ctx, l, func(ctx context.Context, s server) (struct{}, error) { return struct{}{}, probe(ctx, s) })
	return err
}

func (l *line) close() {
	l.mu.Lock()
	s := l.end
	l.end, l.closed = nil, true
	l.mu.Unlock()
	l.stop()
	if s != nil {
		go s.close()
	}
}

// use asks the server for something, for a moment at most, and cuts the line when that fails. A caller who leaves is no failure.
func use[T any](ctx context.Context, l *line, ask func(ctx context.Context, s server) (T, error)) (T, error) {
	s := l.server()
	if s == nil {
		return *new(T), errAway
	}
	value, err := within(ctx, l.patience, func(ctx context.Context) (T, error) { return ask(ctx, s) })
	if err != nil && ctx.Err() == nil {
		l.cut(s, err)
	}
	return value, err
}

// within returns in time, whatever ask does.
func within[T any](ctx context.Context, patience time.Duration, ask func(ctx context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	type answer struct {
		value T
		err   error
	}
	answers := make(chan answer, 1)
	go func() {
		value, err := ask(ctx)
		answers <- answer{value, err}
	}()
	select {
	case a := <-answers:
		return a.value, a.err
	case <-ctx.Done():
		return *new(T), ctx.Err()
	}
}
