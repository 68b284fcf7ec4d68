//go:build integration

package store

import (
	"testing"
	"time"

	"avow/internal/access"
	"avow/internal/assess"
	"avow/internal/outbox"
	"avow/internal/pgtest"
	"avow/internal/skill"
)

// TestStaleChangeLeavesNothing has another change of the same person come between the load and the save of one. The one writes nothing at all: each of its rows is
// guarded by the version that its first write would have left.
func TestStaleChangeLeavesNothing(t *testing.T) {
	t.Parallel()
	w := newTrip(t, openURL(t, pgtest.URL(t), 4))
	w.must(w.reviewer())
	subject := skill.Subject{Verification: w.id}
	waiting := outbox.NewMail("dlv_waiting", w.key.Owner.Org, "r@work.example", "t", map[string]string{}, fixedNow())
	w.must(w.ChangeVerification(w.ctx, subject, func(skill.State) (skill.Next, error) {
		return skill.Next{Deliveries: []outbox.Delivery{waiting}}, nil
	}))
	times := 0
	w.must(w.ChangeVerification(w.ctx, subject, func(s skill.State) (skill.Next, error) {
		if times++; times > 1 {
			return skill.Next{}, nil
		}
		w.must(w.reviewer()) // another change, by the other committer
		return staleNext(s), nil
	}))
	if times != 2 {
		t.Fatalf("got %d decisions, want one on stale state and one more", times)
	}
	state, err := w.ViewVerification(w.ctx, subject)
	w.must(err)
	if state.Verification.Method != skill.Human || state.Skills != nil || state.Items != nil || state.Review != nil || state.Assessment.Paper != nil || state.Reviewer.Name != "R" || state.User.Name != "n" {
		t.Errorf("got %+v, want nothing of the stale change", state)
	}
	keys, err := w.Keys(w.ctx, w.key.Owner.Org)
	w.must(err)
	if keys[0].Credits != 0 {
		t.Errorf("got %d credits, want none", keys[0].Credits)
	}
	claimed, err := w.Claim(w.ctx, outbox.Claim{Kind: outbox.Mail, Now: fixedNow(), Until: fixedNow().Add(time.Minute), Limit: 10})
	w.must(err)
	if len(claimed) != 1 || claimed[0].ID != waiting.ID {
		t.Errorf("got deliveries %+v, want the one that waited, not cancelled", claimed)
	}
}

// staleNext changes everything that a decision can.
func staleNext(s skill.State) skill.Next {
	v, u := *s.Verification, *s.User
	v.Method, u.Name = skill.Assessment, "other"
	return skill.Next{
		User: &u, Verification: &v, Skills: []skill.Skill{{ID: "a"}}, Items: []skill.Item{{Source: skill.Source{Kind: skill.Project, ID: "p1"}}},
		Reviewer: &skill.Reviewer{Name: "other", Email: "o@work.example"}, Review: &skill.Review{Token: access.Hash{1}, Status: skill.ReviewPending},
		Assessment: &assess.Assessment{Paper: &assess.Paper{Number: 1}},
		Deliveries: []outbox.Delivery{outbox.NewMail("dlv_stale", v.Owner.Org, "a@example.com", "t", map[string]string{}, fixedNow())},
		Unsend:     []string{"dlv_waiting"}, Counted: []skill.Counted{{ID: "evt_stale", Counter: skill.Credits, At: fixedNow()}}, At: fixedNow(),
	}
}
