package skill

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"avow/internal/access"
	"avow/internal/assess"
	"avow/internal/catalogue"
	"avow/internal/outbox"
)

// start is the instant at which the tests begin.
var start = time.Date(2025, 4, 9, 10, 0, 0, 0, time.UTC)

const (
	sessionTTL = 40 * 24 * time.Hour
	reviewTTL  = 30 * 24 * time.Hour
)

var errBroken = errors.New("broken")

// world is the simplest Verifications there can be: everything in maps, one call at a time.
type world struct {
	keys          map[access.Hash]access.Key
	settings      access.Settings
	users         map[string]User
	verifications map[string]Verification
	sessions      map[access.Hash]Session
	skills        map[string][]Skill
	items         map[string][]Item
	reviewers     map[string]Reviewer
	reviews       map[string]Review
	assessments   map[string]assess.Assessment
	deliveries    []outbox.Delivery
	unsent        []string
	counted       []Counted
	imported      map[string]string // names of skills
	endpoints     []access.Endpoint
	broken        bool
}

func newWorld() *world {
	return &world{
		keys: map[access.Hash]access.Key{}, settings: access.Settings{}, users: map[string]User{}, verifications: map[string]Verification{},
		sessions: map[access.Hash]Session{}, skills: map[string][]Skill{}, items: map[string][]Item{}, reviewers: map[string]Reviewer{}, reviews: map[string]Review{},
		assessments: map[string]assess.Assessment{},
	}
}

func find[V any](rows map[access.Hash]V, l access.Lookup, ok func(V) bool) *V {
	for _, h := range l {
		if v, found := rows[h]; found && ok(v) {
			return &v
		}
	}
	return nil
}

func anyRow[V any](V) bool { return true }

func (w *world) state(s Subject) State {
	state := State{Settings: w.settings}
	mine := func(access.Owner) bool { return true }
	if s.Keyed {
		if s.ByPass {
			state.Pass = find(w.sessions, s.Secret, anyRow)
		} else {
			state.Key = find(w.keys, s.Secret, anyRow)
		}
		mine = func(o access.Owner) bool {
			return state.Key != nil && state.Key.Owner == o || state.Pass != nil && state.Pass.Owner == o
		}
	}
	id := s.Verification
	if s.ByReview {
		id = w.reviewed(s.Review)
	} else if s.ByToken {
		id = idOf(find(w.sessions, s.Token, anyRow))
	} else if id == "" {
		id = idOf(state.Pass)
	}
	if v, ok := w.verifications[id]; ok && mine(v.Owner) {
		w.about(&state, v)
	}
	if state.Session != nil && !s.Lists {
		state.Session.Lists = Lists{}
	}
	state.Names = map[string]string{}
	for _, id := range s.Skills {
		if name, ok := w.imported[id]; ok {
			state.Names[id] = name
		}
	}
	for _, u := range w.users {
		if mine(u.Owner) && s.EmailKey != "" && EmailKey(u.Email) == s.EmailKey {
			state.ByEmail = &u
			if s.Touchpoints {
				w.touched(&state, "", u.ID)
			}
		}
		if mine(u.Owner) && s.PhoneKey != "" && PhoneKey(u.Phone) == s.PhoneKey {
			state.ByPhone = &u
		}
	}
	return state
}

func (w *world) reviewed(token access.Lookup) string {
	for id, r := range w.reviews {
		if token.Holds(r.Token) || token.Holds(r.Link) {
			return id
		}
	}
	return ""
}

func idOf(s *Session) string {
	if s == nil {
		return ""
	}
	return s.Verification
}

func (w *world) about(state *State, v Verification) {
	u := w.users[v.User]
	state.Verification, state.User, state.Skills, state.Items = &v, &u, w.skills[v.ID], w.items[v.ID]
	state.Session, state.Brand, state.Endpoints = w.sessionOf(v), "Acme", w.endpoints
	if r, ok := w.reviewers[v.ID]; ok {
		state.Reviewer = &r
	}
	if r, ok := w.reviews[v.ID]; ok {
		state.Review = &r
	}
	state.Assessment = w.assessments[v.ID]
	w.touched(state, v.ID, v.User)
}

// touched gives a state the touchpoints of a person on other verifications.
func (w *world) touched(state *State, but, user string) {
	for _, other := range w.verifications {
		if other.ID != but && other.User == user && (!other.InitiatedAt.IsZero() || w.reviewers[other.ID].Email != "") {
			state.Touchpoints = append(state.Touchpoints, w.touchpoints(other)...)
		}
	}
}

func (w *world) sessionOf(v Verification) *Session {
	for _, s := range w.sessions {
		if s.Verification == v.ID {
			return &s
		}
	}
	return nil
}

func (w *world) touchpoints(v Verification) []Touchpoint {
	var all []Touchpoint
	for _, item := range w.items[v.ID] {
		for _, s := range w.skills[v.ID] {
			all = append(all, Touchpoint{Source: item.Source, Skill: s.ID, Endorsement: v.Endorsement(), Status: s.Status, VerifiedBy: s.VerifiedBy,
				Sent: !v.InitiatedAt.IsZero(), Reviewer: w.reviewers[v.ID].Email, Until: w.sessionOf(v).ExpiresAt})
		}
	}
	return all
}

func (w *world) ViewVerification(_ context.Context, s Subject) (State, error) {
	if w.broken {
		return State{}, errBroken
	}
	return w.state(s), nil
}

// ChangeVerification decides twice, as a store may.
func (w *world) ChangeVerification(_ context.Context, s Subject, decide func(State) (Next, error)) error {
	if w.broken {
		return errBroken
	}
	state := w.state(s)
	_, _ = decide(w.state(s))
	next, err := decide(state)
	w.save(state, next)
	return err
}

func (w *world) save(state State, next Next) {
	v := state.Verification
	if next.Verification != nil {
		v = next.Verification
		w.verifications[v.ID] = *v
	}
	if next.User != nil {
		w.users[next.User.ID] = *next.User
	}
	if next.Session != nil {
		w.sessions[next.Session.Hash] = *next.Session
	}
	if next.Skills != nil {
		w.skills[v.ID] = next.Skills
	}
	if next.Items != nil {
		w.items[v.ID] = next.Items
	}
	if next.Reviewer != nil {
		w.reviewers[v.ID] = *next.Reviewer
	}
	if next.Review != nil {
		w.reviews[v.ID] = *next.Review
	}
	if next.Assessment != nil {
		w.assessments[v.ID] = *next.Assessment
	}
	w.deliveries, w.unsent, w.counted = append(w.deliveries, next.Deliveries...), append(w.unsent, next.Unsend...), append(w.counted, next.Counted...)
}

// fixture is a service over a world with one key.
type fixture struct {
	*Service
	world  *world
	mailer mailer
	now    time.Time
}

// mailer is a relay that takes mail, or does not.
type mailer struct {
	err  error
	sent []outbox.Delivery
}

func (m *mailer) Send(_ context.Context, d outbox.Delivery) (outbox.Answer, error) {
	if m.err == nil {
		m.sent = append(m.sent, d)
	}
	return outbox.Answer{}, m.err
}

const apiKey = "avow_live_key"

func newFixture(t *testing.T) *fixture {
	t.Helper()
	ring, err := access.NewKeyring([][]byte{bytes.Repeat([]byte{7}, 32)})
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{world: newWorld(), now: start}
	hash := ring.Hash(access.ForAPIKey, apiKey)
	f.world.keys[hash] = access.Key{ID: "key_1", Owner: access.Owner{Org: "org_1", Mode: access.Test}, Hash: hash}
	f.Service = NewService(Options{
		Verifications: f.world, Keys: ring, Random: access.Random{Source: &counter{}}, Now: func() time.Time { return f.now }, SessionTTL: sessionTTL, ReviewTTL: reviewTTL,
		PublicURL: "https://avow.example", Mailer: &f.mailer, Generator: assess.Builtin(), Catalogue: catalogue.NewService(f.world), Endpoints: f.world,
	})
	return f
}

// counter is a source of bytes that never repeat within a test.
type counter struct{ n uint64 }

func (c *counter) Read(p []byte) (int, error) {
	for i := range p {
		c.n = c.n*6364136223846793005 + 1442695040888963407
		p[i] = byte(c.n >> 56)
	}
	return len(p), nil
}

func lists(t interface{ Fatal(...any) }, projects string) Lists {
	l := NewLists([]byte(projects), []byte(`[{"workExperienceId":"exp_1","role":"Developer","companyName":"Northwind"}]`), nil)
	if err := l.Check(); err != nil {
		t.Fatal(err)
	}
	return l
}

const twoProjects = `[{"projectId":"proj_1","name":"Shop"},{"projectId":"proj_2","name":"Station","startDate":"2023"}]`

func initInput(t interface{ Fatal(...any) }) InitInput {
	return InitInput{Student: "student_1", Callback: "https://client.example/hook", Name: "Jane Doe", Email: "jane@example.com", Lists: lists(t, twoProjects)}
}

// ready returns a verification that has gone through the steps with the skills given.
func (f *fixture) ready(t *testing.T, skills ...string) Opened {
	t.Helper()
	opened, err := f.Init(t.Context(), apiKey, initInput(t))
	if err != nil {
		t.Fatal(err)
	}
	carriers := Carriers{IDs: []string{opened.Verification.ID}}
	if _, err := f.StoreSkills(t.Context(), apiKey, SkillsInput{Carriers: carriers, Claims: claims(skills...)}); err != nil {
		t.Fatal(err)
	}
	if err := f.ChooseMethod(t.Context(), apiKey, MethodInput{Carriers: carriers, Method: Human}); err != nil {
		t.Fatal(err)
	}
	if _, err := f.StoreItems(t.Context(), apiKey, opened.Token, []Source{{Project, "proj_1"}}); err != nil {
		t.Fatal(err)
	}
	return opened
}

func claims(skills ...string) []Claim {
	all := []Claim{}
	for _, s := range skills {
		all = append(all, Claim{Skill: s})
	}
	return all
}

// end marks a verification as sent and, where skills are named, these as verified; it is over when all is true.
func (w *world) end(id string, all bool, skills ...string) {
	v := w.verifications[id]
	v.InitiatedAt = start
	if all {
		v.CompletedAt = start
	}
	w.verifications[id] = v
	changed := slices.Clone(w.skills[id])
	for i := range changed {
		if slices.Contains(skills, changed[i].ID) {
			changed[i].Status, changed[i].VerifiedAt, changed[i].VerifiedBy = Verified, start, ByReviewer
		}
	}
	w.skills[id] = changed
}

func (w *world) Reviewers(context.Context, access.Lookup, string, string) ([]Reviewer, error) {
	return nil, nil
}

func (w *world) Company(context.Context, access.Lookup, string) (string, error) { return "", nil }

func (w *world) SkillsOfUser(context.Context, access.Lookup, string) (*access.Key, []UserSkill, error) {
	return nil, nil, nil
}

func (w *world) Person(_ context.Context, key access.Lookup, id string) (Person, error) {
	p := Person{Key: find(w.keys, key, anyRow)}
	for _, v := range w.verifications {
		if u := w.users[v.User]; u.ID == id {
			var s State
			w.about(&s, v)
			p.User, p.Verifications = &u, append(p.Verifications, s.Overview())
		}
	}
	return p, nil
}

// ImportedSkills makes the world a catalogue that nobody has imported anything into.
func (w *world) ImportedSkills(context.Context, int64) (int64, []catalogue.Skill, error) {
	if w.broken {
		return 0, nil, errBroken
	}
	return 0, nil, nil
}

func (w *world) ImportSkills(context.Context, catalogue.Change) error { return nil }

func (w *world) ChangeRegistered(_ context.Context, key access.Lookup, decide func(Registered) (Registration, error)) error {
	if w.broken {
		return errBroken
	}
	next, err := decide(Registered{Key: find(w.keys, key, anyRow), Endpoints: w.endpoints})
	w.endpoints = slices.DeleteFunc(w.endpoints, func(e access.Endpoint) bool { return e.ID == next.Remove })
	if next.Add != nil {
		w.endpoints = append(w.endpoints, *next.Add)
	}
	return err
}

func (w *world) ReviewsOver(_ context.Context, now time.Time, _ int) ([]string, error) {
	var over []string
	for id, r := range w.reviews {
		if r.Status == ReviewPending && !now.Before(r.ExpiresAt) {
			over = append(over, id)
		}
	}
	return over, nil
}
