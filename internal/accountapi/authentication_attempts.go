package accountapi

import (
	"net/http"
	"time"

	"avow/internal/account"
	"avow/internal/web"
)

type attempts struct {
	Frozen    bool    `json:"account_frozen"`
	Remaining int     `json:"remaining_authentication_attempts"`
	Until     *string `json:"frozen_until"`
}

// authenticationAttempts is GET /external/api/v1/accounts/get_authentication_attempts (accounts-api.md 5.4).
func (a api) authenticationAttempts(w http.ResponseWriter, c call) error {
	q, err := c.query("email")
	if err != nil {
		return err
	}
	email, err := text(q, "email", true, maxText)
	if err != nil {
		return err
	}
	if err := emailAddress.check("email", email); err != nil {
		return err
	}
	left, err := a.service.Attempts(c.Context(), c.about(account.ByEmail, email))
	if err != nil {
		return err
	}
	answer := attempts{Frozen: !left.FrozenUntil.IsZero(), Remaining: left.Left}
	if answer.Frozen {
		until := offsetStamp(left.FrozenUntil)
		answer.Until = &until
	}
	return web.WriteJSON(w, http.StatusOK, item{answer})
}

// offsetStamp is how all but the verification calls write an instant: ISO 8601 with an offset (accounts-api.md 1.4).
func offsetStamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05-07:00") }
