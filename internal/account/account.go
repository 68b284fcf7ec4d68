// Package account holds the rules of the account contract: whether an account's e-mail address belongs to its holder, and who may ask.
//
// Every change is a pure decision over a State that a store has loaded: it returns the next state, what follows from it and the outcome that the caller is told.
package account

import (
	"maps"
	"slices"
	"strings"
	"time"

	"avow/internal/access"
	"avow/internal/code"
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
	Sessions      Sessions
	Attempts      Attempts
	Profile       Profile
	CreatedAt     time.Time
	UpdatedAt     time.Time
	Version       int64 // another with each change; 0: not kept yet
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

	// Kept, but not shown on the wire (accounts-api.md 5.3).
	ExternalIDs        map[string]string `json:"external_ids,omitempty"`
	Company            string            `json:"company_name,omitempty"`
	RegistrationNumber string            `json:"company_registration_number,omitempty"`
	Source             string            `json:"created_from_source,omitempty"`
	Language           string            `json:"language,omitempty"` // of mails, such as sv or sv-SE; empty: the organisation's
}

// EmailKey is the form in which addresses are compared: trimmed and lower-case.
func EmailKey(email string) string { return strings.ToLower(strings.TrimSpace(email)) }

// mayHoldTokens reports whether tokens of the account are good (accounts-api.md 13.8).
func (a *Account) mayHoldTokens() bool { return a.Status != Inactive && !a.LoginDisabled }

// Sessions says which of an account's tokens are good, beside all that is said of each token. A change of the password begins a new epoch: what was issued before is
// worthless, without a word written to its rows.
type Sessions struct {
	Epoch int64  // new tokens are issued in it
	Kept  string // the family that outlives the last change; empty: none
}

func (s Sessions) keep(t *access.Token) bool {
	return t.Epoch == s.Epoch || s.Kept != "" && t.Family == s.Kept
}

// next ends all sessions but those of a family.
func (s Sessions) next(kept string) Sessions { return Sessions{Epoch: s.Epoch + 1, Kept: kept} }

// Code is a single-use code that is out with the account's holder.
type Code = code.Code

// Purpose is what a code is good for. An account has at most one of each.
type Purpose string

// The purposes beside the verification of the address.
const (
	ChangeEmail      Purpose = "change_email"       // mailed to the new address, which is what the code is about: who shows it has read that mail
	ChangeEmailShown Purpose = "change_email_shown" // the one in the answer, which proves nothing of the mailbox
	ResetPassword    Purpose = "reset_password"
	SignInOnce       Purpose = "sign_in_once" // a one-time password
)

// Codes are codes by purpose.
type Codes map[Purpose]*Code

// State is what a decision about one account needs.
type State struct {
	Token     *access.Token     // nil: unknown, or the call came without one
	Client    *access.Client    // the token's client
	Holder    *Account          // the token's own account; nil: it has none. Of one that is not Account, too, nothing but id and state is loaded
	Brand     string            // how the organisation is called in mails and pages
	Settings  access.Settings   // of the organisation
	Endpoints []access.Endpoint // of the organisation, that hear of what happens; without their secrets
	Account   *Account          // that the call is about; nil: there is none, or it is another organisation's
	Code      *Code             // the code of e-mail verification, dead or alive; nil: none
	Codes     Codes             // those of other purposes, likewise
	InUse     []NameKind        // of the names that a new account is to have
}

// Next is what a decision wants saved, together or not at all. The zero value saves nothing.
type Next struct {
	Account *Account // the changed account, or a new one
	Code    *Code    // the code that is live from now on, or the live one with its new count
	NoCode  bool     // the live code is gone
	Codes   Codes    // what becomes of the codes of other purposes; nil in it: gone
	Mails   []Mail   // to be sent
	Hooks   []Mail   // webhooks that tell of it
	Unsend  []string // deliveries to cancel if they are still waiting
	Idle    bool     // saves nothing, but by as many statements as a counted wrong code: nobody learns by them whether there was one to count
}

// with adds what becomes of the code.
func (n Next) with(c code.Change) Next {
	n.Code, n.NoCode, n.Unsend = c.Code, c.Gone, c.Unsend
	return n
}

// of adds what becomes of the code of another purpose.
func (n Next) of(p Purpose, c code.Change) Next {
	if c.Code != nil || c.Gone {
		all := Codes{p: c.Code}
		maps.Copy(all, n.Codes)
		n.Codes = all
	}
	n.Unsend = append(slices.Clip(n.Unsend), c.Unsend...)
	return n
}

// Empty reports whether there is nothing to save.
func (n Next) Empty() bool {
	return n.Account == nil && n.Code == nil && !n.NoCode && len(n.Codes) == 0 && len(n.Mails) == 0 && len(n.Hooks) == 0 && len(n.Unsend) == 0 && !n.Idle
}

// Refusals of this package beside those of access. The wire maps every one of them.
var (
	ErrAccountUnknown  = fault.New(fault.NotFound, "account_unknown", "account could not be found").On("account")
	ErrAddressUnknown  = fault.New(fault.NotFound, "address_unknown", "contact_email could not be found").On("contact_email")
	ErrPasswordWrong   = fault.New(fault.Invalid, "password_wrong", "The password is not that of the account.").On("current_password")
	ErrAlreadyVerified = fault.New(fault.Conflict, "already_verified", "The account is already verified.")
	ErrCodeInvalid     = fault.New(fault.Conflict, "code_invalid", "The confirmation code is not valid.")
	ErrURLNotAllowed   = fault.New(fault.Invalid, "url_not_allowed", "Parameter must be an allowed address").On("verification_url")
	ErrEmailTaken      = fault.New(fault.Invalid, "email_taken", "The e-mail address is already in use.").On("email")
	ErrEmailMalformed  = fault.New(fault.Invalid, "email_malformed", "Parameter must be an e-mail address").On("email")
	ErrPasswordLength  = fault.New(fault.Invalid, "password_length", "Parameter must have 6 to 1024 characters").On("password")
	ErrNameInUse       = fault.New(fault.Invalid, "account_name_in_use", "Another account has it already.")
	ErrNameMalformed   = fault.New(fault.Invalid, "account_name_malformed", "Parameter is not of the form that names of accounts have")
)

// Refusals lists what the account calls can be refused for, for the test that walks the wire's table.
var Refusals = []*fault.Error{ErrAccountUnknown, ErrAddressUnknown, ErrPasswordWrong, ErrAlreadyVerified, ErrCodeInvalid, ErrURLNotAllowed, ErrEmailTaken, ErrEmailMalformed, ErrPasswordLength, ErrNameInUse, ErrNameMalformed}

// authorize accepts or refuses the token for a call.
func (s State) authorize(need access.Need, now time.Time) error {
	if err := access.AuthorizeToken(s.Token, s.Client, need, now); err != nil {
		return err
	}
	if s.Token.Account != "" && !s.holderAllows(need) {
		return access.ErrTokenUnknown
	}
	return nil
}

// holderAllows reports whether the token's own account lets it be used: tokens of a blocked one, and of a
// session that a new password has ended, are as good as unknown. An account that is gone is told as such where
// the call is about itself.
func (s State) holderAllows(need access.Need) bool {
	if s.Holder == nil || s.Holder.Status == Archived {
		return need.Identity
	}
	return s.Holder.mayHoldTokens() && s.Holder.Sessions.keep(s.Token)
}

// subject returns the account that the call is about.
func (s State) subject() (Account, error) {
	if s.Account == nil || s.Account.Status == Archived {
		return Account{}, ErrAccountUnknown
	}
	return *s.Account, nil
}

// verifiable is the subject if it is there to be verified: an inactive account is not, for verification must not bring it back (accounts-api.md 13.8).
func (s State) verifiable() (Account, error) {
	a, err := s.subject()
	switch {
	case err != nil:
		return Account{}, err
	case a.Verified:
		return Account{}, ErrAlreadyVerified
	case a.Status == Inactive:
		return Account{}, ErrAccountUnknown
	}
	return a, nil
}

// usable is the subject if it may be changed by its holder or in the holder's name.
func (s State) usable() (Account, error) {
	a, err := s.subject()
	if err == nil && a.Status == Inactive {
		return Account{}, ErrAccountUnknown
	}
	return a, err
}

// login is the subject if it may sign in: others get neither a new password nor one for once (accounts-api.md 5.2).
func (s State) login() (Account, error) {
	if s.Account == nil || !s.Account.signsIn() {
		return Account{}, ErrAddressUnknown
	}
	return *s.Account, nil
}
