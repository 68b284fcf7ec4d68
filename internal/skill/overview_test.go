package skill

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestStanding(t *testing.T) {
	t.Parallel()
	skills := func(statuses ...Status) (all []Skill) {
		for _, s := range statuses {
			all = append(all, Skill{Status: s})
		}
		return all
	}
	sent := Verification{InitiatedAt: start}
	over := Verification{InitiatedAt: start, CompletedAt: start}
	out := &Review{Status: ReviewPending, ExpiresAt: start.Add(time.Hour)}
	for name, test := range map[string]struct {
		overview Overview
		after    time.Duration
		want     Standing
	}{
		"fresh":                {Overview{Skills: skills(Pending)}, 0, StandingCreated},
		"sent":                 {Overview{Verification: sent, Skills: skills(Pending), Review: out}, 0, StandingPending},
		"questions are out":    {Overview{Verification: sent, Skills: skills(Pending)}, 0, StandingPending},
		"nobody answered":      {Overview{Verification: sent, Skills: skills(Pending), Review: out}, time.Hour, StandingExpired},
		"noted":                {Overview{Verification: sent, Skills: skills(Pending), Review: &Review{Status: ReviewExpired}}, 0, StandingExpired},
		"some were verified":   {Overview{Verification: over, Skills: skills(Rejected, Verified)}, 0, StandingPassed},
		"none was":             {Overview{Verification: over, Skills: skills(Rejected), Review: out}, 0, StandingFailed},
		"a retake is possible": {Overview{Verification: sent, Skills: skills(Rejected)}, 0, StandingFailed},
		"over without skills":  {Overview{Verification: over}, 0, StandingFailed},
	} {
		if got := test.overview.Standing(start.Add(test.after)); got != test.want {
			t.Errorf("%s: got %s, want %s", name, got, test.want)
		}
	}
}

// The vault has each verified skill once a source, with all that verified it, the oldest first, and sources as the newest verification has them.
func TestVault(t *testing.T) {
	t.Parallel()
	verified := func(id, name string, day int) Skill {
		return Skill{ID: id, Name: name, Status: Verified, VerifiedAt: start.AddDate(0, 0, day)}
	}
	old, renamed, other := Item{Source: shop, Title: "Shop"}, Item{Source: shop, Title: "The shop", Metadata: "{}"}, Item{Source: station, Title: "Station"}
	p := Person{Verifications: []Overview{ // the newest first
		{Verification: Verification{Method: Assessment}, Items: []Item{renamed}, Skills: []Skill{verified("go", "Go", 2), {ID: "css", Status: Rejected}}},
		{Verification: Verification{Method: Human, EndorsementType: "peer"}, Items: []Item{other, old}, Skills: []Skill{verified("go", "", 1), {ID: "sql", Status: Pending}}},
		{Verification: Verification{Method: Human}, Items: []Item{other}, Skills: []Skill{{ID: "html", Status: Rejected}}},
	}}
	want := []VaultSource{
		{Item: other, Skills: []VaultSkill{{Skill: "go", Proofs: []VaultProof{{"peer", start.AddDate(0, 0, 1)}}}}},
		{Item: renamed, Skills: []VaultSkill{{Skill: "go", Name: "Go", Proofs: []VaultProof{{"peer", start.AddDate(0, 0, 1)}, {"assessment", start.AddDate(0, 0, 2)}}}}},
	}
	if d := cmp.Diff(want, p.Vault()); d != "" {
		t.Errorf("got (+), want (-):\n%s", d)
	}
}
