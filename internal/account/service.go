package account

import (
	"context"
	"time"

	"avow/internal/access"
	"avow/internal/limit"
)

// Options is what a Service is made of.
type Options struct {
	Accounts  Accounts
	Holdings  Holdings
	Keys      *access.Keyring
	Random    access.Random
	Passwords *access.Passwords
	Now       func() time.Time
	Links     LinkPolicy
	TTL       time.Duration  // of a verification request
	Budgets   *limit.Budgets // of failed grants; nil: they are not counted
}

// Service carries out the calls of the account contract: it draws what a decision needs from chance and clock, and hands both to the store.
type Service struct{ o Options }

// NewService makes a service.
func NewService(o Options) *Service { return &Service{o} }

// Request is a verification request that was made.
type Request struct {
	ID        string
	ExpiresAt time.Time
}

// Call is a call with a bearer token.
type Call struct {
	Bearer string // empty: it came without one
	Need   access.Need
	Name   Name // the account that the caller names; zero: the token's own
}

// about is the same call about the account of a name.
func (c Call) about(kind NameKind, value string) Call {
	c.Name = Named(kind, value)
	return c
}

// Authenticate refuses a token that is not good for the call. Wire handlers use it alone when the rest of a request cannot be read.
func (s *Service) Authenticate(ctx context.Context, c Call) error {
	state, err := s.view(ctx, c)
	if err != nil {
		return err
	}
	return state.authorize(c.Need, s.o.Now())
}

// CreateRequest makes a verification request and has the confirmation mail sent.
func (s *Service) CreateRequest(ctx context.Context, c Call, verificationURL string) (Request, error) {
	in := s.draw(c.Need, verificationURL)
	err := s.change(ctx, c, func(state State) (Next, error) { return CreateRequest(state, in) })
	return Request{ID: in.RequestID, ExpiresAt: in.ExpiresAt}, err
}

func (s *Service) draw(need access.Need, verificationURL string) CreateInput {
	now, code := s.o.Now(), s.o.Random.UUID()
	return CreateInput{
		Need: need, URL: verificationURL, Policy: s.o.Links, Now: now, ExpiresAt: now.Add(s.o.TTL),
		RequestID: s.o.Random.ObjectID(now), MailID: s.o.Random.ID("dlv_"),
		Code: code, CodeHash: s.o.Keys.Hash(access.ForCode, code), Events: s.eventIDs(),
	}
}

// Verify verifies an account with a code and returns its id.
func (s *Service) Verify(ctx context.Context, c Call, code string) (string, error) {
	in := s.try(c.Need, code)
	var id string
	err := s.change(ctx, c, func(state State) (Next, error) {
		if state.Account != nil {
			id = state.Account.ID
		}
		return Verify(state, in)
	})
	return id, err
}

func (s *Service) try(need access.Need, code string) VerifyInput {
	return VerifyInput{Need: need, Code: s.o.Keys.Lookup(access.ForCode, code), Events: s.eventIDs(), MailID: s.o.Random.ID("dlv_"), Now: s.o.Now()}
}

// VerifyOnPage verifies by the id and code of a mailed link.
func (s *Service) VerifyOnPage(ctx context.Context, id, code string) error {
	in := s.try(access.Need{}, code)
	return s.o.Accounts.Change(ctx, KeyOfID(id), func(state State) (Next, error) { return VerifyOnPage(state, in) })
}

// Standing tells how the verification of an account stands.
func (s *Service) Standing(ctx context.Context, c Call) (Standing, error) {
	state, err := s.view(ctx, c)
	if err != nil {
		return Standing{}, err
	}
	return StandingOf(state, c.Need, s.o.Now())
}

// Account returns the account that a call is about.
func (s *Service) Account(ctx context.Context, c Call) (Account, error) {
	state, err := s.view(ctx, c)
	if err != nil {
		return Account{}, err
	}
	return AccountOf(state, c.Need, s.o.Now())
}

func (s *Service) key(c Call) (Key, error) {
	if c.Bearer == "" {
		return Key{}, access.ErrNoCredential
	}
	return KeyOfNamed(s.o.Keys.Lookup(access.ForToken, c.Bearer), c.Name), nil
}

func (s *Service) view(ctx context.Context, c Call) (State, error) {
	k, err := s.key(c)
	if err != nil {
		return State{}, err
	}
	return s.o.Accounts.View(ctx, k)
}

func (s *Service) change(ctx context.Context, c Call, decide func(State) (Next, error)) error {
	k, err := s.key(c)
	if err != nil {
		return err
	}
	return s.o.Accounts.Change(ctx, k, decide)
}
