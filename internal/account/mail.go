package account

import (
	"cmp"
	"time"

	"avow/internal/access"
	"avow/internal/outbox"
)

// Mail is a delivery that a decision asks for.
type Mail = outbox.Delivery

// Confirmation is the data of the mail template "confirm_email".
type Confirmation struct {
	Language string `json:"language"` // such as sv or sv-SE; empty: English
	Brand    string `json:"brand"`
	Email    string `json:"email"`
	Link     string `json:"link"`
	Expires  string `json:"expires"` // RFC 3339, UTC
}

// ConfirmationTemplate is the name of the template of the confirmation mail.
const ConfirmationTemplate = "confirm_email"

func confirmationMail(s State, a Account, in CreateInput) Mail {
	data := Confirmation{
		Language: cmp.Or(a.Profile.Language, s.Settings.Get(access.Language)), Brand: s.Brand, Email: a.Email,
		Link: in.Policy.link(in.URL, a.ID, in.Code), Expires: in.ExpiresAt.UTC().Format(time.RFC3339),
	}
	return about(a, outbox.NewMail(in.MailID, a.Org, a.Email, ConfirmationTemplate, data, in.Now))
}

// Letter is what every mail to an account's holder says.
type Letter struct {
	Language string `json:"language"` // such as sv or sv-SE; empty: English
	Brand    string `json:"brand"`
	Email    string `json:"email"` // where it goes
}

func (s State) letter(a Account, to string) Letter {
	return Letter{Language: cmp.Or(a.Profile.Language, s.Settings.Get(access.Language)), Brand: s.Brand, Email: to}
}

func (l Letter) mail(id string, a Account, template string, data any, now time.Time) Mail {
	return about(a, outbox.NewMail(id, a.Org, l.Email, template, data, now))
}

// about names the account, so that its organisation can be told if the mail comes back.
func about(a Account, m Mail) Mail {
	m.About = a.ID
	return m
}

// LinkLetter is the data of the mail templates "change_email", which goes to the new address, and "reset_password".
type LinkLetter struct {
	Letter
	Link    string `json:"link"`
	Expires string `json:"expires"` // RFC 3339, UTC
}

// ChangedLetter is the data of the mail template "account_email_changed", which goes to the address that is given up. It does not tell the new one: the old mailbox may be
// anybody's.
type ChangedLetter struct {
	Letter
	Changed string `json:"changed"` // RFC 3339, UTC
}

// OnceLetter is the data of the mail template "one_time_password".
type OnceLetter struct {
	Letter
	Login    string `json:"login"` // link to the page to sign in on; empty: the caller named none
	Password string `json:"password"`
	Expires  string `json:"expires"` // RFC 3339, UTC
}

// The names of these templates.
const (
	ChangeEmailTemplate     = "change_email"
	EmailChangedTemplate    = "account_email_changed"
	ResetPasswordTemplate   = "reset_password"
	OneTimePasswordTemplate = "one_time_password"
)

func changeMail(s State, a Account, in ChangeEmailInput) Mail {
	l := s.letter(a, in.NewEmail)
	return l.mail(in.MailID, a, ChangeEmailTemplate, LinkLetter{l, in.link(a), textual(in.ExpiresAt)}, in.Now)
}

func changedMail(s State, before Account, in VerifyInput) Mail {
	l := s.letter(before, before.Email)
	return l.mail(in.MailID, before, EmailChangedTemplate, ChangedLetter{l, textual(in.Now)}, in.Now)
}

func resetMail(s State, a Account, in ResetInput) Mail {
	l := s.letter(a, a.Email)
	return l.mail(in.MailID, a, ResetPasswordTemplate, LinkLetter{l, in.link(a), textual(in.ExpiresAt)}, in.Now)
}

func onceMail(s State, a Account, in OnceInput) Mail {
	l := s.letter(a, a.Email)
	return l.mail(in.MailID, a, OneTimePasswordTemplate, OnceLetter{l, in.link(a), in.Code, textual(in.ExpiresAt)}, in.Now)
}
