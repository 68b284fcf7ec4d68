package skill

import (
	"time"

	"avow/internal/access"
	"avow/internal/event"
	"avow/internal/outbox"
)

// SendInput sends a verification to its reviewer, with everything that chance and the clock add drawn beforehand.
type SendInput struct {
	Carriers  Carriers
	PublicURL string // base of the review page, without a trailing slash

	Token     string // goes to the reviewer, and nowhere else in live mode
	TokenHash access.Hash
	Link      string // goes to the caller
	LinkHash  access.Hash
	MailID    string
	EventID   string
	HookID    string // of the webhook's delivery
	Now       time.Time
	ExpiresAt time.Time
}

// Sent is what the caller is told.
type Sent struct {
	Verification string
	Reviewer     Reviewer
	Skills       int
	Link         string
	ExpiresAt    time.Time
}

// Send sends the verification to its reviewer (5.15): a fresh token, the mail with it, the event and a credit, together or not at all. What was out before is void.
func Send(s State, in SendInput) (Next, Sent, error) {
	if err := s.resolve(in.Carriers, in.Now); err != nil {
		return Next{}, Sent{}, err
	}
	v, err := s.open()
	if err != nil {
		return Next{}, Sent{}, err
	}
	if err := s.sendable(in.Now); err != nil {
		return Next{}, Sent{}, err
	}
	if s.oneToken() {
		in.Link, in.LinkHash = in.Token, in.TokenHash
	}
	if v.InitiatedAt.IsZero() {
		v.InitiatedAt = in.Now
	}
	review := Review{
		Token: in.TokenHash, Link: in.LinkHash, Status: ReviewPending, Evidence: s.digest(), Delivery: in.MailID, SentAt: in.Now, ExpiresAt: in.ExpiresAt,
	}
	next := Next{Verification: &v, Review: &review, At: in.Now, Counted: []Counted{{ID: in.EventID, Counter: Credits, At: in.Now}}}
	if s.Review != nil {
		next.Unsend = []string{s.Review.Delivery}
	}
	next.Deliveries = append(s.mails(in.MailID, s.Reviewer.Email, ReviewRequestTemplate, s.requestMail(in), in.Now), s.initiated(in, review)...)
	sent := Sent{Verification: v.ID, Reviewer: *s.Reviewer, Skills: len(s.Skills), Link: in.link(v.ID, in.Link), ExpiresAt: in.ExpiresAt}
	return next, sent, nil
}

// sendable refuses what is not ready, or not allowed any more, in the contract's order (18.6), and looks at all rules once more (6.1, 6.2).
func (s State) sendable(now time.Time) error {
	switch v := s.Verification; {
	case v.Method == Assessment:
		return ErrMethodOther
	case s.Reviewer == nil:
		return ErrReviewerUnknown
	case len(s.Skills) == 0:
		return ErrNothingAsked
	case v.Method == "" || len(s.Items) == 0:
		return ErrVerificationUnresolved
	}
	b := s.bundle(*s.Verification, s.Skills, s.Items)
	if err := b.reviewer(*s.Reviewer, s.User, now); err != nil {
		return err
	}
	return b.check()
}

// oneToken reports whether the caller may hold the token that endorses: in test mode, where nothing is real, and where the organisation wants the original's way back
// (18.13).
func (s State) oneToken() bool {
	return s.Verification.Owner.Mode == access.Test || s.Settings.On(access.LegacyReviewLink)
}

// link has the documented form (5.15). Neither part needs escaping.
func (in SendInput) link(verification, token string) string {
	return in.PublicURL + "/review?recordVerificationId=" + verification + "&reviewerToken=" + token
}

func (s State) initiated(in SendInput, r Review) []outbox.Delivery {
	body := event.Initiated{Head: s.head(event.VerificationInitiated, in.EventID, in.Now), ExpiresAt: event.Instant(r.ExpiresAt), Evidence: r.Evidence}
	body.Status = string(ReviewPending)
	return s.webhook(in.HookID, body.Head, body, in.Now)
}
