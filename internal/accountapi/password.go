package accountapi

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"avow/internal/account"
	"avow/internal/web"
)

type createdReset struct {
	AccountID        string `json:"account_id"`
	ConfirmationCode string `json:"confirmation_code"`
}

// createPasswordReset is POST …/create_password_reset (accounts-api.md 5.4): the code is told, and no mail is sent.
func (a api) createPasswordReset(w http.ResponseWriter, c call) error {
	body, err := c.body("email")
	if err != nil {
		return err
	}
	email, err := address(body, "email")
	if err != nil {
		return err
	}
	made, err := a.service.RequestReset(c.Context(), c.about(account.ByEmail, email), "", "")
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, item{createdReset{made.AccountID, made.Code}})
}

// customRequestPasswordReset is POST …/custom_request_password_reset (accounts-api.md 5.4): the code is mailed in a link to the caller's page.
func (a api) customRequestPasswordReset(w http.ResponseWriter, c call) error {
	body, err := c.body("email", "reset_password_url", "return_url")
	if err != nil {
		return err
	}
	email, err := address(body, "email")
	if err != nil {
		return err
	}
	resetURL, err := text(body, "reset_password_url", true, maxURL)
	if err != nil {
		return err
	}
	returnURL, err := text(body, "return_url", false, maxURL)
	if err != nil {
		return err
	}
	if _, err = a.service.RequestReset(c.Context(), c.about(account.ByEmail, email), resetURL, returnURL); err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, done{})
}

// completePasswordReset is POST …/complete_password_reset (accounts-api.md 5.4).
func (a api) completePasswordReset(w http.ResponseWriter, c call) error {
	body, err := c.body("id", "confirmation_code", "new_password")
	if err != nil {
		return err
	}
	id, err := text(body, "id", true, 0)
	if err != nil {
		return err
	}
	if err = objectID.check("id", id); err != nil {
		return err
	}
	code, err := confirmationCode(body, true)
	if err != nil {
		return err
	}
	password, err := newPassword(body)
	if err != nil {
		return err
	}
	if id, err = a.service.CompleteReset(c.Context(), c.about(account.ByID, id), code, password); err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, changed{id})
}

// updatePassword is PUT /external/api/v1/me/update_password (accounts-api.md 2.5).
func (a api) updatePassword(w http.ResponseWriter, c call) error {
	body, err := c.body("current_password", "new_password")
	if err != nil {
		return err
	}
	current, err := text(body, "current_password", false, maxText)
	if err != nil {
		return err
	}
	password, err := newPassword(body)
	if err != nil {
		return err
	}
	if err := a.service.UpdatePassword(c.Context(), c.Call, current, password); err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, done{})
}

func newPassword(from source) (string, error) {
	password, err := text(from, "new_password", true, 0)
	if err == nil && account.CheckPassword(password) != nil {
		err = account.ErrPasswordLength.On("new_password")
	}
	return password, err
}

// Limits of otp_ttl in seconds (accounts-api.md 5.4); without it a one-time password is good for the shortest time.
const minOnce, maxOnce = 600, 10800

// requestOneTimePassword is POST …/request_one_time_password (accounts-api.md 5.4).
func (a api) requestOneTimePassword(w http.ResponseWriter, c call) error {
	body, err := c.body("email", "otp_ttl", "login_url")
	if err != nil {
		return err
	}
	email, err := address(body, "email")
	if err != nil {
		return err
	}
	ttl, err := seconds(body, "otp_ttl")
	if err != nil {
		return err
	}
	loginURL, err := text(body, "login_url", false, maxURL)
	if err != nil {
		return err
	}
	if err := a.service.RequestOneTimePassword(c.Context(), c.about(account.ByEmail, email), loginURL, ttl); err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, done{})
}

func seconds(body web.Object, field string) (time.Duration, error) {
	raw, n := body.Get(field), minOnce
	if raw != nil && (json.Unmarshal(raw, &n) != nil || strings.ContainsAny(string(raw), ".eE") || n < minOnce || n > maxOnce) {
		return 0, errParameter.On(field).Saying("Parameter must be a whole number from 600 to 10800")
	}
	return time.Duration(n) * time.Second, nil
}
