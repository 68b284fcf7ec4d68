//go:build soak

package soak

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"
)

const (
	holders  = 6
	students = 3
	// mostSessions is how many a student leaves in all.
	mostSessions = 40
	waiters      = 2    // in each round: accounts with one request, made just before the kill
	sample       = 20   // of those who are done are looked at after each round, all in the end
	maxCalls     = 5000 // of an actor in a round; the round ends long before

	loadEarliest, loadLatest = 30 * time.Millisecond, time.Second // until the kill
	waitLatest               = 20 * time.Millisecond              // from the waiters' requests to the kill
	afterLatest              = 300 * time.Millisecond             // from the kill on
	tellEvery                = 10
)

// soaking is one system through all its rounds.
type soaking struct {
	*system
	t        *testing.T
	random   *rand.Rand
	begun    time.Time
	people   []person // who have not held an account yet
	holders  []*holder
	done     []*holder // who are verified, or wait for a mail
	students []*student
	outages  []outage
	fragile  bool // the database was killed: its clients may still hold connections of before

	rounds, unanswered, limped int
	kills                      map[string]int
}

// actor is who makes calls.
type actor interface {
	check(*process) error
	finish(*process) error
}

// TestEmbedded kills a server with the embedded database.
func TestEmbedded(t *testing.T) {
	t.Parallel()
	soak(t, newEmbedded)
}

// TestReplicated kills two servers, a worker, and the PostgreSQL that they share.
func TestReplicated(t *testing.T) {
	t.Parallel()
	soak(t, newReplicated)
}

func soak(t *testing.T, build func(*testing.T, uint64) *system) {
	random := newRandom(t)
	s := &soaking{system: build(t, random.Uint64()), t: t, random: random, begun: time.Now(), kills: map[string]int{}}
	if err := s.gather(); err != nil {
		t.Fatal(err)
	}
	defer s.summary() // of a run that failed, too
	for s.rounds < *rounds {
		s.rounds++
		if err := s.round(); err != nil {
			t.Fatalf("round %d, in which %s: %v", s.rounds, s.lastKilled(), err)
		}
		if s.rounds%tellEvery == 0 {
			say(t, "%d of %d rounds in %s", s.rounds, *rounds, time.Since(s.begun).Round(time.Second))
		}
	}
	if err := s.end(); err != nil {
		t.Fatal(err)
	}
}

func (s *soaking) gather() (err error) {
	if s.people, err = s.system.people(holders + *rounds*(1+waiters)); err != nil {
		return err
	}
	say(s.t, "made %d accounts in %s", len(s.people), time.Since(s.begun).Round(time.Second))
	for range holders {
		s.holders = append(s.holders, s.newHolder())
	}
	for n := range students {
		s.students = append(s.students, &student{email: fmt.Sprintf("student-%d@example.com", n), apiKey: s.apiKey, random: s.fork(), most: mostSessions})
	}
	return nil
}

func (s *soaking) newHolder() *holder {
	who := s.people[0]
	s.people = s.people[1:]
	return &holder{person: who, relay: s.relay, random: s.fork(), ids: map[int]string{}}
}

func (s *soaking) fork() *rand.Rand { return rand.New(rand.NewPCG(s.random.Uint64(), 0)) }

func (s *soaking) between(from, to time.Duration) time.Duration {
	return from + time.Duration(s.random.Int64N(int64(to-from)))
}

// round loads the system, kills something, brings it back, and compares. In every other round the load goes on while it is brought back.
func (s *soaking) round() error {
	l := newLoad(s.replicas)
	l.disturbed.Store(s.fragile)
	acting, early := s.act(l), s.wait(l)
	pause(s.between(loadEarliest, loadLatest))
	s.limped += int(l.lost.Load())
	victims := s.pick()
	late := s.wait(l)
	pause(s.between(0, waitLatest))
	if slices.ContainsFunc(victims, indispensable) {
		l.disturbed.Store(true)
	}
	s.kill(victims)
	pause(s.between(0, afterLatest))
	onward := s.random.IntN(2) == 0
	if !onward {
		l.over.Store(true)
	}
	err := s.revive(victims)
	if onward && err == nil {
		pause(s.between(0, afterLatest))
	}
	l.over.Store(true)
	err = errors.Join(err, acting(), early(), late())
	s.unanswered += int(l.lost.Load())
	l.with.CloseIdleConnections()
	if err != nil {
		return err
	}
	if err := s.recovered(); err != nil {
		return err
	}
	return s.each(s.sampled(), func(a actor, r *process) error { return a.check(r) })
}

// sampled are some of those who are done, those of this round among them: only they have calls whose answers were lost.
func (s *soaking) sampled() []*holder {
	fresh := max(0, len(s.done)-waiters)
	sampled := slices.Clone(s.done[fresh:])
	for range min(sample, fresh) {
		if h := s.done[s.random.IntN(fresh)]; !slices.Contains(sampled, h) {
			sampled = append(sampled, h)
		}
	}
	return sampled
}

// act has all actors make calls. One of the holders may verify: accounts are not made during the load, so those that there are have to last.
func (s *soaking) act(l *load) (wait func() error) {
	var acts []func() error
	for i, h := range s.holders {
		acts = append(acts, func() error { return h.act(l, i == s.rounds%holders) })
	}
	for _, st := range s.students {
		acts = append(acts, func() error { return st.act(l) })
	}
	return start(l, acts)
}

// wait has a new account make the only request that it ever makes.
func (s *soaking) wait(l *load) (wait func() error) {
	h := s.newHolder()
	h.once = true
	s.done = append(s.done, h)
	return start(l, []func() error{func() error { return h.act(l, false) }})
}

// start carries each act out again and again; what is returned waits for their end.
func start(l *load, acts []func() error) (wait func() error) {
	errs := make([]error, len(acts))
	var group sync.WaitGroup
	for i, act := range acts {
		group.Go(func() {
			for range maxCalls {
				if errs[i] = act(); errs[i] != nil || l.over.Load() {
					return
				}
			}
		})
	}
	return func() error {
		group.Wait()
		return errors.Join(slices.DeleteFunc(errs, func(err error) bool { return errors.Is(err, errLost) })...)
	}
}

// pick chooses one victim, two, or all; now and then the cache with them, or alone.
func (s *soaking) pick() (picked []victim) {
	cache, alone := s.random.IntN(4) == 0, s.random.IntN(3) == 0
	order, n := s.random.Perm(len(s.victims)), 1
	switch at := s.random.IntN(10); {
	case at == 0:
		n = len(order)
	case at < 4:
		n = min(2, len(order))
	}
	if cache && len(s.caches) > 0 {
		picked = append(picked, s.caches...)
		if alone {
			return picked
		}
	}
	for _, i := range order[:n] {
		picked = append(picked, s.victims[i])
	}
	return picked
}

func (s *soaking) kill(victims []victim) {
	for _, v := range victims {
		s.kills[v.name]++
		s.outages = append(s.outages, outage{what: v.name, from: time.Now(), database: v.database, cache: v.cache})
		v.kill()
	}
}

func indispensable(v victim) bool { return !v.cache }

// revive starts what was killed; a database first, as nothing starts without.
func (s *soaking) revive(killed []victim) error {
	slices.SortStableFunc(killed, func(a, b victim) int {
		switch {
		case a.database == b.database:
			return 0
		case a.database:
			return -1
		}
		return 1
	})
	s.fragile = false
	for _, v := range killed {
		if err := v.revive(); err != nil {
			return err
		}
		s.fragile = s.fragile || v.database
	}
	for i := range s.outages {
		if s.outages[i].till.IsZero() {
			s.outages[i].till = time.Now()
		}
	}
	return nil
}

func (s *soaking) lastKilled() string {
	if len(s.outages) == 0 {
		return "nothing was killed yet"
	}
	last := s.outages[len(s.outages)-1]
	return last.what + " was killed last"
}

// recovered waits until all is well; no process may have ended but those that were killed.
func (s *soaking) recovered() error {
	for _, p := range s.processes {
		if !p.runs() {
			return fmt.Errorf("got %s to end by itself, want it to outlive its database; its log ends with\n%s", p.name, p.tail())
		}
	}
	for _, r := range s.replicas {
		if got, err := calm(r, get("/readyz")); err != nil || got.status != http.StatusOK {
			return errors.Join(err, got.unwanted("readyz of "+r.name+" after everything runs again"))
		}
	}
	return s.quiet()
}

// each asks actors at once, each by another replica, and lets new holders take the places of verified ones.
func (s *soaking) each(done []*holder, ask func(actor, *process) error) error {
	var actors []actor
	for _, h := range append(slices.Clone(done), s.holders...) {
		actors = append(actors, h)
	}
	for _, st := range s.students {
		actors = append(actors, st)
	}
	errs := make([]error, len(actors))
	lanes := make(chan struct{}, 16)
	var group sync.WaitGroup
	for i, a := range actors {
		group.Go(func() {
			lanes <- struct{}{}
			errs[i] = ask(a, s.replicas[(i+s.rounds)%len(s.replicas)])
			<-lanes
		})
	}
	group.Wait()
	for i, h := range s.holders {
		if h.verified && len(s.people) > waiters*(*rounds-s.rounds) {
			s.done, s.holders[i] = append(s.done, h), s.newHolder()
		}
	}
	return errors.Join(errs...)
}

// end looks at everything once more: no acknowledged thing is missing, no mail either, and every live code works, once.
func (s *soaking) end() error {
	err := s.each(s.done, func(a actor, r *process) error { return errors.Join(a.check(r), a.finish(r)) })
	letters, _, errs := s.relay.all()
	_, twice := mailTwice(letters, s.outages, s.lease)
	return errors.Join(err, errors.Join(errs...), errors.Join(twice...))
}

func (s *soaking) summary() {
	acked, survived, verified := 0, 0, 0
	for _, h := range append(slices.Clone(s.done), s.holders...) {
		acked, survived = acked+h.acked, survived+h.survived
		if h.verified {
			verified++
		}
	}
	for _, st := range s.students {
		acked, survived = acked+st.acked, survived+st.survived
	}
	letters, refused, _ := s.relay.all()
	twice, unexcused := mailTwice(letters, s.outages, s.lease)
	killed := ""
	for _, name := range slices.Sorted(maps.Keys(s.kills)) {
		killed += fmt.Sprintf(" %s %d", name, s.kills[name])
	}
	if killed == "" {
		killed = " none"
	}
	lost := "none lost"
	if s.t.Failed() {
		lost = "FAILED, see below"
	}
	say(s.t, "%d rounds in %s, killed:%s", s.rounds, time.Since(s.begun).Round(time.Second), killed)
	say(s.t, "%d changes acknowledged, %s; %d calls unanswered, %d of them carried out all the same; %d calls failed after a restart of the database",
		acked, lost, s.unanswered, survived, s.limped)
	say(s.t, "%d accounts verified, each once; %d mails taken, %d turned away, %d came twice, %d of them outside the declared window",
		verified, len(letters), refused, twice, len(unexcused))
	if acked == 0 || verified == 0 || len(letters) == 0 {
		s.t.Errorf("got %d changes acknowledged, %d accounts verified, %d mails, want some of each", acked, verified, len(letters))
	}
}
