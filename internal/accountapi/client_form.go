package accountapi

import (
	"net/http"
	"net/url"
	"strings"

	"avow/internal/account"
	"avow/internal/fault"
	"avow/internal/web"
)

// Refusals of a token request's shape.
var (
	errTokenRequest = fault.New(fault.Invalid, "token_request", "The request is not a form with each parameter once.")
	errGrantType    = fault.New(fault.Invalid, "grant_type", "The grant type is not supported.")
)

// tokenErrors gives the error words of RFC 6749 to the refusals of the token endpoint.
var tokenErrors = map[fault.Reason]wireError{
	errTokenRequest.Reason:           {http.StatusBadRequest, "invalid_request"},
	errGrantType.Reason:              {http.StatusBadRequest, "unsupported_grant_type"},
	account.ErrClientInvalid.Reason:  {http.StatusUnauthorized, "invalid_client"},
	account.ErrSignIn.Reason:         {http.StatusBadRequest, "invalid_grant"},
	account.ErrRefreshInvalid.Reason: {http.StatusBadRequest, "invalid_grant"},
	account.ErrScopeInvalid.Reason:   {http.StatusBadRequest, "invalid_scope"},
}

type tokenError struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
}

// clientForm is a request about tokens: a form, and the client that it comes from.
type clientForm struct {
	*http.Request
	url.Values
	client account.Credentials
}

// require refuses a form without one of the parameters. One without a value counts as left out (RFC 6749, 3.2).
func (f clientForm) require(names ...string) error {
	for _, name := range names {
		if f.Get(name) == "" {
			return errTokenRequest.Saying("The parameter " + name + " is required.")
		}
	}
	return nil
}

// ofClient makes a handler of an endpoint that clients post forms to. It answers with the errors of RFC 6749, 5.2, but for faults that are not the caller's.
func ofClient(answer func(w http.ResponseWriter, f clientForm) error) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		w.Header().Set("Pragma", "no-cache") // RFC 6749, 5.1
		f, err := readClientForm(r)
		if err == nil {
			err = answer(w, f)
		}
		told := fault.From(err)
		wire, ok := tokenErrors[told.Reason]
		if err == nil || !ok {
			return err
		}
		if wire.status == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", `Basic realm="avow"`)
		}
		web.Note(r, err)
		return web.WriteJSON(w, wire.status, tokenError{Error: wire.code, Description: told.Message})
	}
}

func readClientForm(r *http.Request) (clientForm, error) {
	form, err := readForm(r)
	if err != nil {
		return clientForm{}, err
	}
	client, err := credentials(r, form)
	client.Network = web.NetworkOf(r)
	return clientForm{r, form, client}, err
}

// readForm says nothing back of what it reads: descriptions of errors are plain ASCII (RFC 6749, 5.2).
func readForm(r *http.Request) (url.Values, error) {
	media, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if !strings.EqualFold(strings.TrimSpace(media), "application/x-www-form-urlencoded") {
		return nil, errTokenRequest.Saying("The Content-Type header must be application/x-www-form-urlencoded.")
	}
	body, err := web.ReadBody(r)
	if err != nil {
		return nil, errTokenRequest.Because(err)
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, errTokenRequest
	}
	for _, values := range form {
		if len(values) > 1 {
			return nil, errTokenRequest.Saying("A parameter is given twice.")
		}
	}
	return form, nil
}

var errTwoWays = errTokenRequest.Saying("The client must authenticate in one way only.")

// credentials takes the client from Basic authentication or from the form, not from both (RFC 6749, 2.3).
func credentials(r *http.Request, form url.Values) (account.Credentials, error) {
	id, secret := form.Get("client_id"), form.Get("client_secret")
	if r.Header.Get("Authorization") == "" {
		return account.Credentials{ID: id, Secret: secret}, nil
	}
	basic, err := basicCredentials(r)
	if err == nil && (secret != "" || id != "" && id != basic.ID) {
		return account.Credentials{}, errTwoWays
	}
	return basic, err
}

// basicCredentials reads the Authorization header. Both halves are form-encoded inside it (RFC 6749, 2.3.1).
func basicCredentials(r *http.Request) (account.Credentials, error) {
	id, secret, ok := r.BasicAuth()
	id, errID := url.QueryUnescape(id)
	secret, errSecret := url.QueryUnescape(secret)
	if !ok || errID != nil || errSecret != nil {
		return account.Credentials{}, account.ErrClientInvalid
	}
	return account.Credentials{ID: id, Secret: secret}, nil
}
