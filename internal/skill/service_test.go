package skill

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"avow/internal/access"
)

func TestInitOpensASession(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	opened, err := f.Init(t.Context(), apiKey, initInput(t))
	if err != nil {
		t.Fatalf("got error %v, want none", err)
	}
	data, err := f.SessionData(t.Context(), opened.Token)
	if err != nil {
		t.Fatalf("got error %v, want none", err)
	}
	v := opened.Verification
	want := SessionData{Verification: v, Email: "jane@example.com", Lists: lists(t, twoProjects)}
	if d := cmp.Diff(want, data); d != "" {
		t.Errorf("session data: got (+), want (-):\n%s", d)
	}
	wantV := Verification{
		ID: v.ID, Owner: access.Owner{Org: "org_1", Mode: access.Test}, User: v.User, Key: "key_1", Student: "student_1",
		Callback: "https://client.example/hook", Name: "Jane Doe", CreatedAt: start,
	}
	if d := cmp.Diff(wantV, v); d != "" {
		t.Errorf("verification: got (+), want (-):\n%s", d)
	}
	if got, want := opened.Session.ExpiresAt, start.Add(40*24*time.Hour); !got.Equal(want) || opened.TTL != sessionTTL {
		t.Errorf("got end %v after %v, want %v", got, opened.TTL, want)
	}
	if v.ID[:9] != "ver_test_" || v.User[:9] != "usr_test_" || len(v.ID) < 9+22 {
		t.Errorf("got ids %q and %q, want long ones of the key's mode", v.ID, v.User)
	}
}

func TestTheSteps(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	opened := f.ready(t, "go", "sql")
	skills, err := f.Skills(t.Context(), opened.Verification.ID)
	if err != nil {
		t.Fatal(err)
	}
	want := []Skill{
		{ID: "go", Name: "Go", ProofURLs: []string{}, Status: Pending, CreatedAt: start},
		{ID: "sql", Name: "SQL", ProofURLs: []string{}, Status: Pending, CreatedAt: start},
	}
	if d := cmp.Diff(want, skills); d != "" {
		t.Errorf("skills: got (+), want (-):\n%s", d)
	}
	items, err := f.Items(t.Context(), opened.Verification.ID)
	if err != nil || len(items) != 1 || items[0].Title != "Shop" || items[0].RecordID == "" {
		t.Errorf("got items %+v and error %v, want the shop", items, err)
	}
}

func TestStoreSkillsReturnsWhatWasAskedAsStored(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	opened := f.ready(t, "go")
	f.world.end(opened.Verification.ID, false, "go")
	in := SkillsInput{
		Carriers: Carriers{Tokens: []string{opened.Token}},
		Claims:   []Claim{{Skill: "sql", Name: "S\tQL", ProofURLs: []string{" https://a.example/ ", "https://a.example/", " "}}, {Skill: "go", ProofURLs: []string{"x"}}},
	}
	got, err := f.StoreSkills(t.Context(), apiKey, in)
	if err != nil {
		t.Fatal(err)
	}
	want := []Skill{
		{ID: "sql", Name: "S QL", ProofURLs: []string{"https://a.example/"}, Status: Pending, CreatedAt: start},
		{ID: "go", Name: "Go", ProofURLs: []string{}, Status: Verified, VerifiedAt: start, VerifiedBy: ByReviewer, CreatedAt: start},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("skills: got (+), want (-):\n%s", d)
	}
}

func TestAuthenticate(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	token := f.ready(t, "go").Token
	tests := map[string]struct {
		shown string
		need  Need
		want  error
	}{
		"key":                      {apiKey, Need{}, nil},
		"key where a session does": {apiKey, Need{Session: true}, nil},
		"session":                  {token, Need{Session: true}, nil},
		"session where it is none": {token, Need{}, access.ErrKeyUnknown},
		"nothing":                  {"", Need{}, access.ErrKeyUnknown},
		"unknown":                  {"another", Need{Session: true}, access.ErrKeyUnknown},
	}
	for name, test := range tests {
		if got := f.Authenticate(t.Context(), test.shown, test.need); !errors.Is(got, test.want) {
			t.Errorf("%s: got %v, want %v", name, got, test.want)
		}
	}
}

func TestEveryCallNeedsWhatItNeeds(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	opened := f.ready(t, "go")
	calls := calls(t, f, opened)
	for name, call := range calls {
		if err := call("unknown"); !errors.Is(err, access.ErrKeyUnknown) {
			t.Errorf("%s: got %v, want %v", name, err, access.ErrKeyUnknown)
		}
		if err := call(""); !errors.Is(err, access.ErrKeyUnknown) {
			t.Errorf("%s without key: got %v, want %v", name, err, access.ErrKeyUnknown)
		}
	}
	for _, name := range []string{"step 1", "step 2"} {
		if err := calls[name](opened.Token); err != nil {
			t.Errorf("%s with the session's token as key: got %v, want no error", name, err)
		}
	}
	f.world.broken = true
	for name, call := range calls {
		if err := call(apiKey); !errors.Is(err, errBroken) {
			t.Errorf("%s with a broken store: got %v, want %v", name, err, errBroken)
		}
	}
}

func calls(t *testing.T, f *fixture, opened Opened) map[string]func(key string) error {
	carriers := Carriers{IDs: []string{opened.Verification.ID}}
	return map[string]func(key string) error{
		"init": func(key string) error { _, err := f.Init(t.Context(), key, initInput(t)); return err },
		"step 1": func(key string) error {
			_, err := f.StoreSkills(t.Context(), key, SkillsInput{Carriers: carriers, Claims: claims("go")})
			return err
		},
		"step 2": func(key string) error {
			return f.ChooseMethod(t.Context(), key, MethodInput{Carriers: carriers, Method: Assessment})
		},
		"step 3": func(key string) error {
			_, err := f.StoreItems(t.Context(), key, opened.Token, []Source{{Project, "proj_2"}})
			return err
		},
		"authenticate": func(key string) error { return f.Authenticate(t.Context(), key, Need{}) },
	}
}

func TestReadsOfWhatIsNotThere(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	opened, err := f.Init(t.Context(), apiKey, initInput(t))
	if err != nil {
		t.Fatal(err)
	}
	reads := map[string]func() error{
		"skills":       func() error { _, err := f.Skills(t.Context(), opened.Verification.ID); return err },
		"items":        func() error { _, err := f.Items(t.Context(), "ver_test_unknown"); return err },
		"session data": func() error { _, err := f.SessionData(t.Context(), "unknown"); return err },
	}
	want := map[string]error{"skills": ErrSkillsUnknown, "items": ErrVerificationUnknown, "session data": ErrSessionUnknown}
	for name, read := range reads {
		if got := read(); !errors.Is(got, want[name]) {
			t.Errorf("%s: got %v, want %v", name, got, want[name])
		}
	}
	f.world.broken = true
	for name, read := range reads {
		if got := read(); !errors.Is(got, errBroken) {
			t.Errorf("%s of a broken store: got %v, want %v", name, got, errBroken)
		}
	}
}

func TestAnExpiredSessionIsUnknown(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	opened := f.ready(t, "go")
	f.now = start.Add(sessionTTL - time.Microsecond)
	if _, err := f.SessionData(t.Context(), opened.Token); err != nil {
		t.Errorf("a moment before the end: got %v, want no error", err)
	}
	f.now = start.Add(sessionTTL)
	calls := calls(t, f, opened)
	for _, name := range []string{"step 1", "step 2", "step 3"} {
		if err := calls[name](apiKey); !errors.Is(err, ErrSessionUnknown) {
			t.Errorf("%s: got %v, want %v", name, err, ErrSessionUnknown)
		}
	}
	if err := calls["step 1"](opened.Token); !errors.Is(err, access.ErrKeyUnknown) {
		t.Errorf("its token as key: got %v, want %v", err, access.ErrKeyUnknown)
	}
	if _, err := f.SessionData(t.Context(), opened.Token); !errors.Is(err, ErrSessionUnknown) {
		t.Errorf("session data: got %v, want %v", err, ErrSessionUnknown)
	}
	if _, err := f.Skills(t.Context(), opened.Verification.ID); err != nil {
		t.Errorf("skills: got %v, want no error", err)
	}
}
