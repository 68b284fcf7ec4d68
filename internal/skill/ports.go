package skill

import (
	"context"

	"avow/internal/access"
)

// Subject names what a call is about.
//
// The owner of a call is never taken from the caller's word. With Keyed it is that of the API key, or of the session whose token stands in its place, resolved by
// the very statements that load the state: rows of other owners are not found. On public calls it is the owner of the row that the id or token names (18.9).
type Subject struct {
	Keyed  bool
	Secret access.Lookup // what was shown as API key
	ByPass bool          // it looks like a session's token

	// The verification: that of the session's token, else the one with the id, else that of the session whose token stands in the key's place.
	ByToken      bool
	Token        access.Lookup
	Verification string

	// Lists asks for the lists of the verification's session. They are large, and few calls need them.
	Lists bool

	// Skills asks for the names that the imported catalogue has for skills, by their ids.
	Skills []string

	// The persons that init may mean; an empty key means nobody.
	EmailKey string
	PhoneKey string
}

// Verifications is where persons, their verifications and their sessions are kept.
type Verifications interface {
	// ViewVerification loads the state without its touchpoints, which only decisions need. What is unknown is nil or empty in it; that is no error.
	ViewVerification(ctx context.Context, subject Subject) (State, error)
	// ChangeVerification loads the state, lets decide decide, saves what it returns and commits; only then does it return decide's error. Two changes of what one
	// person has never both decide on the same state. Decide may run more than once. What Next leaves out of user and verification is the state's.
	ChangeVerification(ctx context.Context, subject Subject, decide func(State) (Next, error)) error
}
