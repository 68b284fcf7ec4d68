package account

import (
	"context"

	"avow/internal/access"
	"avow/internal/code"
	"avow/internal/event"
)

// ChangeEmailInput is a wish for another address. It brings two codes: the one in the mail proves the new mailbox, the one in the answer does not.
type ChangeEmailInput struct {
	CreateInput
	NewEmail  string
	ShownHash access.Hash
}

// RequestEmailChange makes codes for a change of the address; earlier ones are superseded (accounts-api.md 5.4, 13.6). Nobody learns here whether the new address is in use.
func RequestEmailChange(s State, in ChangeEmailInput) (Next, error) {
	if err := s.authorize(in.Need, in.Now); err != nil {
		return Next{}, err
	}
	if err := in.Policy.allowAs("confirmation_url", in.URL, s.Client); err != nil {
		return Next{}, err
	}
	a, err := s.usable()
	if err != nil {
		return Next{}, err
	}
	mailed := in.code()
	mailed.About = in.NewEmail
	shown := mailed
	shown.Hash, shown.Delivery = in.ShownHash, ""
	next := Next{Account: touched(a, in.Now), Mails: []Mail{changeMail(s, a, in)}}
	return next.of(ChangeEmail, code.Issue(s.Codes[ChangeEmail], mailed)).of(ChangeEmailShown, code.Issue(s.Codes[ChangeEmailShown], shown)).tell(s, in.Events, told{
		name: event.EmailChangeRequested, newEmail: in.NewEmail, newEmailCode: in.Code, data: event.EventData{EmailChangeURL: in.link(a)},
	}), nil
}

// link is the address in the mail.
func (in CreateInput) link(a Account) string { return in.Policy.link(in.URL, a.ID, in.Code) }

// VerifyEmailChange gives an account its new address (accounts-api.md 5.4). A wrong code is counted against both codes, and the counts are saved with the refusal.
func VerifyEmailChange(s State, in VerifyInput) (Next, error) {
	if err := s.authorize(in.Need, in.Now); err != nil {
		return Next{}, err
	}
	return moveAddress(s, in)
}

// moveAddress changes the address. It is verified if the mail to it was read; the answer's code proves nothing, so that the account is as unverified as a new one. What was
// mailed to the address before is dead.
func moveAddress(s State, in VerifyInput) (Next, error) {
	a, err := s.usable()
	if err != nil {
		return Next{}, err
	}
	proven, mailed := code.Try(s.Codes[ChangeEmail], in.Code, in.Now)
	told, shown := code.Try(s.Codes[ChangeEmailShown], in.Code, in.Now)
	if !proven && !told {
		next := Next{}.of(ChangeEmail, mailed).of(ChangeEmailShown, shown)
		if !next.Empty() {
			next.Account = touched(a, in.Now)
		}
		return next, ErrCodeInvalid
	}
	return s.moved(a, proven, in), nil
}

func (s State) moved(before Account, proven bool, in VerifyInput) Next {
	a := before
	a.Verified = proven || !s.Settings.On(access.VerificationRequired)
	if proven && a.Status == Created {
		a.Status = Active
	}
	for _, p := range []Purpose{ChangeEmail, ChangeEmailShown} {
		if c := s.Codes[p]; c != nil {
			a.Email = c.About
		}
	}
	next := Next{Account: touched(a, in.Now), Mails: []Mail{changedMail(s, before, in)}}.with(code.Withdraw(s.Code))
	return s.withdraw(next, ChangeEmail, ChangeEmailShown, ResetPassword, SignInOnce).tell(s, in.Events, told{name: event.AccountChanged})
}

// withdraw takes back the codes of some purposes.
func (s State) withdraw(n Next, purposes ...Purpose) Next {
	for _, p := range purposes {
		n = n.of(p, code.Withdraw(s.Codes[p]))
	}
	return n
}

// EmailChange is a wish for another address that was noted.
type EmailChange struct {
	CurrentEmail string
	NewEmail     string
	URL          string // the caller's confirmation_url; empty: our own page
	Code         string
}

// RequestEmailChange notes that the account is to have another address, and has that address asked.
func (s *Service) RequestEmailChange(ctx context.Context, c Call, newEmail, confirmationURL string) (EmailChange, error) {
	in := ChangeEmailInput{CreateInput: s.draw(c.Need, confirmationURL), NewEmail: newEmail}
	made := EmailChange{NewEmail: newEmail, URL: confirmationURL, Code: s.o.Random.UUID()}
	in.ShownHash = s.o.Keys.Hash(access.ForCode, made.Code)
	err := s.change(ctx, c, func(state State) (Next, error) {
		next, err := RequestEmailChange(state, in)
		if err == nil {
			made.CurrentEmail = next.Account.Email
		}
		return next, err
	})
	if err != nil {
		return EmailChange{}, err
	}
	return made, nil
}

// VerifyEmailChange gives the account its new address and returns its id. ErrEmailTaken: another account has got it by now.
func (s *Service) VerifyEmailChange(ctx context.Context, c Call, code string) (string, error) {
	in := s.try(c.Need, code)
	var id string
	err := s.change(ctx, c, func(state State) (Next, error) {
		if state.Account != nil {
			id = state.Account.ID
		}
		return VerifyEmailChange(state, in)
	})
	return id, err
}
