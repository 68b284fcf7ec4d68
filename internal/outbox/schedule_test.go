package outbox

import (
	"testing"
	"time"
)

// documented are the waits of interfaces.md section 5 before each attempt after the first, which is made at once.
var documented = []time.Duration{
	time.Second, 5 * time.Second, 25 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute,
	2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
}

func TestNext(t *testing.T) {
	t.Parallel()
	for schedule, waits := range map[Schedule][]time.Duration{"days": documented, "contract": documented[:3], "": documented, "other": documented} {
		for i, want := range waits {
			tests := map[float64]time.Duration{0: want * 8 / 10, 0.5: want, 0.25: want * 9 / 10, 1: want * 12 / 10}
			for jitter, want := range tests {
				got, more := Next(schedule, i+1, jitter)
				if diff := got - want; diff < -time.Microsecond || diff > time.Microsecond || !more {
					t.Errorf("%q, attempt %d, jitter %v: got %v, %t, want %v, true", schedule, i+1, jitter, got, more, want)
				}
			}
		}
	}
}

// The contract's schedule is one attempt and three more; ours is 13.
func TestNoAttemptAfterTheLast(t *testing.T) {
	t.Parallel()
	for schedule, last := range map[Schedule]int{"days": 13, "contract": 4} {
		for _, attempt := range []int{last, last + 1, 1000, 0, -1} {
			if got, more := Next(schedule, attempt, 0.5); more || got != 0 {
				t.Errorf("%q, attempt %d: got %v, %t, want none", schedule, attempt, got, more)
			}
		}
	}
}

func TestScheduleLastsMoreThanThreeDays(t *testing.T) {
	t.Parallel()
	attempts, total := 1, time.Duration(0)
	for {
		wait, more := Next(Days, attempts, 0.5)
		if !more {
			break
		}
		attempts, total = attempts+1, total+wait
	}
	if attempts != 13 || total <= 72*time.Hour {
		t.Errorf("got %d attempts in %v, want 13 in more than 72h", attempts, total)
	}
}
