package skillapi

import (
	"encoding/json"
	"net/http"

	"avow/internal/skill"
)

type sessionData struct {
	VerificationID string          `json:"recordVerificationId"`
	UserID         string          `json:"recordUserId"`
	StudentID      string          `json:"externalStudentId"`
	Callback       *string         `json:"callbackWebhookUrl"`
	Email          *string         `json:"email"`
	Name           string          `json:"name"`
	Projects       json.RawMessage `json:"projects"`
	Experience     json.RawMessage `json:"experience"`
	Certificates   json.RawMessage `json:"certificates"`
}

// sessionData is GET /step3/store-verification-items/session/{sessionToken} (skills-api.md 5.8).
func (a api) sessionData(c call, token string) (answer, error) {
	if skill.Blank(token) {
		return answer{}, errNoSessionToken
	}
	d, err := a.service.SessionData(c.Context(), token)
	if err != nil {
		return answer{}, err
	}
	v := d.Verification
	return answer{status: http.StatusOK, data: sessionData{
		VerificationID: v.ID, UserID: v.User, StudentID: v.Student, Callback: orNull(v.Callback), Email: orNull(d.Email), Name: v.Name,
		Projects: d.Lists.Projects, Experience: d.Lists.Experience, Certificates: d.Lists.Certificates,
	}}, nil
}
