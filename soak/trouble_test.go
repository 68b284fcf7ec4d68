//go:build soak

package soak

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"testing"
	"time"
)

var troubles = flag.Int("troubles", 3, "how often each trouble happens to Redis")

const (
	lanes     = 16
	holding   = 4                     // of the lanes; the others have students
	callEvery = 25 * time.Millisecond // of a lane
	verifyOf  = 100                   // of how many calls of a holder one may be to verify
	peopleFor = 3                     // accounts of a lane in a round

	warming    = 3 * time.Second
	calmFor    = 5 * time.Second // before each trouble
	troubleFor = 3 * time.Second
	backWithin = 5 * time.Second // of its end
	flushEvery = 100 * time.Millisecond

	// A second is as in the calm when its p99 is not above this many times that of the calm, or above what a busy machine makes of it anyway.
	backFactor = 3
	backFloor  = 20 * time.Millisecond
	// dearest is what Redis may add to the p99 of a second while it is in trouble: a call waits 100 ms for a read and as long for a write; the rest is for a busy machine.
	dearest = 500 * time.Millisecond
)

// trouble is what happens to a Redis while pause lets the load run; felt is the outcome of the cache's calls that there are more of then.
type trouble struct {
	name, felt string
	happen     func(pause func(time.Duration) error) error
}

func (s *soaking) troubles() []trouble {
	return []trouble{
		{"flushed", "miss", s.flush},
		{"killed", "away", func(pause func(time.Duration) error) error {
			s.redis.Kill()
			defer s.redis.Restart()
			return pause(troubleFor)
		}},
		{"hung", "away", func(pause func(time.Duration) error) error {
			s.redis.Hang()
			defer s.redis.Resume()
			return pause(troubleFor)
		}},
	}
}

func (s *soaking) flush(pause func(time.Duration) error) error {
	for range troubleFor / flushEvery {
		s.redis.Flush()
		if err := pause(flushEvery); err != nil {
			return err
		}
	}
	return nil
}

// incident is a trouble that has happened.
type incident struct {
	round            int
	name             string
	calm, from, till time.Time
	cached           time.Duration // from its end until a session came from Redis again; never: it did not
}

const never = time.Hour

// TestRedisInTrouble flushes, kills and hangs the Redis of a server under a steady load. Nobody may notice: no call fails or tells anything but what was acknowledged, none
// waits for long, and soon all are as fast as before. It is not parallel, because it measures time.
func TestRedisInTrouble(t *testing.T) {
	random := newRandom(t)
	s := &soaking{system: newCached(t, random.Uint64()), t: t, random: random, begun: time.Now()}
	l := newLoad(s.replicas)
	acts, err := s.furnishLanes(l)
	if err != nil {
		t.Fatal(err)
	}
	defer s.summary()
	incidents, timings, err := s.suffer(startSteady(l, callEvery, acts))
	if err != nil {
		t.Fatal(err)
	}
	say(t, "%5s %-8s %12s %12s %12s %12s %12s", "round", "Redis", "p99 in calm", "p99 during", "slowest", "p99 back", "cache back")
	for _, i := range incidents {
		i.judge(t, timings)
	}
	if err := s.end(); err != nil {
		t.Error(err)
	}
}

// furnishLanes has accounts in some lanes, one after the other, and a student in each of the rest.
func (s *soaking) furnishLanes(l *load) (acts []func() error, err error) {
	each := 1 + peopleFor**troubles
	if s.people, err = s.system.people(holding * each); err != nil {
		return nil, err
	}
	for range holding {
		var mine []*holder
		for range each {
			mine = append(mine, s.newHolder())
		}
		s.holders = append(s.holders, mine...)
		acts = append(acts, s.hold(l, mine))
	}
	for n := range lanes - holding {
		st := &student{email: fmt.Sprintf("student-%d@example.com", n), apiKey: s.apiKey, random: s.fork(), most: 100 * *troubles}
		s.students = append(s.students, st)
		acts = append(acts, func() error { return st.act(l) })
	}
	return acts, nil
}

// hold makes the calls of one account, and those of the next once it is verified. The last one never is.
func (s *soaking) hold(l *load, mine []*holder) func() error {
	random := s.fork()
	return func() error {
		if mine[0].verified {
			mine = mine[1:]
		}
		return mine[0].act(l, len(mine) > 1 && random.IntN(verifyOf) == 0)
	}
}

// suffer lets one trouble after the other happen to the load.
func (s *soaking) suffer(load *steady) (incidents []incident, timings []timing, err error) {
	defer func() {
		stopped, stopErr := load.stop()
		if timings = stopped; err == nil {
			err = stopErr
		}
	}()
	if err := load.pause(warming); err != nil {
		return nil, nil, err
	}
	for s.rounds < *troubles {
		s.rounds++
		for _, what := range s.troubles() {
			i, err := s.undergo(load, what)
			if err != nil {
				return nil, nil, fmt.Errorf("round %d, while or after Redis is %s: %w", s.rounds, what.name, err)
			}
			incidents = append(incidents, i)
		}
	}
	return incidents, nil, nil
}

func (s *soaking) undergo(load *steady, what trouble) (i incident, err error) {
	i = incident{round: s.rounds, name: what.name, calm: time.Now()}
	if err := load.pause(calmFor); err != nil {
		return i, err
	}
	before, err := s.counted(what.felt)
	if err != nil {
		return i, err
	}
	i.from = time.Now()
	if err := what.happen(load.pause); err != nil {
		return i, err
	}
	i.till = time.Now()
	if felt, err := s.counted(what.felt); err != nil || felt == before {
		return i, errors.Join(err, fmt.Errorf("got %d calls of the cache that ended with %s, as many as before, want more", felt, what.felt))
	}
	if i.cached, err = s.cachedAgain(); err != nil {
		return i, err
	}
	return i, load.pause(time.Until(i.till.Add(backWithin + 2*time.Second)))
}

// cachedAgain waits until a session comes from Redis.
func (s *soaking) cachedAgain() (after time.Duration, err error) {
	begin := time.Now()
	before, err := s.counted("hit")
	if err != nil {
		return 0, err
	}
	err = poll(backWithin, func() error {
		hits, err := s.counted("hit")
		if err == nil && hits == before {
			err = fmt.Errorf("got no session from the Redis after %s, want one", time.Since(begin))
		}
		return err
	})
	if err != nil {
		s.t.Error(err)
		return never, nil
	}
	return time.Since(begin), nil
}

// counted is how many calls of the server's cache had an outcome.
func (s *soaking) counted(outcome string) (int, error) {
	response, err := http.Get(s.replicas[0].admin + "/metrics")
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	found := regexp.MustCompile(`(?m)^avow_session_cache_total\{outcome="` + outcome + `"\} (\d+)$`).FindSubmatch(text)
	if err != nil || found == nil {
		return 0, err // what has not happened yet is not there
	}
	return strconv.Atoi(string(found[1]))
}

// judge prints how the calls fared and complains about what anybody must have noticed.
func (i incident) judge(t *testing.T, timings []timing) {
	t.Helper()
	calm, during := times(timings, i.calm, i.from), times(timings, i.from, i.till)
	limit, worst := max(backFactor*p99(calm), backFloor), i.worst(timings)
	back := i.back(timings, limit)
	say(t, "%5d %-8s %12s %12s %12s %12s %12s", i.round, i.name, ms(p99(calm)), ms(worst), ms(longest(during)), seconds(back), seconds(i.cached))
	if back > backWithin {
		t.Errorf("round %d: got p99 above %s in the %s after Redis was %s, want it below for two seconds on end", i.round, ms(limit), backWithin, i.name)
	}
	if worst > limit+dearest {
		t.Errorf("round %d: got p99 %s in a second in which Redis was %s, want at most %s", i.round, ms(worst), i.name, ms(limit+dearest))
	}
}

// worst is the p99 of the worst second of the trouble.
func (i incident) worst(timings []timing) (worst time.Duration) {
	for from := i.from; from.Before(i.till); from = from.Add(time.Second) {
		till := from.Add(time.Second)
		if till.After(i.till) {
			till = i.till
		}
		worst = max(worst, p99(times(timings, from, till)))
	}
	return worst
}

// back is how many seconds after the trouble two began one after the other that were as in the calm.
func (i incident) back(timings []timing, limit time.Duration) time.Duration {
	good := func(from time.Time) bool { return p99(times(timings, from, from.Add(time.Second))) <= limit }
	for after := time.Duration(0); after <= backWithin; after += time.Second {
		if from := i.till.Add(after); good(from) && good(from.Add(time.Second)) {
			return after
		}
	}
	return never
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000) }

func seconds(d time.Duration) string {
	if d == never {
		return "never"
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}
