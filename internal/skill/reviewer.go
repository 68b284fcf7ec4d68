package skill

import (
	"errors"
	"net/mail"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/idna"
)

// Reviewer is who is asked to endorse: one for each verification (4.2).
type Reviewer struct {
	Name     string
	Email    string // trimmed, lower-case
	Company  string
	Website  string // as given, trimmed; empty: none
	StoredAt time.Time
}

// Domains are where a company is looked for: that of the reviewer's website and that of the address; empty when there is none.
func (r Reviewer) Domains() (website, email string) {
	website, _ = Domain(r.Website)
	return website, domainOf(r.Email)
}

// ReviewerInput stores a reviewer. The wire has seen to it that nothing required is blank.
type ReviewerInput struct {
	Carriers        Carriers
	Name            string
	Email           string
	Company         string
	Website         string // empty: none
	EndorsementType string // empty: what was chosen stays
	Now             time.Time
}

// CheckReviewer refuses what no reviewer can have (5.11).
func CheckReviewer(in ReviewerInput) error {
	if !ValidEmail(in.Email) {
		return ErrEmail
	}
	if !validWebsite(in.Website) {
		return ErrWebsite
	}
	return nil
}

// StoreReviewer sets the reviewer of a verification (5.11, 6.2). Another one voids what was sent to the one before (18.17).
func StoreReviewer(s State, in ReviewerInput) (Next, error) {
	if err := s.named(in); err != nil {
		return Next{}, err
	}
	v, err := s.open()
	if err != nil {
		return Next{}, err
	}
	if v.Method == Assessment {
		return Next{}, ErrMethodOther
	}
	if in.EndorsementType != "" {
		v.EndorsementType = in.EndorsementType
	}
	r := Reviewer{
		Name: clean(strings.TrimSpace(in.Name)), Email: EmailKey(in.Email), Company: clean(strings.TrimSpace(in.Company)),
		Website: contact(in.Website), StoredAt: in.Now,
	}
	if err := s.bundle(v, s.Skills, s.Items).reviewer(r, s.User, in.Now); err != nil {
		return Next{}, err
	}
	return s.voiding(Next{Verification: &v, Reviewer: &r}, in.Now), nil
}

// named finds the verification of the body. There is no session's token in the key's place here, and an id that leads nowhere has its own refusal (18.5, 18.6).
func (s State) named(in ReviewerInput) error {
	if err := s.authenticate(Need{}, in.Now); err != nil {
		return err
	}
	err := s.resolve(in.Carriers, in.Now)
	if len(in.Carriers.Tokens) == 0 && errors.Is(err, ErrSessionUnknown) {
		return ErrVerificationUnresolved
	}
	return err
}

// reviewer refuses one who cannot endorse this bundle: the student, and who was asked about the same skill of the same source under another endorsement type (6.2).
// Verifications that can still be sent count beside those that were.
func (b bundle) reviewer(r Reviewer, u *User, now time.Time) error {
	if u.owns(r.Email) {
		return ErrSelfReview
	}
	asked := func(t Touchpoint) bool {
		return t.Reviewer == r.Email && t.Endorsement != b.verification.Endorsement() && (t.Sent || now.Before(t.Until))
	}
	if refs := b.clashing(asked); len(refs) > 0 {
		return ErrReviewerTaken
	}
	return nil
}

// owns reports whether mail to an address reaches the person: it is, or was, one of the person's own (18.15).
func (u *User) owns(email string) bool {
	return u != nil && (mailbox(u.Email) == mailbox(email) || slices.Contains(u.Mailboxes, mailbox(email)))
}

// freeDots are the providers for whom a dot in front of the @ means nothing.
var freeDots = []string{"gmail.com", "googlemail.com"}

// mailbox is what an address is compared by when it matters who reads it: lower-case, without a plus-tag, and in the one form of what a provider knows to be the same.
func mailbox(email string) string {
	local, domain, ok := strings.Cut(EmailKey(email), "@")
	if !ok {
		return ""
	}
	local, _, _ = strings.Cut(local, "+")
	if ascii, err := idna.Lookup.ToASCII(domain); err == nil {
		domain = ascii
	}
	if slices.Contains(freeDots, domain) {
		local, domain = strings.ReplaceAll(local, ".", ""), freeDots[0]
	}
	return local + "@" + domain
}

// ValidEmail reports whether a mail can be sent to the text, which is one plain address with a host's name behind its @.
func ValidEmail(text string) bool {
	text = contact(text)
	parsed, err := mail.ParseAddress(text)
	if err != nil || parsed.String() != "<"+text+">" || len(text) > maxEmail {
		return false
	}
	return hostName(domainOf(text))
}

// maxEmail is the longest address that mail is delivered to (RFC 5321), in bytes.
const maxEmail = 254

// domainOf is what stands behind the @.
func domainOf(email string) string {
	return email[strings.LastIndexByte(email, '@')+1:]
}

// validWebsite accepts an absolute web address, or none.
func validWebsite(text string) bool {
	u, err := url.Parse(contact(text))
	if text == "" {
		return true
	}
	return err == nil && web(u) && len(text) <= maxContact
}

func web(u *url.URL) bool {
	return (u.Scheme == "http" || u.Scheme == "https") && hostName(u.Hostname()) && u.User == nil
}

// Domain is the host of a website without www., in lower case; a bare domain will do (5.13).
func Domain(website string) (domain string, ok bool) {
	text := contact(website)
	if !strings.Contains(text, "://") {
		text = "https://" + text
	}
	u, err := url.Parse(text)
	if err != nil || !web(u) {
		return "", false
	}
	return strings.TrimPrefix(strings.ToLower(u.Hostname()), "www."), true
}

// hostName accepts names of at least two labels of letters, digits and inner hyphens. Letters beyond ASCII are for those who know what they do.
func hostName(host string) bool {
	labels := strings.Split(host, ".")
	return len(labels) > 1 && !slices.ContainsFunc(labels, func(l string) bool {
		return l == "" || strings.HasPrefix(l, "-") || strings.HasSuffix(l, "-") || strings.ContainsFunc(l, notInHost)
	})
}

func notInHost(r rune) bool {
	return r != '-' && r < 0x80 && (r < '0' || r > '9' && r < 'A' || r > 'Z' && r < 'a' || r > 'z')
}
