package access

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strings"
	"testing"
)

func ring(t testing.TB, keys ...byte) *Keyring {
	t.Helper()
	var masters [][]byte
	for _, k := range keys {
		masters = append(masters, bytes.Repeat([]byte{k}, 32))
	}
	r, err := NewKeyring(masters)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestNewKeyringRefuses(t *testing.T) {
	t.Parallel()
	key := bytes.Repeat([]byte{1}, 32)
	tests := map[string][][]byte{
		"no key":          nil,
		"four keys":       {key, key, key, key},
		"a short key":     {key[:31]},
		"a long key":      {append(bytes.Clone(key), 1)},
		"an empty key":    {{}},
		"a bad old key":   {key, key[:16]},
		"nil among three": {key, nil, key},
	}
	for name, keys := range tests {
		if r, err := NewKeyring(keys); err == nil || r != nil {
			t.Errorf("%s: got %v, %v, want an error", name, r, err)
		}
	}
}

// namedPurposes are the constants of type Purpose that the code declares.
func namedPurposes(t *testing.T) []Purpose {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "keyring.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var named []Purpose
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok {
			if kind, ok := spec.Type.(*ast.Ident); ok && kind.Name == "Purpose" {
				named = append(named, Purpose(strings.Trim(spec.Values[0].(*ast.BasicLit).Value, `"`)))
			}
		}
		return true
	})
	return named
}

// A purpose that is not in the list would have no key of its own: its hashes would be no secret's.
func TestEveryPurposeHasKeys(t *testing.T) {
	t.Parallel()
	named := namedPurposes(t)
	if len(named) < 9 {
		t.Fatalf("got %d constants %q, want at least 9", len(named), named)
	}
	for _, p := range named {
		if !slices.Contains(purposes, p) {
			t.Errorf("got no keys for %q, want them derived at start", p)
		}
	}
}

func TestPurposesAreApart(t *testing.T) {
	t.Parallel()
	r := ring(t, 1)
	hashes := map[Hash]Purpose{}
	for _, p := range purposes {
		h := r.Hash(p, "the same secret")
		if other, ok := hashes[h]; ok {
			t.Errorf("got one hash for %q and %q, want two", p, other)
		}
		hashes[h] = p
		sealed := r.Seal(p, []byte("plain"))
		for _, q := range purposes {
			if plain, err := r.Open(q, sealed); (err == nil) != (p == q) {
				t.Errorf("sealed for %q, opened for %q: got %q, %v, want it open for its own purpose only", p, q, plain, err)
			}
		}
	}
}

func TestHash(t *testing.T) {
	t.Parallel()
	one, two := ring(t, 1), ring(t, 2)
	base := one.Hash(ForToken, "secret")
	tests := map[string]struct {
		got  Hash
		same bool
	}{
		"the same again":     {ring(t, 1).Hash(ForToken, "secret"), true},
		"another secret":     {one.Hash(ForToken, "secret2"), false},
		"no secret":          {one.Hash(ForToken, ""), false},
		"another master key": {two.Hash(ForToken, "secret"), false},
		"older keys beside":  {ring(t, 1, 2, 3).Hash(ForToken, "secret"), true},
		"as an older key":    {ring(t, 2, 1).Hash(ForToken, "secret"), false},
	}
	for name, tt := range tests {
		if got := tt.got == base; got != tt.same {
			t.Errorf("%s: got same hash %t, want %t", name, got, tt.same)
		}
	}
	if base == (Hash{}) {
		t.Errorf("got %x, want a hash", base)
	}
}

// While keys rotate the first one writes and all of them are looked up.
func TestLookupDuringRotation(t *testing.T) {
	t.Parallel()
	byRing := map[string]*Keyring{"old": ring(t, 1), "rotating": ring(t, 2, 1), "rotated": ring(t, 2), "third": ring(t, 3, 2, 1), "foreign": ring(t, 9)}
	tests := []struct {
		stored, shown string
		want          bool
	}{
		{"old", "old", true},
		{"old", "rotating", true},
		{"old", "third", true},
		{"old", "rotated", false},
		{"rotating", "rotated", true},
		{"rotating", "old", false},
		{"rotating", "third", true},
		{"third", "rotated", false},
		{"foreign", "third", false},
		{"old", "foreign", false},
	}
	for _, tt := range tests {
		stored := byRing[tt.stored].Hash(ForCode, "code")
		if got := byRing[tt.shown].Lookup(ForCode, "code").Holds(stored); got != tt.want {
			t.Errorf("stored under %s, shown to %s: got %t, want %t", tt.stored, tt.shown, got, tt.want)
		}
		if byRing[tt.shown].Lookup(ForCode, "other").Holds(stored) {
			t.Errorf("stored under %s, shown to %s: got another secret found, want it not", tt.stored, tt.shown)
		}
	}
}

// Unused places of a look-up repeat the first: an empty hash in a row is never found.
func TestLookupHasNoEmptyPlace(t *testing.T) {
	t.Parallel()
	for n := 1; n <= MaxMasterKeys; n++ {
		keys := []byte{1, 2, 3}[:n]
		r := ring(t, keys...)
		l := r.Lookup(ForToken, "secret")
		if l.Holds(Hash{}) {
			t.Errorf("%d keys: got the empty hash found, want it not", n)
		}
		for i := range l {
			want := ring(t, keys[0]).Hash(ForToken, "secret")
			if i < n {
				want = ring(t, keys[i]).Hash(ForToken, "secret")
			}
			if l[i] != want {
				t.Errorf("%d keys, place %d: got %x, want %x", n, i, l[i], want)
			}
		}
	}
}

func TestDerive(t *testing.T) {
	t.Parallel()
	got := ring(t, 1, 2).Derive(ForDemo, "api key")
	for name, other := range map[string][32]byte{
		"another label": ring(t, 1).Derive(ForDemo, "secret key"), "another key": ring(t, 2).Derive(ForDemo, "api key"), "another purpose": ring(t, 1).Derive(ForToken, "api key"),
	} {
		if got == other {
			t.Errorf("%s: got the same %x, want another", name, got)
		}
	}
	if want := ring(t, 1).Derive(ForDemo, "api key"); got != want {
		t.Errorf("got %x, want %x: only the writing key counts", got, want)
	}
}

func TestOpen(t *testing.T) {
	t.Parallel()
	plain := []byte("the secret of a key")
	tests := map[string]struct {
		seals, opens *Keyring
		want         bool
	}{
		"itself":                {ring(t, 1), ring(t, 1), true},
		"old key still reads":   {ring(t, 1), ring(t, 2, 1), true},
		"oldest of three reads": {ring(t, 1), ring(t, 3, 2, 1), true},
		"new key writes":        {ring(t, 2, 1), ring(t, 2), true},
		"old key no longer":     {ring(t, 2, 1), ring(t, 1), false},
		"foreign key":           {ring(t, 9), ring(t, 1, 2, 3), false},
	}
	for name, tt := range tests {
		got, err := tt.opens.Open(ForDelivery, tt.seals.Seal(ForDelivery, plain))
		if (err == nil) != tt.want || tt.want && !bytes.Equal(got, plain) {
			t.Errorf("%s: got %q, %v, want readable %t", name, got, err, tt.want)
		}
	}
}

func TestTamperingIsFound(t *testing.T) {
	t.Parallel()
	r := ring(t, 1, 2)
	sealed := r.Seal(ForDelivery, []byte("pay 10 to Anna"))
	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 1
		if got, err := r.Open(ForDelivery, changed); err == nil {
			t.Errorf("byte %d changed: got %q, want an error", i, got)
		}
	}
	for n := range sealed {
		if got, err := r.Open(ForDelivery, sealed[:n]); err == nil {
			t.Errorf("cut to %d bytes: got %q, want an error", n, got)
		}
	}
	if got, err := r.Open(ForDelivery, append(bytes.Clone(sealed), 0)); err == nil {
		t.Errorf("one byte more: got %q, want an error", got)
	}
}

// Nothing of a sealed text but its length shows: version and key id (5 bytes), nonce (12), text, tag (16).
func TestSealedLength(t *testing.T) {
	t.Parallel()
	r := ring(t, 1)
	for _, n := range []int{0, 1, 32, 1000} {
		plain := bytes.Repeat([]byte("x"), n)
		one, two := r.Seal(ForCapture, plain), r.Seal(ForCapture, plain)
		if got, want := len(one), n+33; got != want {
			t.Errorf("%d bytes: got %d sealed, want %d", n, got, want)
		}
		if bytes.Equal(one, two) {
			t.Errorf("%d bytes: got the same text twice, want a fresh nonce each time", n)
		}
		if n > 8 && bytes.Contains(one, plain[:8]) {
			t.Errorf("%d bytes: got the plain text inside, want it hidden", n)
		}
	}
}
