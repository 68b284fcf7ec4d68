package accountapi

import (
	"net/http"

	"avow/internal/account"
	"avow/internal/web"
)

type standing struct {
	ID        string `json:"id,omitempty"`
	AccountID string `json:"account_id"`
	Status    string `json:"status"`
	ExpiresAt string `json:"expires_at,omitempty"`
	CreatedAt string `json:"created_at,omitempty"`
	Verified  bool   `json:"verified"`
}

// pendingVerificationRequest is GET …/pending_verification_request (accounts-api.md 3.2, 4): 200 also when nothing is pending.
func (a api) pendingVerificationRequest(w http.ResponseWriter, c call) error {
	asked, err := c.query(c.named()...)
	if err != nil {
		return err
	}
	about, err := c.subject(asked)
	if err != nil {
		return err
	}
	s, err := a.service.Standing(c.Context(), about)
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, item{standingOf(s)})
}

func standingOf(s account.Standing) standing {
	answer := standing{AccountID: s.AccountID, Status: "no_pending_request", Verified: s.Verified}
	switch {
	case s.Verified:
		answer.Status = "verified"
	case s.Request != nil:
		answer.ID, answer.Status = s.Request.ID, "pending"
		answer.ExpiresAt, answer.CreatedAt = stamp(s.Request.ExpiresAt), stamp(s.Request.CreatedAt)
	}
	return answer
}
