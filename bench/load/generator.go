package main

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"avow/bench/proc"
	"avow/bench/summary"
)

// The phases of a run.
const (
	warming = iota
	measuring
	stopped
)

type generator struct {
	options
	next  atomic.Int64 // how many requests were begun
	phase atomic.Int32
	wrong atomic.Pointer[string] // the first unwanted answer
}

func newGenerator(o options) *generator { return &generator{options: o} }

// tally is what one connection counted while the phase was measuring.
type tally struct {
	times []time.Duration
	bad   map[int]int
}

// unreachable is counted in the place of a status.
const unreachable = -1

func (g *generator) run() summary.Run {
	tallies := make([]tally, g.conns)
	var working sync.WaitGroup
	m := begin(g.processes)
	for i := range tallies {
		working.Go(func() { tallies[i] = g.work() })
	}
	over := make(chan struct{})
	go func() { working.Wait(); close(over) }()
	time.Sleep(g.warm)
	begun := time.Now()
	g.phase.Store(measuring)
	select {
	case <-time.After(g.measured):
	case <-over: // the server is gone, or the bound is reached
	}
	g.phase.Store(stopped)
	measured := time.Since(begun)
	<-over
	alien := m.alien()
	m.drain(g.drain)

	r := g.result(tallies, measured)
	r.Alien = alien
	r.CPU, r.RSS = m.perRequest(min(g.next.Load(), maxRequests))
	return r
}

func (g *generator) result(tallies []tally, measured time.Duration) summary.Run {
	r := summary.Run{Label: g.label, Conns: g.conns, Round: g.round, Bad: map[string]int{}}
	var times []time.Duration
	for _, t := range tallies {
		times = append(times, t.times...)
		for status, n := range t.bad {
			r.Bad[strconv.Itoa(status)] += n
		}
	}
	slices.Sort(times)
	r.Rate = float64(len(times)) / measured.Seconds()
	if wrong := g.wrong.Load(); wrong != nil {
		r.Wrong = *wrong
	}
	r.P50, r.P99 = percentile(times, 0.50), percentile(times, 0.99)
	return r
}

func percentile(sorted []time.Duration, p float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	i := min(int(p*float64(len(sorted))), len(sorted)-1)
	return float64(sorted[i]) / float64(time.Millisecond)
}

// work keeps one connection busy until the phase is stopped.
func (g *generator) work() tally {
	t := tally{times: make([]time.Duration, 0, 1<<14), bad: map[int]int{}}
	c, err := dial(g.addr)
	if err != nil {
		t.bad[unreachable]++
		return t
	}
	defer func() { _ = c.Close() }()
	m := newMessage(g.options)
	for g.phase.Load() != stopped {
		i := g.next.Add(1) - 1
		if i >= maxRequests {
			return t
		}
		request := m.bytes(g.start+i, g.line(i))
		begun := time.Now()
		h, err := c.do(request)
		took := time.Since(begun)
		g.count(&t, c, h, err, took)
		if err != nil || h.closes {
			_ = c.Close()
			if c, err = redial(c, g.addr); err != nil {
				t.bad[unreachable]++
				return t
			}
		}
	}
	return t
}

// redial keeps the old connection on failure, so that closing it again stays harmless.
func redial(old *connection, addr string) (*connection, error) {
	c, err := dial(addr)
	if err != nil {
		return old, err
	}
	return c, nil
}

func (g *generator) line(i int64) string {
	if len(g.lines) == 0 {
		return ""
	}
	return g.lines[(g.start+i)%int64(len(g.lines))]
}

func (g *generator) count(t *tally, c *connection, h header, err error, took time.Duration) {
	good := err == nil && h.status == g.expect
	if !good && g.wrong.Load() == nil {
		text := fmt.Sprintf("status %d, error %v: %.300s", h.status, err, c.body)
		g.wrong.CompareAndSwap(nil, &text)
	}
	switch {
	case !good: // one in the warm-up is no better
		t.bad[h.status]++
	case g.phase.Load() == measuring:
		t.times = append(t.times, took)
	}
}

// meter reads what the processes use from the first request until they are idle again: work that a server puts off is work.
type meter struct {
	processes   []proc.Group
	self        []proc.Group
	begun       time.Time
	busy        float64
	first, last map[string]proc.Usage
	own         float64
}

func begin(processes []proc.Group) *meter {
	m := &meter{processes: processes, self: []proc.Group{{Name: "load", PID: os.Getpid()}}, begun: time.Now()}
	m.first = proc.Sample(processes)
	m.own = proc.CPU(proc.Sample(m.self))
	m.busy, _ = proc.Machine()
	return m
}

// alien is how many CPUs anything else kept busy since begin.
func (m *meter) alien() float64 {
	busy, _ := proc.Machine()
	m.last = proc.Sample(m.processes)
	ours := proc.CPU(m.last) - proc.CPU(m.first) + proc.CPU(proc.Sample(m.self)) - m.own
	return max(0, busy-m.busy-ours) / time.Since(m.begun).Seconds()
}

// Less than idleCPU seconds in a look's time is idle.
const (
	look    = 300 * time.Millisecond
	idleCPU = 0.03
)

func (m *meter) drain(longest time.Duration) {
	for begun := time.Now(); time.Since(begun) < longest; {
		time.Sleep(look)
		now := proc.Sample(m.processes)
		used := proc.CPU(now) - proc.CPU(m.last)
		for name, u := range now {
			u.RSS = max(u.RSS, m.last[name].RSS)
			now[name] = u
		}
		m.last = now
		if used < idleCPU {
			return
		}
	}
}

func (m *meter) perRequest(requests int64) (cpu, rss map[string]float64) {
	cpu, rss = map[string]float64{}, map[string]float64{}
	for name, u := range m.last {
		cpu[name] = (u.CPU - m.first[name].CPU) * 1e6 / float64(max(requests, 1))
		rss[name] = u.RSS
	}
	return cpu, rss
}
