package skill

import (
	"time"

	"avow/internal/access"
)

// InitInput opens a verification, with everything that chance and the clock add drawn beforehand. The wire has seen to it that nothing required is blank and that
// the lists are good.
type InitInput struct {
	Student   string
	Callback  string
	Name      string
	Email     string
	Phone     string
	Lists     Lists
	SkillIDs  []string
	Callbacks CallbackPolicy

	UserID         string // opaque part of the id of a new user: the key alone knows the mode in front of it
	VerificationID string // likewise
	Token          access.Hash
	Now            time.Time
	ExpiresAt      time.Time
}

// Init opens a verification and its session for a person, who is made when unknown (5.1). The same student may have any number of them (14.20).
func Init(s State, in InitInput) (Next, error) {
	if err := s.authenticate(Need{}, in.Now); err != nil {
		return Next{}, err
	}
	if err := in.checkContact(); err != nil {
		return Next{}, err
	}
	if err := in.Callbacks.allow(in.Callback, s.Key.Owner.Mode); err != nil {
		return Next{}, err
	}
	given, err := in.Lists.Given()
	if err != nil {
		return Next{}, err
	}
	return s.opening(in, given), nil
}

// opening is a new verification with its session and its person.
func (s State) opening(in InitInput, given Given) Next {
	u, owner := s.person(in), s.Key.Owner
	v := Verification{
		ID: "ver_" + string(owner.Mode) + "_" + in.VerificationID, Owner: owner, User: u.ID, Key: s.Key.ID,
		Student: in.Student, Callback: in.Callback, Name: clean(in.Name), CreatedAt: in.Now,
	}
	session := Session{
		Hash: in.Token, Owner: owner, Verification: v.ID, Lists: in.Lists, Given: given, SkillIDs: in.SkillIDs, CreatedAt: in.Now, ExpiresAt: in.ExpiresAt,
	}
	return Next{User: &u, Verification: &v, Session: &session}
}
