package accountapi

import (
	"net/http"

	"avow/internal/web"
)

// maxURL is the longest verification_url in characters (accounts-api.md 3.1).
const maxURL = 1024

type createdRequest struct {
	ID        string `json:"id"`
	Status    string `json:"status"`
	ExpiresAt string `json:"expires_at"`
}

// createVerificationRequest is POST …/create_verification_request (accounts-api.md 3.1, 4). Its answer is bare.
func (a api) createVerificationRequest(w http.ResponseWriter, c call) error {
	body, err := c.body(c.named("verification_url")...)
	if err != nil {
		return err
	}
	about, err := c.subject(body)
	if err != nil {
		return err
	}
	verificationURL, err := text(body, "verification_url", false, maxURL)
	if err != nil {
		return err
	}
	request, err := a.service.CreateRequest(c.Context(), about, verificationURL)
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusCreated, createdRequest{ID: request.ID, Status: "pending", ExpiresAt: stamp(request.ExpiresAt)})
}
