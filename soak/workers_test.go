//go:build soak

package soak

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"avow/internal/pgtest"
)

const (
	crowd       = 6                      // mails that are asked for in a round
	killLatest  = 60 * time.Millisecond  // from the requests to the kill; a mail takes a few milliseconds
	roundsRatio = 2                      // rounds of kills of workers alone for each round of all
	leaseOver   = 90 * time.Second       // in which whatever a dead worker held is sent by another one
	everyMail   = "1000000"              // more than there are
	aboutIdle   = 250 * time.Millisecond // between two looks at the queue
)

// TestEmbeddedWorker kills the one process that has the embedded database while it sends mails.
func TestEmbeddedWorker(t *testing.T) {
	t.Parallel()
	killWorkers(t, newEmbedded)
}

// TestWorkers kills two workers that share a PostgreSQL while they send the mails that are asked for by a third process.
func TestWorkers(t *testing.T) {
	t.Parallel()
	killWorkers(t, func(t *testing.T, relaySeed uint64) *system {
		s := newSystem(t, relaySeed, "AVOW_DATABASE_URL="+pgtest.Start(t, nil, "fsync=on").URL())
		server := newProcess(t, "serve", s.env, "serve", "--no-worker")
		s.replicas = []*process{server}
		s.run(t, "worker-1", "worker")
		s.run(t, "worker-2", "worker")
		return s
	})
}

// deliveryLine is what avow deliveries tells.
type deliveryLine struct {
	ID, State, Target string
	Attempts          []struct{ Outcome, Relay string }
}

// killWorkers sends mails and kills who sends them. No mail that was acknowledged is lost. One that comes twice was noted: its log has as many attempts of unknown
// outcome as there were mails too many, at least.
func killWorkers(t *testing.T, build func(*testing.T, uint64) *system) {
	random := newRandom(t)
	s := build(t, random.Uint64())
	total := roundsRatio * *rounds
	people, err := s.people(total * crowd)
	if err != nil {
		t.Fatal(err)
	}
	var acked []person
	begun := time.Now()
	for n := range total {
		some, err := s.killRound(random, people[n*crowd:(n+1)*crowd])
		if err != nil {
			t.Fatalf("round %d: %v", n+1, err)
		}
		acked = append(acked, some...)
		if (n+1)%(10*tellEvery) == 0 {
			say(t, "%d of %d rounds in %s", n+1, total, time.Since(begun).Round(time.Second))
		}
	}
	if err := poll(leaseOver+patience, s.allSent); err != nil {
		t.Fatal(err)
	}
	again, unknown, errs := s.declared(acked)
	for _, err := range errs {
		t.Error(err)
	}
	say(t, "%d rounds in %s: %d mails acknowledged, none lost: %t; %d came again, %d attempts of unknown outcome noted for these", total,
		time.Since(begun).Round(time.Second), len(acked), len(errs) == 0, again, unknown)
	if len(acked) == 0 || again == 0 {
		t.Errorf("got %d mails acknowledged and %d that came again, want some: the kills missed", len(acked), again)
	}
}

// killRound has everybody ask for a mail and kills while they are sent. It returns who was acknowledged.
func (s *system) killRound(random *rand.Rand, people []person) (acked []person, err error) {
	l := newLoad(s.replicas)
	l.disturbed.Store(len(s.processes) == 1) // the server is the worker
	var mu sync.Mutex
	var asking sync.WaitGroup
	var errs []error
	for _, who := range people {
		h := &holder{person: who, relay: s.relay, ids: map[int]string{}}
		asking.Go(func() {
			err := h.create(l)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				acked = append(acked, who)
			} else if !errors.Is(err, errLost) {
				errs = append(errs, err)
			}
		})
	}
	pause(time.Duration(random.Int64N(int64(killLatest))))
	victims := s.victims
	if len(victims) > 1 && random.IntN(3) > 0 {
		victims = victims[:1:1]
		if random.IntN(2) == 0 {
			victims = s.victims[1:2]
		}
	}
	for _, v := range victims {
		v.kill()
	}
	asking.Wait()
	l.with.CloseIdleConnections()
	for _, v := range victims {
		errs = append(errs, v.revive())
	}
	return acked, errors.Join(errs...)
}

// allSent complains about a mail that still waits.
func (s *system) allSent() error {
	pause(aboutIdle)
	for _, state := range []string{"queued", "deferred", "sending", "unknown"} {
		lines, err := s.deliveries("--state", state, "--limit", "1")
		if err != nil {
			return err
		}
		if len(lines) > 0 {
			return fmt.Errorf("got %s %s, want everything sent", lines[0].ID, state)
		}
	}
	return nil
}

func (s *system) deliveries(args ...string) (lines []deliveryLine, err error) {
	text, err := command(s.env, append([]string{"deliveries", "list", "--json"}, args...)...)
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(text) {
		var d deliveryLine
		if err := json.Unmarshal([]byte(line), &d); err != nil {
			return nil, err
		}
		lines = append(lines, d)
	}
	return lines, nil
}

// declared compares the mails that came with what avow knows of them.
func (s *system) declared(acked []person) (again, unknown int, errs []error) {
	letters, _, errs := s.relay.all()
	came := map[string]int{}
	for _, l := range letters {
		id, _, _ := strings.Cut(strings.TrimPrefix(l.id, "<"), "@")
		came[id]++
	}
	for _, who := range acked {
		if len(s.relay.letters(who.email)) == 0 {
			errs = append(errs, fmt.Errorf("got no mail to %s, whose request was acknowledged", who.email))
		}
	}
	known, err := s.deliveries("--limit", everyMail)
	errs = append(errs, err)
	for _, d := range known {
		if d.State != "handed to relay" || came[d.ID] == 0 {
			errs = append(errs, fmt.Errorf("%s: got it %s and %d mails, want it handed to the relay", d.ID, d.State, came[d.ID]))
		}
		if came[d.ID] < 2 {
			continue
		}
		shown, err := made[deliveryLine](s.env, "deliveries", "show", d.ID)
		noted := 0
		for _, a := range shown.Attempts {
			if a.Outcome == "unknown" {
				noted++
			}
		}
		again, unknown = again+came[d.ID]-1, unknown+noted
		if err != nil || noted < came[d.ID]-1 {
			errs = append(errs, errors.Join(err, fmt.Errorf("%s: got %d mails and %d attempts of unknown outcome, want one for each mail too many", d.ID, came[d.ID], noted)))
		}
	}
	return again, unknown, slices.DeleteFunc(errs, func(err error) bool { return err == nil })
}
