package access

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/crypto/argon2"

	"avow/internal/fault"
)

const password = "correct horse battery"

func kept(t *testing.T, p *Passwords) string {
	t.Helper()
	text, err := p.Hash(t.Context(), password)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// accounts-api.md 13.14: argon2id, 19 MiB, t=2, p=1. The hash is computed once more from the text's own parts.
func TestPasswordParameters(t *testing.T) {
	t.Parallel()
	text := kept(t, NewPasswords(seeded(t), 1))
	rest, ok := strings.CutPrefix(text, "$argon2id$v=19$m=19456,t=2,p=1$")
	if !ok {
		t.Fatalf("got %q, want the parameters v=19, m=19456, t=2, p=1", text)
	}
	saltText, sum, _ := strings.Cut(rest, "$")
	salt, err := base64.RawStdEncoding.DecodeString(saltText)
	if err != nil || len(salt) != 16 {
		t.Fatalf("got salt %x, %v, want 16 bytes", salt, err)
	}
	if want := base64.RawStdEncoding.EncodeToString(argon2.IDKey([]byte(password), salt, 2, 19456, 1, 32)); sum != want {
		t.Errorf("got hash %s, want %s", sum, want)
	}
}

func TestPasswordMatches(t *testing.T) {
	t.Parallel()
	p := NewPasswords(seeded(t), 4)
	text := kept(t, p)
	tests := map[string]struct {
		kept, password string
		want           bool
	}{
		"right":                   {text, password, true},
		"wrong":                   {text, "correct horse batterz", false},
		"empty":                   {text, "", false},
		"one character more":      {text, password + " ", false},
		"nothing kept":            {"", password, false},
		"nothing kept, none sent": {"", "", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, err := p.Matches(t.Context(), tt.kept, tt.password); got != tt.want || err != nil {
				t.Errorf("got %t, %v, want %t, no error", got, err, tt.want)
			}
		})
	}
}

func TestSaltIsFresh(t *testing.T) {
	t.Parallel()
	p := NewPasswords(seeded(t), 1)
	if one, two := kept(t, p), kept(t, p); one == two {
		t.Errorf("got %q twice, want another salt each time", one)
	}
}

// A text that Hash did not make is a fault of the store, not a wrong password.
func TestUnreadableHash(t *testing.T) {
	t.Parallel()
	const salt, sum = "c2FsdHNhbHRzYWx0c2FsdA", "aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g"
	p := NewPasswords(seeded(t), 1)
	for name, text := range map[string]string{
		"plain text":    password,
		"blank":         " ",
		"bcrypt":        "$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
		"less memory":   "$argon2id$v=19$m=8,t=2,p=1$" + salt + "$" + sum,
		"another round": "$argon2id$v=19$m=19456,t=1,p=1$" + salt + "$" + sum,
		"argon2i":       "$argon2i$v=19$m=19456,t=2,p=1$" + salt + "$" + sum,
		"no hash":       "$argon2id$v=19$m=19456,t=2,p=1$" + salt,
		"bad salt":      "$argon2id$v=19$m=19456,t=2,p=1$!$" + sum,
		"bad hash":      "$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$" + sum + "$",
	} {
		if got, err := p.Matches(t.Context(), text, password); got || err == nil {
			t.Errorf("%s: got %t, %v, want false and an error", name, got, err)
		}
	}
}

func TestEmptyHashMatchesNothing(t *testing.T) {
	t.Parallel()
	text := "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$"
	if got, err := NewPasswords(seeded(t), 1).Matches(t.Context(), text, password); got || err != nil {
		t.Errorf("got %t, %v, want false, no error", got, err)
	}
}

// An address without a password, or without an account, takes as long as any other (accounts-api.md 13.13). The best of several turns is compared.
func TestNothingKeptTakesAsLong(t *testing.T) {
	t.Parallel()
	p := NewPasswords(seeded(t), 1)
	best := map[string]time.Duration{}
	for range 4 {
		for _, text := range []string{p.decoy, ""} {
			began := time.Now()
			if _, err := p.Matches(t.Context(), text, password); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(began); best[text] == 0 || took < best[text] {
				best[text] = took
			}
		}
	}
	if got, want := best[""], best[p.decoy]/4; got < want {
		t.Errorf("got %v where nothing is kept, want at least %v", got, want)
	}
}

// While all places are taken both calls wait, and go on when one is free.
func TestPasswordsWait(t *testing.T) {
	t.Parallel()
	for name, parallel := range map[string]int{"two places": 2, "at least one place": 0} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := NewPasswords(seeded(t), parallel)
				for range max(parallel, 1) {
					take(t, p)
				}
				done := make(chan error, 1)
				go func() {
					_, err := p.Hash(t.Context(), password)
					done <- err
				}()
				synctest.Wait()
				if len(done) != 0 {
					t.Fatalf("got a hash (%v) while all places were taken, want it to wait", <-done)
				}
				p.leave()
				if err := <-done; err != nil {
					t.Errorf("got %v after a place was free, want no error", err)
				}
			})
		})
	}
}

func take(t *testing.T, p *Passwords) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if err := p.enter(ctx); err != nil {
		t.Fatalf("got %v, want a free place", err)
	}
}

func TestPasswordsGiveUp(t *testing.T) {
	t.Parallel()
	calls := map[string]func(context.Context, *Passwords) error{
		"Hash":         func(ctx context.Context, p *Passwords) error { _, err := p.Hash(ctx, password); return err },
		"Matches":      func(ctx context.Context, p *Passwords) error { _, err := p.Matches(ctx, p.decoy, password); return err },
		"Matches none": func(ctx context.Context, p *Passwords) error { _, err := p.Matches(ctx, "", password); return err },
	}
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := NewPasswords(seeded(t), 1)
				take(t, p)
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				began := time.Now()
				err := call(ctx, p)
				if !errors.Is(err, ErrBusy) || !errors.Is(err, context.DeadlineExceeded) || fault.From(err).Kind != fault.Unavailable {
					t.Errorf("got %v, want busy because of the deadline", err)
				}
				if got := time.Since(began); got != time.Minute {
					t.Errorf("got it after %v, want it at the deadline", got)
				}
			})
		})
	}
}

// Each call gives its place back, whatever came of it.
func TestPlacesAreGivenBack(t *testing.T) {
	t.Parallel()
	p := NewPasswords(seeded(t), 1)
	text := kept(t, p)
	for _, shown := range []string{text, "garbage", ""} {
		_, _ = p.Matches(t.Context(), shown, password)
		take(t, p)
		p.leave()
	}
}
