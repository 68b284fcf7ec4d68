package skill

import (
	"context"
	"errors"
	"time"

	"avow/internal/access"
	"avow/internal/assess"
	"avow/internal/fault"
	"avow/internal/outbox"
)

// Dossier is a person with everything that is kept of them: what an export shows and an erasure removes (section 12).
type Dossier struct {
	User          User
	Verifications []Run             // the newest first
	Deliveries    []outbox.Record   // mails and webhooks that tell of them, in the order in which they were made; loaded for exports only
	Mails         []outbox.Captured // kept instead of being sent, without what is in them; likewise
}

// Run is a verification with all that belongs to it.
type Run struct {
	Verification
	Skills   []Skill
	Items    []Item
	Session  *Session // with its lists where an export asked for them; nil: it is gone
	Reviewer *Reviewer
	Review   *Review

	Assessment assess.Assessment
}

// Erasure is what is left of an erased person: when, and which verification came to what. Nothing in it says who it was, or tells a person who comes again.
type Erasure struct {
	Owner     access.Owner
	ID        string
	CreatedAt time.Time
	ErasedAt  time.Time
	Runs      []Remains
	Sessions  []access.Hash // of which copies may be elsewhere
}

// Remains are what is left of a verification.
type Remains struct {
	ID          string
	Key         string
	Method      Method
	Endorsement string
	Review      ReviewStatus // empty: nothing was sent
	CreatedAt   time.Time
	InitiatedAt time.Time
	CompletedAt time.Time
	Skills      []Skill // without their names and proofs
}

// PersonKey names a person: in the organisation and mode of the API key that was shown, or, on an operator's word, by the id alone.
type PersonKey struct {
	Keyed  bool
	Secret access.Lookup
	ID     string
	Whole  bool // an export: with lists, deliveries and mails
}

// PersonState is what there is of a person. What is unknown is nil in it.
type PersonState struct {
	Key    *access.Key // with its secrets
	Person *Dossier
	Erased *Erasure // of a person who was there once
}

// People is where persons are looked up and erased as a whole.
type People interface {
	// ViewPerson loads a person. What is unknown, or another owner's, is nil in the state; that is no error.
	ViewPerson(ctx context.Context, k PersonKey) (PersonState, error)
	// ErasePerson loads a person and lets decide decide; unless that refuses or returns nil, everything that was kept of the person is gone for good but what decide
	// returned. No change of anything that the person had comes after it, nor does anything of them that is under way leave a trace.
	ErasePerson(ctx context.Context, k PersonKey, decide func(PersonState) (*Erasure, error)) error
	// IdlePeople returns the ids of people of an organisation of whom nothing has changed since the day of an instant and no session is alive at now, at most limit.
	IdlePeople(ctx context.Context, idle Idle, limit int) ([]string, error)
}

// Idle asks for people who can be forgotten.
type Idle struct {
	Org   string
	Since time.Time // nothing has changed from then on
	Now   time.Time
}

// Refusals of the calls about persons, which are our own.
var (
	ErrNobody     = fault.New(fault.NotFound, "nobody", "There is no such person.")
	ErrCopiesLeft = &fault.Error{
		Kind: fault.Unavailable, Reason: "copies_left", Message: "Everything is erased but copies in a cache that does not answer. Ask again.", After: 5 * time.Second,
	}

	PersonRefusals = []*fault.Error{ErrNobody, ErrCopiesLeft}
)

// find accepts or refuses a call about a person: its key and signature first, then whether there is such a person.
func (s PersonState) find(keyed bool, signed access.Signed, now time.Time) error {
	if keyed {
		if err := access.CheckSignature(s.Key, signed, now); err != nil {
			return err
		}
	}
	if s.Person == nil {
		return ErrNobody
	}
	return nil
}

// Erase decides on the erasure of a person. One who was erased before stays so, and the caller is told that again.
func Erase(s PersonState, keyed bool, signed access.Signed, now time.Time) (*Erasure, error) {
	err := s.find(keyed, signed, now)
	if errors.Is(err, ErrNobody) && s.Erased != nil {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	erased := s.Person.erasure(now)
	return &erased, nil
}

// EraseIdle is Erase for retention: it leaves alone whoever has come back meanwhile.
func EraseIdle(s PersonState, in Idle) (*Erasure, error) {
	if s.Person == nil || !s.Person.idle(in) {
		return nil, nil
	}
	erased := s.Person.erasure(in.Now)
	return &erased, nil
}

// idle reports whether nothing was done with a person for long enough, nor can be done without a new init.
func (p Dossier) idle(in Idle) bool {
	last := p.User.CreatedAt
	for _, r := range p.Verifications {
		if r.Session.live(in.Now) || r.Review != nil && r.Review.StatusAt(in.Now) == ReviewPending {
			return false
		}
		for _, at := range []time.Time{r.CreatedAt, r.InitiatedAt, r.CompletedAt} {
			if at.After(last) {
				last = at
			}
		}
	}
	return last.Before(in.Since)
}

func (p Dossier) erasure(now time.Time) Erasure {
	e := Erasure{Owner: p.User.Owner, ID: p.User.ID, CreatedAt: p.User.CreatedAt, ErasedAt: now}
	for _, r := range p.Verifications {
		e.Runs = append(e.Runs, r.remains())
		if r.Session != nil {
			e.Sessions = append(e.Sessions, r.Session.Hash)
		}
	}
	return e
}

func (r Run) remains() Remains {
	left := Remains{
		ID: r.ID, Key: r.Key, Method: r.Method, Endorsement: r.EndorsementType,
		CreatedAt: r.CreatedAt, InitiatedAt: r.InitiatedAt, CompletedAt: r.CompletedAt,
	}
	if r.Review != nil {
		left.Review = r.Review.Status
	}
	for _, k := range r.Skills {
		left.Skills = append(left.Skills, Skill{ID: k.ID, Status: k.Status, VerifiedAt: k.VerifiedAt, VerifiedBy: k.VerifiedBy, Answer: k.Answer, CreatedAt: k.CreatedAt})
	}
	return left
}
