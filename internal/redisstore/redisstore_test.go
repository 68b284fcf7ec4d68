package redisstore

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"avow/internal/access"
	"avow/internal/skill"
)

// inBubble runs a test in a world of its own, whose time passes only when everybody waits.
func inBubble(t *testing.T, masters []byte, test func(t *testing.T, b *bed)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, newFake(), ring(t, masters...))
		synctest.Wait()
		defer func() { b.Close(); synctest.Wait() }()
		test(t, b)
	})
}

func TestWhatIsPutIsFound(t *testing.T) {
	t.Parallel()
	inBubble(t, []byte{1}, func(t *testing.T, b *bed) {
		want := session(b.o.Keys)
		if got := b.Get(t.Context(), lookup(b.o.Keys)); got != nil {
			t.Errorf("got %+v before the put, want none", got)
		}
		b.Put(t.Context(), want)
		if d := cmp.Diff(&want, b.Get(t.Context(), lookup(b.o.Keys))); d != "" {
			t.Errorf("got (+), want (-):\n%s", d)
		}
		name := hex.EncodeToString(want.Hash[:])
		wantLasts := map[string]time.Duration{"avow:session:" + name: time.Hour, "avow:verification:ver_test_1": time.Hour, "avow:probe": time.Second}
		if d := cmp.Diff(wantLasts, b.lasts); d != "" {
			t.Errorf("keys and their life: got (+), want (-):\n%s", d)
		}
		if text := string(b.values["avow:session:"+name]); strings.Contains(text, "org_1") || strings.Contains(text, "Shop") {
			t.Errorf("got %q in Redis, want it sealed", text)
		}
		if got := string(b.values["avow:verification:ver_test_1"]); got != name {
			t.Errorf("reverse key: got %s, want %s", got, name)
		}
		if d := cmp.Diff(map[string]int{"hit": 1, "miss": 1}, b.outcomes()); d != "" {
			t.Errorf("outcomes: got (+), want (-):\n%s", d)
		}
	})
}

func TestWhatHasExpiredIsNotKept(t *testing.T) {
	t.Parallel()
	inBubble(t, []byte{1}, func(t *testing.T, b *bed) {
		s := session(b.o.Keys)
		for _, left := range []time.Duration{-time.Hour, 0, time.Microsecond} {
			s.ExpiresAt = start.Add(left)
			b.Put(t.Context(), s)
		}
		if keys := slices.Collect(maps.Keys(b.values)); len(keys) != 1 {
			t.Errorf("got keys %v, want the probe's only", keys)
		}
	})
}

// TestStrangeValuesAreMisses puts what anybody could write into a Redis in the place of a session.
func TestStrangeValuesAreMisses(t *testing.T) {
	t.Parallel()
	keys := ring(t, 1)
	real := session(keys)
	other := real
	other.Hash = keys.Hash(access.ForSession, "another token")
	sealed := seal(keys, real)
	later, err := json.Marshal(stored{Format: format + 1, Hash: real.Hash[:]})
	if err != nil {
		t.Fatal(err)
	}
	values := map[string][]byte{
		"nothing":             {},
		"text":                []byte("hello"),
		"open JSON":           []byte(`{"v":1}`),
		"cut short":           sealed[:len(sealed)-1],
		"another master key":  seal(ring(t, 2), real),
		"another purpose":     keys.Seal(access.ForDelivery, []byte(`{"v":1}`)),
		"sealed nonsense":     keys.Seal(access.ForSessionCache, []byte("hello")),
		"no hash":             keys.Seal(access.ForSessionCache, []byte(`{"v":1}`)),
		"another format":      keys.Seal(access.ForSessionCache, later),
		"another's session":   seal(keys, other),
		"a session of no one": seal(keys, skill.Session{}),
	}
	inBubble(t, []byte{1}, func(t *testing.T, b *bed) {
		for name, value := range values {
			b.values[sessionKey(real.Hash)] = value
			if got := b.Get(t.Context(), lookup(keys)); got != nil {
				t.Errorf("%s: got %+v, want none", name, got)
			}
		}
		if d := cmp.Diff(map[string]int{"miss": len(values)}, b.outcomes()); d != "" {
			t.Errorf("outcomes: got (+), want (-):\n%s", d)
		}
	})
}

// TestMasterKeysRotate reads a session of before, and one of after, under the new key and the old one.
func TestMasterKeysRotate(t *testing.T) {
	t.Parallel()
	old, fresh := ring(t, 1), ring(t, 2)
	inBubble(t, []byte{2, 1}, func(t *testing.T, b *bed) {
		for name, keys := range map[string]*access.Keyring{"old": old, "new": fresh} {
			want := session(keys)
			b.values = map[string][]byte{sessionKey(want.Hash): seal(keys, want)}
			if d := cmp.Diff(&want, b.Get(t.Context(), lookup(b.o.Keys))); d != "" {
				t.Errorf("%s key: got (+), want (-):\n%s", name, d)
			}
		}
	})
	inBubble(t, []byte{2}, func(t *testing.T, b *bed) {
		s := session(old)
		b.values[sessionKey(s.Hash)] = seal(old, s)
		if got := b.Get(t.Context(), lookup(b.o.Keys)); got != nil {
			t.Errorf("after the old key is gone: got %+v, want none", got)
		}
	})
	if got := sessionKeys(lookup(ring(t, 1))); len(got) != 1 {
		t.Errorf("got %d keys for one master key, want one", len(got))
	}
}

func TestSealedSessionsComeBackAsTheyWere(t *testing.T) {
	t.Parallel()
	keys := ring(t, 1)
	raw := rapid.SliceOf(rapid.Byte())
	micros := rapid.Int64Range(0, 1<<52)
	rapid.Check(t, func(t *rapid.T) {
		want := skill.Session{
			Hash:         access.Hash(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "hash")),
			Owner:        access.Owner{Org: rapid.String().Draw(t, "org"), Mode: access.Mode(rapid.SampledFrom([]string{"live", "test"}).Draw(t, "mode"))},
			Verification: rapid.String().Draw(t, "verification"),
			Lists:        skill.Lists{Projects: raw.Draw(t, "projects"), Experience: raw.Draw(t, "experience"), Certificates: raw.Draw(t, "certificates")},
			SkillIDs:     rapid.SliceOf(rapid.String()).Draw(t, "skills"),
			CreatedAt:    time.UnixMicro(micros.Draw(t, "created")).UTC(),
			ExpiresAt:    time.UnixMicro(micros.Draw(t, "expires")).UTC(),
		}
		got, ok := unseal(keys, seal(keys, want))
		if d := cmp.Diff(want, got); d != "" || !ok {
			t.Fatalf("got (+) and %v, want (-):\n%s", ok, d)
		}
	})
}

// What is forgotten is not there any more, and a copy that comes too late is not kept; when nobody answers, that is told.
func TestForget(t *testing.T) {
	t.Parallel()
	inBubble(t, []byte{1}, func(t *testing.T, b *bed) {
		s := session(b.o.Keys)
		b.Put(t.Context(), s)
		if err := b.Forget(t.Context(), []access.Hash{s.Hash}); err != nil {
			t.Fatal(err)
		}
		b.Put(t.Context(), s)
		if got := b.Get(t.Context(), lookup(b.o.Keys)); got != nil {
			t.Errorf("got %+v, want nothing that was forgotten", got)
		}
		if got := b.lasts["avow:session:"+hex.EncodeToString(s.Hash[:])]; got != forgottenFor {
			t.Errorf("got the mark kept for %v, want %v", got, forgottenFor)
		}
		if err := b.Forget(t.Context(), nil); err != nil {
			t.Errorf("got %v for no session, want nobody asked", err)
		}
		b.change(func() { b.sick = errSick })
		if err := b.Forget(t.Context(), []access.Hash{s.Hash}); !errors.Is(err, skill.ErrCopiesLeft) {
			t.Errorf("got %v, want %v", err, skill.ErrCopiesLeft)
		}
	})
}
