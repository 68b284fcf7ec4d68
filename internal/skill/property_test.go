package skill

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"avow/internal/access"
	"avow/internal/assess"
)

// machine runs random steps on a world and remembers what must never change.
type machine struct {
	world    *world
	random   access.Random
	verified map[string]Skill  // by verification and skill
	records  map[string]string // record ids of selected items, by verification and source
	ids      []string
	focus    string                 // the verification that every step is about; empty: any
	tokens   int                    // sent so far
	out      map[access.Hash]string // what each was sent with
	ended    map[string]string      // evidence of verifications that are over
	papers   map[assess.Seed]string // what each was drawn for
	answered map[assess.Seed]bool
	attempts map[string]int // of verifications
}

func newMachine() *machine {
	m := &machine{world: newWorld(), random: access.Random{Source: &counter{}}, verified: map[string]Skill{}, records: map[string]string{}, out: map[access.Hash]string{}, ended: map[string]string{}}
	m.papers, m.answered, m.attempts = map[assess.Seed]string{}, map[assess.Seed]bool{}, map[string]int{}
	m.world.keys[access.Hash{1}] = access.Key{ID: "key_1", Owner: access.Owner{Org: "org_1", Mode: access.Live}}
	return m
}

var keyed = Subject{Keyed: true, Secret: access.Lookup{{1}, {1}, {1}}}

// fewVerifications, so that the steps meet often enough on one for an answer to come about.
const fewVerifications = 3

func (m *machine) open(t *rapid.T) {
	if len(m.ids) == fewVerifications {
		return
	}
	in := initInput(t)
	in.Email = rapid.SampledFrom([]string{"", "a@example.com", " A@example.com", "b@example.com"}).Draw(t, "email")
	in.Phone = rapid.SampledFrom([]string{"", "1", "2", "3"}).Draw(t, "phone")
	if in.Email == "" && in.Phone == "" {
		in.Phone = "1"
	}
	in.Name = rapid.SampledFrom([]string{"A", "B"}).Draw(t, "name")
	in.UserID, in.VerificationID, in.Token = m.random.ID(""), m.random.ID(""), access.Hash([]byte(m.random.ID("")+"0123456789"))
	in.Now, in.ExpiresAt = start, start.Add(sessionTTL)
	subject := keyed
	subject.EmailKey, subject.PhoneKey = EmailKey(in.Email), PhoneKey(in.Phone)
	if err := m.world.ChangeVerification(t.Context(), subject, func(s State) (Next, error) { return Init(s, in) }); err != nil {
		t.Fatalf("init: got %v, want no error", err)
	}
	m.ids = append(m.ids, "ver_live_"+in.VerificationID)
}

// change runs a decision on some verification; refusals are part of the game, but they change nothing.
func (m *machine) change(t *rapid.T, decide func(State) (Next, error)) {
	if len(m.ids) == 0 {
		return
	}
	subject := keyed
	subject.Verification = m.focus
	if m.focus == "" {
		subject.Verification = rapid.SampledFrom(m.ids).Draw(t, "verification")
	}
	_ = m.world.ChangeVerification(t.Context(), subject, func(s State) (Next, error) {
		next, err := decide(s)
		if err != nil && !next.Empty() {
			t.Fatalf("got %+v with refusal %v, want nothing saved", next, err)
		}
		return next, err
	})
}

func (m *machine) storeSkills(t *rapid.T) {
	n := rapid.IntRange(1, 12).Draw(t, "skills")
	drawn := rapid.SliceOfNDistinct(rapid.IntRange(0, 14), n, n, rapid.ID[int]).Draw(t, "which")
	m.change(t, func(s State) (Next, error) {
		var wanted []string
		for _, d := range drawn {
			wanted = append(wanted, fmt.Sprint("skill ", d))
		}
		return StoreSkills(s, SkillsInput{Carriers: Carriers{IDs: []string{s.Verification.ID}}, Claims: claims(wanted...), Now: start})
	})
}

func (m *machine) chooseMethod(t *rapid.T) {
	in := MethodInput{Method: rapid.SampledFrom([]Method{Human, Assessment}).Draw(t, "method"), Now: start}
	m.change(t, func(s State) (Next, error) {
		in.Carriers = Carriers{IDs: []string{s.Verification.ID}}
		return ChooseMethod(s, in)
	})
}

func (m *machine) storeItems(t *rapid.T) {
	all := []Source{{Project, "proj_1"}, {Project, "proj_2"}, {Experience, "exp_1"}, {Project, "unknown"}}
	sources := rapid.SliceOfN(rapid.SampledFrom(all), 1, 4).Draw(t, "sources")
	fresh := []string{m.random.UUID(), m.random.UUID(), m.random.UUID(), m.random.UUID()}
	m.change(t, func(s State) (Next, error) {
		return StoreItems(s, ItemsInput{Sources: sources, RecordIDs: fresh, Now: start})
	})
}

// reviewers of the machine: one is a student under another name.
var candidatesForReview = []string{"r1@work.example", "r2@work.example", "B+x@example.com"}

func (m *machine) storeReviewer(t *rapid.T) {
	in := ReviewerInput{Name: "R", Company: "C", Now: start}
	in.Email = rapid.SampledFrom(candidatesForReview).Draw(t, "reviewer")
	in.EndorsementType = rapid.SampledFrom([]string{"", "peer", "client"}).Draw(t, "type")
	m.change(t, func(s State) (Next, error) {
		in.Carriers = Carriers{IDs: []string{s.Verification.ID}}
		return StoreReviewer(s, in)
	})
}

// send makes tokens that are told apart by their number.
func (m *machine) send(t *rapid.T) {
	m.tokens++
	in := sendInput()
	in.TokenHash, in.LinkHash = access.Hash{1, byte(m.tokens), byte(m.tokens >> 8)}, access.Hash{2, byte(m.tokens), byte(m.tokens >> 8)}
	m.change(t, func(s State) (Next, error) {
		in.Carriers = Carriers{IDs: []string{s.Verification.ID}}
		next, _, err := Send(s, in)
		if err == nil {
			m.out[in.TokenHash] = s.digest()
		}
		return next, err
	})
}

// prepare goes with one verification all the way to its reviewer, so that answers come about often enough.
func (m *machine) prepare(t *rapid.T) {
	if len(m.ids) == 0 {
		m.open(t)
	}
	m.focus = rapid.SampledFrom(m.ids).Draw(t, "verification")
	for _, step := range []func(*rapid.T){m.storeSkills, m.chooseMethod, m.storeItems, m.storeReviewer, m.send} {
		step(t)
	}
	m.focus = ""
}

// endorse answers with a token that was sent at some time, or with one that only shows.
func (m *machine) endorse(t *rapid.T) {
	if m.tokens == 0 {
		return
	}
	n := rapid.IntRange(1, m.tokens).Draw(t, "token")
	token := access.Hash{byte(rapid.SampledFrom([]int{1, 1, 1, 2}).Draw(t, "kind")), byte(n), byte(n >> 8)}
	in := EndorseInput{Token: by(token), Now: start.Add(time.Hour)}
	if rapid.Bool().Draw(t, "decline") {
		in.Decline = DeclineJudge
	}
	_ = m.world.ChangeVerification(t.Context(), Subject{ByReview: true, Review: in.Token}, func(s State) (Next, error) {
		if in.Decline == "" && len(s.Skills) > 0 {
			in.Answers = yes(s.Skills[0].ID)
		}
		next, _, err := Endorse(s, in)
		if err != nil && !next.Empty() {
			t.Fatalf("got %+v with refusal %v, want nothing saved", next, err)
		}
		if err == nil {
			m.judgeAnswer(t, s, token)
		}
		return next, err
	})
}

// judgeAnswer sees that an answer counts for what its token was sent with, once, and never comes from the student.
func (m *machine) judgeAnswer(t *rapid.T, s State, token access.Hash) {
	if token[0] != 1 {
		t.Fatal("got an answer by the token that only shows, want it refused")
	}
	if s.digest() != m.out[token] {
		t.Fatalf("got an answer about other evidence than was sent, want the token void")
	}
	if !s.Verification.CompletedAt.IsZero() {
		t.Fatal("got a second answer, want one")
	}
	if s.User.owns(s.Reviewer.Email) {
		t.Fatalf("got an answer by %s for %s, want nobody to review themselves", s.Reviewer.Email, s.User.Email)
	}
}

func (m *machine) changeEmail(t *rapid.T) {
	in := EmailInput{Email: rapid.SampledFrom([]string{"a@example.com", "b@example.com", "r1@work.example", "c@example.com"}).Draw(t, "new"), Now: start}
	m.change(t, func(s State) (Next, error) {
		s.ByEmail = m.world.byEmail(in.Email)
		return ChangeEmail(s, in)
	})
}

func (w *world) byEmail(email string) *User {
	for _, u := range w.users {
		if EmailKey(u.Email) == EmailKey(email) {
			return &u
		}
	}
	return nil
}

// TestRandomSteps looks after every step that nothing verified is lost, items keep their record ids and are the session's, sources hold at most ten skills, and
// persons stay unique.
func TestRandomSteps(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := newMachine()
		t.Repeat(map[string]func(*rapid.T){
			"open": m.open, "skills": m.storeSkills, "method": m.chooseMethod, "items": m.storeItems, "reviewer": m.storeReviewer,
			"send": m.send, "prepare": m.prepare, "endorse": m.endorse, "e-mail": m.changeEmail,
			"assess": m.assess, "prepare assessment": m.prepareAssessment,
			"": func(t *rapid.T) {
				m.verifiedStays(t)
				m.itemsKeepTheirRecords(t)
				m.poolsHold(t)
				m.personsAreUnique(t)
				m.reviewersAreUnique(t)
				m.endIsTheEnd(t)
			},
		})
	})
}

func (m *machine) verifiedStays(t *rapid.T) {
	for key, before := range m.verified {
		verification, _, _ := strings.Cut(key, "/")
		if !slices.ContainsFunc(m.world.skills[verification], func(s Skill) bool { return s.ID == before.ID && s.Status == Verified }) {
			t.Fatalf("got %v without verified %s, want it kept", m.world.skills[verification], before.ID)
		}
	}
	for id, skills := range m.world.skills {
		if got, want := len(distinct(ids(skills))), len(skills); got != want {
			t.Fatalf("got %d distinct skills of %d in %v, want all", got, want, ids(skills))
		}
		for _, s := range skills {
			if s.Status == Verified {
				m.verified[id+"/"+s.ID] = s
			}
		}
	}
}

// itemsKeepTheirRecords also sees that items are always some of the session's.
func (m *machine) itemsKeepTheirRecords(t *rapid.T) {
	given := []Source{{Project, "proj_1"}, {Project, "proj_2"}, {Experience, "exp_1"}}
	records := map[string]string{}
	for id, items := range m.world.items {
		for _, item := range items {
			key := fmt.Sprint(id, item.Source)
			if before, ok := m.records[key]; ok && before != item.RecordID {
				t.Fatalf("%s: got record id %s, want %s", key, item.RecordID, before)
			}
			if !slices.Contains(given, item.Source) {
				t.Fatalf("got %v, want one of %v", item.Source, given)
			}
			records[key] = item.RecordID
		}
	}
	m.records = records
}

func (m *machine) poolsHold(t *rapid.T) {
	pools := map[string]map[string]bool{}
	for _, v := range m.world.verifications {
		if v.InitiatedAt.IsZero() {
			continue
		}
		for _, touched := range m.world.touchpoints(v) {
			key := fmt.Sprint(v.User, touched.Source)
			if pools[key] == nil {
				pools[key] = map[string]bool{}
			}
			pools[key][touched.Skill] = true
		}
	}
	for source, pool := range pools {
		if len(pool) > MaxSkillsPerSource {
			t.Fatalf("%s: got %d skills, want at most %d", source, len(pool), MaxSkillsPerSource)
		}
	}
}

func (m *machine) personsAreUnique(t *rapid.T) {
	seen := map[string]bool{}
	for _, u := range m.world.users {
		for _, key := range []string{"mail " + EmailKey(u.Email), "phone " + PhoneKey(u.Phone)} {
			if seen[key] && key != "mail " && key != "phone " {
				t.Fatalf("got two persons with %q, want one", key)
			}
			seen[key] = true
		}
	}
}

// reviewersAreUnique looks at what is out or answered: a skill of a source has another reviewer under each endorsement type.
func (m *machine) reviewersAreUnique(t *rapid.T) {
	types := map[string]string{}
	for id, v := range m.world.verifications {
		if status := m.world.reviews[id].Status; status != ReviewPending && status != ReviewCompleted {
			continue
		}
		for _, touched := range m.world.touchpoints(v) {
			key := fmt.Sprint(v.User, touched.Source, touched.Skill, touched.Reviewer)
			if before, ok := types[key]; ok && before != touched.Endorsement {
				t.Fatalf("%s: got types %s and %s, want one for a reviewer", key, before, touched.Endorsement)
			}
			types[key] = touched.Endorsement
		}
	}
}

// endIsTheEnd sees that nothing of a completed verification changes any more.
func (m *machine) endIsTheEnd(t *rapid.T) {
	for id, v := range m.world.verifications {
		if v.CompletedAt.IsZero() {
			continue
		}
		r := m.world.reviewers[id]
		s := State{Verification: &v, Reviewer: &r, Skills: m.world.skills[id], Items: m.world.items[id]}
		now := fmt.Sprint(s.digest(), s.Skills, m.world.reviews[id])
		if before, ok := m.ended[id]; ok && before != now {
			t.Fatalf("%s: got %s, want %s for ever", id, now, before)
		}
		m.ended[id] = now
	}
}
