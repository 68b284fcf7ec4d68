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
	most          int // sessions that are left, about as many at most
	current       *session
	left          []*session // what they hold must stay
	opened        int        // sessions that were asked for; the names in each have its number
	unseen        look       // at what was stored last; nil: it was taken

	acked, survived int
}

// look compares a part of a session.
type look func(ask asker, one *session) error

// session is an open verification. A stored list is known by its number; lost is the number of the submission whose answer did not come, 0: none.
type session struct {
	token, verification string
	data                string // the whole body of endpoint 8
	project             string // name of each of its projects
	method              bool
	skills, items       numbered
}

type numbered struct{ sent, stored, lost int }

func (s *student) act(l *load) error {
	at := s.random.IntN(100)
	switch {
	case s.unseen != nil && at%2 == 0:
		seen := s.unseen
		s.unseen = nil
		return seen(l.ask, s.current)
	case s.current == nil, at < 3 && len(s.left) < s.most:
		return s.open(l)
	case !s.current.method:
		return s.choose(l)
	case at < 30:
		return s.look(l)
	case at < 65:
		return s.storeSkills(l)
	}
	return s.storeItems(l)
}

const offered = 7 // projects

const callback = "https://hooks.example.com/in"

func (s *student) open(l *load) error {
	if s.current != nil {
		s.left, s.current, s.unseen = append(s.left, s.current), nil, nil
	}
	s.opened++
	name := fmt.Sprintf("Project of %s in session %d", s.email, s.opened)
	var given []string
	for n := range offered {
		given = append(given, fmt.Sprintf(`{"projectId":"p%d","name":%q}`, n, name))
	}
	lists := fmt.Sprintf(`"projects":[%s],"experience":[],"certificates":[]`, strings.Join(given, ","))
	got, err := l.ask(post("/api/v1/verify",
		fmt.Sprintf(`{"studentId":"s","callbackWebhookUrl":%q,"name":"Sam","email":%q,%s}`, callback, s.email, lists)).key(s.apiKey))
	if err != nil {
		return err
	}
	var made struct {
		Data struct{ SessionToken, RecordVerificationID, RecordUserID string }
	}
	if err := got.read(&made); err != nil || got.status != http.StatusCreated {
		return errors.Join(err, got.unwanted(s.email+" opens a session"))
	}
	s.current = &session{token: made.Data.SessionToken, verification: made.Data.RecordVerificationID, project: name}
	s.current.data = fmt.Sprintf(`{"success":true,"data":{"recordVerificationId":%q,"recordUserId":%q,"externalStudentId":"s","callbackWebhookUrl":%q,"email":%q,"name":"Sam",%s}}`,
		made.Data.RecordVerificationID, made.Data.RecordUserID, callback, s.email, lists)
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

func (s *student) storeSkills(l *load) error {
	n := &s.current.skills
	got, err := s.submit(l, n, post("/api/v1/step1/storeskills/store",
		fmt.Sprintf(`{"recordVerificationId":%q,"skills":%s}`, s.current.verification, claims(n.sent+1))), http.StatusOK)
	if err != nil {
		return err
	}
	s.unseen = s.lookAtSkills
	var told struct{ Data storedSkills }
	err = got.read(&told)
	return errors.Join(err, s.acknowledged(got, told.Data.ids(), ids("s", n.stored)))
}

func (s *student) storeItems(l *load) error {
	n := &s.current.items
	got, err := s.submit(l, n, post("/api/v1/step3/store-verification-items/store",
		fmt.Sprintf(`{"sessionToken":%q,"projectIds":%s}`, s.current.token, projects(n.sent+1))), http.StatusCreated)
	if err != nil {
		return err
	}
	s.unseen = s.lookAtItems
	var told struct{ Data struct{ Stored storedItems } }
	readErr := got.read(&told)
	stored, err := told.Data.Stored.ids(s.current)
	return errors.Join(readErr, err, s.acknowledged(got, stored, ids("p", n.stored)))
}

func (s *student) submit(l *load, n *numbered, c call, status int) (answer, error) {
	n.sent++
	got, err := l.ask(c.key(s.apiKey))
	if err != nil {
		n.lost = n.sent
		return got, err
	}
	if got.status != status {
		return got, got.unwanted(s.email + " submits to " + c.path)
	}
	n.stored = n.sent
	s.acked++
	return got, nil
}

// acknowledged complains about an answer that tells of another list than that which was sent.
func (s *student) acknowledged(got answer, told, sent []string) error {
	if slices.Equal(told, sent) {
		return nil
	}
	return got.unwanted(fmt.Sprintf("%s submits %v", s.email, sent))
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
	ask := func(c call) (answer, error) { return calm(replica, c) }
	for _, at := range []look{s.lookAtData, s.lookAtSkills, s.lookAtItems} {
		if err := at(ask, one); err != nil {
			return err
		}
	}
	return nil
}

// look compares one part of a session, of which no answer was lost, in the middle of the load.
func (s *student) look(l *load) error {
	one := s.current
	if n := s.random.IntN(len(s.left) + 1); n < len(s.left) {
		one = s.left[n]
	}
	looks := []look{s.lookAtData, s.lookAtData, s.lookAtSkills, s.lookAtItems}
	return looks[s.random.IntN(len(looks))](l.ask, one)
}

func (s *student) lookAtData(ask asker, one *session) error {
	got, err := ask(get("/api/v1/step3/store-verification-items/session/" + one.token))
	if err == nil && (got.status != http.StatusOK || strings.TrimSpace(got.body) != one.data) {
		err = fmt.Errorf("%s looks at an acknowledged session: got %d %s, want 200 %s", s.email, got.status, got.body, one.data)
	}
	return err
}

func (s *student) lookAtSkills(ask asker, one *session) error {
	var found struct{ Data storedSkills }
	if err := s.read(ask, "/api/v1/step1/storeskills/"+one.verification, &found); err != nil {
		return err
	}
	for _, k := range found.Data.Skills {
		if k.Name != found.Data.Skills[0].Name {
			return fmt.Errorf("%s: got skills of two submissions, %v, want those of one", s.email, found.Data.Skills)
		}
	}
	return s.settle(&one.skills, "s", found.Data.ids())
}

func (s *student) lookAtItems(ask asker, one *session) error {
	var found struct{ Data storedItems }
	if err := s.read(ask, "/api/v1/step3/store-verification-items/get/"+one.verification, &found); err != nil {
		return err
	}
	stored, err := found.Data.ids(one)
	if err != nil {
		return err
	}
	return s.settle(&one.items, "p", stored)
}

// storedSkills and storedItems are what steps 1 and 3 answer with, and what is read of them later.
type storedSkills struct {
	Skills []struct{ SkillID, Name string }
}

func (k storedSkills) ids() (stored []string) {
	for _, one := range k.Skills {
		stored = append(stored, one.SkillID)
	}
	return stored
}

type storedItems struct {
	Projects []struct{ ExternalProjectID, ProjectName string }
}

// ids complains about names that are not those of the session.
func (i storedItems) ids(of *session) (stored []string, err error) {
	for _, p := range i.Projects {
		stored = append(stored, p.ExternalProjectID)
		if p.ProjectName != of.project {
			err = fmt.Errorf("got %q among the items, want %q", p.ProjectName, of.project)
		}
	}
	return stored, err
}

// read reads what is stored; 404 is the contract's word for no skills.
func (s *student) read(ask asker, path string, into any) error {
	got, err := ask(get(path))
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
