// Package account holds the rules of the account contract: whether an account's e-mail address belongs to its holder, and who may ask.
//
// Every change is a pure decision over a State that a store has loaded: it returns the next state, what follows from it and the outcome that the caller is told.
package account

import (
	"strings"
	"time"

	"avow/internal/access"
	"avow/internal/fault"
)

// Status is the account's life-cycle state (accounts-api.md 5.2); whether the address is verified is a separate flag.
type Status string

// The life-cycle states.
const (
	Created  Status = "created"
	Active   Status = "active"
	Inactive Status = "inactive"
	Archived Status = "archived"
)

// Account is one account of an organisation.
type Account struct {
	ID            string
	Org           string
	Email         string
	Status        Status
	Verified      bool
	LoginDisabled bool
	Password      string // argon2id text; empty: none
	Profile       Profile
	CreatedAt     time.Time
	UpdatedAt     time.Time
	Version       int64 // another with each change
}

// Profile holds what an account shows beside its address and state (accounts-api.md 5.1).
type Profile struct {
	CustomerNumber     string            `json:"customer_number,omitempty"`
	TuloCustomerNumber string            `json:"tulo_customer_number,omitempty"`
	FirstName          string            `json:"first_name,omitempty"`
	LastName           string            `json:"last_name,omitempty"`
	MobilePhone        string            `json:"mobile_phone_number,omitempty"`
	BirthDate          string            `json:"birth_date,omitempty"`
	Alias              string            `json:"alias,omitempty"`
	Origin             string            `json:"account_origin,omitempty"`
	Tags               []string          `json:"tags,omitempty"`
	Address            map[string]string `json:"address,omitempty"`

	Language string `json:"language,omitempty"` // of mails, such as sv or sv-SE; no answer of the contract holds it
}

// EmailKey is the form in which addresses are compared: trimmed and lower-case.
func EmailKey(email string) string { return strings.ToLower(strings.TrimSpace(email)) }

// mayHoldTokens reports whether tokens of the account are good (accounts-api.md 13.8).
func (a *Account) mayHoldTokens() bool { return a.Status != Inactive && !a.LoginDisabled }

// State is what a decision about one account needs.
type State struct {
	Token   *access.Token  // nil: unknown, or the call came without one
	Client  *access.Client // the token's client
	Brand   string         // how the organisation is called in mails and pages
	Account *Account       // nil: there is none, or it is another organisation's
	Code    *Code          // the live code of e-mail verification; nil: none

	Language string // of the organisation's mails, for accounts that have none of their own; empty: English
}

// Next is what a decision wants saved, together or not at all. The zero value saves nothing.
type Next struct {
	Account *Account // the changed account
	Code    *Code    // the code that is live from now on, or the live one with its new count
	NoCode  bool     // the live code is gone
	Mails   []Mail   // to be sent
	Unsend  []string // deliveries to cancel if they are still waiting
}

// Empty reports whether there is nothing to save.
func (n Next) Empty() bool {
	return n.Account == nil && n.Code == nil && !n.NoCode && len(n.Mails) == 0 && len(n.Unsend) == 0
}

// Refusals of this package beside those of access. The wire maps every one of them.
var (
	ErrAccountUnknown  = fault.New(fault.NotFound, "account_unknown", "account could not be found").On("account")
	ErrAlreadyVerified = fault.New(fault.Conflict, "already_verified", "The account is already verified.")
	ErrCodeInvalid     = fault.New(fault.Conflict, "code_invalid", "The confirmation code is not valid.")
	ErrURLNotAllowed   = fault.New(fault.Invalid, "url_not_allowed", "Parameter must be an allowed address").On("verification_url")
	ErrEmailTaken      = fault.New(fault.Invalid, "email_taken", "The e-mail address is already in use.").On("email")
	ErrEmailMalformed  = fault.New(fault.Invalid, "email_malformed", "Parameter must be an e-mail address").On("email")
	ErrPasswordLength  = fault.New(fault.Invalid, "password_length", "Parameter must have 6 to 1024 characters").On("password")
)

// Refusals lists what the account calls can be refused for, for the test that walks the wire's table.
var Refusals = []*fault.Error{ErrAccountUnknown, ErrAlreadyVerified, ErrCodeInvalid, ErrURLNotAllowed, ErrEmailTaken, ErrEmailMalformed, ErrPasswordLength}

// authorize accepts or refuses the token for a call on the own account. An inactive account's old tokens are as good as unknown.
func (s State) authorize(need access.Need, now time.Time) error {
	if err := access.AuthorizeToken(s.Token, s.Client, need, now); err != nil {
		return err
	}
	if need.Identity && s.Account != nil && !s.Account.mayHoldTokens() {
		return access.ErrTokenUnknown
	}
	return nil
}

// subject returns the account that the call is about.
func (s State) subject() (Account, error) {
	if s.Account == nil || s.Account.Status == Archived {
		return Account{}, ErrAccountUnknown
	}
	return *s.Account, nil
}
