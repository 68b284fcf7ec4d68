package account

import (
	"context"
	"time"

	"avow/internal/access"
)

// Key names the account that a call is about.
//
// The owner of a call is never taken from the caller's word. With a token it is the token's organisation, resolved by the very statement that loads the account, whatever
// name the caller gives; by id alone (commands and hosted pages) it is the organisation of the account's row. Only an operator makes an account in an organisation of
// their choice.
type Key struct {
	Token   access.Lookup
	ByToken bool
	Name    Name   // zero: the token's own account
	New     bool   // the account is to be made; Name is its address
	Org     string // of a new account that comes without a token
	Names   []Name // further names of a new account

	// Seen is the state as a change of this key loaded it a moment ago; nil: it is loaded. It saves a change the load, and stale it harms as little as any other.
	Seen *State
}

// KeyOfToken names the account of a token.
func KeyOfToken(token access.Lookup) Key { return Key{Token: token, ByToken: true} }

// KeyOfNamed names an account of the token's organisation.
func KeyOfNamed(token access.Lookup, n Name) Key { return Key{Token: token, ByToken: true, Name: n} }

// KeyOfID names an account by its id.
func KeyOfID(id string) Key { return Key{Name: Named(ByID, id)} }

// KeyOfNew names an account to be made on an operator's word.
func KeyOfNew(org, email string, names []Name) Key {
	return Key{Name: Named(ByEmail, email), New: true, Org: org, Names: names}
}

// GrantKey names what a token request is about.
type GrantKey struct {
	Client   string
	Org      string        // password grant: the organisation and the address that signs in
	EmailKey string        //
	Refresh  access.Lookup // the token that was shown, to be exchanged, revoked or looked into
	ByToken  bool
}

// Accounts is where accounts, their live codes and their tokens are kept.
type Accounts interface {
	// View loads the state. What is unknown is nil in it; that is no error.
	View(ctx context.Context, k Key) (State, error)
	// Change loads the state, lets decide decide, saves what it returns and commits; only then does it return decide's error. Two changes of one account never both
	// decide on the same state. Decide may run more than once. An account whose version is 0 is a new one; somebody else's being quicker with one of its names is a
	// stale state like any other.
	Change(ctx context.Context, k Key, decide func(State) (Next, error)) error
	// ViewGrant loads the state of a token request; the same statements run whether or not client and account exist.
	ViewGrant(ctx context.Context, k GrantKey) (GrantState, error)
	// ChangeGrant is Change for token requests.
	ChangeGrant(ctx context.Context, k GrantKey, decide func(GrantState) (GrantNext, error)) error
	// RevokeToken revokes the token, for a refresh token its whole family, and reports whether there was one.
	RevokeToken(ctx context.Context, token access.Lookup, now time.Time) (bool, error)
}
