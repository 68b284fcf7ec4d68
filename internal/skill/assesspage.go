package skill

import (
	"context"
	"errors"
	"time"

	"avow/internal/access"
	"avow/internal/assess"
	"avow/internal/fault"
)

// AssessmentPage is what the hosted page knows of an assessment.
type AssessmentPage struct {
	Brand    string
	Test     bool
	Skills   []string        // names
	Rules    assess.Rules    // for the next paper
	Open     *assess.Paper   // waits for answers, and holds the right ones; nil: there is none
	Last     *assess.Attempt // nil: there is none
	Locked   bool
	RetakeAt time.Time // when another paper may be drawn; zero: now
}

// AssessmentPageOf returns what the holder of a session's token sees. Nobody can tell a session that has expired from one that never was.
func AssessmentPageOf(s State, now time.Time) (AssessmentPage, error) {
	if !s.Session.live(now) {
		return AssessmentPage{}, ErrSessionUnknown
	}
	p := AssessmentPage{
		Brand: s.Brand, Test: s.Verification.Owner.Mode == access.Test, Skills: names(s.Skills), Rules: assess.RulesOf(s.Settings), Locked: s.Assessment.Locked(),
	}
	if n := len(s.Assessment.Attempts); n > 0 {
		p.Last = &s.Assessment.Attempts[n-1]
	}
	if p.Locked {
		return p, nil
	}
	if err := s.ready(); err != nil {
		return AssessmentPage{}, err
	}
	if open := s.Assessment.Current(s.digest()); open != nil && open.Number == s.Assessment.NextNumber() {
		p.Open = open
		return p, nil
	}
	p.RetakeAt = s.drawableAt(now)
	return p, nil
}

// drawableAt is when another paper may be drawn; zero: now.
func (s State) drawableAt(now time.Time) time.Time {
	rules := assess.RulesOf(s.Settings)
	_, err := s.Assessment.Generate(s.digest(), rules, now)
	if len(s.Assessment.Attempts) > 0 {
		err = s.Assessment.Retake(rules, now)
	}
	if errors.Is(err, assess.ErrTooSoon) {
		return now.Add(fault.From(err).After)
	}
	return time.Time{}
}

// AssessmentPage returns what the hosted page shows to the holder of a session's token. It changes nothing.
func (s *Service) AssessmentPage(ctx context.Context, token string) (AssessmentPage, error) {
	state, err := s.o.Verifications.ViewVerification(ctx, Subject{ByToken: true, Token: s.lookup(token)})
	if err != nil {
		return AssessmentPage{}, err
	}
	return AssessmentPageOf(state, s.o.Now())
}
