package limit

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// hourly is five an hour: one comes back every twelve minutes.
var hourly = &Policy{Name: "hourly", Quota: 5, Window: time.Hour}

func minutes(n int64) int64 { return n * 60_000_000 }

func TestStep(t *testing.T) {
	t.Parallel()
	const now = int64(1_700_000_000_000_000)
	tests := map[string]struct {
		levels []int64
		moves  []Move
		want   []int64
		moved  bool
	}{
		"unknown":            {[]int64{0}, []Move{{Most: 48, Grow: 12}}, []int64{now + 12}, true},
		"idle":               {[]int64{now - 1}, []Move{{Most: 48, Grow: 12}}, []int64{now + 12}, true},
		"the last one":       {[]int64{now + 48}, []Move{{Most: 48, Grow: 12}}, []int64{now + 60}, true},
		"a moment too early": {[]int64{now + 49}, []Move{{Most: 48, Grow: 12}}, []int64{now + 49}, false},
		"all or none":        {[]int64{now, now + 49}, []Move{{Most: 48, Grow: 12}, {Most: 48, Grow: 12}}, []int64{now, now + 49}, false},
		"both":               {[]int64{now, now + 48}, []Move{{Most: 48, Grow: 12}, {Most: 48, Grow: 12}}, []int64{now + 12, now + 60}, true},
		"room, not taken":    {[]int64{now + 48}, []Move{{Most: 48}}, []int64{now + 48}, true},
		"given back":         {[]int64{now + 60}, []Move{{Most: 1 << 62, Grow: -12}}, []int64{now + 48}, true},
		"given back to idle": {[]int64{now + 5}, []Move{{Most: 1 << 62, Grow: -12}}, []int64{now}, true},
	}
	for name, tt := range tests {
		got, moved := Step(tt.levels, tt.moves, now)
		if d := cmp.Diff(tt.want, got); d != "" || moved != tt.moved {
			t.Errorf("%s: got (+) and moved %t, want (-) and %t:\n%s", name, moved, tt.moved, d)
		}
	}
}

func TestStanding(t *testing.T) {
	t.Parallel()
	const now = int64(1_700_000_000_000_000)
	tests := map[string]struct {
		level     int64
		remaining int
		reset     time.Duration
		wait      time.Duration
	}{
		"whole":                   {0, 5, 12 * time.Minute, 0},
		"one taken":               {now + minutes(12), 4, 12 * time.Minute, 0},
		"one taken a while ago":   {now + minutes(5), 4, 5 * time.Minute, 0},
		"all taken":               {now + minutes(60), 0, 12 * time.Minute, 12 * time.Minute},
		"all, a moment ago":       {now + minutes(60) - 1, 0, 12*time.Minute - time.Microsecond, 12*time.Minute - time.Microsecond},
		"all taken, one is back":  {now + minutes(48), 1, 12 * time.Minute, 0},
		"more than there ever is": {now + minutes(90), 0, 12 * time.Minute, 42 * time.Minute},
	}
	for name, tt := range tests {
		if d := cmp.Diff(Standing{hourly, tt.remaining, tt.reset}, hourly.standing(tt.level, now)); d != "" {
			t.Errorf("%s: got (+), want (-):\n%s", name, d)
		}
		if got := hourly.Of("x").wait(tt.level, now); got != tt.wait {
			t.Errorf("%s: got a wait of %v, want %v", name, got, tt.wait)
		}
	}
}

// bucket is the naive reference: units drip into it, and it holds no more than the quota. Contents are counted in the time that a unit takes to drip.
type bucket struct {
	policy   *Policy
	contents int64
	seen     int64
}

func (b *bucket) at(now int64) {
	b.contents = min(b.contents+max(now-b.seen, 0), b.policy.whole())
	b.seen = max(now, b.seen)
}

// TestBudgetsAreDrippingBuckets plays calls with several policies at random and compares every answer with that of the buckets.
func TestBudgetsAreDrippingBuckets(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := newPlay(t)
		buckets := make([]bucket, len(p.policies))
		for i, policy := range p.policies {
			buckets[i] = bucket{policy, policy.whole(), p.now}
		}
		for range rapid.IntRange(1, 60).Draw(t, "calls") {
			p.pass(t)
			draws := p.draws(t)
			fits := true
			for i := range buckets {
				buckets[i].at(p.now)
				fits = fits && buckets[i].contents >= int64(draws[i].need())*buckets[i].policy.every()
			}
			if got := p.take(draws); got != fits {
				t.Fatalf("got %v taken: %t, want %t", draws, got, fits)
			}
			for i := range buckets {
				if fits {
					buckets[i].contents -= int64(draws[i].Units) * buckets[i].policy.every()
				}
				if got, want := p.policies[i].standing(p.levels[i], p.now).Remaining, int(buckets[i].contents/buckets[i].policy.every()); got != want {
					t.Fatalf("got %d left of %s, want %d", got, p.policies[i].Name, want)
				}
			}
		}
	})
}

// TestNoWindowHoldsTooMuch looks at every stretch of time of a play in which things are given back, too: what was taken and kept is never more than the quota and what
// comes back in that stretch.
func TestNoWindowHoldsTooMuch(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := newPlay(t)
		type kept struct {
			at    int64
			units []int
		}
		var all []*kept
		for range rapid.IntRange(1, 60).Draw(t, "calls") {
			p.pass(t)
			if len(all) > 0 && rapid.IntRange(0, 2).Draw(t, "give back") == 0 {
				i := rapid.IntRange(0, len(all)-1).Draw(t, "which")
				p.giveBack(all[i].at, all[i].units)
				all = append(all[:i], all[i+1:]...)
				continue
			}
			if draws := p.draws(t); p.take(draws) {
				k := &kept{at: p.now}
				for _, d := range draws {
					k.units = append(k.units, d.Units)
				}
				all = append(all, k)
			}
		}
		for which, policy := range p.policies {
			for i, from := range all {
				sum := int64(0)
				for _, to := range all[i:] {
					sum += int64(to.units[which])
					if most := int64(policy.Quota) + (to.at-from.at)/policy.every(); sum > most {
						t.Fatalf("got %d of %s in %d µs, want at most %d", sum, policy.Name, to.at-from.at, most)
					}
				}
			}
		}
	})
}

// TestTimeOnlyGives sees that a budget never shrinks by itself, and is whole after its window.
func TestTimeOnlyGives(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := newPlay(t)
		for range rapid.IntRange(0, 20).Draw(t, "calls") {
			p.take(p.draws(t))
		}
		for i, policy := range p.policies {
			last := -1
			for now := p.now; now <= p.now+policy.whole(); now += policy.every()/3 + 1 {
				left := policy.standing(p.levels[i], now).Remaining
				if left < last {
					t.Fatalf("got %d left of %s, want at least the %d of before", left, policy.Name, last)
				}
				last = left
			}
			if got := policy.standing(p.levels[i], p.now+policy.whole()).Remaining; got != policy.Quota {
				t.Fatalf("got %d left of %s after its window, want %d", got, policy.Name, policy.Quota)
			}
		}
	})
}

// TestRetryAfterIsRight waits as long as a refusal says: a moment less is not enough.
func TestRetryAfterIsRight(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := newPlay(t)
		for range rapid.IntRange(1, 40).Draw(t, "calls") {
			p.pass(t)
			draws := p.draws(t)
			if p.take(draws) {
				continue
			}
			wait := time.Duration(0)
			for i, d := range draws {
				wait = max(wait, d.wait(p.levels[i], p.now))
			}
			p.now += wait.Microseconds() - 1
			if p.take(draws) {
				t.Fatalf("got it a microsecond before %v, want it refused", wait)
			}
			if p.now++; !p.take(draws) {
				t.Fatalf("got it refused after %v, want it", wait)
			}
		}
	})
}

// play is a subject with several budgets, and a clock.
type play struct {
	policies []*Policy
	levels   []int64
	now      int64
}

func newPlay(t *rapid.T) *play {
	p := &play{now: 1_700_000_000_000_000}
	for i := range rapid.IntRange(1, 3).Draw(t, "policies") {
		quota := rapid.IntRange(1, 12).Draw(t, "quota")
		every := rapid.IntRange(1, 1000).Draw(t, "every")
		p.policies = append(p.policies, &Policy{Name: fmt.Sprint("policy ", i), Quota: quota, Window: time.Duration(quota*every) * time.Microsecond})
	}
	p.levels = make([]int64, len(p.policies))
	return p
}

// pass lets time pass: often none, seldom much.
func (p *play) pass(t *rapid.T) {
	p.now += rapid.OneOf(rapid.Just(int64(0)), rapid.Int64Range(0, 300), rapid.Int64Range(0, 5000)).Draw(t, "time")
}

// draws takes something of every budget that is not more than it can ever hold.
func (p *play) draws(t *rapid.T) []Draw {
	draws := make([]Draw, len(p.policies))
	for i, policy := range p.policies {
		draws[i] = Draw{policy, "x", rapid.IntRange(0, min(2, policy.Quota)).Draw(t, "units")}
	}
	return draws
}

func (p *play) take(draws []Draw) bool {
	moves := make([]Move, len(draws))
	for i, d := range draws {
		moves[i] = take(d)
	}
	levels, moved := Step(p.levels, moves, p.now)
	p.levels = levels
	return moved
}

func (p *play) giveBack(at int64, units []int) {
	moves := make([]Move, len(units))
	for i, policy := range p.policies {
		moves[i] = back(Draw{policy, "x", units[i]}, p.now-at)
	}
	p.levels, _ = Step(p.levels, moves, p.now)
}

// TestPoliciesCountWhole sees that the figures of the table are exact in microseconds, and that every policy can be told from the others.
func TestPoliciesCountWhole(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, p := range Policies {
		if p.whole() != p.Window.Microseconds() || p.Window%time.Second != 0 || p.Quota < 1 {
			t.Errorf("%s: got %d in %v, want a quota that divides a window of whole seconds", p.Name, p.Quota, p.Window)
		}
		if names[p.Name] || p.Subject == "" || p.Counts == "" {
			t.Errorf("%s: got it twice or without words, want each once", p.Name)
		}
		names[p.Name] = true
	}
}
