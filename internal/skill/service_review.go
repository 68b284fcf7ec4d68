package skill

import (
	"context"
	"errors"
	"slices"

	"avow/internal/access"
	"avow/internal/outbox"
)

// ChangeEmail changes the e-mail of the person of the session with this token.
func (s *Service) ChangeEmail(ctx context.Context, token, email string) error {
	in := EmailInput{Email: email, MailID: s.o.Random.ID("dlv_"), Now: s.o.Now()}
	subject := Subject{ByToken: true, Token: s.lookup(token), EmailKey: EmailKey(email)}
	return s.o.Verifications.ChangeVerification(ctx, subject, func(state State) (Next, error) { return ChangeEmail(state, in) })
}

// StoreReviewer sets the reviewer of a verification and returns it as it is stored.
func (s *Service) StoreReviewer(ctx context.Context, apiKey string, in ReviewerInput) (Reviewer, error) {
	in.Now = s.o.Now()
	next, err := s.change(ctx, apiKey, s.carried(apiKey, in.Carriers), func(state State) (Next, error) { return StoreReviewer(state, in) })
	if err != nil {
		return Reviewer{}, err
	}
	return *next.Reviewer, nil
}

// Reviewer returns the reviewer of a verification.
func (s *Service) Reviewer(ctx context.Context, verification string) (Reviewer, error) {
	state, err := s.o.Verifications.ViewVerification(ctx, Subject{Verification: verification})
	if err != nil {
		return Reviewer{}, err
	}
	if state.Reviewer == nil {
		return Reviewer{}, ErrNoReviewer
	}
	return *state.Reviewer, nil
}

// MaxSuggestions is how many reviewers are suggested at once (5.14).
const MaxSuggestions = 10

// Reviewers suggests reviewers of a domain whose address begins with prefix, in any letters. Without an API key nobody is known (18.10).
func (s *Service) Reviewers(ctx context.Context, apiKey, domain, prefix string) ([]Reviewer, error) {
	if apiKey == "" {
		return nil, nil
	}
	return s.o.Verifications.Reviewers(ctx, s.o.Keys.Lookup(access.ForAPIKey, apiKey), domain, EmailKey(prefix))
}

// Company returns the company of a domain; empty when none is known.
func (s *Service) Company(ctx context.Context, apiKey, domain string) (string, error) {
	if apiKey == "" {
		return "", nil
	}
	return s.o.Verifications.Company(ctx, s.o.Keys.Lookup(access.ForAPIKey, apiKey), domain)
}

// Send sends a verification to its reviewer. Where the organisation wants that, the mail is handed over first, and nothing is kept if that fails (18.14).
func (s *Service) Send(ctx context.Context, apiKey string, c Carriers) (sent Sent, err error) {
	in := s.drawSend(c)
	err = s.changeSending(ctx, apiKey, s.carried(apiKey, c), func(state State) (next Next, refusal error) {
		next, sent, refusal = Send(state, in)
		return next, refusal
	})
	return sent, err
}

func (s *Service) drawSend(c Carriers) SendInput {
	in := SendInput{
		Carriers: c, PublicURL: s.o.PublicURL, Token: s.o.Random.UUID(), Link: s.o.Random.UUID(), Now: s.o.Now(),
		MailID: s.o.Random.ID("dlv_"), EventID: s.o.Random.ID("evt_"), HookID: s.o.Random.ID("dlv_"),
	}
	in.TokenHash, in.LinkHash = s.o.Keys.Hash(access.ForReview, in.Token), s.o.Keys.Hash(access.ForReview, in.Link)
	in.ExpiresAt = in.Now.Add(s.o.ReviewTTL)
	return in
}

// changeSending carries out a change that may bring a mail. Where the organisation wants that, the mail is handed over before anything is kept.
func (s *Service) changeSending(ctx context.Context, apiKey string, subject Subject, decide func(State) (Next, error)) error {
	for handed := false; ; handed = true {
		var first *outbox.Delivery
		_, err := s.change(ctx, apiKey, subject, func(state State) (Next, error) {
			first = nil
			next, refusal := decide(state)
			if refusal == nil && state.Settings.On(access.SyncSend) {
				next, first = next.handing(handed)
			}
			return next, refusal
		})
		if err != nil || first == nil {
			return err
		}
		if err := s.hand(ctx, *first); err != nil {
			return err
		}
	}
}

// handing returns a mail that has to be handed over before anything may be kept; then nothing is. A mail that was handed over is not queued.
func (n Next) handing(handed bool) (Next, *outbox.Delivery) {
	switch {
	case len(n.Deliveries) == 0 || n.Deliveries[0].Kind != outbox.Mail:
		return n, nil
	case !handed:
		mail := n.Deliveries[0]
		if n.User != nil && n.User.Version == 0 {
			mail.About = "" // nobody is there yet whom a captured mail could tell of
		}
		return Next{}, &mail
	}
	n.Deliveries = n.Deliveries[1:]
	return n, nil
}

func (s *Service) hand(ctx context.Context, mail outbox.Delivery) error {
	if _, err := s.o.Mailer.Send(ctx, mail); err != nil {
		return ErrMailFailed.Because(err)
	}
	return nil
}

// Endorse takes a reviewer's answer.
func (s *Service) Endorse(ctx context.Context, token string, in EndorseInput) (endorsed Endorsed, err error) {
	in.Token, in.Now = s.o.Keys.Lookup(access.ForReview, token), s.o.Now()
	in.MailID, in.EventID, in.HookID, in.GuideID = s.o.Random.ID("dlv_"), s.o.Random.ID("evt_"), s.o.Random.ID("dlv_"), s.o.Random.ID("evt_")
	err = s.o.Verifications.ChangeVerification(ctx, Subject{ByReview: true, Review: in.Token}, func(state State) (Next, error) {
		next, told, refusal := Endorse(state, in)
		endorsed = told
		return next, refusal
	})
	return endorsed, err
}

// ReviewPage returns what the holder of a reviewer's token may see; either token will do, and only looking changes nothing.
func (s *Service) ReviewPage(ctx context.Context, verification, token string) (ReviewPage, error) {
	presented := s.o.Keys.Lookup(access.ForReview, token)
	state, err := s.o.Verifications.ViewVerification(ctx, Subject{ByReview: true, Review: presented})
	if err != nil {
		return ReviewPage{}, err
	}
	return PageOf(state, verification, presented, s.o.Now())
}

// VerifyPage returns what a reviewer's page shows of a verification, for anybody who knows its id.
func (s *Service) VerifyPage(ctx context.Context, verification string) (VerifyPage, error) {
	state, err := s.o.Verifications.ViewVerification(ctx, Subject{Verification: verification})
	if err != nil {
		return VerifyPage{}, err
	}
	return ViewOf(state)
}

// SkillsAsked returns the skills that a reviewer is asked about.
func (s *Service) SkillsAsked(ctx context.Context, verification string) ([]Skill, error) {
	skills, err := s.Skills(ctx, verification)
	if errors.Is(err, ErrSkillsUnknown) {
		return nil, ErrNothingAsked
	}
	return skills, err
}

// ReviewStatus tells how the review of a verification stands.
func (s *Service) ReviewStatus(ctx context.Context, verification string) (ReviewStatus, error) {
	state, err := s.o.Verifications.ViewVerification(ctx, Subject{Verification: verification})
	if err != nil {
		return "", err
	}
	if state.Review == nil {
		return "", ErrNotSent
	}
	return state.Review.StatusAt(s.o.Now()), nil
}

// SkillsOfUser returns the skills of a person over all verifications, the newest first. The request must be signed with the key's secret (3.4).
func (s *Service) SkillsOfUser(ctx context.Context, apiKey string, signed access.Signed, user string) ([]UserSkill, error) {
	if apiKey == "" {
		return nil, access.ErrKeyUnknown
	}
	key, skills, err := s.o.Verifications.SkillsOfUser(ctx, s.o.Keys.Lookup(access.ForAPIKey, apiKey), user)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(skills, func(a, b UserSkill) int { return b.CreatedAt.Compare(a.CreatedAt) })
	return skills, access.CheckSignature(key, signed, s.o.Now())
}
