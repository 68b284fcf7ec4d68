package skill

import (
	"slices"
	"time"

	"avow/internal/access"
)

// ShownSource is a source in the one form that all kinds have (5.18).
type ShownSource struct {
	Kind        Kind
	Title       string
	Subtitle    string // company or issuer
	Meta        string // when, in words
	Description string
}

// sourceOrder is which kind of source comes first.
var sourceOrder = []Kind{Experience, Project, Certificate}

// SourcesOf returns the items in that form and order.
func SourcesOf(items []Item) []ShownSource {
	sorted := slices.Clone(items)
	slices.SortStableFunc(sorted, func(a, b Item) int {
		return slices.Index(sourceOrder, a.Kind) - slices.Index(sourceOrder, b.Kind)
	})
	sources := make([]ShownSource, len(sorted))
	for i, item := range sorted {
		sources[i] = ShownSource{Kind: item.Kind, Title: item.Title, Subtitle: item.Organisation, Meta: item.when(), Description: item.Description}
	}
	return sources
}

const month = "Jan 2006"

// when is the time of an item in words: two months, the month of a certificate, or nothing.
func (i Item) when() string {
	switch {
	case i.Start.IsZero() && i.End.IsZero():
		return ""
	case i.Kind == Certificate:
		return i.Start.Format(month)
	case i.End.IsZero():
		return i.Start.Format(month) + " – Present"
	case i.Start.IsZero():
		return i.End.Format(month)
	}
	return i.Start.Format(month) + " – " + i.End.Format(month)
}

// VerifyPage is what a reviewer's page shows (5.18).
type VerifyPage struct {
	Verification Verification
	Email        string // of the student; empty: none
	Reviewer     Reviewer
	Sources      []ShownSource // at least one
	Skills       []Skill
}

// ViewOf returns what a reviewer's page shows, as soon as it is all there.
func ViewOf(s State) (VerifyPage, error) {
	if s.Verification == nil || s.Reviewer == nil || len(s.Items) == 0 {
		return VerifyPage{}, ErrVerificationUnresolved
	}
	return VerifyPage{Verification: *s.Verification, Email: s.User.Email, Reviewer: *s.Reviewer, Sources: SourcesOf(s.Items), Skills: s.Skills}, nil
}

// ReviewPage is what the hosted page shows.
type ReviewPage struct {
	VerifyPage
	Brand     string
	Test      bool
	Status    ReviewStatus
	MayAnswer bool // the token is the reviewer's own; else it may only look (18.13)
	ExpiresAt time.Time
}

// PageOf returns what the holder of a reviewer's token sees. The link names the verification, too; another one is as good as none.
func PageOf(s State, verification string, token access.Lookup, now time.Time) (ReviewPage, error) {
	r := s.Review
	if r == nil || s.Verification.ID != verification || !token.Holds(r.Token) && !token.Holds(r.Link) {
		return ReviewPage{}, ErrReviewUnknown
	}
	shown, err := ViewOf(s)
	if err != nil {
		return ReviewPage{}, err
	}
	status := r.StatusAt(now)
	if status == ReviewExpired {
		return ReviewPage{}, ErrReviewExpired
	}
	return ReviewPage{
		VerifyPage: shown, Brand: s.Brand, Test: s.Verification.Owner.Mode == access.Test, Status: status, MayAnswer: token.Holds(r.Token), ExpiresAt: r.ExpiresAt,
	}, nil
}
