package skill

import (
	"time"

	"avow/internal/access"
	"avow/internal/assess"
	"avow/internal/outbox"
)

// State is what a decision needs. Whatever is unknown, or another owner's, is nil or empty.
type State struct {
	Key          *access.Key       // the API key that was shown
	Pass         *Session          // the session whose token was shown in the API key's place (18.5)
	Settings     access.Settings   // of the owner's organisation
	Brand        string            // the name that its mails and pages show; known with the key or the verification, like the next
	Language     string            // of its mails; empty: English
	Endpoints    []access.Endpoint // of the verification's owner, that hear how it ends; without their secrets
	Session      *Session          // the session of Verification, live or not
	Verification *Verification     // the verification that the call is about
	User         *User             // its person
	Skills       []Skill           // in their order
	Items        []Item            // in their order
	Reviewer     *Reviewer
	Review       *Review
	Assessment   assess.Assessment // zero: nothing was drawn
	Touchpoints  []Touchpoint
	Names        map[string]string // of the subject's Skills, where the imported catalogue has one
	ByEmail      *User             // the person with the e-mail of the call
	ByPhone      *User             // the person with the phone number of the call
}

// Next is what a decision wants saved, together or not at all. The zero value saves nothing. Nil leaves what is there.
type Next struct {
	User         *User              // new or changed
	Verification *Verification      // new or changed
	Session      *Session           // new
	Skills       []Skill            // all skills of the verification from now on, in this order
	Items        []Item             // all items of the verification from now on, in this order
	Reviewer     *Reviewer          // new or changed
	Review       *Review            // new or changed
	Assessment   *assess.Assessment // new or changed
	Deliveries   []outbox.Delivery
	Unsend       []string  // ids of mails that must not be sent any more
	Counted      []Counted // what the key is counted for
	At           time.Time // of the change; needed with Unsend
}

// Counter is something that keys are counted for (section 9).
type Counter string

// The counters.
const (
	Credits          Counter = "credits"
	VerifiedProfiles Counter = "verified_profiles"
)

// Counted is one more for the key of the verification.
type Counted struct {
	ID      string // unique
	Counter Counter
	At      time.Time
}

// Empty reports whether there is nothing to save.
func (n Next) Empty() bool {
	rows := n.User == nil && n.Verification == nil && n.Session == nil && n.Skills == nil && n.Items == nil && n.Reviewer == nil && n.Review == nil && n.Assessment == nil
	return rows && len(n.Deliveries)+len(n.Unsend)+len(n.Counted) == 0
}

// authenticate accepts or refuses what was shown as API key. A live session's token is good in its place where the reference says so, unless the organisation
// does not want it (18.5); on our own page it always is.
func (s State) authenticate(need Need, now time.Time) error {
	if need.Session && s.Key == nil && s.Pass.live(now) && (need.Hosted || s.Settings.On(access.SessionTokenAsKey)) {
		return nil
	}
	return access.AuthenticateKey(s.Key)
}

// open returns the verification when it can still be changed (18.17).
func (s State) open() (Verification, error) {
	if !s.Verification.CompletedAt.IsZero() {
		return Verification{}, ErrCompleted
	}
	return *s.Verification, nil
}
