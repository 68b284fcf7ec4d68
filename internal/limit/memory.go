package limit

import (
	"context"
	"sync"
)

const (
	// Subjects is how many subjects of one policy a process remembers; a few megabytes for each policy at most.
	Subjects = 1 << 16
	// glance is how many subjects are looked at for one to forget.
	glance = 16
)

// Memory is the Limiter of one process. It remembers a bounded number of subjects a policy, and forgets those first that are idle, then those that have used least.
type Memory struct {
	most   int
	mu     sync.Mutex
	levels map[string]map[[16]byte]int64
}

// NewMemory makes a limiter that remembers at most that many subjects of one policy.
func NewMemory(most int) *Memory {
	return &Memory{most: most, levels: map[string]map[[16]byte]int64{}}
}

// Step implements Limiter.
func (m *Memory) Step(_ context.Context, now int64, moves []Move) (levels []int64, moved bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	before := make([]int64, len(moves))
	for i, move := range moves {
		before[i] = m.levels[move.Key.Policy][move.Key.Subject]
	}
	levels, moved = Step(before, moves, now)
	for i, move := range moves {
		if moved && move.Grow != 0 {
			m.keep(move.Key, levels[i], now)
		}
	}
	return levels, moved, nil
}

func (m *Memory) keep(k Key, level, now int64) {
	table := m.levels[k.Policy]
	if table == nil {
		table = map[[16]byte]int64{}
		m.levels[k.Policy] = table
	}
	if _, known := table[k.Subject]; !known {
		forget(table, now, len(table) >= m.most)
	}
	table[k.Subject] = level
}

// forget glances at some subjects, drops the idle ones and, if it must, makes sure that one goes: of those it sees the one that has used least. So the budget of one who
// is being bombed is not forgotten because many others were seen once.
func forget(table map[[16]byte]int64, now int64, must bool) {
	var least [16]byte
	lowest, seen, dropped := int64(0), 0, false
	for subject, level := range table {
		if level <= now {
			delete(table, subject)
			dropped = true
		} else if lowest == 0 || level < lowest {
			least, lowest = subject, level
		}
		if seen++; seen == glance {
			break
		}
	}
	if must && !dropped {
		delete(table, least)
	}
}
