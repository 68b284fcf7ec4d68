package skill

import (
	"context"
	"time"

	"avow/internal/event"
)

// ExpireInput ends a review that nobody has answered, with what chance and the clock add drawn beforehand.
type ExpireInput struct {
	GuideID string // of the event that registered endpoints are told
	Now     time.Time
}

// Expire notes that a review is over without an answer, and tells the registered endpoints, once (section 7). Everybody else sees that by the clock, noted or not (4.4).
func Expire(s State, in ExpireInput) (Next, error) {
	if s.Review == nil || s.Review.Status == s.Review.StatusAt(in.Now) {
		return Next{}, nil
	}
	review := *s.Review
	review.Status = ReviewExpired
	body := event.Completed{
		Head: s.head(event.VerificationFailed, in.GuideID, in.Now), Skills: skillsTold(s.Skills), Sources: sourcesTold(s.Items), Reviewer: s.Reviewer.told(),
		Summary: summary(s.Skills, s.Items).told(), Evidence: review.Evidence,
	}
	body.Status = string(ReviewExpired)
	return Next{Review: &review, Deliveries: s.guided(body, in.GuideID, in.Now), At: in.Now}, nil
}

// ExpireReviews does so for the reviews that have been over for longest, at most limit, and returns how many they were.
func (s *Service) ExpireReviews(ctx context.Context, limit int) (int, error) {
	now := s.o.Now()
	ids, err := s.o.Verifications.ReviewsOver(ctx, now, limit)
	if err != nil {
		return 0, err
	}
	for n, id := range ids {
		in := ExpireInput{GuideID: s.o.Random.ID("evt_"), Now: now}
		expire := func(state State) (Next, error) { return Expire(state, in) }
		if err := s.o.Verifications.ChangeVerification(ctx, Subject{Verification: id}, expire); err != nil {
			return n, err
		}
	}
	return len(ids), nil
}
