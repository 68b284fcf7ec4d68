//go:build integration

package redisstore

import (
	"encoding/binary"
	"fmt"
	"log/slog"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"avow/internal/config"
	"avow/internal/limit"
	"avow/internal/redistest"
)

// newLimits opens a limiter and waits until it counts.
func newLimits(t *testing.T, address string) *Limits {
	t.Helper()
	settings, err := config.Load(config.Dev, nil, []string{"AVOW_REDIS_URL=" + address})
	if err != nil {
		t.Fatal(err)
	}
	l := OpenLimits(Options{Redis: settings.Redis, Log: slog.New(slog.DiscardHandler)})
	t.Cleanup(l.Close)
	await(t, "ready", func() bool { return l.Ready(t.Context()) == nil })
	return l
}

// TestRedisCountsAsMemoryDoes plays the same calls, at random, through both backends and compares every answer, on one server and on a Cluster.
func TestRedisCountsAsMemoryDoes(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(t *testing.T) string{
		"server": func(t *testing.T) string { return redistest.Start(t).URL },
		"cluster": func(t *testing.T) string {
			login, list := hosts(t, redistest.StartCluster(t).Masters)
			return "redis://" + login + list
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLimits(t, start(t))
			var plays atomic.Uint64
			rapid.Check(t, func(r *rapid.T) { compare(r, t, limit.NewMemory(1000), l, plays.Add(1)) })
		})
	}
}

// compare plays calls of subjects that no other play has. What Redis does not answer in time, on a busy machine, is no answer to compare.
func compare(r *rapid.T, t *testing.T, memory *limit.Memory, redis *Limits, play uint64) {
	now := noon + int64(play)
	for range rapid.IntRange(1, 40).Draw(r, "calls") {
		now += rapid.OneOf(rapid.Just(int64(0)), rapid.Int64Range(0, 50), rapid.Int64Range(0, 1_000_000_000)).Draw(r, "time")
		moves := someMoves(r, play)
		got, gotMoved, err := redis.Step(t.Context(), now, moves)
		if err != nil {
			r.Skip(err)
		}
		want, wantMoved, _ := memory.Step(t.Context(), now, moves)
		if d := cmp.Diff(want, got); d != "" || gotMoved != wantMoved {
			r.Fatalf("got (+) and moved %t, want (-) and %t:\n%s", gotMoved, wantMoved, d)
		}
	}
}

func someMoves(r *rapid.T, play uint64) []limit.Move {
	names := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c", "d", "e"}), 1, 5, rapid.ID).Draw(r, "policies")
	scale := rapid.SampledFrom([]int64{1, 1_000, 720_000_000}).Draw(r, "scale")
	moves := make([]limit.Move, len(names))
	for i, name := range names {
		k := limit.Key{Policy: name}
		binary.BigEndian.PutUint64(k.Subject[:], play)
		k.Subject[15] = byte(rapid.IntRange(0, 2).Draw(r, "subject"))
		moves[i] = limit.Move{
			Key: k, Most: scale * rapid.Int64Range(0, 100).Draw(r, "most"), Grow: scale*rapid.Int64Range(-20, 40).Draw(r, "grow") + rapid.Int64Range(-1, 1).Draw(r, "odd"),
		}
	}
	return moves
}

// once takes what there is one of in an hour.
func once(t *testing.T, l *Limits, n int, now int64) (moved bool) {
	t.Helper()
	k := limit.Key{Policy: "once"}
	binary.BigEndian.PutUint64(k.Subject[:], uint64(n))
	// A busy machine may make Redis look dead for a moment.
	await(t, "an answer", func() bool {
		_, got, err := l.Step(t.Context(), now, []limit.Move{{Key: k, Grow: time.Hour.Microseconds()}})
		moved = got
		return err == nil
	})
	return moved
}

// TestRedisIsShared has two processes take the same budgets: each has the other's.
func TestRedisIsShared(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	one, two := newLimits(t, s.URL), newLimits(t, s.URL)
	for n := range 20 {
		if first, second := once(t, one, n, noon), once(t, two, n, noon); !first || second {
			t.Errorf("budget %d: got it %t, then %t, want it once", n, first, second)
		}
	}
	if !once(t, two, 1, noon+time.Hour.Microseconds()) {
		t.Error("got it refused after its window, want it")
	}
}

// TestRedisForgetsBudgets looks at the life of the keys, and at what they are called.
func TestRedisForgetsBudgets(t *testing.T) {
	t.Parallel()
	l := newLimits(t, redistest.Start(t).URL)
	once(t, l, 7, noon)
	client := l.line.server().(redis).client
	keys, err := client.Do(t.Context(), client.B().Keys().Pattern("*limit*").Build()).AsStrSlice()
	if d := cmp.Diff([]string{"{avow:limit}:once:00000000000000070000000000000000"}, keys); d != "" || err != nil {
		t.Fatalf("keys: %v, got (+), want (-):\n%s", err, d)
	}
	life, err := client.Do(t.Context(), client.B().Pttl().Key(keys[0]).Build()).AsInt64()
	if most := (time.Hour + 10*time.Second).Milliseconds(); err != nil || life > most || life < most-5_000 {
		t.Errorf("got a life of %d ms, %v, want about %d", life, err, most)
	}
	level, err := client.Do(t.Context(), client.B().Get().Key(keys[0]).Build()).ToString()
	if want := strconv.FormatInt(noon+time.Hour.Microseconds(), 10); err != nil || level != want {
		t.Errorf("got level %q, %v, want %s to the microsecond", level, err, want)
	}
}

// TestRedisHoldsWhatIsNoLevel puts what anybody could write in the place of a level: it counts as none.
func TestRedisHoldsWhatIsNoLevel(t *testing.T) {
	t.Parallel()
	l := newLimits(t, redistest.Start(t).URL)
	client := l.line.server().(redis).client
	for n, text := range []string{"", "hello", "{}", "-5"} {
		key := fmt.Sprintf("{avow:limit}:once:%016x0000000000000000", n)
		if err := client.Do(t.Context(), client.B().Set().Key(key).Value(text).Build()).Error(); err != nil {
			t.Fatal(err)
		}
		if !once(t, l, n, noon) || once(t, l, n, noon) {
			t.Errorf("%q: got it not once, want it once", text)
		}
	}
}

// TestLimitsKilledAndHung sees that nobody waits long for a Redis that is dead, and that it counts again when it is back: from nothing if it has lost its memory.
func TestLimitsKilledAndHung(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	l := newLimits(t, s.URL)
	once(t, l, 1, noon)
	s.Hang()
	begin := time.Now()
	if _, moved, err := l.Step(t.Context(), noon, []limit.Move{{Grow: 1}}); err == nil || moved {
		t.Errorf("got it moved %t by a hung Redis, want an error", moved)
	}
	if took := time.Since(begin); took > 2*time.Second {
		t.Errorf("got an answer after %v, want it in a moment", took)
	}
	s.Resume()
	if once(t, l, 1, noon) {
		t.Error("got it again after a pause, want it remembered")
	}
	s.Kill()
	await(t, "the loss", func() bool {
		_, _, err := l.Step(t.Context(), noon, []limit.Move{{Grow: 1}})
		return err != nil
	})
	s.Restart()
	if !once(t, l, 1, noon) {
		t.Error("got it refused by an empty Redis, want it")
	}
}
