package skill

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"avow/internal/access"
)

// shelf is the simplest SessionCache there can be. With a liar it answers with that session, whatever the token.
type shelf struct {
	sessions map[access.Hash]Session
	puts     int
	liar     *Session
	sick     error // of Forget
	blank    bool  // it forgets everything at once
}

func (s *shelf) Get(_ context.Context, token access.Lookup) *Session {
	if s.liar != nil {
		return s.liar
	}
	return find(s.sessions, token, anyRow)
}

func (s *shelf) Put(_ context.Context, session Session) {
	s.puts++
	if !s.blank {
		s.sessions[session.Hash] = session
	}
}

func (s *shelf) Forget(_ context.Context, sessions []access.Hash) error {
	for _, h := range sessions {
		delete(s.sessions, h)
	}
	return s.sick
}

// watched counts the loads that read lists.
type watched struct {
	Verifications
	lists int
}

func (w *watched) ViewVerification(ctx context.Context, s Subject) (State, error) {
	w.count(s)
	return w.Verifications.ViewVerification(ctx, s)
}

func (w *watched) ChangeVerification(ctx context.Context, s Subject, decide func(State) (Next, error)) error {
	w.count(s)
	return w.Verifications.ChangeVerification(ctx, s, decide)
}

func (w *watched) count(s Subject) {
	if s.Lists {
		w.lists++
	}
}

func newCachedFixture(t *testing.T) (*fixture, *shelf, *watched) {
	t.Helper()
	f := newFixture(t)
	cache, loads := &shelf{sessions: map[access.Hash]Session{}}, &watched{Verifications: f.world}
	f.o.Verifications = WithCache(loads, cache)
	return f, cache, loads
}

// run goes through the steps and returns everything that a caller sees of the lists.
func run(t *testing.T, f *fixture) []any {
	t.Helper()
	opened := f.ready(t, "go")
	selection, err := f.StoreItems(t.Context(), apiKey, opened.Token, []Source{{Project, "proj_2"}, {Experience, "exp_1"}})
	if err != nil {
		t.Fatal(err)
	}
	data, err := f.SessionData(t.Context(), opened.Token)
	if err != nil {
		t.Fatal(err)
	}
	items, err := f.Items(t.Context(), opened.Verification.ID)
	if err != nil {
		t.Fatal(err)
	}
	return []any{selection, data, items}
}

func TestNobodySeesTheCache(t *testing.T) {
	t.Parallel()
	want := run(t, newFixture(t))
	other := Session{Hash: access.Hash{1, 2, 3}, Lists: Lists{Projects: []byte(`[]`), Experience: []byte(`[]`), Certificates: []byte(`[]`)}}
	caches := map[string]struct {
		shape func(*shelf)
		loads int
	}{
		"with everything in it":    {func(*shelf) {}, 0},
		"that forgets":             {func(s *shelf) { s.blank = true }, 1},
		"with others' sessions":    {func(s *shelf) { s.liar = &other }, 1},
		"with sessions of nothing": {func(s *shelf) { s.liar = &Session{} }, 1},
	}
	for name, test := range caches {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, cache, loads := newCachedFixture(t)
			test.shape(cache)
			if d := cmp.Diff(want, run(t, f)); d != "" {
				t.Errorf("got (+), want (-):\n%s", d)
			}
			if loads.lists != test.loads {
				t.Errorf("got lists loaded %d times, want %d", loads.lists, test.loads)
			}
		})
	}
}

func TestAMissFillsTheCache(t *testing.T) {
	t.Parallel()
	f, cache, loads := newCachedFixture(t)
	opened := f.ready(t, "go")
	clear(cache.sessions)
	cache.puts, loads.lists = 0, 0
	for range 3 {
		if _, err := f.SessionData(t.Context(), opened.Token); err != nil {
			t.Errorf("got %v, want no error", err)
		}
	}
	if cache.puts != 1 || loads.lists != 1 {
		t.Errorf("got %d puts and %d loads, want one of each", cache.puts, loads.lists)
	}
	if d := cmp.Diff(opened.Session, cache.sessions[opened.Session.Hash]); d != "" {
		t.Errorf("cached session: got (+), want (-):\n%s", d)
	}
}

// TestTheDatabaseDecides sees that a cached session opens nothing that the database does not.
func TestTheDatabaseDecides(t *testing.T) {
	t.Parallel()
	f, cache, _ := newCachedFixture(t)
	opened := f.ready(t, "go")
	store := func(key string) error {
		_, err := f.StoreItems(t.Context(), key, opened.Token, []Source{{Project, "proj_1"}})
		return err
	}
	if err := store("avow_live_other"); !errors.Is(err, access.ErrKeyUnknown) {
		t.Errorf("another key: got %v, want %v", err, access.ErrKeyUnknown)
	}
	user := f.world.users[opened.Verification.User]
	user.Email = "new@example.com"
	f.world.users[user.ID] = user
	if data, err := f.SessionData(t.Context(), opened.Token); err != nil || data.Email != "new@example.com" {
		t.Errorf("after a change: got %q and error %v, want the new address", data.Email, err)
	}
	delete(f.world.sessions, opened.Session.Hash)
	cache.puts = 0
	_, err := f.SessionData(t.Context(), opened.Token)
	for call, got := range map[string]error{"session data": err, "step 3": store(apiKey)} {
		if !errors.Is(got, ErrSessionUnknown) {
			t.Errorf("%s of a session that is gone: got %v, want %v", call, got, ErrSessionUnknown)
		}
	}
	if cache.puts != 0 {
		t.Errorf("got %d puts, want none", cache.puts)
	}
}

func TestOnlyWhatIsCommittedIsCached(t *testing.T) {
	t.Parallel()
	f, cache, _ := newCachedFixture(t)
	if _, err := f.Init(t.Context(), "unknown", initInput(t)); !errors.Is(err, access.ErrKeyUnknown) {
		t.Errorf("got %v, want %v", err, access.ErrKeyUnknown)
	}
	f.world.broken = true
	if _, err := f.Init(t.Context(), apiKey, initInput(t)); !errors.Is(err, errBroken) {
		t.Errorf("got %v, want %v", err, errBroken)
	}
	if _, err := f.SessionData(t.Context(), "token"); !errors.Is(err, errBroken) {
		t.Errorf("got %v, want %v", err, errBroken)
	}
	if cache.puts != 0 {
		t.Errorf("got %d puts, want none", cache.puts)
	}
}
