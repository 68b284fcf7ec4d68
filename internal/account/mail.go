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
