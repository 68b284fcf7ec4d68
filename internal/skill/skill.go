// Package skill holds the rules of the skill contract: which skills of a person are verified, on which projects, jobs and certificates they stand, and who may ask.
//
// Every change is a pure decision over a State that a store has loaded: it returns the next state and the outcome that the caller is told. Section numbers in the
// comments are those of the wire contract, skills-api.md.
package skill

import (
	"encoding/json"
	"time"

	"avow/internal/access"
)

// Method is how a verification is carried out (5.5).
type Method string

// The methods; a verification has none before step 2.
const (
	Human      Method = "human"
	Assessment Method = "assessment"
)

// Status of a skill (4.3).
type Status string

// The statuses. A skill begins pending; nothing leaves Verified.
const (
	Pending  Status = "pending"
	Verified Status = "verified"
	Rejected Status = "rejected"
)

// Verifier says what verified a skill.
type Verifier string

// The verifiers.
const (
	ByReviewer   Verifier = "reviewer"
	ByAssessment Verifier = "assessment"
)

// Kind of a source: what a skill stands on.
type Kind string

// The kinds of sources.
const (
	Project     Kind = "project"
	Experience  Kind = "experience"
	Certificate Kind = "certificate"
)

// User is a person, unique by e-mail and by phone in an organisation and mode (18.8). Changes of anything that belongs to one person come one after the other:
// Version guards them.
type User struct {
	ID        string
	Owner     access.Owner
	Name      string
	Email     string   // as first given, trimmed; empty: none
	Phone     string   // likewise
	Mailboxes []string // every address that was ever given as this person's, as reviewers are compared (18.15)
	CreatedAt time.Time
	Version   int64 // another with each change of anything the person has; 0: not stored yet
}

// Verification is one run through the steps, from init to its end.
type Verification struct {
	ID              string
	Owner           access.Owner
	User            string
	Key             string // id of the API key of init
	Student         string // the caller's id of the person
	Callback        string // empty: registered endpoints alone hear of it
	Name            string // of the person, as given at this init
	Method          Method
	EndorsementType string // one of EndorsementTypes; empty: none was given
	CreatedAt       time.Time
	InitiatedAt     time.Time // sent to a reviewer, or questions were drawn; zero: not yet
	CompletedAt     time.Time // answered by the reviewer, or passed; zero: not yet. From then on nothing changes
}

// EndorsementTypes are the relations a reviewer may have to the person (section 10, 13.2).
var EndorsementTypes = []string{"reporting_manager", "tech_lead", "client", "founder_cxo", "peer"}

// Endorsement is what counts when the same skill of the same source comes again (6.1): the type when one was given, else the method.
func (v Verification) Endorsement() string {
	if v.EndorsementType != "" {
		return v.EndorsementType
	}
	return string(v.Method)
}

// Session gives access to a verification until it expires. It never changes (18.12).
type Session struct {
	Hash         access.Hash
	Owner        access.Owner
	Verification string
	Lists        Lists // empty unless the call asked for them
	Given        Given // empty in sessions that are older than it: they come with their lists
	SkillIDs     []string
	CreatedAt    time.Time
	ExpiresAt    time.Time
}

// live reports whether the session can still be used. Nobody can tell an expired session from one that never was.
func (s *Session) live(now time.Time) bool { return s != nil && now.Before(s.ExpiresAt) }

// Lists are the three lists of init, member for member as the caller sent them; where they are loaded, never nil.
type Lists struct {
	Projects     json.RawMessage
	Experience   json.RawMessage
	Certificates json.RawMessage
}

// Source names a project, job or certificate by the caller's id.
type Source struct {
	Kind Kind
	ID   string
}

// Item is a source with what was copied out of the session. A zero time or empty text was not given.
type Item struct {
	Source
	RecordID     string // UUID, ours; empty until the item is selected
	Title        string // name of a project or certificate, role in a job
	Organisation string // company or issuer
	Description  string
	Start        time.Time // issue date of a certificate
	End          time.Time // of a certificate: its expiry, which the guide alone gives

	// Of the guide's sources (section 10).
	Current  bool
	Metadata string // an object in JSON, as it was sent; empty: none
}

// Skill is one skill of a verification.
type Skill struct {
	ID         string
	Name       string // empty: not known
	ProofURLs  []string
	Status     Status
	VerifiedAt time.Time
	VerifiedBy Verifier
	Answer     Answer // what the reviewer said of this very skill; empty: nothing
	CreatedAt  time.Time
}

// Answer is what a reviewer says of one skill. All but Confirmed leave it rejected (4.3).
type Answer string

// The answers.
const (
	Confirmed    Answer = "confirmed"
	NotConfirmed Answer = "not_confirmed"
	CannotJudge  Answer = "cannot_judge"
)

// Answers lists the answers.
var Answers = []Answer{Confirmed, NotConfirmed, CannotJudge}

// Touchpoint is a skill of another verification of the same person on one of its sources: of one that was sent, or that has a reviewer.
type Touchpoint struct {
	Source      Source
	Skill       string
	Endorsement string // Verification.Endorsement of the other verification
	Status      Status
	VerifiedBy  Verifier
	Sent        bool      // the other verification was initiated
	Reviewer    string    // address of the other verification's reviewer; empty: none
	Until       time.Time // end of the other verification's session: it can be sent until then
}
