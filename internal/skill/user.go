package skill

import (
	"slices"
	"strings"
)

// EmailKey is the form in which addresses are compared: trimmed and lower-case (14.19). Empty: there is none.
func EmailKey(email string) string { return strings.ToLower(contact(email)) }

// PhoneKey is the form in which phone numbers are compared: without the white space and marks that people put into them. Empty: there is none.
func PhoneKey(phone string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" \t\u00a0-./()", r) {
			return -1
		}
		return r
	}, contact(phone))
}

// contact is how an address or a number is kept.
func contact(text string) string { return strings.TrimSpace(clean(text)) }

// maxContact is the longest address or number in bytes; the keys made of them must fit into an index.
const maxContact = 1024

func (in InitInput) checkContact() error {
	switch {
	case len(in.Email) > maxContact:
		return misshapen("email")
	case len(in.Phone) > maxContact:
		return misshapen("phoneNumber")
	}
	return nil
}

// person finds the user of init: by e-mail first, else by phone, else a new one (4.2). What is stored stays; only blanks are filled, and never with an address or
// number that is another user's (14.18).
func (s State) person(in InitInput) User {
	u, email, phone := s.known(in), contact(in.Email), contact(in.Phone)
	if u.Email == "" && s.ByEmail == nil {
		u.Email = email
	}
	if u.Phone == "" && s.ByPhone == nil {
		u.Phone = phone
	}
	if u.Name == "" {
		u.Name = clean(in.Name)
	}
	return u.reachedAt(in.Email)
}

func (s State) known(in InitInput) User {
	switch {
	case s.ByEmail != nil:
		return *s.ByEmail
	case s.ByPhone != nil:
		return *s.ByPhone
	}
	owner := s.Key.Owner
	return User{ID: "usr_" + string(owner.Mode) + "_" + in.UserID, Owner: owner, CreatedAt: in.Now}
}

// reachedAt remembers an address that was given as the person's, whether or not it is kept as the one to write to: nobody shall review from it.
func (u User) reachedAt(email string) User {
	if box := mailbox(email); box != "" && !slices.Contains(u.Mailboxes, box) {
		u.Mailboxes = append(slices.Clone(u.Mailboxes), box)
	}
	return u
}
