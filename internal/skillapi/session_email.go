package skillapi

import (
	"net/http"

	"avow/internal/skill"
)

type sessionEmail struct {
	Success bool    `json:"success"`
	Email   *string `json:"email"`
	Name    string  `json:"name"`
	UserID  string  `json:"recordUserId"`
}

// sessionEmail is GET /step3/store-verification-items/{sessionToken}/email (skills-api.md 5.9).
func (a api) sessionEmail(c call, token string) (answer, error) {
	if skill.Blank(token) {
		return answer{}, errNoSessionToken
	}
	d, err := a.service.SessionData(c.Context(), token)
	if err != nil {
		return answer{}, err
	}
	v := d.Verification
	return answer{status: http.StatusOK, flat: sessionEmail{Success: true, Email: orNull(d.Email), Name: v.Name, UserID: v.User}}, nil
}

type updatedEmail struct {
	Success bool   `json:"success"`
	Message string `json:"message"`
}

// changeEmail is POST /step3/store-verification-items/session/email (skills-api.md 5.10).
func (a api) changeEmail(c call) (answer, error) {
	body, err := c.body()
	if err != nil {
		return answer{}, err
	}
	token, email := text(body, "sessionToken"), text(body, "email")
	if token == "" || email == "" {
		return answer{}, errNoData
	}
	if !skill.ValidEmail(email) {
		return answer{}, skill.ErrEmail
	}
	if err := a.service.ChangeEmail(c.Context(), token, email); err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusOK, flat: updatedEmail{Success: true, Message: "Email updated successfully"}}, nil
}
