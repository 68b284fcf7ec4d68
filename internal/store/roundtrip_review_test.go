//go:build integration

package store

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"avow/internal/access"
	"avow/internal/pgtest"
	"avow/internal/skill"
)

func (w *trip) reviewer() error {
	_, err := w.skills.StoreReviewer(w.ctx, w.key.Text, skill.ReviewerInput{Carriers: skill.Carriers{IDs: []string{w.id}}, Name: "R", Email: "r@work.example", Company: "C"})
	return err
}

func (w *trip) look() error {
	_, err := w.skills.ReviewPage(w.ctx, w.id, "unknown")
	if errors.Is(err, skill.ErrReviewUnknown) {
		return nil
	}
	return err
}

func (w *trip) email() error {
	w.emails++
	return w.skills.ChangeEmail(w.ctx, w.session, fmt.Sprintf("s%d@example.com", w.emails))
}

// TestTwoRoundTripsOfAReview counts those of sending and answering, which end what they are about: many are prepared.
func TestTwoRoundTripsOfAReview(t *testing.T) {
	t.Parallel()
	database := pgtest.URL(t)
	l, through := listen(t, database)
	w := newTrip(t, openURL(t, through, 1))
	for n := range 4 {
		tokens := skill.NewService(skill.Options{
			Verifications: w.Store, Keys: w.keys, Random: access.Random{Source: rand.NewChaCha8([32]byte{byte(n + 1)})}, Now: fixedNow, ReviewTTL: 720 * 3600e9,
		})
		again := access.Random{Source: rand.NewChaCha8([32]byte{byte(n + 1)})} // draws what the service draws
		w.must(w.open())
		w.must(w.skill(fmt.Sprint("skill ", n)))
		w.must(w.items())
		w.must(w.reviewer())
		before := l.trips.Load()
		_, err := tokens.Send(w.ctx, w.key.Text, skill.Carriers{IDs: []string{w.id}})
		w.must(err)
		sent := l.trips.Load()
		_, err = tokens.Endorse(w.ctx, again.UUID(), skill.EndorseInput{Answers: map[string]skill.Answer{fmt.Sprint("skill ", n): skill.Confirmed}})
		w.must(err)
		if n == 3 && (sent-before != 2 || l.trips.Load()-sent != 2) { // the statements of first calls are prepared, which takes round trips of its own
			t.Errorf("got %d and %d round trips, want 2 and 2", sent-before, l.trips.Load()-sent)
		}
	}
}

func (w *trip) skill(id string) error {
	_, err := w.skills.StoreSkills(w.ctx, w.key.Text, skill.SkillsInput{Carriers: skill.Carriers{IDs: []string{w.id}}, Claims: []skill.Claim{{Skill: id}}})
	return err
}
