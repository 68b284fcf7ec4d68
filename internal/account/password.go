package account

import (
	"context"
	"net/url"
	"time"

	"avow/internal/access"
	"avow/internal/code"
	"avow/internal/event"
)

// ScopePassword is the scope of the call by which a holder changes the password (accounts-api.md 2.5).
const ScopePassword = "/external/me/update_password/w"

// ResetInput asks for a code that is good for a new password.
type ResetInput struct {
	CreateInput        // URL: where the mail's link leads; empty: no mail is sent, the code is told in the answer
	ReturnURL   string // handed on in the link
}

// RequestReset makes such a code; an earlier one is superseded (accounts-api.md 5.4). Accounts that may not sign in get none.
func RequestReset(s State, in ResetInput) (Next, error) {
	if err := s.authorize(in.Need, in.Now); err != nil {
		return Next{}, err
	}
	if err := in.Policy.allowAs("reset_password_url", in.URL, s.Client); err != nil {
		return Next{}, err
	}
	if err := in.Policy.allowAs("return_url", in.ReturnURL, s.Client); err != nil {
		return Next{}, err
	}
	a, err := s.login()
	if err != nil {
		return Next{}, err
	}
	fresh := in.code()
	if in.URL == "" {
		fresh.Delivery = ""
		return Next{Account: touched(a, in.Now)}.of(ResetPassword, code.Issue(s.Codes[ResetPassword], fresh)), nil
	}
	next := Next{Account: touched(a, in.Now), Mails: []Mail{resetMail(s, a, in)}}
	return next.of(ResetPassword, code.Issue(s.Codes[ResetPassword], fresh)).tell(s, in.Events, told{
		name: event.PasswordResetRequested, data: event.EventData{ResetURL: in.link(a)},
	}), nil
}

func (in ResetInput) link(a Account) string {
	link := in.CreateInput.link(a)
	if in.ReturnURL != "" {
		link = extended(link, "return_url="+url.QueryEscape(in.ReturnURL))
	}
	return link
}

// CompleteInput is a try to set a new password with a code.
type CompleteInput struct {
	VerifyInput
	Password string // argon2id text; empty: it was not worth making, for the code was wrong
}

// CompleteReset sets a new password. All of the account's tokens are worthless from then on, whoever holds them (accounts-api.md 5.4).
func CompleteReset(s State, in CompleteInput) (Next, error) {
	if err := s.authorize(in.Need, in.Now); err != nil {
		return Next{}, err
	}
	a, err := s.usable()
	if err != nil || a.LoginDisabled {
		return Next{}, ErrAccountUnknown
	}
	right, change := code.Try(s.Codes[ResetPassword], in.Code, in.Now)
	switch {
	case right && in.Password == "":
		return Next{}, ErrCodeInvalid
	case right:
		a.Attempts, a.Password, a.Sessions = Attempts{}, in.Password, a.Sessions.next("")
		next := Next{Account: touched(a, in.Now)}.of(ResetPassword, change)
		return s.withdraw(next, SignInOnce).tell(s, in.Events, told{name: event.PasswordResetComplete}), nil
	case change.Code == nil:
		return Next{}, ErrCodeInvalid
	}
	return Next{Account: touched(a, in.Now)}.of(ResetPassword, change), ErrCodeInvalid
}

// UpdatePasswordInput is a new password on its holder's word, with what the slow comparison of the old one found, and against which kept text.
type UpdatePasswordInput struct {
	Need     access.Need
	Matches  bool
	Against  string
	Password string // argon2id text
	Now      time.Time
}

// UpdatePassword changes the password. The session that does it goes on, all others end (accounts-api.md 2.5, 5.4). A wrong present
// password counts like one at the token endpoint.
func UpdatePassword(s State, in UpdatePasswordInput) (Next, error) {
	if err := s.authorize(in.Need, in.Now); err != nil {
		return Next{}, err
	}
	a, err := s.usable()
	switch {
	case err != nil:
		return Next{}, err
	case a.Password != in.Against || a.Attempts.Frozen(in.Now):
		return Next{}, ErrPasswordWrong
	case !in.Matches:
		return Next{Account: a.tried(a.Attempts.counted(in.Now))}, ErrPasswordWrong
	}
	a.Attempts, a.Password, a.Sessions = Attempts{}, in.Password, a.Sessions.next(s.Token.Family)
	return s.withdraw(Next{Account: touched(a, in.Now)}, ResetPassword, SignInOnce), nil
}

// OnceInput asks for a one-time password.
type OnceInput struct{ CreateInput }

// RequestOneTimePassword has a password mailed that is good for one sign-in (accounts-api.md 5.4).
func RequestOneTimePassword(s State, in OnceInput) (Next, error) {
	if err := s.authorize(in.Need, in.Now); err != nil {
		return Next{}, err
	}
	if err := in.Policy.allowAs("login_url", in.URL, s.Client); err != nil {
		return Next{}, err
	}
	a, err := s.login()
	if err != nil {
		return Next{}, err
	}
	next := Next{Account: touched(a, in.Now), Mails: []Mail{onceMail(s, a, in)}}
	return next.of(SignInOnce, code.Issue(s.Codes[SignInOnce], in.code())).tell(s, in.Events, told{
		name: event.OneTimePasswordRequested,
		data: event.EventData{LoginURL: in.link(a), ValidUntil: event.Instant(in.ExpiresAt), OneTimePassword: in.Code},
	}), nil
}

// link is empty where the caller names no page to sign in on.
func (in OnceInput) link(a Account) string {
	if in.URL == "" {
		return ""
	}
	return extended(in.URL, "id="+a.ID+"&one_time_password="+in.Code)
}

// Reset is a code that was made for a new password.
type Reset struct{ AccountID, Code string }

// RequestReset makes a code for a new password of an account. With an address, it is mailed in a link there, which hands returnURL on.
func (s *Service) RequestReset(ctx context.Context, c Call, resetURL, returnURL string) (Reset, error) {
	in := ResetInput{CreateInput: s.draw(c.Need, resetURL), ReturnURL: returnURL}
	made := Reset{Code: in.Code}
	err := s.change(ctx, c, func(state State) (Next, error) {
		next, err := RequestReset(state, in)
		if err == nil {
			made.AccountID = next.Account.ID
		}
		return next, err
	})
	if err != nil {
		return Reset{}, err
	}
	return made, nil
}

// CompleteReset sets a new password with a code and returns the account's id. The slow hash is made only where the code is right.
func (s *Service) CompleteReset(ctx context.Context, c Call, code, password string) (string, error) {
	if err := CheckPassword(password); err != nil {
		return "", ErrPasswordLength.On("new_password")
	}
	in := CompleteInput{VerifyInput: s.try(c.Need, code), Password: "-"}
	state, err := s.view(ctx, c)
	if err != nil {
		return "", err
	}
	if _, err = CompleteReset(state, in); err != nil {
		in.Password = ""
	} else if in.Password, err = s.hash(ctx, password); err != nil {
		return "", err
	}
	var id string
	err = s.change(ctx, c, func(state State) (Next, error) {
		next, err := CompleteReset(state, in)
		if err == nil {
			id = next.Account.ID
		}
		return next, err
	})
	return id, err
}

// UpdatePassword changes the password of the token's own account, which has to be told the present one unless it has none.
func (s *Service) UpdatePassword(ctx context.Context, c Call, current, password string) error {
	if err := CheckPassword(password); err != nil {
		return ErrPasswordLength.On("new_password")
	}
	state, err := s.view(ctx, c)
	if err != nil {
		return err
	}
	in := UpdatePasswordInput{Need: c.Need, Now: s.o.Now(), Matches: true}
	if state.Account != nil {
		in.Against = state.Account.Password
	}
	if _, err := UpdatePassword(state, in); err != nil {
		return err
	}
	if in.Matches, err = s.comparePassword(ctx, in.Against, current); err != nil {
		return err
	}
	if in.Matches {
		if in.Password, err = s.hash(ctx, password); err != nil {
			return err
		}
	}
	return s.change(ctx, c, func(state State) (Next, error) { return UpdatePassword(state, in) })
}

// comparePassword takes no password for that of an account that has none.
func (s *Service) comparePassword(ctx context.Context, kept, shown string) (bool, error) {
	if kept == "" {
		return shown == "", nil
	}
	return s.o.Passwords.Matches(ctx, kept, shown)
}

// RequestOneTimePassword has a password mailed to an account that is good for one sign-in within ttl.
func (s *Service) RequestOneTimePassword(ctx context.Context, c Call, loginURL string, ttl time.Duration) error {
	in := OnceInput{s.draw(c.Need, loginURL)}
	in.ExpiresAt = in.Now.Add(ttl)
	return s.change(ctx, c, func(state State) (Next, error) { return RequestOneTimePassword(state, in) })
}
