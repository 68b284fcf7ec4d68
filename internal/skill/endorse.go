package skill

import (
	"time"

	"avow/internal/access"
	"avow/internal/event"
	"avow/internal/outbox"
)

// Decline is why a reviewer does not answer about the skills at all (18.16).
type Decline string

// The reasons.
const (
	DeclineJudge  Decline = "cannot_judge"
	DeclinePerson Decline = "unknown_person"
	DeclineNotMe  Decline = "not_meant_for_me"
)

// Declines lists the reasons.
var Declines = []Decline{DeclineJudge, DeclinePerson, DeclineNotMe}

// EndorseInput is a reviewer's answer: about skills, or that there is none.
type EndorseInput struct {
	Token   access.Lookup
	Answers map[string]Answer // by skill
	Whole   bool              // every skill must be answered; else what was left out was not confirmed, and nothing more is known of it (5.17)
	Decline Decline           // empty: answered

	MailID  string
	EventID string
	HookID  string // of the webhook's delivery
	GuideID string // of the event that registered endpoints are told
	Now     time.Time
}

// Endorsed is what the reviewer is told.
type Endorsed struct {
	Verification string
	Reviewer     Reviewer
	Verified     int
	Told         bool // a webhook is on its way
	Summary      Summary
}

// Endorse takes the one answer of a review (5.17): skills are verified or rejected, the verification is over, the caller and the student are told.
func Endorse(s State, in EndorseInput) (Next, Endorsed, error) {
	if err := s.answerable(in.Token, in.Now); err != nil {
		return Next{}, Endorsed{}, err
	}
	skills, verified, err := s.judged(in)
	if err != nil {
		return Next{}, Endorsed{}, err
	}
	v, review := *s.Verification, *s.Review
	v.CompletedAt, review.Status = in.Now, ReviewCompleted
	next := Next{Verification: &v, Review: &review, Skills: skills, At: in.Now}
	if verified > 0 {
		next.Counted = []Counted{{ID: in.EventID, Counter: VerifiedProfiles, At: in.Now}}
	}
	mails := s.mails(in.MailID, s.User.Email, ReviewAnswerTemplate, s.answerMail(skills, in.Decline != ""), in.Now)
	hooks := s.completed(in, skills)
	next.Deliveries = append(mails, hooks...)
	return next, Endorsed{Verification: v.ID, Reviewer: *s.Reviewer, Verified: verified, Told: len(hooks) > 0, Summary: summary(skills, s.Items)}, nil
}

// answerable refuses a token that cannot answer, in the contract's order. The token of the caller's link may look, and no more.
func (s State) answerable(token access.Lookup, now time.Time) error {
	r := s.Review
	if r == nil || !token.Holds(r.Token) {
		return ErrReviewUnknown
	}
	switch r.StatusAt(now) {
	case ReviewCompleted:
		return ErrCompleted
	case ReviewExpired:
		return ErrReviewExpired
	}
	if s.Reviewer == nil {
		return ErrReviewerUnknown
	}
	if s.User.owns(s.Reviewer.Email) {
		return ErrSelfReview
	}
	if s.digest() != r.Evidence { // every change voids the token; this one holds even if one did not
		return ErrReviewUnknown
	}
	return nil
}

// judged returns the skills as the answer leaves them, and how many of them it verified. What is verified stays (6.5).
func (s State) judged(in EndorseInput) (skills []Skill, verified int, err error) {
	known := 0
	for _, k := range s.Skills {
		answer, answered := in.Answers[k.ID]
		if answered {
			known++
		}
		switch {
		case k.Status == Verified:
		case answer == Confirmed:
			k.Status, k.VerifiedAt, k.VerifiedBy, k.Answer = Verified, in.Now, ByReviewer, answer
			verified++
		default:
			k.Status, k.Answer = Rejected, answer
		}
		skills = append(skills, k)
	}
	if known != len(in.Answers) || in.Whole && known != len(s.Skills) {
		return nil, 0, ErrSkillsForeign
	}
	return skills, verified, nil
}

func (s State) completed(in EndorseInput, skills []Skill) []outbox.Delivery {
	body := event.Completed{
		Head: s.head(event.VerificationCompleted, in.EventID, in.Now), Skills: skillsTold(skills), Sources: sourcesTold(s.Items), Reviewer: s.Reviewer.told(),
		Summary: summary(skills, s.Items).told(), DeclineReason: string(in.Decline), Evidence: s.Review.Evidence,
	}
	for _, signal := range s.signals(in.Now) {
		body.Signals = append(body.Signals, event.Signal{Code: signal.Code, Meaning: signal.Meaning})
	}
	body.Status = string(ReviewCompleted)
	return append(s.webhook(in.HookID, body.Head, body, in.Now), s.guided(body, in.GuideID, in.Now)...)
}
