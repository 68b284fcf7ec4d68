package accountapi

import (
	"net/http"

	"avow/internal/account"
	"avow/internal/web"
)

// verifyAccount is POST …/verify_account (accounts-api.md 3.3, 4).
func (a api) verifyAccount(w http.ResponseWriter, c call) error {
	body, err := c.body(c.named("confirmation_code")...)
	if err != nil {
		return err
	}
	about, err := c.subject(body)
	if err != nil {
		return err
	}
	code, err := text(body, "confirmation_code", true, 0)
	if err != nil {
		return err
	}
	id, err := a.service.Verify(c.Context(), about, code)
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, item{standingOf(account.Standing{AccountID: id, Verified: true})})
}
