package skill

import (
	"context"
	"time"

	"avow/internal/access"
	"avow/internal/assess"
	"avow/internal/outbox"
)

// Options is what a Service is made of.
type Options struct {
	Verifications Verifications
	Keys          *access.Keyring
	Random        access.Random
	Now           func() time.Time
	Callbacks     CallbackPolicy
	SessionTTL    time.Duration // use does not prolong it (4.1)
	ReviewTTL     time.Duration // from the sending of a reviewer's link to its end
	PublicURL     string        // base of the review page, without a trailing slash
	Generator     assess.Generator
	Mailer        outbox.Sender // sends a reviewer's mail at once where the organisation wants that
	Catalogue     Catalogue
	Endpoints     Endpoints
}

// Service carries out the calls of the skill contract: it draws what a decision needs from chance and clock, and hands both to the store.
type Service struct{ o Options }

// NewService makes a service.
func NewService(o Options) *Service { return &Service{o} }

// Need is what a call asks of its API key.
type Need struct {
	Session bool // a live session's token in the key's place will do
	Hosted  bool // … whatever the organisation's settings say
}

// Authenticate refuses an API key that is not good for the call. Wire handlers use it alone when the rest of a request cannot be read.
func (s *Service) Authenticate(ctx context.Context, apiKey string, need Need) error {
	if apiKey == "" {
		return access.ErrKeyUnknown
	}
	state, err := s.o.Verifications.ViewVerification(ctx, s.keyed(apiKey))
	if err != nil {
		return err
	}
	return state.authenticate(need, s.o.Now())
}

// Opened is a verification that was opened, with the only copy of its session's token.
type Opened struct {
	Token        string
	TTL          time.Duration
	Session      Session
	Verification Verification
}

// Init opens a verification. It draws what chance and clock add to the input.
func (s *Service) Init(ctx context.Context, apiKey string, in InitInput) (Opened, error) {
	token := s.drawInit(&in)
	subject := s.keyed(apiKey)
	subject.EmailKey, subject.PhoneKey = EmailKey(in.Email), PhoneKey(in.Phone)
	next, err := s.change(ctx, apiKey, subject, func(state State) (Next, error) { return Init(state, in) })
	if err != nil {
		return Opened{}, err
	}
	return Opened{Token: token, TTL: s.o.SessionTTL, Session: *next.Session, Verification: *next.Verification}, nil
}

func (s *Service) drawInit(in *InitInput) (token string) {
	token = s.o.Random.UUID()
	in.Now = s.o.Now()
	in.UserID, in.VerificationID = s.o.Random.ID(""), s.o.Random.ID("")
	in.Token, in.ExpiresAt, in.Callbacks = s.o.Keys.Hash(access.ForSession, token), in.Now.Add(s.o.SessionTTL), s.o.Callbacks
	return token
}

// StoreSkills replaces the skills of a verification and returns those that were asked for, as they are stored.
func (s *Service) StoreSkills(ctx context.Context, apiKey string, in SkillsInput) ([]Skill, error) {
	in.Now = s.o.Now()
	subject := s.carried(apiKey, in.Carriers)
	subject.Skills = unnamed(in.Claims)
	next, err := s.change(ctx, apiKey, subject, func(state State) (Next, error) { return StoreSkills(state, in) })
	if err != nil {
		return nil, err
	}
	return chosen(next.Skills, in.Claims), nil
}

func chosen(stored []Skill, claims []Claim) []Skill {
	byID := map[string]Skill{}
	for _, s := range stored {
		byID[s.ID] = s
	}
	skills := make([]Skill, 0, len(claims))
	for _, c := range claims {
		skills = append(skills, byID[c.Skill])
	}
	return skills
}

// ChooseMethod sets how a verification is carried out.
func (s *Service) ChooseMethod(ctx context.Context, apiKey string, in MethodInput) error {
	in.Now = s.o.Now()
	_, err := s.change(ctx, apiKey, s.carried(apiKey, in.Carriers), func(state State) (Next, error) { return ChooseMethod(state, in) })
	return err
}

// Selection is the outcome of step 3.
type Selection struct {
	Verification Verification
	Items        []Item
}

// StoreItems replaces the items of the session's verification.
func (s *Service) StoreItems(ctx context.Context, apiKey, token string, sources []Source) (Selection, error) {
	in := ItemsInput{Sources: distinct(sources), Now: s.o.Now()}
	for range in.Sources {
		in.RecordIDs = append(in.RecordIDs, s.o.Random.UUID())
	}
	subject := s.keyed(apiKey)
	subject.ByToken, subject.Token = true, s.lookup(token)
	var v Verification
	next, err := s.change(ctx, apiKey, subject, func(state State) (Next, error) {
		if state.Verification != nil {
			v = *state.Verification
		}
		return StoreItems(state, in)
	})
	return Selection{Verification: v, Items: next.Items}, err
}

// Skills returns the skills of a verification.
func (s *Service) Skills(ctx context.Context, verification string) ([]Skill, error) {
	state, err := s.o.Verifications.ViewVerification(ctx, Subject{Verification: verification})
	if err != nil {
		return nil, err
	}
	return SkillsOf(state)
}

// Items returns the items of a verification.
func (s *Service) Items(ctx context.Context, verification string) ([]Item, error) {
	state, err := s.o.Verifications.ViewVerification(ctx, Subject{Verification: verification})
	if err != nil {
		return nil, err
	}
	return ItemsOf(state)
}

// SessionData returns the data of the session with this token.
func (s *Service) SessionData(ctx context.Context, token string) (SessionData, error) {
	state, err := s.o.Verifications.ViewVerification(ctx, Subject{ByToken: true, Token: s.lookup(token), Lists: true})
	if err != nil {
		return SessionData{}, err
	}
	return DataOf(state, s.o.Now())
}

func (s *Service) lookup(token string) access.Lookup {
	return s.o.Keys.Lookup(access.ForSession, token)
}

// keyed takes what was shown for what it looks like: an API key, or a session's token in its place.
func (s *Service) keyed(apiKey string) Subject {
	if access.LooksLikeKey(apiKey) {
		return Subject{Keyed: true, Secret: s.o.Keys.Lookup(access.ForAPIKey, apiKey)}
	}
	return Subject{Keyed: true, ByPass: true, Secret: s.lookup(apiKey)}
}

// carried names the verification of a call with a session by its first carrier; the decision compares the others with it.
func (s *Service) carried(apiKey string, c Carriers) Subject {
	subject := s.keyed(apiKey)
	switch {
	case len(c.Tokens) > 0:
		subject.ByToken, subject.Token = true, s.lookup(c.Tokens[0])
	case len(c.IDs) > 0:
		subject.Verification = c.IDs[0]
	}
	return subject
}

// change has a decision carried out and returns what was saved.
func (s *Service) change(ctx context.Context, apiKey string, subject Subject, decide func(State) (Next, error)) (next Next, err error) {
	if apiKey == "" {
		return Next{}, access.ErrKeyUnknown
	}
	err = s.o.Verifications.ChangeVerification(ctx, subject, func(state State) (Next, error) {
		var refusal error
		next, refusal = decide(state)
		return next, refusal
	})
	return next, err
}
