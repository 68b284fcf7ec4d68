package account

import (
	"context"
	"time"

	"avow/internal/access"
)

// Options is what a Service is made of.
type Options struct {
	Accounts  Accounts
	Keys      *access.Keyring
	Random    access.Random
	Passwords *access.Passwords
	Now       func() time.Time
	Links     LinkPolicy
	TTL       time.Duration // of a verification request
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

// Authenticate refuses a token that is not good for the call. Wire handlers use it alone when the rest of a request cannot be read.
func (s *Service) Authenticate(ctx context.Context, bearer string, need access.Need) error {
	state, err := s.view(ctx, bearer)
	if err != nil {
		return err
	}
	return state.authorize(need, s.o.Now())
}

// CreateRequest makes a verification request for the token's account and has the confirmation mail sent.
func (s *Service) CreateRequest(ctx context.Context, bearer string, need access.Need, verificationURL string) (Request, error) {
	in := s.draw(need, verificationURL)
	err := s.change(ctx, bearer, func(state State) (Next, error) { return CreateRequest(state, in) })
	return Request{ID: in.RequestID, ExpiresAt: in.ExpiresAt}, err
}

func (s *Service) draw(need access.Need, verificationURL string) CreateInput {
	now, code := s.o.Now(), s.o.Random.UUID()
	return CreateInput{
		Need: need, URL: verificationURL, Policy: s.o.Links, Now: now, ExpiresAt: now.Add(s.o.TTL),
		RequestID: s.o.Random.ObjectID(now), MailID: s.o.Random.ID("dlv_"),
		Code: code, CodeHash: s.o.Keys.Hash(access.ForCode, code),
	}
}

// Verify verifies the token's account with a code and returns its id.
func (s *Service) Verify(ctx context.Context, bearer string, need access.Need, code string) (string, error) {
	in := VerifyInput{Need: need, Code: s.o.Keys.Lookup(access.ForCode, code), Now: s.o.Now()}
	var id string
	err := s.change(ctx, bearer, func(state State) (Next, error) {
		if state.Account != nil {
			id = state.Account.ID
		}
		return Verify(state, in)
	})
	return id, err
}

// VerifyOnPage verifies by the id and code of a mailed link.
func (s *Service) VerifyOnPage(ctx context.Context, id, code string) error {
	in := VerifyInput{Code: s.o.Keys.Lookup(access.ForCode, code), Now: s.o.Now()}
	return s.o.Accounts.Change(ctx, KeyOfID(id), func(state State) (Next, error) { return VerifyOnPage(state, in) })
}

// Standing tells how the verification of the token's account stands.
func (s *Service) Standing(ctx context.Context, bearer string, need access.Need) (Standing, error) {
	state, err := s.view(ctx, bearer)
	if err != nil {
		return Standing{}, err
	}
	return StandingOf(state, need, s.o.Now())
}

// Me returns the token's account.
func (s *Service) Me(ctx context.Context, bearer string, need access.Need) (Account, error) {
	state, err := s.view(ctx, bearer)
	if err != nil {
		return Account{}, err
	}
	return AccountOf(state, need, s.o.Now())
}

func (s *Service) view(ctx context.Context, bearer string) (State, error) {
	if bearer == "" {
		return State{}, access.ErrNoCredential
	}
	return s.o.Accounts.View(ctx, KeyOfToken(s.o.Keys.Lookup(access.ForToken, bearer)))
}

func (s *Service) change(ctx context.Context, bearer string, decide func(State) (Next, error)) error {
	if bearer == "" {
		return access.ErrNoCredential
	}
	return s.o.Accounts.Change(ctx, KeyOfToken(s.o.Keys.Lookup(access.ForToken, bearer)), decide)
}
