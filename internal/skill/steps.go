package skill

import (
	"slices"
	"strings"
	"time"

	"avow/internal/catalogue"
)

// Claim is a skill that step 1 wants verified.
type Claim struct {
	Skill     string
	Name      string // empty: none was given
	ProofURLs []string
}

// SkillsInput is step 1.
type SkillsInput struct {
	Carriers Carriers
	User     string // the caller's word of whose verification it is; empty: none
	Claims   []Claim
	Now      time.Time
}

// StoreSkills replaces the skills of a verification (5.2). Verified ones stay as they are, in front, whatever is asked (6.5).
func StoreSkills(s State, in SkillsInput) (Next, error) {
	if err := s.resolve(in.Carriers, in.Now); err != nil {
		return Next{}, err
	}
	if in.User != "" && in.User != s.Verification.User {
		return Next{}, ErrUserMismatch
	}
	v, err := s.open()
	if err != nil {
		return Next{}, err
	}
	asked := s.pending(in.Claims, in.Now)
	if refs := repeated(asked); len(refs) > 0 {
		return Next{}, ErrSkillsDuplicate.With(refs)
	}
	skills := withVerified(s.Skills, asked)
	if err := s.bundle(v, skills, s.Items).check(); err != nil {
		return Next{}, err
	}
	return s.voiding(Next{Skills: skills}, in.Now), nil
}

// unnamed are the skills that were claimed without a name.
func unnamed(claims []Claim) []string {
	var ids []string
	for _, c := range claims {
		if Blank(c.Name) {
			ids = append(ids, c.Skill)
		}
	}
	return ids
}

// nameOf is what the caller calls a skill, else what the catalogue does (14.32); empty: nobody has a name for it.
func (s State) nameOf(c Claim) string {
	switch name, imported := s.Names[c.Skill]; {
	case !Blank(c.Name):
		return clean(c.Name)
	case imported:
		return name
	}
	return catalogue.OwnName(c.Skill)
}

func (s State) pending(claims []Claim, now time.Time) []Skill {
	skills := make([]Skill, 0, len(claims))
	for _, c := range claims {
		skills = append(skills, Skill{ID: c.Skill, Name: s.nameOf(c), ProofURLs: proofs(c.ProofURLs), Status: Pending, CreatedAt: now})
	}
	return skills
}

// proofs trims addresses and drops blanks and exact repeats (13.7).
func proofs(urls []string) []string {
	trimmed := make([]string, 0, len(urls))
	for _, u := range urls {
		if !Blank(u) {
			trimmed = append(trimmed, clean(strings.TrimSpace(u)))
		}
	}
	return distinct(trimmed)
}

// withVerified puts the verified skills of before in front of those that were asked for; each stands there once.
func withVerified(before, asked []Skill) []Skill {
	skills, kept := []Skill{}, map[string]bool{}
	for _, s := range before {
		if s.Status == Verified {
			skills, kept[s.ID] = append(skills, s), true
		}
	}
	return append(skills, slices.DeleteFunc(asked, func(s Skill) bool { return kept[s.ID] })...)
}

// MethodInput is step 2.
type MethodInput struct {
	Carriers        Carriers
	Method          Method
	EndorsementType string // empty: none
	Now             time.Time
}

// ChooseMethod sets how a verification is carried out; it may change until the end (5.5, 6.5).
func ChooseMethod(s State, in MethodInput) (Next, error) {
	if err := s.resolve(in.Carriers, in.Now); err != nil {
		return Next{}, err
	}
	v, err := s.open()
	if err != nil {
		return Next{}, err
	}
	v.Method, v.EndorsementType = in.Method, in.EndorsementType
	return s.voiding(Next{Verification: &v}, in.Now), nil
}

// ItemsInput is step 3.
type ItemsInput struct {
	Sources   []Source // in the order asked for; repeats count once
	RecordIDs []string // fresh ones, as many as sources
	Now       time.Time
}

// StoreItems replaces the items of a verification by a selection of those given at init (5.6). An item that stays keeps its record id.
func StoreItems(s State, in ItemsInput) (Next, error) {
	if err := s.authenticate(Need{}, in.Now); err != nil {
		return Next{}, err
	}
	if !s.Session.live(in.Now) {
		return Next{}, ErrSessionUnknown
	}
	if s.Verification.Method == "" {
		return Next{}, ErrMethodNotSet
	}
	items, err := s.selected(in)
	if err != nil {
		return Next{}, err
	}
	v, err := s.open()
	if err != nil {
		return Next{}, err
	}
	if err := s.bundle(v, s.Skills, items).check(); err != nil {
		return Next{}, err
	}
	return s.voiding(Next{Items: items}, in.Now), nil
}

// selected copies the sources asked for out of the session.
func (s State) selected(in ItemsInput) ([]Item, error) {
	sources := distinct(in.Sources)
	given, err := s.Session.given(sources)
	if err != nil {
		return nil, err
	}
	stored, items, unknown := bySource(s.Items), []Item{}, []string{}
	for i, source := range sources {
		item, ok := given[source]
		if !ok {
			unknown = append(unknown, source.ID)
			continue
		}
		item.RecordID = in.RecordIDs[i]
		if before, ok := stored[source]; ok {
			item.RecordID = before.RecordID
		}
		items = append(items, item)
	}
	if len(unknown) > 0 {
		return nil, ErrItemsUnknown.With(unknown)
	}
	return items, nil
}

// bySource finds items by their source; of two with one id the first counts.
func bySource(items []Item) map[Source]Item {
	found := make(map[Source]Item, len(items))
	for _, item := range items {
		if _, ok := found[item.Source]; !ok {
			found[item.Source] = item
		}
	}
	return found
}
