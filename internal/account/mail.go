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
	return outbox.NewMail(in.MailID, a.Org, a.Email, ConfirmationTemplate, data, in.Now)
}

// ChangeEmailMail is the data of the mail template "change_email", which goes to the new address.
type ChangeEmailMail struct {
	Brand   string `json:"brand"`
	Email   string `json:"email"` // the new one
	Link    string `json:"link"`
	Expires string `json:"expires"` // RFC 3339, UTC
}

// EmailChangedMail is the data of the mail template "email_changed", which goes to the address that is given up. It does not tell the new one: the old mailbox may be
// anybody's.
type EmailChangedMail struct {
	Brand   string `json:"brand"`
	Email   string `json:"email"`   // the old one
	Changed string `json:"changed"` // RFC 3339, UTC
}

// ResetPasswordMail is the data of the mail template "reset_password".
type ResetPasswordMail struct {
	Brand   string `json:"brand"`
	Email   string `json:"email"`
	Link    string `json:"link"`
	Expires string `json:"expires"` // RFC 3339, UTC
}

// OneTimePasswordMail is the data of the mail template "one_time_password".
type OneTimePasswordMail struct {
	Brand    string `json:"brand"`
	Email    string `json:"email"`
	Link     string `json:"link"` // empty: the caller named no page to sign in on
	Password string `json:"password"`
	Expires  string `json:"expires"` // RFC 3339, UTC
}

// The names of these templates.
const (
	ChangeEmailTemplate     = "change_email"
	EmailChangedTemplate    = "email_changed"
	ResetPasswordTemplate   = "reset_password"
	OneTimePasswordTemplate = "one_time_password"
)

func changeMail(s State, a Account, in ChangeEmailInput) Mail {
	data := ChangeEmailMail{Brand: s.Brand, Email: in.NewEmail, Link: in.link(a), Expires: textual(in.ExpiresAt)}
	return outbox.NewMail(in.MailID, a.Org, in.NewEmail, ChangeEmailTemplate, data, in.Now)
}

func changedMail(s State, before Account, in VerifyInput) Mail {
	data := EmailChangedMail{Brand: s.Brand, Email: before.Email, Changed: textual(in.Now)}
	return outbox.NewMail(in.MailID, before.Org, before.Email, EmailChangedTemplate, data, in.Now)
}

func resetMail(s State, a Account, in ResetInput) Mail {
	data := ResetPasswordMail{Brand: s.Brand, Email: a.Email, Link: in.link(a), Expires: textual(in.ExpiresAt)}
	return outbox.NewMail(in.MailID, a.Org, a.Email, ResetPasswordTemplate, data, in.Now)
}

func onceMail(s State, a Account, in OnceInput) Mail {
	data := OneTimePasswordMail{Brand: s.Brand, Email: a.Email, Link: in.link(a), Password: in.Code, Expires: textual(in.ExpiresAt)}
	return outbox.NewMail(in.MailID, a.Org, a.Email, OneTimePasswordTemplate, data, in.Now)
}
