package skill

import (
	"context"
	"time"

	"avow/internal/access"
	"avow/internal/catalogue"
)

// Subject names what a call is about.
//
// The owner of a call is never taken from the caller's word. With Keyed it is that of the API key, or of the session whose token stands in its place, resolved by
// the very statements that load the state: rows of other owners are not found. On public calls it is the owner of the row that the id or token names (18.9).
type Subject struct {
	Keyed  bool
	Secret access.Lookup // what was shown as API key
	ByPass bool          // it looks like a session's token

	// The verification: on public calls that of the reviewer's token; that of the session's token, else the one with the id, else that of the session whose token
	// stands in the key's place.
	ByReview     bool
	Review       access.Lookup
	ByToken      bool
	Token        access.Lookup
	Verification string

	// Lists asks for the lists of the verification's session. They are large, and few calls need them.
	Lists bool

	// Skills asks for the names that the imported catalogue has for skills, by their ids.
	Skills []string

	// The persons that the call may mean; an empty key means nobody. On public calls by a session's token the e-mail counts alone.
	EmailKey string
	PhoneKey string

	// Touchpoints asks for those of the person with the e-mail.
	Touchpoints bool
}

// Verifications is where persons, their verifications and their sessions are kept.
type Verifications interface {
	// ViewVerification loads the state without its touchpoints, which only decisions need. What is unknown is nil or empty in it; that is no error.
	ViewVerification(ctx context.Context, subject Subject) (State, error)
	// ChangeVerification loads the state, lets decide decide, saves what it returns and commits; only then does it return decide's error. Two changes of what one
	// person has never both decide on the same state. Decide may run more than once. What Next leaves out of user and verification is the state's.
	ChangeVerification(ctx context.Context, subject Subject, decide func(State) (Next, error)) error
	// Reviewers returns the reviewers that the key's owner has stored with this domain, by e-mail, each address once as it was stored last, at most MaxSuggestions;
	// those alone whose address begins with prefix. A key that is unknown or revoked has none.
	Reviewers(ctx context.Context, key access.Lookup, domain, prefix string) ([]Reviewer, error)
	// Company returns the company of the reviewer that the key's owner has stored last with this domain; empty: there is none.
	Company(ctx context.Context, key access.Lookup, domain string) (string, error)
	// SkillsOfUser returns the key, with its secrets, and the skills of a person of its owner, those of newer verifications first. What is unknown is nil or empty.
	SkillsOfUser(ctx context.Context, key access.Lookup, user string) (*access.Key, []UserSkill, error)
	// Person returns the person of the key's owner with this id, else the person of the newest verification whose student id it is.
	Person(ctx context.Context, key access.Lookup, id string) (Person, error)
	// ReviewsOver returns the ids of verifications whose review is pending although its time is over, the oldest first, at most limit.
	ReviewsOver(ctx context.Context, now time.Time, limit int) ([]string, error)
}

// Endpoints is where registered endpoints are kept.
type Endpoints interface {
	// ChangeRegistered loads the endpoints of a key's organisation and mode, lets decide decide, saves what it returns and commits; only then does it return decide's
	// error. Two changes of what one organisation has never both decide on the same state. Decide may run more than once.
	ChangeRegistered(ctx context.Context, key access.Lookup, decide func(Registered) (Registration, error)) error
}

// Catalogue knows skills by what people call them.
type Catalogue interface {
	// Named returns the skills that texts mean, by text; what is unknown is not among them.
	Named(ctx context.Context, texts []string) (map[string]catalogue.Skill, error)
}

// UserSkill is a skill of a person with the verification that it belongs to.
type UserSkill struct {
	Skill
	Verification string
}
