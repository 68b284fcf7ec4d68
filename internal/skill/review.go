package skill

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"avow/internal/access"
)

// ReviewStatus is how a review stands (4.4).
type ReviewStatus string

// The statuses of a review.
const (
	ReviewPending   ReviewStatus = "pending"
	ReviewCompleted ReviewStatus = "completed"
	ReviewExpired   ReviewStatus = "expired"
)

// Review is what was sent to the reviewer of a verification. A new one takes the place of the one before, whose tokens are gone with it.
type Review struct {
	Token     access.Hash // of the token that answers; zero: voided
	Link      access.Hash // of the token in the caller's answer, which may only look; in test mode the same as Token (18.13)
	Status    ReviewStatus
	Evidence  string // digest of what the reviewer is shown; what is answered is that and nothing else
	Delivery  string // id of the mail
	SentAt    time.Time
	ExpiresAt time.Time
}

// StatusAt is the status at an instant: a pending review whose time is over has expired, whether or not anybody has looked.
func (r Review) StatusAt(now time.Time) ReviewStatus {
	if r.Status == ReviewPending && !now.Before(r.ExpiresAt) {
		return ReviewExpired
	}
	return r.Status
}

// evidence is what a reviewer is shown of a verification, in one order whatever the order of the calls.
type evidence struct {
	Verification string
	Name         string
	Method       Method
	Endorsement  string
	Reviewer     [4]string
	Skills       []shownSkill
	Items        []shownItem
}

type shownSkill struct {
	ID, Name string
	Proofs   []string
}

type shownItem struct {
	Kind                     Kind
	ID, Title, Company, Text string
	Start, End               int64
}

// digest names the evidence (18.17).
func (s State) digest() string {
	v := s.Verification
	e := evidence{Verification: v.ID, Name: v.Name, Method: v.Method, Endorsement: v.EndorsementType}
	if r := s.Reviewer; r != nil {
		e.Reviewer = [4]string{r.Name, r.Email, r.Company, r.Website}
	}
	for _, k := range s.Skills {
		e.Skills = append(e.Skills, shownSkill{k.ID, k.Name, k.ProofURLs})
	}
	for _, i := range s.Items {
		e.Items = append(e.Items, shownItem{
			Kind: i.Kind, ID: i.ID, Title: i.Title, Company: i.Organisation, Text: i.Description,
			Start: i.Start.UnixMicro(), End: i.End.UnixMicro(),
		})
	}
	slices.SortFunc(e.Skills, func(a, b shownSkill) int { return strings.Compare(a.ID, b.ID) })
	slices.SortFunc(e.Items, func(a, b shownItem) int { return strings.Compare(string(a.Kind)+a.ID, string(b.Kind)+b.ID) })
	text, err := json.Marshal(e)
	if err != nil {
		panic(err) // texts and numbers always encode
	}
	sum := sha256.Sum256(text)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// with is the state as a change would leave it.
func (s State) with(next Next) State {
	if next.User != nil {
		s.User = next.User
	}
	if next.Session != nil {
		s.Session = next.Session
	}
	if next.Review != nil {
		s.Review = next.Review
	}
	if next.Verification != nil {
		s.Verification = next.Verification
	}
	if next.Reviewer != nil {
		s.Reviewer = next.Reviewer
	}
	if next.Skills != nil {
		s.Skills = next.Skills
	}
	if next.Items != nil {
		s.Items = next.Items
	}
	return s
}

// voiding takes back what is out with the reviewer or the student when a change leaves other evidence than that was made for; the same content voids nothing (6.5, 18.17).
func (s State) voiding(next Next, now time.Time) Next {
	if s.with(next).digest() == s.digest() {
		return next
	}
	if s.Assessment.Current(s.digest()) != nil {
		void := s.Assessment.Void()
		next.Assessment = &void
	}
	if s.Review == nil || s.Review.Status != ReviewPending {
		return next
	}
	voided := *s.Review
	voided.Status, voided.Token, voided.Link = ReviewExpired, access.Hash{}, access.Hash{}
	next.Review, next.Unsend, next.At = &voided, []string{voided.Delivery}, now
	return next
}
