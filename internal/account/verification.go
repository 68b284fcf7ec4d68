package account

import (
	"time"

	"avow/internal/access"
)

// Scopes of the me calls (accounts-api.md 2.5).
const (
	ScopeMeRead  = "/external/me/r"
	ScopeMeWrite = "/external/me/w"
)

// CreateInput is a request to verify an address, with everything that chance and the clock add drawn beforehand: deciding again gives the same result.
type CreateInput struct {
	Need      access.Need
	URL       string // the caller's verification_url; empty: our own page
	Policy    LinkPolicy
	RequestID string
	Code      string
	CodeHash  access.Hash
	MailID    string
	Now       time.Time
	ExpiresAt time.Time
}

// CreateRequest makes a verification request; an earlier one is superseded: its code is dead and its mail cancelled if still unsent (accounts-api.md 3.1, 13.6).
func CreateRequest(s State, in CreateInput) (Next, error) {
	if err := s.authorize(in.Need, in.Now); err != nil {
		return Next{}, err
	}
	if err := in.Policy.allow(in.URL, s.Client.VerificationURLs); err != nil {
		return Next{}, err
	}
	a, err := s.subject()
	if err != nil {
		return Next{}, err
	}
	if a.Verified {
		return Next{}, ErrAlreadyVerified
	}
	code := &Code{ID: in.RequestID, Hash: in.CodeHash, Delivery: in.MailID, CreatedAt: in.Now, ExpiresAt: in.ExpiresAt}
	next := Next{Account: touched(a, in.Now), Code: code, Mails: []Mail{confirmationMail(s, a, in)}}
	if s.Code != nil { // a dead one too: its mail may still wait for a relay
		next.Unsend = []string{s.Code.Delivery}
	}
	return next, nil
}

// VerifyInput is a try to verify an address with a code.
type VerifyInput struct {
	Need access.Need
	Code access.Lookup
	Now  time.Time
}

// Verify verifies the token's account with the code of its live request; an account that was only created becomes active (accounts-api.md 3.3, 13.7, 13.8).
// A wrong code is counted, and the count is saved with the refusal.
func Verify(s State, in VerifyInput) (Next, error) {
	if err := s.authorize(in.Need, in.Now); err != nil {
		return Next{}, err
	}
	return verify(s, in)
}

// VerifyOnPage verifies by what the mailed link holds, without a token. Whatever is wrong has one answer, so that the page tells nobody whether an account exists.
func VerifyOnPage(s State, in VerifyInput) (Next, error) {
	if s.Account == nil || !s.Account.mayHoldTokens() {
		return Next{}, ErrCodeInvalid
	}
	next, err := verify(s, in)
	if err != nil {
		return next, ErrCodeInvalid
	}
	return next, nil
}

func verify(s State, in VerifyInput) (Next, error) {
	a, err := s.subject()
	if err != nil {
		return Next{}, err
	}
	if a.Verified {
		return Next{}, ErrAlreadyVerified
	}
	right, counted := s.Code.try(in.Code, in.Now)
	if counted != nil {
		return Next{Account: touched(a, in.Now), Code: counted}, ErrCodeInvalid
	}
	if !right {
		return Next{}, ErrCodeInvalid
	}
	return Next{Account: verified(a, in.Now), NoCode: true, Unsend: []string{s.Code.Delivery}}, nil
}

func verified(a Account, now time.Time) *Account {
	a.Verified = true
	if a.Status == Created {
		a.Status = Active
	}
	return touched(a, now)
}

func touched(a Account, now time.Time) *Account {
	a.UpdatedAt = now
	return &a
}

// Standing is what a caller may know of an account's verification.
type Standing struct {
	AccountID string
	Verified  bool
	Request   *Code // nil: nothing is pending
}

// StandingOf tells how the verification of the token's account stands (accounts-api.md 3.2).
func StandingOf(s State, need access.Need, now time.Time) (Standing, error) {
	if err := s.authorize(need, now); err != nil {
		return Standing{}, err
	}
	a, err := s.subject()
	if err != nil {
		return Standing{}, err
	}
	standing := Standing{AccountID: a.ID, Verified: a.Verified}
	if !a.Verified && s.Code.live(now) {
		standing.Request = s.Code
	}
	return standing, nil
}

// AccountOf returns the token's account (accounts-api.md 5.1).
func AccountOf(s State, need access.Need, now time.Time) (Account, error) {
	if err := s.authorize(need, now); err != nil {
		return Account{}, err
	}
	return s.subject()
}
