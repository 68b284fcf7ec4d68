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
	return Touchpoint{Source: source, Skill: skill, Endorsement: endorsement, Status: status, VerifiedBy: by, Sent: true}
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

func holds(v Verification, skills []Skill, items []Item, touched ...Touchpoint) bundle {
	return bundle{verification: v, skills: skills, items: items, touchpoints: touched}
}

func strict(b bundle) bundle {
	b.strict = true
	return b
}

func TestBundle(t *testing.T) {
	t.Parallel()
	react := []Skill{{ID: "react", Name: "React"}, {ID: "vue"}}
	refs := []SkillRef{{ID: "react", Name: "React"}}
	endorsed := touch(shop, "react", "human", Verified, ByReviewer)
	passed := touch(shop, "react", "assessment", Verified, ByAssessment)
	human, peer, assessment := Verification{Method: Human}, Verification{Method: Human, EndorsementType: "peer"}, Verification{Method: Assessment}
	both := Verification{Method: Assessment, EndorsementType: "peer"}
	failed, rejected := touch(shop, "react", "assessment", Rejected, ""), touch(shop, "react", "human", Rejected, "")
	onShop, onStation, onBoth := []Item{{Source: shop}}, []Item{{Source: station}}, []Item{{Source: station}, {Source: shop}}
	tests := map[string]struct {
		bundle bundle
		want   error
		detail any
	}{
		"nothing known":               {holds(human, react, nil, endorsed), nil, nil},
		"endorsed again":              {holds(human, react, onShop, endorsed), ErrSkillsDuplicate, refs},
		"one of two sources":          {holds(human, react, onBoth, endorsed), ErrSkillsDuplicate, refs},
		"other source":                {holds(human, react, onStation, endorsed), nil, nil},
		"same id, other kind":         {holds(human, react, []Item{{Source: Source{Certificate, "proj_1"}}}, endorsed), nil, nil},
		"other type":                  {holds(peer, react, onShop, endorsed), nil, nil},
		"other skill":                 {holds(human, react[1:], onShop, endorsed), nil, nil},
		"endorsed, now assessed":      {holds(assessment, react, onShop, endorsed), nil, nil},
		"passed, now endorsed":        {holds(human, react, onShop, passed), nil, nil},
		"passed again":                {holds(assessment, react, onShop, passed), ErrAssessmentPassed, refs},
		"passed again on other":       {holds(assessment, react, onStation, passed), nil, nil},
		"failed, tried again":         {holds(assessment, react, onShop, failed), nil, nil},
		"failed, tried again, strict": {strict(holds(assessment, react, onShop, failed)), nil, nil},
		"rejected":                    {holds(human, react, onShop, rejected), nil, nil},
		"rejected, strict":            {strict(holds(human, react, onShop, rejected)), ErrSkillsDuplicate, refs},
		"pending, strict":             {strict(holds(human, react, onShop, touch(shop, "react", "human", Pending, ""))), nil, nil},
		"pool full":                   {holds(human, some(0, 4), onShop, pool(shop, 4, 6)...), nil, nil},
		"pool over":                   {holds(human, some(0, 5), onBoth, pool(shop, 5, 6)...), ErrSkillsOverLimit, Overflow{10, 11}},
		"pool shared":                 {holds(human, some(0, 6), onShop, pool(shop, 0, 10)...), nil, nil},
		"pool of another source":      {holds(human, some(0, 5), onStation, pool(shop, 5, 6)...), nil, nil},
		"eleven of its own":           {holds(human, some(0, 11), onShop), ErrSkillsOverLimit, Overflow{10, 11}},
		"duplicate before limit":      {holds(human, append(some(0, 10), react...), onShop, endorsed), ErrSkillsDuplicate, refs},
		"limit before passed":         {holds(assessment, append(some(0, 10), react...), onShop, passed), ErrSkillsOverLimit, Overflow{10, 12}},
		"duplicate before passed":     {holds(both, react, onShop, touch(shop, "vue", "assessment", Verified, ByAssessment), touch(shop, "react", "peer", Verified, ByReviewer)), ErrSkillsDuplicate, refs},
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
