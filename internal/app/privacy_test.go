package app

import (
	"fmt"
	"testing"
	"time"

	"avow/internal/access"
	"avow/internal/config"
	"avow/internal/skill"
)

// TestRetention has people of three organisations: one keeps them for ever, one for a year and one for a day. Sessions live for an hour.
func TestRetention(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 1, 2, 23, 4, 5, 0, time.UTC)
	now := start
	a := newTidy(t, config.Serve, func() time.Time { return now })
	people := map[string][]string{}
	for org, kept := range map[string]string{"ever": access.Forever, "year": "8760h", "day": "24h"} {
		people[org] = a.people(t, org, kept, 3)
	}
	left := func(org string) (n int) {
		t.Helper()
		for _, id := range people[org] {
			if _, err := a.Skills.Export(t.Context(), skill.Asker{Operator: true}, id); err == nil {
				n++
			}
		}
		return n
	}
	for _, step := range []struct {
		age             time.Duration
		ever, year, day int
	}{{0, 3, 3, 3}, {24 * time.Hour, 3, 3, 3}, {48 * time.Hour, 3, 3, 0}, {365 * 24 * time.Hour, 3, 3, 0}, {366 * 24 * time.Hour, 3, 0, 0}, {10 * 8760 * time.Hour, 3, 0, 0}} {
		now = start.Add(step.age)
		a.tidy(t.Context())
		if got := [3]int{left("ever"), left("year"), left("day")}; got != [3]int{step.ever, step.year, step.day} {
			t.Errorf("after %v: got %v left, want %v", step.age, got, step)
		}
	}
}

// TestRetentionGoesInBatches counts over all organisations together.
func TestRetentionGoesInBatches(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	a := newTidy(t, config.Serve, func() time.Time { return now })
	a.people(t, "one", "24h", 3)
	a.people(t, "two", "24h", 2)
	now = now.AddDate(0, 1, 0)
	for _, want := range []int{2, 2, 1, 0} {
		if got, err := a.forgetPeople(t.Context(), now, 2); got != want || err != nil {
			t.Errorf("got %d erased (%v), want %d", got, err, want)
		}
	}
}

// people makes an organisation with a retention, and people.
func (a *App) people(t *testing.T, org, kept string, n int) (ids []string) {
	t.Helper()
	_, err := a.Admin.CreateOrganisation(t.Context(), org, false)
	if err == nil {
		_, err = a.Admin.Set(t.Context(), org, access.Retention, kept)
	}
	key, keyErr := a.Admin.CreateKey(t.Context(), org, "k", access.Live)
	if err != nil || keyErr != nil {
		t.Fatal(err, keyErr)
	}
	short := skill.NewService(skill.Options{
		Verifications: a.Store, People: a.Store, Keys: a.keys, Random: access.Random{Source: a.o.Random}, Now: a.o.Now, SessionTTL: time.Hour,
	})
	for i := range n {
		opened, err := short.Init(t.Context(), key.Text, skill.InitInput{
			Student: "s", Callback: "https://c.example/", Name: "n", Email: fmt.Sprintf("s%d@example.com", i), Lists: skill.NewLists([]byte(`[{"projectId":"p","name":"P"}]`), nil, nil),
		})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, opened.Verification.User)
	}
	return ids
}
