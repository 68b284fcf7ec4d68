package skill

import "avow/internal/access"

// MaxSkillsPerSource is how many distinct skills a source can have, over all verifications that share it (6.1).
const MaxSkillsPerSource = 10

// bundle is what a verification would hold after a step; 6.1 says what may stand in it.
type bundle struct {
	verification Verification
	skills       []Skill
	items        []Item
	touchpoints  []Touchpoint
	strict       bool // a rejected endorsement is final (13.4)
}

func (s State) bundle(v Verification, skills []Skill, items []Item) bundle {
	return bundle{verification: v, skills: skills, items: items, touchpoints: s.Touchpoints, strict: s.Settings.On(access.OneAttemptPerCombination)}
}

// check refuses in the order of the contract's table. It looks at what is known: before step 3 there are no items, and so nothing can be in conflict.
func (b bundle) check() error {
	if refs := b.clashing(b.duplicates); len(refs) > 0 {
		return ErrSkillsDuplicate.With(refs)
	}
	if n := b.fullest(); n > MaxSkillsPerSource {
		return ErrSkillsOverLimit.With(Overflow{Limit: MaxSkillsPerSource, Current: n})
	}
	if refs := b.clashing(b.passed); len(refs) > 0 {
		return ErrAssessmentPassed.With(refs)
	}
	return nil
}

// duplicates reports whether a touchpoint of the same skill and source stands in the way of another endorsement of the same type.
func (b bundle) duplicates(t Touchpoint) bool {
	endorsement := b.verification.Endorsement()
	final := t.Status == Verified || b.strict && t.Status == Rejected
	return final && t.Endorsement == endorsement && endorsement != string(Assessment)
}

// passed reports whether a touchpoint of the same skill and source has locked it against another assessment.
func (b bundle) passed(t Touchpoint) bool {
	return b.verification.Method == Assessment && t.Status == Verified && t.VerifiedBy == ByAssessment
}

// clashing returns the skills that meet such a touchpoint on any of the sources.
func (b bundle) clashing(clash func(Touchpoint) bool) []SkillRef {
	sources, blocked := b.sources(), map[string]bool{}
	for _, t := range b.touchpoints {
		if sources[t.Source] && clash(t) {
			blocked[t.Skill] = true
		}
	}
	var refs []SkillRef
	for _, s := range b.skills {
		if blocked[s.ID] {
			refs = append(refs, SkillRef{ID: s.ID, Name: s.Name})
		}
	}
	return refs
}

func (b bundle) sources() map[Source]bool {
	sources := map[Source]bool{}
	for _, item := range b.items {
		sources[item.Source] = true
	}
	return sources
}

// fullest counts the distinct skills of the source that would have the most: this bundle's, which are distinct, and those that others which were sent have there besides.
func (b bundle) fullest() int {
	own, others := map[string]bool{}, map[Source]map[string]bool{}
	for _, s := range b.skills {
		own[s.ID] = true
	}
	for _, t := range b.touchpoints {
		if others[t.Source] == nil {
			others[t.Source] = map[string]bool{}
		}
		if t.Sent && !own[t.Skill] {
			others[t.Source][t.Skill] = true
		}
	}
	most := 0
	for _, item := range b.items {
		most = max(most, len(own)+len(others[item.Source]))
	}
	return most
}

// repeated returns the skills that one request names more than once, each once (6.1).
func repeated(skills []Skill) []SkillRef {
	count := map[string]int{}
	var refs []SkillRef
	for _, s := range skills {
		if count[s.ID]++; count[s.ID] == 2 {
			refs = append(refs, SkillRef{ID: s.ID, Name: s.Name})
		}
	}
	return refs
}
