package skillapi

import (
	"net/http"

	"avow/internal/access"
	"avow/internal/skill"
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
	skills, err := a.service.SkillsOfUser(c.Context(), c.apiKey, c.signed(), user)
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

// signed is what a request without body shows beside its key: the path counts as it was sent, a query with it (skills-api.md 3.4).
func (c call) signed() access.Signed {
	path := c.URL.EscapedPath()
	if c.URL.RawQuery != "" {
		path += "?" + c.URL.RawQuery
	}
	return access.Signed{Method: c.Method, Path: path, Timestamp: c.Header.Get("X-Timestamp"), Signature: c.Header.Get("X-Signature")}
}
