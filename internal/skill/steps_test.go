package skill

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"avow/internal/access"
	"avow/internal/fault"
)

// state returns the state of a key's call about a verification with one stored skill and item.
func stepState(t *testing.T) State {
	t.Helper()
	owner := access.Owner{Org: "org_1", Mode: access.Live}
	return State{
		Key:          &access.Key{ID: "key_1", Owner: owner},
		Session:      &Session{Owner: owner, Verification: "ver_1", Lists: lists(t, twoProjects), ExpiresAt: start.Add(sessionTTL)},
		Verification: &Verification{ID: "ver_1", Owner: owner, User: "usr_1", Method: Human},
		User:         &User{ID: "usr_1", Owner: owner, Version: 1},
		Skills:       []Skill{{ID: "go", Status: Pending}},
		Items:        []Item{{Source: Source{Project, "proj_1"}, RecordID: "record 1", Title: "Shop"}},
	}
}

func skillsInput(claimed ...string) SkillsInput {
	return SkillsInput{Carriers: Carriers{IDs: []string{"ver_1"}}, Claims: claims(claimed...), Now: start}
}

func TestStoreSkills(t *testing.T) {
	t.Parallel()
	verifiedFirst := func(s *State, _ *SkillsInput) {
		s.Skills = []Skill{{ID: "sql", Status: Verified}, {ID: "go", Status: Rejected}}
	}
	tests := map[string]struct {
		change func(*State, *SkillsInput)
		want   []string
		err    error
	}{
		"replaces":             {nil, []string{"c", "go"}, nil},
		"keeps verified":       {verifiedFirst, []string{"sql", "c", "go"}, nil},
		"own user":             {func(_ *State, in *SkillsInput) { in.User = "usr_1" }, []string{"c", "go"}, nil},
		"other user":           {func(_ *State, in *SkillsInput) { in.User = "usr_2" }, nil, ErrUserMismatch},
		"completed":            {func(s *State, in *SkillsInput) { s.Verification.CompletedAt = start; in.Claims = claims("a", "a") }, nil, ErrCompleted},
		"user before complete": {func(s *State, in *SkillsInput) { s.Verification.CompletedAt = start; in.User = "usr_2" }, nil, ErrUserMismatch},
		"twice":                {func(_ *State, in *SkillsInput) { in.Claims = claims("a", "b", "a") }, nil, ErrSkillsDuplicate},
		"no key":               {func(s *State, _ *SkillsInput) { s.Key = nil }, nil, access.ErrKeyUnknown},
		"no carrier":           {func(_ *State, in *SkillsInput) { in.Carriers = Carriers{} }, nil, ErrNoCarrier},
	}
	for name, test := range tests {
		s, in := stepState(t), skillsInput("c", "go")
		if test.change != nil {
			test.change(&s, &in)
		}
		next, err := StoreSkills(s, in)
		if !errors.Is(err, test.err) {
			t.Errorf("%s: got error %v, want %v", name, err, test.err)
		}
		if d := cmp.Diff(test.want, ids(next.Skills)); d != "" {
			t.Errorf("%s: got (+), want (-):\n%s", name, d)
		}
	}
}

func ids(skills []Skill) []string {
	var all []string
	for _, s := range skills {
		all = append(all, s.ID)
	}
	return all
}

func TestChooseMethod(t *testing.T) {
	t.Parallel()
	in := MethodInput{Carriers: Carriers{IDs: []string{"ver_1"}}, Method: Assessment, EndorsementType: "peer", Now: start}
	next, err := ChooseMethod(stepState(t), in)
	if err != nil || next.Verification.Method != Assessment || next.Verification.EndorsementType != "peer" || next.Verification.Endorsement() != "peer" {
		t.Errorf("got %+v and error %v, want assessment by a peer", next.Verification, err)
	}
	completed := stepState(t)
	completed.Verification.CompletedAt = start
	if next, err := ChooseMethod(completed, in); !errors.Is(err, ErrCompleted) || !next.Empty() {
		t.Errorf("got %+v and error %v, want nothing and %v", next, err, ErrCompleted)
	}
	if _, err := ChooseMethod(State{}, in); !errors.Is(err, access.ErrKeyUnknown) {
		t.Errorf("got %v, want %v", err, access.ErrKeyUnknown)
	}
}

func TestStoreItems(t *testing.T) {
	t.Parallel()
	in := ItemsInput{
		Sources:   []Source{{Project, "proj_2"}, {Project, "proj_1"}, {Project, "proj_2"}, {Experience, "exp_1"}},
		RecordIDs: []string{"fresh 1", "fresh 2", "fresh 3"}, Now: start,
	}
	next, err := StoreItems(stepState(t), in)
	if err != nil {
		t.Fatalf("got error %v, want none", err)
	}
	want := []Item{
		{Source: Source{Project, "proj_2"}, RecordID: "fresh 1", Title: "Station", Start: start.AddDate(-2, -3, -8).Add(-10 * 60 * 60e9)},
		{Source: Source{Project, "proj_1"}, RecordID: "record 1", Title: "Shop"},
		{Source: Source{Experience, "exp_1"}, RecordID: "fresh 3", Title: "Developer", Organisation: "Northwind"},
	}
	if d := cmp.Diff(want, next.Items); d != "" {
		t.Errorf("items: got (+), want (-):\n%s", d)
	}
}

func TestStoreItemsRefusesInOrder(t *testing.T) {
	t.Parallel()
	clash := Touchpoint{Source: Source{Project, "proj_1"}, Skill: "go", Endorsement: "human", Status: Verified, VerifiedBy: ByReviewer}
	s, known := stepState(t), []Source{{Project, "proj_1"}}
	s.Key, s.Session.ExpiresAt, s.Verification.Method, s.Verification.CompletedAt, s.Touchpoints = nil, start, "", start, []Touchpoint{clash}
	in := ItemsInput{Sources: append(known, Source{Certificate, "proj_1"}, Source{Project, "other"}), RecordIDs: make([]string, 3), Now: start}
	steps := []struct {
		want error
		mend func()
	}{
		{access.ErrKeyUnknown, func() { s.Key = &access.Key{} }},
		{ErrSessionUnknown, func() { s.Session.ExpiresAt = start.Add(1) }},
		{ErrMethodNotSet, func() { s.Verification.Method = Human }},
		{ErrItemsUnknown, func() { in.Sources = known }},
		{ErrCompleted, func() { s.Verification = &Verification{Method: Human} }},
		{ErrSkillsDuplicate, func() { s.Touchpoints = nil }},
		{nil, func() {}},
	}
	for _, step := range steps {
		next, err := StoreItems(s, in)
		if !errors.Is(err, step.want) || step.want != nil && !next.Empty() {
			t.Errorf("got %+v and error %v, want nothing and %v", next, err, step.want)
		}
		if errors.Is(err, ErrItemsUnknown) {
			if d := cmp.Diff(any([]string{"proj_1", "other"}), fault.From(err).Detail); d != "" {
				t.Errorf("unknown ids: got (+), want (-):\n%s", d)
			}
		}
		step.mend()
	}
}

func TestStoreItemsOfASessionThatCannotBeRead(t *testing.T) {
	t.Parallel()
	s := stepState(t)
	s.Session.Lists.Projects = []byte("{")
	if _, err := StoreItems(s, ItemsInput{Now: start}); !errors.Is(err, ErrDataFormat) {
		t.Errorf("got %v, want %v", err, ErrDataFormat)
	}
}

// TestNames has step 1 call skills as the caller does, else as the imported catalogue does, else as our own list does.
func TestNames(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.world.imported = map[string]string{"kayak": "Kayak", "rust": "Rust, as we write it", "own": "Imported"}
	opened := f.ready(t)
	claims := []Claim{{Skill: "kayak"}, {Skill: "rust"}, {Skill: "own", Name: "Given\x00name"}, {Skill: "go"}, {Skill: "sql", Name: " \t"}, {Skill: "skill_001"}}
	skills, err := f.StoreSkills(t.Context(), apiKey, SkillsInput{Carriers: Carriers{IDs: []string{opened.Verification.ID}}, Claims: claims})
	got := []string{}
	for _, s := range skills {
		got = append(got, s.Name)
	}
	if d := cmp.Diff([]string{"Kayak", "Rust, as we write it", "Given name", "Go", "SQL", ""}, got); err != nil || d != "" {
		t.Errorf("%v, got (+), want (-):\n%s", err, d)
	}
}
