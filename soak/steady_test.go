//go:build soak

package soak

import (
	"slices"
	"sync"
	"time"
)

// timing is a call that was due at an instant and was answered that much later.
type timing struct {
	due  time.Time
	took time.Duration
}

// steady is a load of so many calls a second, whatever the server does.
type steady struct {
	*load
	failed  chan error
	wait    func()
	timings [][]timing // of each lane
}

// startSteady carries each act out once every so often, or as soon as the one before it is done. A call counts from when it was due: those that a slow one keeps waiting
// are slow, too, as they would be if they came from somebody else.
func startSteady(l *load, every time.Duration, acts []func() error) *steady {
	s := &steady{load: l, failed: make(chan error, len(acts)), timings: make([][]timing, len(acts))}
	var group sync.WaitGroup
	for i, act := range acts {
		first := time.Now().Add(every * time.Duration(i) / time.Duration(len(acts)))
		group.Go(func() {
			if err := s.lane(i, first, every, act); err != nil {
				s.failed <- err
			}
		})
	}
	s.wait = group.Wait
	return s
}

func (s *steady) lane(i int, due time.Time, every time.Duration, act func() error) error {
	for ; !s.over.Load(); due = due.Add(every) {
		pause(time.Until(due))
		if err := act(); err != nil {
			return err
		}
		s.timings[i] = append(s.timings[i], timing{due, time.Since(due)})
	}
	return nil
}

// pause lets the load run for a while, or until something goes wrong.
func (s *steady) pause(d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case err := <-s.failed:
		return err
	case <-timer.C:
		return nil
	}
}

// stop ends the load and returns what was measured.
func (s *steady) stop() ([]timing, error) {
	s.over.Store(true)
	s.wait()
	select {
	case err := <-s.failed:
		return nil, err
	default:
		return slices.Concat(s.timings...), nil
	}
}

// times are how long the calls took that were due in a span of time, shortest first.
func times(timings []timing, from, till time.Time) (took []time.Duration) {
	for _, s := range timings {
		if !s.due.Before(from) && s.due.Before(till) {
			took = append(took, s.took)
		}
	}
	slices.Sort(took)
	return took
}

// longest is the last of times; 0: there were none.
func longest(took []time.Duration) time.Duration { return slices.Max(append(took, 0)) }

// p99 is the time that one call of a hundred exceeds; 0: there were none.
func p99(took []time.Duration) time.Duration {
	if len(took) == 0 {
		return 0
	}
	return took[len(took)*99/100]
}
