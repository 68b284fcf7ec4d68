package skill

import (
	"context"

	"avow/internal/access"
)

// SessionCache keeps copies of sessions where they are read faster. What it holds may be gone at any moment, and it fails nobody: whatever is wrong with it looks
// like a session that it does not have.
type SessionCache interface {
	// Get returns the session with this token, its lists included, or nil.
	Get(ctx context.Context, token access.Lookup) *Session
	// Forget removes the copies of sessions, by the hashes of their tokens, and sees to it that none comes back. Unlike the others it says when that was not possible:
	// ErrCopiesLeft.
	Forget(ctx context.Context, sessions []access.Hash) error
	// Put keeps a session with its lists, until it expires or is pushed out.
	Put(ctx context.Context, session Session)
}

// WithCache has the lists of sessions come from a cache where it has them. They are all that does: whether a session is there, whose it is and how long it lives, and
// everything that can change, is read from v on every call.
func WithCache(v Verifications, cache SessionCache) Verifications { return caching{v, cache} }

type caching struct {
	Verifications
	cache SessionCache
}

// ViewVerification implements Verifications.
func (c caching) ViewVerification(ctx context.Context, subject Subject) (State, error) {
	held := c.held(ctx, subject)
	state, err := c.Verifications.ViewVerification(ctx, held.spare(subject))
	if err == nil && !held.lend(state.Session) {
		held = nil
		state, err = c.Verifications.ViewVerification(ctx, subject)
	}
	if err == nil && held == nil && subject.named(state.Session) {
		c.cache.Put(ctx, *state.Session)
	}
	return state, err
}

// ChangeVerification implements Verifications. No decision wants lists; a new session is put where they will be looked for.
func (c caching) ChangeVerification(ctx context.Context, subject Subject, decide func(State) (Next, error)) error {
	var opened *Session
	err := c.Verifications.ChangeVerification(ctx, subject, func(state State) (Next, error) {
		next, refusal := decide(state)
		opened = next.Session
		return next, refusal
	})
	if err == nil && opened != nil {
		c.cache.Put(ctx, *opened)
	}
	return err
}

// held asks the cache for the session whose lists a call wants.
func (c caching) held(ctx context.Context, subject Subject) *copied {
	if !subject.Lists || !subject.ByToken {
		return nil
	}
	return (*copied)(c.cache.Get(ctx, subject.Token))
}

// named reports whether s is the session that the call names by its token, with the lists that it wants.
func (s Subject) named(session *Session) bool {
	return s.Lists && s.ByToken && session != nil && s.Token.Holds(session.Hash)
}

// copied is a session as the cache has it; nil when it has none.
type copied Session

// spare saves the database from reading lists that are here.
func (c *copied) spare(subject Subject) Subject {
	subject.Lists = subject.Lists && c == nil
	return subject
}

// lend gives a loaded session its lists. It reports false when that session is another one.
func (c *copied) lend(session *Session) bool {
	if c == nil || session == nil {
		return true
	}
	if session.Hash != c.Hash {
		return false
	}
	session.Lists = c.Lists
	return true
}
