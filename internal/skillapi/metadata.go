package skillapi

import (
	"net/http"

	"avow/internal/skill"
	"avow/internal/web"
)

type userSkill struct {
	ID             string       `json:"skillId"`
	Name           *string      `json:"skillName"`
	VerificationID string       `json:"recordVerificationId"`
	Verified       bool         `json:"verified"`
	Status         skill.Status `json:"status"`
	ProofURLs      []string     `json:"proofUrls"`
	CreatedAt      *string      `json:"createdAt"`
}

// metadata is GET /metadata/user/{recordUserId} (skills-api.md 5.24). Who asks is told first, whatever is asked for.
func (a api) metadata(c call) (answer, error) {
	user := skill.CallerID(c.PathValue("id"))
	skills, err := a.service.SkillsOfUser(c.Context(), c.apiKey, web.Signed(c.Request), user)
	if err != nil {
		return answer{}, err
	}
	if skill.Blank(user) {
		return answer{}, errNoUserID
	}
	data := []userSkill{}
	for _, s := range skills {
		data = append(data, userSkill{
			ID: s.ID, Name: orNull(s.Name), VerificationID: s.Verification, Verified: s.Status == skill.Verified, Status: s.Status,
			ProofURLs: s.ProofURLs, CreatedAt: stamp(s.CreatedAt),
		})
	}
	return answer{status: http.StatusOK, data: data}, nil
}
