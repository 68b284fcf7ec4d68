package account

import (
	"cmp"
	"errors"
	"time"

	"avow/internal/access"
	"avow/internal/code"
	"avow/internal/event"
)

// Scopes of the calls on the own account and on any account (accounts-api.md 2.5).
const (
	ScopeMeRead       = "/external/me/r"
	ScopeMeWrite      = "/external/me/w"
	ScopeAccountRead  = "/external/account/r"
	ScopeAccountWrite = "/external/account/w"
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
	Events    EventIDs
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
	a, err := s.verifiable()
	if err != nil {
		return Next{}, err
	}
	next := Next{Account: touched(a, in.Now), Mails: []Mail{confirmationMail(s, a, in)}}
	return next.with(code.Issue(s.Code, in.code())).tell(s, in.Events, told{
		name: event.ConfirmationEmailRequested, code: in.Code, data: event.EventData{VerificationURL: in.URL},
	}), nil
}

// code is the one that the request brings to the holder.
func (in CreateInput) code() Code {
	return Code{ID: in.RequestID, Hash: in.CodeHash, Delivery: in.MailID, CreatedAt: in.Now, ExpiresAt: in.ExpiresAt}
}

// VerifyInput is a try to verify an address with a code.
type VerifyInput struct {
	Need   access.Need
	Code   access.Lookup
	Events EventIDs
	MailID string // of the notice to an address that is given up
	Now    time.Time
}

// Verify verifies an account with the code of its live request; one that was only created becomes active (accounts-api.md 3.3, 4, 13.7, 13.8).
// A wrong code is counted, and the count is saved with the refusal.
func Verify(s State, in VerifyInput) (Next, error) {
	if err := s.authorize(in.Need, in.Now); err != nil {
		return Next{}, err
	}
	return verify(s, in)
}

// VerifyOnPage verifies by what the mailed link holds, without a token. Whatever is wrong has one answer and takes one amount of work, so that the page tells nobody
// whether an account exists (accounts-api.md 13.13).
//
// The page takes the code of a change of the address, too. A wrong one is counted against whatever is live.
func VerifyOnPage(s State, in VerifyInput) (Next, error) {
	next, err := verify(s, in)
	if err == nil {
		return next, nil
	}
	moved, err := moveAddress(s, in)
	if err == nil {
		return moved, nil
	}
	next.Account, next.Codes = cmp.Or(next.Account, moved.Account), moved.Codes
	next.Idle = next.Empty()
	return next, ErrCodeInvalid
}

func verify(s State, in VerifyInput) (Next, error) {
	a, err := s.verifiable()
	if err != nil {
		return Next{}, err
	}
	right, change := code.Try(s.Code, in.Code, in.Now)
	switch {
	case right:
		return Next{Account: verified(a, in.Now)}.with(change).tell(s, in.Events, confirmed(a)...), nil
	case change.Code == nil:
		return Next{}, ErrCodeInvalid
	}
	return Next{Account: touched(a, in.Now)}.with(change), ErrCodeInvalid
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

// StandingOf tells how the verification of an account stands (accounts-api.md 3.2, 4).
func StandingOf(s State, need access.Need, now time.Time) (Standing, error) {
	if err := s.authorize(need, now); err != nil {
		return Standing{}, err
	}
	a, err := s.verifiable()
	if errors.Is(err, ErrAlreadyVerified) {
		return Standing{AccountID: s.Account.ID, Verified: true}, nil
	}
	if err != nil {
		return Standing{}, err
	}
	standing := Standing{AccountID: a.ID}
	if s.Code.Live(now) {
		standing.Request = s.Code
	}
	return standing, nil
}

// AccountOf returns the account that a call is about (accounts-api.md 5.1).
func AccountOf(s State, need access.Need, now time.Time) (Account, error) {
	if err := s.authorize(need, now); err != nil {
		return Account{}, err
	}
	return s.subject()
}
