package skill

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"avow/internal/fault"
)

var (
	shop    = Source{Project, "proj_1"}
	station = Source{Project, "proj_2"}
)

func touch(source Source, skill, endorsement string, status Status, by Verifier) Touchpoint {
	return Touchpoint{Source: source, Skill: skill, Endorsement: endorsement, Status: status, VerifiedBy: by}
}

// some returns n skills from number first on.
func some(first, n int) []Skill {
	var skills []Skill
	for i := range n {
		skills = append(skills, Skill{ID: fmt.Sprintf("skill %d", first+i)})
	}
	return skills
}

func pool(source Source, first, n int) []Touchpoint {
	var touched []Touchpoint
	for _, s := range some(first, n) {
		touched = append(touched, touch(source, s.ID, "human", Pending, ""))
	}
	return touched
}

func TestBundle(t *testing.T) {
	t.Parallel()
	react := []Skill{{ID: "react", Name: "React"}, {ID: "vue"}}
	refs := []SkillRef{{ID: "react", Name: "React"}}
	endorsed := touch(shop, "react", "human", Verified, ByReviewer)
	passed := touch(shop, "react", "assessment", Verified, ByAssessment)
	human, peer, assessment := Verification{Method: Human}, Verification{Method: Human, EndorsementType: "peer"}, Verification{Method: Assessment}
	both := Verification{Method: Assessment, EndorsementType: "peer"}
	tests := map[string]struct {
		bundle bundle
		want   error
		detail any
	}{
		"nothing known":               {bundle{verification: human, skills: react, touchpoints: []Touchpoint{endorsed}}, nil, nil},
		"endorsed again":              {bundle{verification: human, skills: react, items: []Item{{Source: shop}}, touchpoints: []Touchpoint{endorsed}}, ErrSkillsDuplicate, refs},
		"one of two sources":          {bundle{verification: human, skills: react, items: []Item{{Source: station}, {Source: shop}}, touchpoints: []Touchpoint{endorsed}}, ErrSkillsDuplicate, refs},
		"other source":                {bundle{verification: human, skills: react, items: []Item{{Source: station}}, touchpoints: []Touchpoint{endorsed}}, nil, nil},
		"same id, other kind":         {bundle{verification: human, skills: react, items: []Item{{Source: Source{Certificate, "proj_1"}}}, touchpoints: []Touchpoint{endorsed}}, nil, nil},
		"other type":                  {bundle{verification: peer, skills: react, items: []Item{{Source: shop}}, touchpoints: []Touchpoint{endorsed}}, nil, nil},
		"other skill":                 {bundle{verification: human, skills: react[1:], items: []Item{{Source: shop}}, touchpoints: []Touchpoint{endorsed}}, nil, nil},
		"endorsed, now assessed":      {bundle{verification: assessment, skills: react, items: []Item{{Source: shop}}, touchpoints: []Touchpoint{endorsed}}, nil, nil},
		"passed, now endorsed":        {bundle{verification: human, skills: react, items: []Item{{Source: shop}}, touchpoints: []Touchpoint{passed}}, nil, nil},
		"passed again":                {bundle{verification: assessment, skills: react, items: []Item{{Source: shop}}, touchpoints: []Touchpoint{passed}}, ErrAssessmentPassed, refs},
		"passed again on other":       {bundle{verification: assessment, skills: react, items: []Item{{Source: station}}, touchpoints: []Touchpoint{passed}}, nil, nil},
		"failed, tried again":         {bundle{verification: assessment, skills: react, items: []Item{{Source: shop}}, touchpoints: []Touchpoint{touch(shop, "react", "assessment", Rejected, "")}}, nil, nil},
		"failed, tried again, strict": {bundle{verification: assessment, skills: react, items: []Item{{Source: shop}}, touchpoints: []Touchpoint{touch(shop, "react", "assessment", Rejected, "")}, strict: true}, nil, nil},
		"rejected":                    {bundle{verification: human, skills: react, items: []Item{{Source: shop}}, touchpoints: []Touchpoint{touch(shop, "react", "human", Rejected, "")}}, nil, nil},
		"rejected, strict":            {bundle{verification: human, skills: react, items: []Item{{Source: shop}}, touchpoints: []Touchpoint{touch(shop, "react", "human", Rejected, "")}, strict: true}, ErrSkillsDuplicate, refs},
		"pending, strict":             {bundle{verification: human, skills: react, items: []Item{{Source: shop}}, touchpoints: []Touchpoint{touch(shop, "react", "human", Pending, "")}, strict: true}, nil, nil},
		"pool full":                   {bundle{verification: human, skills: some(0, 4), items: []Item{{Source: shop}}, touchpoints: pool(shop, 4, 6)}, nil, nil},
		"pool over":                   {bundle{verification: human, skills: some(0, 5), items: []Item{{Source: station}, {Source: shop}}, touchpoints: pool(shop, 5, 6)}, ErrSkillsOverLimit, Overflow{10, 11}},
		"pool shared":                 {bundle{verification: human, skills: some(0, 6), items: []Item{{Source: shop}}, touchpoints: pool(shop, 0, 10)}, nil, nil},
		"pool of another source":      {bundle{verification: human, skills: some(0, 5), items: []Item{{Source: station}}, touchpoints: pool(shop, 5, 6)}, nil, nil},
		"eleven of its own":           {bundle{verification: human, skills: some(0, 11), items: []Item{{Source: shop}}}, ErrSkillsOverLimit, Overflow{10, 11}},
		"duplicate before limit":      {bundle{verification: human, skills: append(some(0, 10), react...), items: []Item{{Source: shop}}, touchpoints: []Touchpoint{endorsed}}, ErrSkillsDuplicate, refs},
		"limit before passed":         {bundle{verification: assessment, skills: append(some(0, 10), react...), items: []Item{{Source: shop}}, touchpoints: []Touchpoint{passed}}, ErrSkillsOverLimit, Overflow{10, 12}},
		"duplicate before passed": {bundle{
			verification: both, skills: react, items: []Item{{Source: shop}},
			touchpoints: []Touchpoint{touch(shop, "vue", "assessment", Verified, ByAssessment), touch(shop, "react", "peer", Verified, ByReviewer)},
		}, ErrSkillsDuplicate, refs},
	}
	for name, test := range tests {
		err := test.bundle.check()
		if got, want := reason(err), reason(test.want); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
			continue
		}
		if err != nil {
			if d := cmp.Diff(test.detail, fault.From(err).Detail); d != "" {
				t.Errorf("%s: detail: got (+), want (-):\n%s", name, d)
			}
		}
	}
}

func reason(err error) fault.Reason {
	if err == nil {
		return ""
	}
	return fault.From(err).Reason
}

func TestRepeated(t *testing.T) {
	t.Parallel()
	got := repeated([]Skill{{ID: "a", Name: "A"}, {ID: "b"}, {ID: "a"}, {ID: "a"}, {ID: "b"}, {ID: "c"}})
	if d := cmp.Diff([]SkillRef{{ID: "a"}, {ID: "b"}}, got); d != "" {
		t.Errorf("got (+), want (-):\n%s", d)
	}
}

func TestRefusalsAreUnique(t *testing.T) {
	t.Parallel()
	seen := map[fault.Reason]bool{}
	for _, r := range Refusals {
		if seen[r.Reason] || r.Message == "" {
			t.Errorf("got %q twice or without a message, want each once", r.Reason)
		}
		seen[r.Reason] = true
	}
}
