package limit

import (
	"encoding/binary"
	"testing"

	"pgregory.net/rapid"
)

const noon = int64(1_700_000_000_000_000)

func subject(n int) (s [16]byte) {
	binary.BigEndian.PutUint64(s[:], uint64(n)+1)
	return s
}

// use takes one of five an hour and reports whether it was there.
func (m *Memory) use(t testing.TB, n int, now int64) bool {
	t.Helper()
	move := take(hourly.Of(""))
	move.Key = Key{"hourly", subject(n)}
	_, moved, err := m.Step(t.Context(), now, []Move{move})
	if err != nil {
		t.Fatal(err)
	}
	return moved
}

func TestMemoryKeepsSubjectsAndPoliciesApart(t *testing.T) {
	t.Parallel()
	m := NewMemory(100)
	for i := range 7 {
		if got, want := m.use(t, 1, noon), i < 5; got != want {
			t.Errorf("call %d: got it %t, want %t", i+1, got, want)
		}
	}
	if !m.use(t, 2, noon) {
		t.Error("got another subject refused, want it not to be")
	}
	other := Move{Key: Key{"other", subject(1)}, Most: 0, Grow: 1}
	if levels, moved, _ := m.Step(t.Context(), noon, []Move{other}); !moved || levels[0] != noon+1 {
		t.Errorf("got another policy's level %d, %t, want its own", levels[0]-noon, moved)
	}
}

// TestMemoryTakesAllOrNone sees that a call that is refused for one budget leaves the other as it was.
func TestMemoryTakesAllOrNone(t *testing.T) {
	t.Parallel()
	m := NewMemory(100)
	narrow, wide := Move{Key: Key{"narrow", subject(1)}, Most: 0, Grow: 10}, Move{Key: Key{"wide", subject(1)}, Most: 100, Grow: 10}
	for range 3 {
		_, _, _ = m.Step(t.Context(), noon, []Move{wide, narrow})
	}
	if levels, _, _ := m.Step(t.Context(), noon, []Move{{Key: wide.Key, Most: 100}}); levels[0] != noon+10 {
		t.Errorf("got the wide one's level %d, want that of one call, 10", levels[0]-noon)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	const most = 64
	m := NewMemory(most)
	for range 5 {
		m.use(t, 0, noon)
	}
	for n := 1; n < 20*most; n++ {
		if !m.use(t, n, noon) {
			t.Fatalf("subject %d: got it refused, want it not to be", n)
		}
		if got := len(m.levels["hourly"]); got > most {
			t.Fatalf("got %d subjects, want at most %d", got, most)
		}
	}
	if m.use(t, 0, noon) {
		t.Error("got the subject that used most forgotten, want it to outlast all that were seen once")
	}
}

// TestMemoryForgetsTheIdle sees that subjects go that nobody has asked for long, though there is room for them.
func TestMemoryForgetsTheIdle(t *testing.T) {
	t.Parallel()
	const most = 1000
	m := NewMemory(most)
	for n := range most / 2 {
		m.use(t, n, noon)
	}
	for n := range most / 4 {
		m.use(t, most+n, noon+minutes(120))
	}
	if got := len(m.levels["hourly"]); got > most/4 {
		t.Errorf("got %d subjects, want none of those that are idle", got)
	}
	if !m.use(t, 1, noon+minutes(120)) {
		t.Error("got a forgotten subject refused, want its whole budget")
	}
}

// TestMemoryIsStep compares a memory with the arithmetic on levels that are never forgotten.
func TestMemoryIsStep(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m, all := NewMemory(1000), map[Key]int64{}
		for n, now := 0, noon; n < 100; n++ {
			now += rapid.Int64Range(0, 50).Draw(t, "time")
			moves := someMoves(t)
			levels := make([]int64, len(moves))
			for i, move := range moves {
				levels[i] = all[move.Key]
			}
			want, wantMoved := Step(levels, moves, now)
			got, moved, _ := m.Step(t.Context(), now, moves)
			for i, move := range moves {
				if got[i] != want[i] || moved != wantMoved {
					t.Fatalf("got level %d and moved %t, want %d and %t", got[i]-now, moved, want[i]-now, wantMoved)
				}
				all[move.Key] = want[i]
			}
		}
	})
}

// someMoves draws moves of a few budgets.
func someMoves(t *rapid.T) []Move {
	names := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c", "d"}), 1, 4, rapid.ID).Draw(t, "policies")
	moves := make([]Move, len(names))
	for i, name := range names {
		moves[i] = Move{
			Key:  Key{name, subject(rapid.IntRange(0, 2).Draw(t, "subject"))},
			Most: rapid.Int64Range(0, 100).Draw(t, "most"), Grow: rapid.Int64Range(-20, 40).Draw(t, "grow"),
		}
	}
	return moves
}
