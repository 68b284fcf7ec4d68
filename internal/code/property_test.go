package code

import (
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"avow/internal/access"
)

// place is where a code is kept: a holder and a purpose.
type place struct{ holder, purpose string }

var places = []place{{"anna", "verify_email"}, {"anna", "reset_password"}, {"bert", "verify_email"}, {"bert", "reset_password"}}

// issued is what the machine knows of a code that went out, by its own count.
type issued struct {
	place   place
	expires time.Time
	wrong   int
	over    bool // used, superseded or withdrawn
}

// machine runs random steps on several places and remembers what must never change.
type machine struct {
	now   time.Time
	kept  map[place]Code
	codes []issued
	used  map[int]bool
	sent  map[string]bool // deliveries that still bring something
}

func hashed(n int) (h access.Hash) {
	binary.BigEndian.PutUint64(h[8:], uint64(n)+1)
	return h
}

func shown(n int) access.Lookup { return access.Lookup{hashed(n), hashed(n), hashed(n)} }

func (m *machine) old(p place) *Code {
	if c, ok := m.kept[p]; ok {
		return &c
	}
	return nil
}

// apply keeps what a step says, as a store does.
func (m *machine) apply(p place, change Change) {
	if change.Code != nil {
		m.kept[p] = *change.Code
	}
	if change.Gone {
		delete(m.kept, p)
	}
	for _, id := range change.Unsend {
		delete(m.sent, id)
	}
}

func (m *machine) end(p place) {
	for i := range m.codes {
		m.codes[i].over = m.codes[i].over || m.codes[i].place == p
	}
}

func (m *machine) issue(t *rapid.T) {
	p, n := rapid.SampledFrom(places).Draw(t, "place"), len(m.codes)
	ttl := rapid.SampledFrom([]time.Duration{time.Minute, time.Hour, 24 * time.Hour}).Draw(t, "ttl")
	delivery := fmt.Sprint("dlv_", n)
	change := Issue(m.old(p), Code{ID: fmt.Sprint("r", n), Hash: hashed(n), Delivery: delivery, CreatedAt: m.now, ExpiresAt: m.now.Add(ttl)})
	m.end(p)
	m.codes, m.sent[delivery] = append(m.codes, issued{place: p, expires: m.now.Add(ttl)}), true
	m.apply(p, change)
}

// good is the code that may be used in a place; -1: none.
func (m *machine) good(p place) int {
	for n, c := range m.codes {
		if c.place == p && !c.over && c.wrong < 20 && m.now.Before(c.expires) {
			return n
		}
	}
	return -1
}

// try shows a code in a place: one of those that went out there or elsewhere, or one that nobody drew.
func (m *machine) try(t *rapid.T) {
	p, n := rapid.SampledFrom(places).Draw(t, "place"), rapid.IntRange(0, len(m.codes)).Draw(t, "code")
	for range rapid.SampledFrom([]int{1, 1, 1, 19, 20}).Draw(t, "times") {
		want := m.good(p)
		right, change := Try(m.old(p), shown(n), m.now)
		if right != (n == want) {
			t.Fatalf("code %d in %v: got right %t, want %d alone to be", n, p, right, want)
		}
		switch {
		case right && m.used[n]:
			t.Fatalf("code %d: got it used twice, want once", n)
		case right:
			m.used[n] = true
			m.end(p)
		case want >= 0:
			m.codes[want].wrong++
		}
		m.apply(p, change)
	}
}

func (m *machine) withdraw(t *rapid.T) {
	if rapid.IntRange(0, 4).Draw(t, "withdraw") > 0 {
		return
	}
	p := rapid.SampledFrom(places).Draw(t, "place")
	m.apply(p, Withdraw(m.old(p)))
	m.end(p)
}

func (m *machine) advance(t *rapid.T) {
	m.now = m.now.Add(rapid.SampledFrom([]time.Duration{1, time.Minute, time.Hour, 24 * time.Hour}).Draw(t, "by"))
}

// Whatever happens, a place has at most one code that works, the last one that went out there; its count never falls; a code works once, in its own place; and nothing
// is on its way that nobody can use any more but for its age or its count.
func TestOneLiveCodeForAHolderAndPurpose(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := &machine{now: start, kept: map[place]Code{}, used: map[int]bool{}, sent: map[string]bool{}}
		t.Repeat(map[string]func(*rapid.T){
			"issue": m.issue, "try": m.try, "try again": m.try, "withdraw": m.withdraw, "advance": m.advance,
			"": m.holds,
		})
	})
}

func (m *machine) holds(t *rapid.T) {
	for _, p := range places {
		want, works := m.good(p), 0
		for n := range m.codes {
			right, _ := Try(m.old(p), shown(n), m.now)
			if right && n != want {
				t.Fatalf("%v: got code %d good, want %d", p, n, want)
			}
			if right {
				works++
			}
		}
		if (works == 1) != (want >= 0) || works > 1 {
			t.Fatalf("%v: got %d codes that work, want the %d. alone", p, works, want)
		}
		if c, ok := m.kept[p]; ok && want >= 0 && c.Wrong != m.codes[want].wrong {
			t.Fatalf("%v: got %d wrong codes, want %d", p, c.Wrong, m.codes[want].wrong)
		}
	}
	for n, c := range m.codes {
		if got := m.sent[fmt.Sprint("dlv_", n)]; got == c.over {
			t.Fatalf("delivery of code %d: got it wanted %t, want %t", n, got, !c.over)
		}
	}
}
