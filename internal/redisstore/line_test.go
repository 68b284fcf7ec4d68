package redisstore

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// pass lets the bubble's time pass.
func pass(d time.Duration) { <-time.After(d) }

// TestAFailureIsFollowedByRest sees that a sick Redis is asked once, and again when it has had its rest, until it is well.
func TestAFailureIsFollowedByRest(t *testing.T) {
	t.Parallel()
	inBubble(t, []byte{1}, func(t *testing.T, b *bed) {
		b.change(func() { b.sick = errSick })
		before := b.count()
		for range 100 {
			b.Get(t.Context(), lookup(b.o.Keys))
			b.Put(t.Context(), session(b.o.Keys))
		}
		if got := b.count() - before; got != 1 {
			t.Errorf("got %d calls of a sick Redis, want one", got)
		}
		pass(time.Minute)
		if got := b.count() - before; got < 30 || got > 61 {
			t.Errorf("got %d calls in a minute, want one each second or a little less", got)
		}
		b.change(func() { b.sick = nil })
		pass(2 * rest)
		b.Put(t.Context(), session(b.o.Keys))
		if b.Get(t.Context(), lookup(b.o.Keys)) == nil {
			t.Error("got no session from a Redis that is well again, want it")
		}
		if d := cmp.Diff(map[string]int{"hit": 1, "error": 1, "away": 199}, b.outcomes()); d != "" {
			t.Errorf("outcomes: got (+), want (-):\n%s", d)
		}
		if away, back := b.told("redis is away"), b.told("redis answers"); away != 1 || back != 2 {
			t.Errorf("told %d times that it is away and %d times that it answers, want 1 and 2", away, back)
		}
	})
}

// TestAHungRedisCostsAMomentOnce has many callers meet a Redis that has just fallen silent, and many come after them.
func TestAHungRedisCostsAMomentOnce(t *testing.T) {
	t.Parallel()
	inBubble(t, []byte{1}, func(t *testing.T, b *bed) {
		hang := make(chan struct{})
		b.change(func() { b.hang = hang })
		begin := time.Now()
		var callers sync.WaitGroup
		for range 64 {
			callers.Go(func() { b.Get(t.Context(), lookup(b.o.Keys)) })
		}
		callers.Wait()
		if took := time.Since(begin); took != patience {
			t.Errorf("got %v for those who met it, want %v", took, patience)
		}
		begin = time.Now()
		for range 1000 {
			b.Get(t.Context(), lookup(b.o.Keys))
			b.Put(t.Context(), session(b.o.Keys))
		}
		if took := time.Since(begin); took != 0 {
			t.Errorf("got %v for those who came after, want nothing", took)
		}
		pass(time.Minute)
		b.change(func() { b.hang = nil })
		close(hang)
		pass(2 * rest)
		if err := b.Ready(t.Context()); err != nil {
			t.Errorf("got %v once it answers again, want it ready", err)
		}
	})
}

func TestARedisMayComeLater(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.down = errSick
		b := newBed(t, f, ring(t, 1))
		defer func() { b.Close(); synctest.Wait() }()
		pass(time.Hour)
		if err := b.Ready(t.Context()); !errors.Is(err, errAway) {
			t.Errorf("got %v without a Redis, want %v", err, errAway)
		}
		b.change(func() { b.down = nil })
		pass(2 * rest)
		if err := b.Ready(t.Context()); err != nil {
			t.Errorf("got %v with one, want it ready", err)
		}
		if got := b.told("redis is away"); got != 1 {
			t.Errorf("told %d times in an hour that it is away, want once", got)
		}
	})
}

// TestReadyAsks sees that a Redis that is lost without anybody needing it is noticed by those who ask.
func TestReadyAsks(t *testing.T) {
	t.Parallel()
	inBubble(t, []byte{1}, func(t *testing.T, b *bed) {
		b.change(func() { b.sick = errSick })
		for _, want := range []error{errSick, errAway} {
			if err := b.Ready(t.Context()); !errors.Is(err, want) {
				t.Errorf("got %v, want %v", err, want)
			}
		}
	})
}

// TestACallerWhoLeavesIsNoFailure has callers give up on a Redis that is merely slow.
func TestACallerWhoLeavesIsNoFailure(t *testing.T) {
	t.Parallel()
	inBubble(t, []byte{1}, func(t *testing.T, b *bed) {
		hang := make(chan struct{})
		b.change(func() { b.hang = hang })
		ctx, cancel := context.WithTimeout(t.Context(), patience/2)
		defer cancel()
		if got := b.Get(ctx, lookup(b.o.Keys)); got != nil {
			t.Errorf("got %+v, want none", got)
		}
		b.change(func() { b.hang = nil })
		close(hang)
		if err := b.Ready(t.Context()); err != nil {
			t.Errorf("got %v, want it ready", err)
		}
	})
}

// TestCloseWaitsForNobody closes while a call hangs, and while dialling does; what was opened is closed in the end.
func TestCloseWaitsForNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, hang := newFake(), make(chan struct{})
		f.hang = hang
		b := newBed(t, f, ring(t, 1))
		synctest.Wait() // it hangs in the first probe
		begin := time.Now()
		b.Close()
		if took := time.Since(begin); took != 0 {
			t.Errorf("got %v, want nothing", took)
		}
		close(hang)
		synctest.Wait()
		if f.closed != 1 {
			t.Errorf("got the server closed %d times, want once", f.closed)
		}
		if b.Get(t.Context(), lookup(b.o.Keys)) != nil || b.Ready(t.Context()) == nil {
			t.Error("got a closed cache in use, want it empty")
		}
	})
}
