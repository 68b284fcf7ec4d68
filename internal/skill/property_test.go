package skill

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"avow/internal/access"
)

// machine runs random steps on a world and remembers what must never change.
type machine struct {
	world    *world
	random   access.Random
	verified map[string]Skill  // by verification and skill
	records  map[string]string // record ids of selected items, by verification and source
	ids      []string
}

func newMachine() *machine {
	m := &machine{world: newWorld(), random: access.Random{Source: &counter{}}, verified: map[string]Skill{}, records: map[string]string{}}
	m.world.keys[access.Hash{1}] = access.Key{ID: "key_1", Owner: access.Owner{Org: "org_1", Mode: access.Live}}
	return m
}

var keyed = Subject{Keyed: true, Secret: access.Lookup{{1}, {1}, {1}}}

func (m *machine) open(t *rapid.T) {
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
	subject.Verification = rapid.SampledFrom(m.ids).Draw(t, "verification")
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

// initiate does what sending to a reviewer will do with the state: look once more, then mark.
func (m *machine) initiate(t *rapid.T) {
	m.change(t, func(s State) (Next, error) {
		if err := s.bundle(*s.Verification, s.Skills, s.Items).check(); err != nil {
			return Next{}, err
		}
		v := *s.Verification
		v.InitiatedAt = start
		return Next{Verification: &v}, nil
	})
}

// judge verifies or rejects the pending skills of an initiated verification; it may end it.
func (m *machine) judge(t *rapid.T) {
	verify, end := rapid.Bool().Draw(t, "verify"), rapid.Bool().Draw(t, "end")
	m.change(t, func(s State) (Next, error) {
		v := *s.Verification
		if v.InitiatedAt.IsZero() || !v.CompletedAt.IsZero() {
			return Next{}, nil
		}
		skills := slices.Clone(s.Skills)
		for i := range skills {
			if skills[i].Status == Pending && verify {
				skills[i].Status, skills[i].VerifiedBy, skills[i].VerifiedAt = Verified, ByReviewer, start
			}
		}
		if end {
			v.CompletedAt = start
		}
		return Next{Verification: &v, Skills: skills}, nil
	})
}

// TestRandomSteps looks after every step that nothing verified is lost, items keep their record ids and are the session's, sources hold at most ten skills, and
// persons stay unique.
func TestRandomSteps(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := newMachine()
		t.Repeat(map[string]func(*rapid.T){
			"open": m.open, "skills": m.storeSkills, "method": m.chooseMethod, "items": m.storeItems, "initiate": m.initiate, "judge": m.judge,
			"": func(t *rapid.T) {
				m.verifiedStays(t)
				m.itemsKeepTheirRecords(t)
				m.poolsHold(t)
				m.personsAreUnique(t)
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
