package accountapi

import (
	"net/http"
	"unicode/utf8"

	"avow/internal/web"
)

// codeLength is how long a confirmation code is in characters (accounts-api.md 5.4).
const codeLength = 36

type requestedChange struct {
	CurrentEmail     string  `json:"current_email"`
	NewEmail         string  `json:"new_email"`
	ConfirmationURL  *string `json:"confirmation_url"`
	ConfirmationCode string  `json:"confirmation_code"`
}

// done is the answer of calls that have nothing to say.
type done struct{}

// changed names the account that a call has changed.
type changed struct {
	ID string `json:"id"`
}

// requestEmailChange is POST …/request_email_change (accounts-api.md 5.4).
func (a api) requestEmailChange(w http.ResponseWriter, c call) error {
	body, err := c.body(c.named("new_email", "confirmation_url")...)
	if err != nil {
		return err
	}
	about, err := c.subject(body)
	if err != nil {
		return err
	}
	newEmail, err := address(body, "new_email")
	if err != nil {
		return err
	}
	confirmationURL, err := text(body, "confirmation_url", false, maxURL)
	if err != nil {
		return err
	}
	made, err := a.service.RequestEmailChange(c.Context(), about, newEmail, confirmationURL)
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, requestedChange{made.CurrentEmail, made.NewEmail, orNull(made.URL), made.Code})
}

// verifyEmailChange is PUT …/verify_email_change (accounts-api.md 5.4). The size of the code is documented for the own account as exact, for others as a limit.
func (a api) verifyEmailChange(w http.ResponseWriter, c call) error {
	body, err := c.body(c.named("confirmation_code")...)
	if err != nil {
		return err
	}
	about, err := c.subject(body)
	if err != nil {
		return err
	}
	code, err := confirmationCode(body, c.Need.Identity)
	if err != nil {
		return err
	}
	id, err := a.service.VerifyEmailChange(c.Context(), about, code)
	switch {
	case err != nil:
		return err
	case c.Need.Identity:
		return web.WriteJSON(w, http.StatusOK, done{})
	}
	return web.WriteJSON(w, http.StatusOK, changed{id})
}

func address(from source, field string) (string, error) {
	value, err := text(from, field, true, maxText)
	if err != nil {
		return "", err
	}
	return value, emailAddress.check(field, value)
}

func confirmationCode(from source, exact bool) (string, error) {
	const field = "confirmation_code"
	code, err := text(from, field, true, codeLength)
	if err == nil && exact && utf8.RuneCountInString(code) != codeLength {
		return "", errParameter.On(field).Saying("Parameter must have 36 characters")
	}
	return code, err
}
