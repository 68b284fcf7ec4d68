package skill

import (
	"slices"
	"time"

	"avow/internal/access"
)

// Overview is all that the guide tells of a verification (section 10).
type Overview struct {
	Verification Verification
	Skills       []Skill
	Items        []Item
	Reviewer     *Reviewer // nil: none
	Review       *Review   // nil: nothing was sent
}

// Overview returns that of the state's verification, which must be there.
func (s State) Overview() Overview {
	return Overview{Verification: *s.Verification, Skills: s.Skills, Items: s.Items, Reviewer: s.Reviewer, Review: s.Review}
}

// Standing is how a verification stands, in the guide's words.
type Standing string

// The standings. A failed assessment and an expired review can be tried again.
const (
	StandingCreated Standing = "created" // nobody was asked yet
	StandingPending Standing = "pending"
	StandingPassed  Standing = "passed" // at least one skill is verified
	StandingFailed  Standing = "failed" // there is an answer, and no skill is verified
	StandingExpired Standing = "expired"
)

// Standing tells how the verification stands at an instant.
func (o Overview) Standing(now time.Time) Standing {
	has := func(status Status) bool {
		return slices.ContainsFunc(o.Skills, func(k Skill) bool { return k.Status == status })
	}
	switch v := o.Verification; {
	case has(Verified):
		return StandingPassed
	case !v.CompletedAt.IsZero(), has(Rejected):
		return StandingFailed
	case o.Review != nil && o.Review.StatusAt(now) == ReviewExpired:
		return StandingExpired
	case v.InitiatedAt.IsZero():
		return StandingCreated
	}
	return StandingPending
}

// Person is a person of the key's owner with all verifications, those of newer ones first.
type Person struct {
	Key           *access.Key // nil: unknown
	User          *User       // nil: unknown
	Verifications []Overview
}

// check refuses a key that is not good, then a person that is not there.
func (p Person) check() error {
	if err := access.AuthenticateKey(p.Key); err != nil {
		return err
	}
	if p.User == nil {
		return ErrPersonUnknown
	}
	return nil
}

// VaultSource is a source of a person with the skills that are verified on it.
type VaultSource struct {
	Item   Item // as the newest verification has it
	Skills []VaultSkill
}

// VaultSkill is a skill on a source with each way in which it was verified.
type VaultSkill struct {
	Skill  string
	Name   string // empty: not known
	Proofs []VaultProof
}

// VaultProof is one verification of a skill.
type VaultProof struct {
	Endorsement string // Verification.Endorsement
	At          time.Time
}

// Vault returns what a person has to show: everything that is verified, the oldest first. What was rejected is nobody's business here.
func (p Person) Vault() []VaultSource {
	var vault []VaultSource
	for _, o := range slices.Backward(p.Verifications) {
		for _, item := range o.Items {
			for _, k := range o.Skills {
				if k.Status == Verified {
					vault = put(vault, item, k, VaultProof{o.Verification.Endorsement(), k.VerifiedAt})
				}
			}
		}
	}
	return vault
}

func put(vault []VaultSource, item Item, k Skill, proof VaultProof) []VaultSource {
	i := slices.IndexFunc(vault, func(s VaultSource) bool { return s.Item.Source == item.Source })
	if i < 0 {
		i, vault = len(vault), append(vault, VaultSource{})
	}
	source := &vault[i]
	source.Item = item
	n := slices.IndexFunc(source.Skills, func(s VaultSkill) bool { return s.Skill == k.ID })
	if n < 0 {
		n, source.Skills = len(source.Skills), append(source.Skills, VaultSkill{Skill: k.ID})
	}
	source.Skills[n].Name = k.Name
	source.Skills[n].Proofs = append(source.Skills[n].Proofs, proof)
	return vault
}
