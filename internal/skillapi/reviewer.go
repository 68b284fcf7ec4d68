package skillapi

import (
	"net/http"
	"slices"

	"avow/internal/skill"
	"avow/internal/web"
)

type reviewerDetails struct {
	VerificationID string  `json:"recordVerificationId"`
	Name           string  `json:"name"`
	Email          string  `json:"email"`
	Company        string  `json:"company"`
	Website        *string `json:"website"`
}

func reviewerDetailsOf(verification string, r skill.Reviewer) reviewerDetails {
	return reviewerDetails{VerificationID: verification, Name: r.Name, Email: r.Email, Company: r.Company, Website: orNull(r.Website)}
}

// storeReviewer is POST /storereviewerdetails/store (skills-api.md 5.11).
func (a api) storeReviewer(c call) (answer, error) {
	body, err := c.body()
	if err != nil {
		return answer{}, err
	}
	verification := id(body, "recordVerificationId")
	in, err := readReviewer(verification, body)
	if err != nil {
		return answer{}, err
	}
	in.Carriers = c.carriers(body)
	r, err := a.service.StoreReviewer(c.Context(), c.apiKey, in)
	if err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusOK, data: reviewerDetailsOf(verification, r), message: "Reviewer details stored successfully"}, nil
}

// readReviewer checks in the order of the contract's table.
func readReviewer(verification string, o web.Object) (in skill.ReviewerInput, err error) {
	if verification == "" {
		return in, errNoVerificationID
	}
	if in, err = readReviewerDetails(o); err != nil {
		return in, err
	}
	in.EndorsementType, err = readEndorsementType(o)
	return in, err
}

func readReviewerDetails(o web.Object) (skill.ReviewerInput, error) {
	in := skill.ReviewerInput{Name: text(o, "name"), Email: text(o, "email"), Company: text(o, "company")}
	switch {
	case in.Name == "":
		return in, errNoName
	case in.Email == "":
		return in, errNoEmail
	case in.Company == "":
		return in, errNoCompany
	}
	website, _, ok := o.String("website")
	if in.Website = website; skill.Blank(website) {
		in.Website = ""
	}
	if err := skill.CheckReviewer(in); err != nil {
		return in, err
	}
	if !ok {
		return in, skill.ErrWebsite
	}
	return in, nil
}

// readEndorsementType takes one of the five, or nothing (skills-api.md 13.2).
func readEndorsementType(o web.Object) (string, error) {
	endorsement, present, _ := o.String("endorsementType")
	if present && !slices.Contains(skill.EndorsementTypes, endorsement) {
		return "", errMethod
	}
	return endorsement, nil
}

// verificationID is the last part of a public read's path.
func (c call) verificationID() (string, error) {
	verification := skill.CallerID(c.PathValue("id"))
	if skill.Blank(verification) {
		return "", errNoVerificationID
	}
	return verification, nil
}

// reviewer is GET /storereviewerdetails/{recordVerificationId} (skills-api.md 5.12).
func (a api) reviewer(c call) (answer, error) {
	verification, err := c.verificationID()
	if err != nil {
		return answer{}, err
	}
	r, err := a.service.Reviewer(c.Context(), verification)
	return answer{status: http.StatusOK, data: reviewerDetailsOf(verification, r)}, err
}
