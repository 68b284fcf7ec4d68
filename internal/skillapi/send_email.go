package skillapi

import (
	"net/http"

	"avow/internal/web"
)

type sentEmail struct {
	VerificationID string  `json:"recordVerificationId"`
	ReviewerEmail  string  `json:"reviewerEmail"`
	ReviewerName   string  `json:"reviewerName"`
	SkillCount     int     `json:"skillCount"`
	ReviewLink     string  `json:"reviewLink"`
	ExpiresAt      *string `json:"expiresAt"`
}

// sendEmail is POST /humanverification/send-email (skills-api.md 5.15).
func (a api) sendEmail(c call) (answer, error) {
	body, err := web.ReadOptionalObject(c.Request)
	if err != nil {
		return answer{}, err
	}
	s, err := a.service.Send(c.Context(), c.apiKey, c.carriers(body))
	if err != nil {
		return answer{}, err
	}
	data := sentEmail{
		VerificationID: s.Verification, ReviewerEmail: s.Reviewer.Email, ReviewerName: s.Reviewer.Name, SkillCount: s.Skills,
		ReviewLink: s.Link, ExpiresAt: stamp(s.ExpiresAt),
	}
	return answer{status: http.StatusOK, data: data, message: "Reviewer email sent successfully", timed: true}, nil
}
