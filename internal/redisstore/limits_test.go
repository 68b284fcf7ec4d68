package redisstore

import (
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"avow/internal/limit"
)

const noon = int64(1_700_000_000_000_000)

func TestLimitKeysShareASlot(t *testing.T) {
	t.Parallel()
	k := limit.Key{Policy: "mail-hour", Subject: [16]byte{0xab, 15: 0x01}}
	if got, want := limitKey(k), "{avow:limit}:mail-hour:ab000000000000000000000000000001"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	keys, args := stepArguments(noon, []limit.Move{{Key: k, Most: 48, Grow: 12}, {Key: k, Most: 1<<63 - 1, Grow: -7}})
	if len(keys) != 2 {
		t.Errorf("got keys %v, want two", keys)
	}
	if d := cmp.Diff([]string{"1700000000000000", "48", "12", "9223372036854775807", "-7"}, args); d != "" {
		t.Errorf("got (+), want (-):\n%s", d)
	}
}

// countIn runs a test with a limiter in a world of its own, on a fake that is spoilt from the beginning.
func countIn(t *testing.T, spoil func(f *fake), test func(t *testing.T, f *fake, l *Limits)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		spoil(f)
		l := openLimits(Options{Log: slog.New(slog.DiscardHandler)}, f.dial)
		defer func() { l.Close(); synctest.Wait() }()
		test(t, f, l)
	})
}

func sound(*fake) {}

var oneMove = []limit.Move{{Key: limit.Key{Policy: "p"}, Most: 0, Grow: 10}}

// TestLimitsFailWhenAway sees that nobody takes an answer that was never given for one, and that a sick Redis is left alone.
func TestLimitsFailWhenAway(t *testing.T) {
	t.Parallel()
	countIn(t, sound, func(t *testing.T, f *fake, l *Limits) {
		l.Await(t.Context())
		if levels, moved, err := l.Step(t.Context(), noon, oneMove); err != nil || !moved || levels[0] != noon+10 {
			t.Fatalf("got %v, %t, %v, want it moved", levels, moved, err)
		}
		f.change(func() { f.sick = errSick })
		for _, want := range []error{errSick, errAway, errAway} {
			if levels, moved, err := l.Step(t.Context(), noon, oneMove); !errors.Is(err, want) || moved || levels != nil {
				t.Errorf("got %v, %t, %v, want %v alone", levels, moved, err, want)
			}
		}
		f.change(func() { f.sick = nil })
		pass(2 * rest)
		if _, moved, err := l.Step(t.Context(), noon+10, oneMove); err != nil || !moved {
			t.Errorf("got %t, %v once it is well again, want it moved", moved, err)
		}
	})
}

// TestLimitsAreMorePatient sees that a moment in which a session would be read elsewhere refuses no mail.
func TestLimitsAreMorePatient(t *testing.T) {
	t.Parallel()
	countIn(t, sound, func(t *testing.T, f *fake, l *Limits) {
		l.Await(t.Context())
		hang := make(chan struct{})
		f.change(func() { f.hang = hang })
		time.AfterFunc(5*patience, func() { close(hang) })
		if _, moved, err := l.Step(t.Context(), noon, oneMove); err != nil || !moved {
			t.Errorf("got %t, %v after %v, want it moved", moved, err, 5*patience)
		}
		f.change(func() { f.hang = make(chan struct{}) })
		begin := time.Now()
		_, _, err := l.Step(t.Context(), noon, oneMove)
		if took := time.Since(begin); err == nil || took != counting.patience {
			t.Errorf("got %v after %v, want an error after %v", err, took, counting.patience)
		}
		if _, _, err := l.Step(t.Context(), noon, oneMove); !errors.Is(err, errAway) {
			t.Errorf("got %v for those who come after, want %v", err, errAway)
		}
		f.change(func() { close(f.hang) })
	})
}

// TestAwait sees that a process that starts waits for the first try, whether or not there is a Redis, and not for long.
func TestAwait(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		spoil func(f *fake)
		took  time.Duration
		want  error
	}{
		"there":   {sound, 0, nil},
		"down":    {func(f *fake) { f.down = errSick }, 0, errAway},
		"hanging": {func(f *fake) { f.hang = make(chan struct{}) }, 3 * connectTime, errAway},
	} {
		countIn(t, tt.spoil, func(t *testing.T, f *fake, l *Limits) {
			begin := time.Now()
			l.Await(t.Context())
			if took := time.Since(begin); took != tt.took {
				t.Errorf("%s: got it after %v, want %v", name, took, tt.took)
			}
			if f.hang != nil {
				close(f.hang)
				return
			}
			if err := l.Ready(t.Context()); !errors.Is(err, tt.want) {
				t.Errorf("%s: got %v, want %v", name, err, tt.want)
			}
		})
	}
}
