package skill

import (
	"time"

	"avow/internal/access"
	"avow/internal/outbox"
)

// EmailInput changes the e-mail of a session's person. The wire has seen to it that the address is valid.
type EmailInput struct {
	Email  string
	MailID string
	Now    time.Time
}

// ChangeEmail changes the address of the session's person and tells the old one. An address that another person has stays that person's, who is told; the caller
// hears of no difference (5.10, 18.11).
func ChangeEmail(s State, in EmailInput) (Next, error) {
	if !s.Session.live(in.Now) {
		return Next{}, ErrSessionUnknown
	}
	if EmailKey(s.User.Email) == EmailKey(in.Email) {
		return Next{}, nil
	}
	if holder := s.ByEmail; holder != nil {
		return Next{Deliveries: s.mails(in.MailID, holder.Email, EmailTakenTemplate, EmailNotice{Language: s.Language, Brand: s.Brand}, in.Now)}, nil
	}
	u := s.User.reachedAt(s.User.Email).reachedAt(in.Email)
	before := u.Email
	u.Email = contact(in.Email)
	notice := EmailNotice{Language: s.Language, Brand: s.Brand, Email: u.Email}
	return Next{User: &u, Deliveries: s.mails(in.MailID, before, EmailChangedTemplate, notice, in.Now)}, nil
}

// mails makes one mail, or none when there is nobody to write to (14.16).
func (s State) mails(id, to, template string, data any, now time.Time) []outbox.Delivery {
	if !ValidEmail(to) {
		return nil
	}
	owner := s.Verification.Owner
	d := outbox.NewMail(id, owner.Org, contact(to), template, data, now)
	d.Test, d.About = owner.Mode == access.Test, s.Verification.ID
	return []outbox.Delivery{d}
}
