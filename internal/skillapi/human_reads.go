package skillapi

import (
	"net/http"

	"avow/internal/skill"
)

type askedSkills struct {
	VerificationID string       `json:"recordVerificationId"`
	Skills         []shownSkill `json:"skills"`
}

// skillsAsked is GET /humanverification/skills/{recordVerificationId} (skills-api.md 5.16).
func (a api) skillsAsked(c call) (answer, error) {
	verification, err := c.verificationID()
	if err != nil {
		return answer{}, err
	}
	skills, err := a.service.SkillsAsked(c.Context(), verification)
	data := askedSkills{VerificationID: verification, Skills: []shownSkill{}}
	for _, s := range skills {
		data.Skills = append(data.Skills, shownSkill{ID: s.ID, Name: orNull(s.Name), ProofURLs: s.ProofURLs})
	}
	return answer{status: http.StatusOK, data: data}, err
}

type endorserInfo struct {
	Name    string `json:"name"`
	Company string `json:"company"`
	Email   string `json:"email"`
}

type requesterInfo struct {
	Name      string  `json:"name"`
	Email     *string `json:"email"`
	StudentID string  `json:"externalStudentId"`
}

type shownSource struct {
	Type        skill.Kind `json:"type"`
	Title       string     `json:"title"`
	Subtitle    string     `json:"subtitle"`
	Meta        string     `json:"meta"`
	Description string     `json:"description"`
}

// pageSkill has the proofs under the name of this endpoint and under that of all others (skills-api.md 13.8).
type pageSkill struct {
	ID        string   `json:"skillId"`
	Name      *string  `json:"name"`
	ProofURL  []string `json:"proofUrl"`
	ProofURLs []string `json:"proofUrls"`
}

type verifyPage struct {
	VerificationID  string        `json:"recordVerificationId"`
	Endorser        endorserInfo  `json:"endorserInfo"`
	Requester       requesterInfo `json:"requesterInfo"`
	Source          shownSource   `json:"source"`
	Skills          []pageSkill   `json:"skills"`
	EndorsementType *string       `json:"endorsementType"`
	Sources         []shownSource `json:"sources"`
}

// verifyPage is GET /humanverification/verify-page/{recordVerificationId} (skills-api.md 5.18).
func (a api) verifyPage(c call) (answer, error) {
	verification, err := c.verificationID()
	if err != nil {
		return answer{}, err
	}
	page, err := a.service.VerifyPage(c.Context(), verification)
	if err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusOK, data: verifyPageOf(page), timed: true}, nil
}

func verifyPageOf(p skill.VerifyPage) verifyPage {
	v := p.Verification
	data := verifyPage{
		VerificationID: v.ID, Endorser: endorserInfo{p.Reviewer.Name, p.Reviewer.Company, p.Reviewer.Email},
		Requester: requesterInfo{v.Name, orNull(p.Email), v.Student}, Skills: []pageSkill{}, EndorsementType: orNull(v.EndorsementType),
	}
	for _, s := range p.Skills {
		data.Skills = append(data.Skills, pageSkill{s.ID, orNull(s.Name), s.ProofURLs, s.ProofURLs})
	}
	for _, s := range p.Sources {
		data.Sources = append(data.Sources, shownSource{s.Kind, s.Title, s.Subtitle, s.Meta, s.Description})
	}
	data.Source = data.Sources[0]
	return data
}

type reviewStatus struct {
	Success   bool               `json:"success"`
	Submitted bool               `json:"alreadySubmitted"`
	Expired   bool               `json:"expired"`
	Status    skill.ReviewStatus `json:"status"`
}

// reviewStatus is GET /humanverification/status/{recordVerificationId} (skills-api.md 4.4, 5.19).
func (a api) reviewStatus(c call) (answer, error) {
	verification, err := c.verificationID()
	if err != nil {
		return answer{}, err
	}
	status, err := a.service.ReviewStatus(c.Context(), verification)
	return answer{status: http.StatusOK, flat: reviewStatus{true, status == skill.ReviewCompleted, status == skill.ReviewExpired, status}}, err
}
