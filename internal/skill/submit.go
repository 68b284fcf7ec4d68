package skill

import (
	"time"

	"avow/internal/assess"
	"avow/internal/event"
	"avow/internal/outbox"
)

// SubmitInput is a student's answers to the questions, with everything that chance and the clock add drawn beforehand.
type SubmitInput struct {
	Carriers Carriers
	Answers  []assess.Answer
	MailID   string
	EventID  string
	HookID   string // of the webhook's delivery
	GuideID  string // of the event that registered endpoints are told
	Now      time.Time
}

// Scored is how an attempt ended. Skills are all of the verification, as they are from now on.
type Scored struct {
	Verification string
	Attempt      assess.Attempt
	Locked       bool
	Skills       []Skill
	Told         bool // a webhook is on its way
}

// Submit scores the answers to the paper that is out (5.22): a pass verifies the skills and ends the verification for good, a failure rejects them and leaves it open for a
// retake. The caller and the student are told of either.
func Submit(s State, in SubmitInput) (Next, Scored, error) {
	if err := s.resolve(in.Carriers, in.Now); err != nil {
		return Next{}, Scored{}, err
	}
	a, attempt, err := s.Assessment.Submit(s.digest(), in.Answers, in.Now)
	if err != nil {
		return Next{}, Scored{}, err
	}
	v, err := s.open()
	if err != nil {
		return Next{}, Scored{}, err
	}
	skills := s.assessed(attempt.Passed, in.Now)
	next := Next{Verification: &v, Assessment: &a, Skills: skills, At: in.Now}
	if attempt.Passed {
		v.CompletedAt = in.Now
		next.Counted = []Counted{{ID: in.EventID, Counter: VerifiedProfiles, At: in.Now}}
	}
	scored := Scored{Verification: v.ID, Attempt: attempt, Locked: a.Locked(), Skills: skills}
	mails := s.mails(in.MailID, s.User.Email, AssessmentResultTemplate, s.resultMail(scored), in.Now)
	hooks := s.scored(in, scored)
	scored.Told, next.Deliveries = len(hooks) > 0, append(mails, hooks...)
	return next, scored, nil
}

// assessed are the skills as an attempt leaves them. What is verified stays (6.5).
func (s State) assessed(passed bool, now time.Time) []Skill {
	skills := make([]Skill, 0, len(s.Skills))
	for _, k := range s.Skills {
		switch {
		case k.Status == Verified:
		case passed:
			k.Status, k.VerifiedAt, k.VerifiedBy = Verified, now, ByAssessment
		default:
			k.Status = Rejected
		}
		skills = append(skills, k)
	}
	return skills
}

// scored tells how an attempt ended; every attempt is told (14.25).
func (s State) scored(in SubmitInput, to Scored) []outbox.Delivery {
	body := event.Completed{
		Head: s.head(event.VerificationCompleted, in.EventID, in.Now), Skills: skillsTold(to.Skills), Sources: sourcesTold(s.Items),
		Assessment: to.told(), Summary: summary(to.Skills, s.Items).told(),
	}
	body.Status = string(ReviewCompleted)
	return append(s.webhook(in.HookID, body.Head, body, in.Now), s.guided(body, in.GuideID, in.Now)...)
}

func (s Scored) told() *event.Assessment {
	t := s.Attempt
	return &event.Assessment{Score: t.Score, Passed: t.Passed, Attempt: t.Number, CorrectAnswers: t.Correct, TotalQuestions: t.Total, Locked: s.Locked}
}
