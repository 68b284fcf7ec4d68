package access

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"golang.org/x/crypto/argon2"

	"avow/internal/fault"
)

// Bounds of a password in characters (accounts-api.md 5.3).
const (
	MinPassword = 6
	MaxPassword = 1024
)

// ErrBusy says that too much is waiting: changes for the database, passwords to be hashed.
var ErrBusy = &fault.Error{Kind: fault.Unavailable, Reason: "busy", Message: "The server is busy. Try again in a moment.", After: time.Second}

const (
	argonTime    = 2
	argonMemory  = 19 * 1024 // KiB
	argonThreads = 1
	argonSalt    = 16
	argonSize    = 32
)

// Passwords hashes and checks passwords with argon2id (19 MiB, t=2, p=1; accounts-api.md 13.14), few at a time, because each takes memory and a core.
type Passwords struct {
	random Random
	slots  chan struct{}
	decoy  string
}

// NewPasswords allows at most parallel hashes at once.
func NewPasswords(random Random, parallel int) *Passwords {
	p := &Passwords{random: random, slots: make(chan struct{}, max(parallel, 1))}
	p.decoy = encode(random.Bytes(argonSalt), random.Bytes(argonSize))
	return p
}

// Hash returns the text to keep for a password: parameters, salt and hash.
func (p *Passwords) Hash(ctx context.Context, password string) (string, error) {
	if err := p.enter(ctx); err != nil {
		return "", err
	}
	defer p.leave()
	salt := p.random.Bytes(argonSalt)
	return encode(salt, derive(password, salt)), nil
}

// Matches reports whether password made the kept text. An empty text matches nothing and takes as long as any other: no answer tells by its time whether an
// account exists or has a password.
func (p *Passwords) Matches(ctx context.Context, kept, password string) (bool, error) {
	if err := p.enter(ctx); err != nil {
		return false, err
	}
	defer p.leave()
	text := kept
	if text == "" {
		text = p.decoy
	}
	salt, want, err := decode(text)
	if err != nil {
		return false, err
	}
	same := subtle.ConstantTimeCompare(derive(password, salt), want) == 1
	return same && kept != "", nil
}

func (p *Passwords) enter(ctx context.Context) error {
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ErrBusy.Because(ctx.Err())
	}
}

func (p *Passwords) leave() { <-p.slots }

func derive(password string, salt []byte) []byte {
	return argon2.IDKey([]byte(password), salt, argonTime, argonMemory, argonThreads, argonSize)
}

func prefix() string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$", argon2.Version, argonMemory, argonTime, argonThreads)
}

func encode(salt, sum []byte) string {
	b := base64.RawStdEncoding
	return prefix() + b.EncodeToString(salt) + "$" + b.EncodeToString(sum)
}

func decode(text string) (salt, sum []byte, err error) {
	rest, ok := strings.CutPrefix(text, prefix())
	saltText, sumText, both := strings.Cut(rest, "$")
	if !ok || !both {
		return nil, nil, fmt.Errorf("password: unknown parameters")
	}
	if salt, err = base64.RawStdEncoding.DecodeString(saltText); err != nil {
		return nil, nil, fmt.Errorf("password: salt: %w", err)
	}
	if sum, err = base64.RawStdEncoding.DecodeString(sumText); err != nil {
		return nil, nil, fmt.Errorf("password: hash: %w", err)
	}
	return salt, sum, nil
}
