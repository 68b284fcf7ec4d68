package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"avow/bench/proc"
	"avow/bench/summary"
)

// measurer runs the load generator against everything in turn.
type measurer struct {
	options
	box     *box
	end     time.Time
	summary *summary.Summary
	notes   []string
	begun   int64 // runs so far, repeated ones included
	done    int   // runs of the plan
	planned int
}

// tries is how often a disturbed run is made at most.
const tries = 3

// all measures round by round, so that everything meets the same machine. Rounds begin at different places: no label always has the same neighbour before it.
func (m *measurer) all(ctx context.Context, loads []load) error {
	if len(loads) == 0 {
		return errors.New("there is nothing to measure; see -only and the notes above")
	}
	m.planned = m.rounds * len(m.conns) * len(loads)
	m.settle(loads)
	say("%d runs, about %v without repetitions", m.planned, (time.Duration(m.planned) * m.cost()).Round(time.Second))
	for round := range m.rounds {
		for _, conns := range m.conns {
			for i := range loads {
				l := loads[(i+round*len(loads)/m.rounds)%len(loads)]
				if time.Now().Add(m.cost()).After(m.end) {
					m.notes = append(m.notes, fmt.Sprintf("The time was up: %d of %d runs were left out.", m.planned-m.done, m.planned))
					say("%s", m.notes[len(m.notes)-1])
					return nil
				}
				if err := m.calmest(ctx, l, round, conns); err != nil {
					return err
				}
				m.done++
			}
		}
	}
	return nil
}

// settle waits until what preparing left to do is done, for a while: a database goes on with statements whose callers have given up.
func (m *measurer) settle(loads []load) {
	var all []proc.Group
	for _, l := range loads {
		all = append(all, l.processes...)
	}
	slices.SortFunc(all, func(a, b proc.Group) int { return a.PID - b.PID })
	all = slices.Compact(all)
	last := proc.CPU(proc.Sample(all))
	for range 60 {
		time.Sleep(500 * time.Millisecond)
		now := proc.CPU(proc.Sample(all))
		if now-last < 0.05 {
			return
		}
		last = now
	}
	m.notes = append(m.notes, "Servers or databases were not idle before the first run.")
}

// cost is how long a run takes, with the look whether everything is idle again.
func (m *measurer) cost() time.Duration { return m.warm + m.measured + 450*time.Millisecond }

// calmest repeats a disturbed run while there is time, and keeps the one that was disturbed least.
func (m *measurer) calmest(ctx context.Context, l load, round, conns int) error {
	var best summary.Run
	most := tries
	if m.quick {
		most = 1
	}
	for try := range most {
		r, err := m.one(ctx, l, round, conns)
		if err != nil {
			return err
		}
		m.show(r)
		if try == 0 || r.Alien < best.Alien {
			best = r
		}
		left := time.Duration(m.planned-m.done) * m.cost()
		if m.summary.Clean(r) || time.Now().Add(left).After(m.end) {
			break
		}
	}
	m.summary.Add(best)
	return nil
}

// one is a single run.
func (m *measurer) one(ctx context.Context, l load, round, conns int) (summary.Run, error) {
	for _, v := range l.services {
		if err := v.running(); err != nil {
			return summary.Run{}, err
		}
	}
	var groups []string
	for _, g := range l.processes {
		groups = append(groups, g.String())
	}
	m.begun++
	out, err := run(ctx, spec{name: "load", args: []string{
		binary("load"), "-addr", l.host(), "-path", l.path, "-body", l.body, "-header", l.header, "-list", l.list, "-expect", strconv.Itoa(l.expect),
		"-label", l.label, "-round", strconv.Itoa(round), "-conns", strconv.Itoa(conns), "-for", m.measured.String(), "-warm", m.warm.String(),
		"-start", strconv.FormatInt(m.begun*1_000_003, 10), "-processes", strings.Join(groups, ","),
	}})
	var r summary.Run
	if err == nil {
		err = json.Unmarshal(out, &r)
	}
	return r, err
}

func (m *measurer) show(r summary.Run) {
	bad := ""
	if len(r.Bad) > 0 {
		bad = fmt.Sprintf("  UNWANTED %v: %s", r.Bad, r.Wrong)
	}
	say("%3d/%d  round %d  %2d conns  %-24s %7.0f/s  p99 %6.1f ms  cpu %5.0f us  alien %.2f%s",
		m.done+1, m.planned, r.Round+1, r.Conns, r.Label, r.Rate, r.P99, summary.CPU(r), r.Alien, bad)
}

// profileTime is how long a profile looks; the run around it is longer.
const profileTime = 5 * time.Second

// profiles makes one more run of each avow, which counts for nothing: a profile costs time.
func (m *measurer) profiles(ctx context.Context, loads []load) error {
	if err := os.MkdirAll(m.profile, 0o755); err != nil {
		return err
	}
	longer := *m
	longer.measured = profileTime + time.Second
	for _, l := range loads {
		if l.admin == "" {
			continue
		}
		file := filepath.Join(m.profile, strings.ToLower(strings.ReplaceAll(l.label, " ", "-"))+".pprof")
		failed := make(chan error, 1)
		go func() {
			time.Sleep(m.warm)
			failed <- download(ctx, l.admin+"/debug/pprof/profile?seconds="+strconv.Itoa(int(profileTime.Seconds())), file)
		}()
		if _, err := longer.one(ctx, l, m.rounds, m.conns[len(m.conns)-1]); err != nil {
			return err
		}
		if err := <-failed; err != nil {
			return err
		}
		say("profile: go tool pprof -top %s %s", m.avow, file)
	}
	return nil
}

func download(ctx context.Context, url, file string) error {
	ctx, cancel := context.WithTimeout(ctx, profileTime+10*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 64<<20))
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", url, answer.Status)
	}
	if err != nil {
		return err
	}
	return os.WriteFile(file, text, 0o600)
}
