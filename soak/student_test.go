//go:build soak

package soak

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
)

// student takes one verification of skills after the other through its first steps, again and again: each submission replaces the one before.
type student struct {
	email, apiKey string
	random        *rand.Rand
	current       *session
	left          []*session // what they hold must stay
	orphans       int        // sessions that may have been opened, but nobody got the token

	acked, survived int
}

// session is an open verification. A stored list is known by its number; lost is the number of the submission whose answer did not come, 0: none.
type session struct {
	token, verification string
	method              bool
	skills, items       numbered
}

type numbered struct{ sent, stored, lost int }

const mostSessions = 40 // of a student

func (s *student) act(l *load) error {
	at := s.random.IntN(100)
	switch {
	case s.current == nil, at < 3 && len(s.left) < mostSessions:
		return s.open(l)
	case !s.current.method:
		return s.choose(l)
	case at < 50:
		n := &s.current.skills
		return s.submit(l, n, post("/api/v1/step1/storeskills/store",
			fmt.Sprintf(`{"recordVerificationId":%q,"skills":%s}`, s.current.verification, claims(n.sent+1))), http.StatusOK)
	}
	n := &s.current.items
	return s.submit(l, n, post("/api/v1/step3/store-verification-items/store",
		fmt.Sprintf(`{"sessionToken":%q,"projectIds":%s}`, s.current.token, projects(n.sent+1))), http.StatusCreated)
}

const offered = 7 // projects

func (s *student) open(l *load) error {
	if s.current != nil {
		s.left, s.current = append(s.left, s.current), nil
	}
	var given []string
	for n := range offered {
		given = append(given, fmt.Sprintf(`{"projectId":"p%d","name":"Project"}`, n))
	}
	got, err := l.ask(post("/api/v1/verify", fmt.Sprintf(
		`{"studentId":"s","callbackWebhookUrl":"https://hooks.example.com/in","name":"Sam","email":%q,"projects":[%s],"experience":[],"certificates":[]}`,
		s.email, strings.Join(given, ","))).key(s.apiKey))
	if err != nil {
		s.orphans++
		return err
	}
	var made struct {
		Data struct{ SessionToken, RecordVerificationID string }
	}
	if err := got.read(&made); err != nil || got.status != http.StatusCreated {
		return errors.Join(err, got.unwanted(s.email+" opens a session"))
	}
	s.current = &session{token: made.Data.SessionToken, verification: made.Data.RecordVerificationID}
	s.acked++
	return nil
}

// choose is step 2; it is carried out again when its answer was lost.
func (s *student) choose(l *load) error {
	got, err := l.ask(post("/api/v1/step2/verification-method",
		fmt.Sprintf(`{"recordVerificationId":%q,"verificationMethod":"human"}`, s.current.verification)).key(s.apiKey))
	if err != nil {
		return err
	}
	if got.status != http.StatusOK {
		return got.unwanted(s.email + " chooses a method")
	}
	s.current.method = true
	s.acked++
	return nil
}

func (s *student) submit(l *load, n *numbered, c call, status int) error {
	n.sent++
	got, err := l.ask(c.key(s.apiKey))
	if err != nil {
		n.lost = n.sent
		return err
	}
	if got.status != status {
		return got.unwanted(s.email + " submits to " + c.path)
	}
	n.stored = n.sent
	s.acked++
	return nil
}

// ids has no list in common with its neighbours, so that neither an old nor a mixed one passes for a new one; there is no number 0.
func ids(prefix string, number int) []string {
	var picked []string
	bits := (number-1)%(1<<offered-1) + 1
	for n := range offered {
		if bits>>n&1 == 1 {
			picked = append(picked, fmt.Sprint(prefix, n))
		}
	}
	return picked
}

func claims(number int) string {
	var all []string
	for _, id := range ids("s", number) {
		all = append(all, fmt.Sprintf(`{"skillId":%q,"name":"Skill %d"}`, id, number))
	}
	return "[" + strings.Join(all, ",") + "]"
}

func projects(number int) string { return `["` + strings.Join(ids("p", number), `","`) + `"]` }

// check compares what is known of the current session with what is there.
func (s *student) check(replica *process) error {
	if s.current == nil {
		return nil
	}
	return s.compare(replica, s.current)
}

// finish looks at every session that there ever was.
func (s *student) finish(replica *process) error {
	var errs []error
	for _, one := range append(s.left, s.current) {
		if one != nil {
			errs = append(errs, s.compare(replica, one))
		}
	}
	return errors.Join(errs...)
}

func (s *student) compare(replica *process, one *session) error {
	if got, err := calm(replica, get("/api/v1/step3/store-verification-items/session/"+one.token)); err != nil || got.status != http.StatusOK {
		return errors.Join(err, got.unwanted(s.email+" looks at an acknowledged session"))
	}
	var skills struct {
		Data struct {
			Skills []struct{ SkillID, Name string }
		}
	}
	if err := s.look(replica, "/api/v1/step1/storeskills/"+one.verification, &skills); err != nil {
		return err
	}
	var stored []string
	for _, k := range skills.Data.Skills {
		stored = append(stored, k.SkillID)
		if k.Name != skills.Data.Skills[0].Name {
			return fmt.Errorf("%s: got skills of two submissions, %v, want those of one", s.email, skills.Data.Skills)
		}
	}
	if err := s.settle(&one.skills, "s", stored); err != nil {
		return err
	}
	var items struct {
		Data struct {
			Projects []struct{ ExternalProjectID string }
		}
	}
	if err := s.look(replica, "/api/v1/step3/store-verification-items/get/"+one.verification, &items); err != nil {
		return err
	}
	stored = nil
	for _, p := range items.Data.Projects {
		stored = append(stored, p.ExternalProjectID)
	}
	return s.settle(&one.items, "p", stored)
}

// look reads what is stored; 404 is the contract's word for no skills.
func (s *student) look(replica *process, path string, into any) error {
	got, err := calm(replica, get(path))
	switch {
	case err != nil:
		return err
	case got.status == http.StatusNotFound:
		return nil
	case got.status != http.StatusOK:
		return got.unwanted(s.email + " looks at " + path)
	}
	return got.read(into)
}

// settle finds the number of what is stored.
func (s *student) settle(n *numbered, prefix string, stored []string) error {
	known, lost := []string(nil), n.lost
	if n.stored != 0 {
		known = ids(prefix, n.stored)
	}
	n.lost = 0
	switch {
	case slices.Equal(stored, known):
		return nil
	case lost != 0 && slices.Equal(stored, ids(prefix, lost)):
		n.stored = lost
		s.survived++
		return nil
	}
	return fmt.Errorf("%s: got %v stored, want %v (submission %d, the last that was acknowledged) or submission %d (0: none), whose answer was lost",
		s.email, stored, known, n.stored, lost)
}
