package skillapi

import (
	"net/http"

	"avow/internal/skill"
)

type shownSkill struct {
	ID        string   `json:"skillId"`
	Name      *string  `json:"name"`
	ProofURLs []string `json:"proofUrls"`
}

type shownSkills struct {
	VerificationID string       `json:"recordVerificationId"`
	Skills         []shownSkill `json:"skills"`
	Total          int          `json:"totalSkills"`
}

// skills is GET /step1/storeskills/{recordVerificationId} (skills-api.md 5.3).
func (a api) skills(c call) (answer, error) {
	verification := skill.CallerID(c.PathValue("id"))
	if skill.Blank(verification) {
		return answer{}, errNoVerificationID
	}
	skills, err := a.service.Skills(c.Context(), verification)
	if err != nil {
		return answer{}, err
	}
	data := shownSkills{VerificationID: verification, Skills: []shownSkill{}, Total: len(skills)}
	for _, s := range skills {
		data.Skills = append(data.Skills, shownSkill{ID: s.ID, Name: orNull(s.Name), ProofURLs: s.ProofURLs})
	}
	return answer{status: http.StatusOK, data: data, timed: true}, nil
}
