package skill

import (
	"time"

	"avow/internal/access"
)

// State is what a decision needs. Whatever is unknown, or another owner's, is nil or empty.
type State struct {
	Key          *access.Key     // the API key that was shown
	Pass         *Session        // the session whose token was shown in the API key's place (18.5)
	Settings     access.Settings // of the organisation of Key or Pass
	Session      *Session        // the session of Verification, live or not
	Verification *Verification   // the verification that the call is about
	User         *User           // its person
	Skills       []Skill         // in their order
	Items        []Item          // in their order
	Touchpoints  []Touchpoint
	Names        map[string]string // of the subject's Skills, where the imported catalogue has one
	ByEmail      *User             // the person with the e-mail of init
	ByPhone      *User             // the person with the phone number of init
}

// Next is what a decision wants saved, together or not at all. The zero value saves nothing. Nil leaves what is there.
type Next struct {
	User         *User         // new or changed
	Verification *Verification // new or changed
	Session      *Session      // new
	Skills       []Skill       // all skills of the verification from now on, in this order
	Items        []Item        // all items of the verification from now on, in this order
}

// Empty reports whether there is nothing to save.
func (n Next) Empty() bool {
	return n.User == nil && n.Verification == nil && n.Session == nil && n.Skills == nil && n.Items == nil
}

// authenticate accepts or refuses what was shown as API key. A live session's token is good in its place where the reference says so, unless the organisation
// does not want it (18.5).
func (s State) authenticate(need Need, now time.Time) error {
	if need.Session && s.Key == nil && s.Pass.live(now) && s.Settings.On(access.SessionTokenAsKey) {
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
