//go:build integration

package store

import (
	"fmt"
	"testing"

	"avow/internal/access"
	"avow/internal/catalogue"
	"avow/internal/event"
	"avow/internal/pgtest"
	"avow/internal/skill"
)

// TestStaleRegistration has another endpoint be registered between the load and the save of one: neither gets lost.
func TestStaleRegistration(t *testing.T) {
	t.Parallel()
	w := newTrip(t, openURL(t, pgtest.URL(t), 4))
	w.skills = skill.NewService(skill.Options{Keys: w.keys, Random: randomSource, Now: fixedNow, Endpoints: w.Store})
	times := 0
	w.must(w.ChangeRegistered(w.ctx, w.keys.Lookup(access.ForAPIKey, w.key.Text), func(r skill.Registered) (skill.Registration, error) {
		if times++; times == 1 { // another change, by the other committer
			_, err := w.skills.Register(w.ctx, w.key.Text, "https://first.example/", []string{string(event.VerificationPassed)})
			w.must(err)
		}
		return skill.Registration{Add: &access.Endpoint{ID: "whe_2", Org: r.Key.Owner.Org, Mode: r.Key.Owner.Mode, URL: "https://second.example/"}}, nil
	}))
	all, err := w.skills.Endpoints(w.ctx, w.key.Text)
	if err != nil || times != 2 || len(all) != 2 || all[0].URL != "https://first.example/" || all[1].ID != "whe_2" {
		t.Errorf("got %+v after %d decisions, %v, want both endpoints after two", all, times, err)
	}
}

// TestRoundTripsOfTheGuide counts those of the guide layer: a verification that one call opens and sends is one change, before which the catalogue is asked what its skills
// are called.
func TestRoundTripsOfTheGuide(t *testing.T) {
	t.Parallel()
	l, through := listen(t, pgtest.URL(t))
	w := newTrip(t, openURL(t, through, 1))
	w.skills = skill.NewService(skill.Options{
		Verifications: w.Store, Keys: w.keys, Random: randomSource, Now: fixedNow, SessionTTL: 960 * 3600e9, ReviewTTL: 720 * 3600e9,
		Catalogue: catalogue.NewService(w.Store), Endpoints: w.Store,
	})
	begun := 0
	begin := func() error {
		begun++
		in := skill.BeginInput{
			Init: skill.InitInput{Student: "s", Name: "n", Email: "s@example.com"}, Names: []string{"Go", "Basket weaving"}, Method: skill.Human,
			Source:   skill.GuideSource{Item: skill.Item{Source: skill.Source{Kind: skill.Project, ID: fmt.Sprint("p", begun)}, Title: "P"}, Lists: skill.NewLists(nil, nil, nil)},
			Reviewer: &skill.ReviewerInput{Name: "R", Email: "r@work.example", Company: "C"},
		}
		_, err := w.skills.Begin(w.ctx, w.key.Text, in)
		return err
	}
	registered := ""
	register := func() error {
		made, err := w.skills.Register(w.ctx, w.key.Text, fmt.Sprint("https://hooks.example/", begun), []string{string(event.VerificationPassed)})
		registered, begun = made.ID, begun+1
		return err
	}
	l.count(t, map[string]trips{
		"begin":         {begin, 1 + 2},
		"overview":      {func() error { _, err := w.skills.Overview(w.ctx, w.key.Text, w.id); return err }, 1},
		"person by id":  {func() error { _, err := w.skills.Person(w.ctx, w.key.Text, "s"); return err }, 1},
		"register":      {register, 2},
		"list":          {func() error { _, err := w.skills.Endpoints(w.ctx, w.key.Text); return err }, 1},
		"register, and": {func() error { _ = register(); return w.skills.Unregister(w.ctx, w.key.Text, registered) }, 4},
	})
}
