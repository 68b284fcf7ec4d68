package skill

import (
	"context"
	"errors"

	"avow/internal/access"
)

// SessionCache keeps copies of sessions where they are read faster. What it holds may be gone at any moment, and it fails nobody: whatever is wrong with it looks
// like a session that it does not have.
type SessionCache interface {
	// Get returns the session with this token, its lists included, or nil.
	Get(ctx context.Context, token access.Lookup) *Session
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

// errOtherSession says that the session that was loaded is not the one in the cache.
var errOtherSession = errors.New("another session than the cached one")

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

// ChangeVerification implements Verifications.
func (c caching) ChangeVerification(ctx context.Context, subject Subject, decide func(State) (Next, error)) error {
	held := c.held(ctx, subject)
	fresh, err := c.change(ctx, subject, held, decide)
	if errors.Is(err, errOtherSession) {
		fresh, err = c.change(ctx, subject, nil, decide)
	}
	if err == nil && fresh != nil {
		c.cache.Put(ctx, *fresh)
	}
	return err
}

// change returns the session that the cache should get once the change is committed; nil: none.
func (c caching) change(ctx context.Context, subject Subject, held *copied, decide func(State) (Next, error)) (fresh *Session, err error) {
	err = c.Verifications.ChangeVerification(ctx, held.spare(subject), func(state State) (Next, error) {
		if !held.lend(state.Session) {
			return Next{}, errOtherSession
		}
		next, refusal := decide(state)
		fresh = next.Session
		if fresh == nil && held == nil && subject.named(state.Session) {
			fresh = state.Session
		}
		return next, refusal
	})
	return fresh, err
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
