package access

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// seeded is a source that is the same in each run.
func seeded(t testing.TB) Random {
	t.Helper()
	return Random{Source: rand.NewChaCha8([32]byte([]byte(fmt.Sprintf("%32.32s", t.Name()))))}
}

// The forms of interfaces.md section 3. 22 base62 digits are 131 bits, 43 are 256.
func TestForms(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		draw func(Random) string
		want string
	}{
		"account":      {func(r Random) string { return r.ObjectID(start) }, `^[0-9a-f]{24}$`},
		"verification": {func(r Random) string { return r.ID("ver_live_") }, `^ver_live_[0-9A-Za-z]{22,}$`},
		"user":         {func(r Random) string { return r.ID("usr_test_") }, `^usr_test_[0-9A-Za-z]{22,}$`},
		"organisation": {func(r Random) string { return r.ID("org_") }, `^org_[0-9A-Za-z]{22,}$`},
		"API key":      {func(r Random) string { return r.Secret("avow_live_") }, `^avow_live_[0-9A-Za-z]{49}$`},
		"API secret":   {func(r Random) string { return r.Secret("avow_test_sk_") }, `^avow_test_sk_[0-9A-Za-z]{49}$`},
		"UUID":         {Random.UUID, `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			form, r, seen := regexp.MustCompile(tt.want), seeded(t), map[string]bool{}
			for range 1000 {
				got := tt.draw(r)
				if !form.MatchString(got) || seen[got] {
					t.Fatalf("got %q, want a new value that matches %s", got, tt.want)
				}
				seen[got] = true
			}
		})
	}
}

func TestObjectIDBeginsWithTheSecond(t *testing.T) {
	t.Parallel()
	tests := map[string]time.Time{
		"00000000": time.Unix(0, 0),
		"5caf3c20": time.Unix(0x5caf3c20, 999_999_999),
		"65a3ccc0": start,
		"ffffffff": time.Unix(0xffffffff, 0),
	}
	for want, now := range tests {
		if got := seeded(t).ObjectID(now)[:8]; got != want {
			t.Errorf("%v: got %s, want %s", now, got, want)
		}
	}
}

// value reads base62 digits, most significant first.
func value(digits string) (v uint64) {
	for _, c := range []byte(digits) {
		switch {
		case c <= '9':
			v = v*62 + uint64(c-'0')
		case c <= 'Z':
			v = v*62 + uint64(c-'A') + 10
		default:
			v = v*62 + uint64(c-'a') + 36
		}
	}
	return v
}

// Leak scanners recompute the checksum: the last six digits are the CRC-32 of all before them, prefix included.
func TestSecretEndsWithItsChecksum(t *testing.T) {
	t.Parallel()
	r := seeded(t)
	for range 200 {
		secret := r.Secret("avow_live_sk_")
		body, check := secret[:len(secret)-6], secret[len(secret)-6:]
		if got, want := value(check), uint64(crc32.ChecksumIEEE([]byte(body))); got != want {
			t.Fatalf("%s: got checksum %d, want %d", secret, got, want)
		}
	}
}

// The check value of CRC-32 is 0xcbf43926 (of the nine digits); 0 is the checksum of nothing.
func TestChecked(t *testing.T) {
	t.Parallel()
	tests := map[string]string{"123456789": "1234567893jZRME", "": "000000"}
	for body, want := range tests {
		if got := Checked(body); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// 62 characters, 61 degrees of freedom: chi-square above 114 has less than one chance in twenty thousand. Bytes taken modulo 62 without rejection give some 1500.
func TestTextHasNoBias(t *testing.T) {
	t.Parallel()
	const each = 3000
	counts, r := map[rune]int{}, seeded(t)
	for total := 0; total < 62*each; total += secretLength {
		for _, c := range r.text(secretLength) {
			counts[c]++
		}
	}
	chi := 0.0
	for _, c := range base62 {
		d := float64(counts[c] - each)
		chi += d * d / each
	}
	if len(counts) != 62 || chi > 114 {
		t.Errorf("got %d characters with chi-square %.1f, want 62 with at most 114", len(counts), chi)
	}
}

// Bytes of 248 and above are thrown away, never folded.
func TestTextRejectsHighBytes(t *testing.T) {
	t.Parallel()
	high := bytes.Repeat([]byte{248, 250, 255}, 20)
	source := io.MultiReader(bytes.NewReader(high), bytes.NewReader([]byte{0, 61, 62, 247}), bytes.NewReader(bytes.Repeat([]byte{1}, 100)))
	if got, want := (Random{Source: source}).text(4), "0z0z"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Nothing safe can be made without randomness: every draw panics.
func TestBrokenSource(t *testing.T) {
	t.Parallel()
	broken := Random{Source: iotest.ErrReader(errors.New("no entropy"))}
	draws := map[string]func(){
		"ObjectID": func() { broken.ObjectID(start) },
		"UUID":     func() { broken.UUID() },
		"ID":       func() { broken.ID("org_") },
		"Secret":   func() { broken.Secret("avow_live_") },
		"short":    func() { Random{Source: strings.NewReader("only a few bytes")}.Secret("avow_live_") },
	}
	for name, draw := range draws {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: got a value, want a panic", name)
				}
			}()
			draw()
		}()
	}
}
