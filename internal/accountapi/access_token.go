package accountapi

import (
	"net/http"
	"net/url"
	"strings"

	"avow/internal/access"
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

type tokenAnswer struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int    `json:"expires_in"`
	RefreshToken string `json:"refresh_token,omitempty"`
	Scope        string `json:"scope"`
}

type tokenError struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
}

// accessToken is POST /api/authorization/access_token (accounts-api.md 2.2, 13.11).
func (a api) accessToken(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Pragma", "no-cache") // RFC 6749, 5.1
	issued, err := a.grant(r)
	if err == nil {
		return web.WriteJSON(w, http.StatusOK, tokenAnswer{
			AccessToken: issued.Access, TokenType: "bearer", ExpiresIn: int(issued.ExpiresIn.Seconds()),
			RefreshToken: issued.Refresh, Scope: strings.Join(issued.Scopes, " "),
		})
	}
	f := fault.From(err)
	wire, ok := tokenErrors[f.Reason]
	if !ok {
		return err
	}
	if wire.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Basic realm="avow"`)
	}
	web.Note(r, err)
	return web.WriteJSON(w, wire.status, tokenError{Error: wire.code, Description: f.Message})
}

func (a api) grant(r *http.Request) (account.Issued, error) {
	form, err := readForm(r)
	if err != nil {
		return account.Issued{}, err
	}
	client, err := credentials(r, form)
	if err != nil {
		return account.Issued{}, err
	}
	client.Network = web.NetworkOf(r)
	scopes := access.ParseScopes(form.Get("scope"))
	switch form.Get("grant_type") {
	case "none", "client_credentials":
		return a.service.SignInClient(r.Context(), client, scopes)
	case "password":
		return a.signIn(r, client, scopes, form)
	case "refresh_token":
		if form.Get("refresh_token") == "" {
			return account.Issued{}, errTokenRequest.Saying("The parameter refresh_token is required.")
		}
		return a.service.Renew(r.Context(), client, scopes, form.Get("refresh_token"))
	case "":
		return account.Issued{}, errTokenRequest.Saying("The parameter grant_type is required.")
	}
	return account.Issued{}, errGrantType
}

// signIn takes a username of the form organisation^address.
func (a api) signIn(r *http.Request, c account.Credentials, scopes []string, form url.Values) (account.Issued, error) {
	for _, field := range []string{"username", "password"} {
		if form.Get(field) == "" {
			return account.Issued{}, errTokenRequest.Saying("The parameter " + field + " is required.")
		}
	}
	org, email, _ := strings.Cut(form.Get("username"), "^")
	return a.service.SignIn(r.Context(), c, scopes, org, email, form.Get("password"))
}

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
	for name, values := range form {
		if len(values) > 1 {
			return nil, errTokenRequest.Saying("The parameter " + name + " is given twice.")
		}
	}
	return form, nil
}

// credentials takes the client from Basic authentication or from the form, not from both (RFC 6749, 2.3).
func credentials(r *http.Request, form url.Values) (account.Credentials, error) {
	header := r.Header.Get("Authorization")
	if header == "" {
		return account.Credentials{ID: form.Get("client_id"), Secret: form.Get("client_secret")}, nil
	}
	id, secret, ok := r.BasicAuth()
	if !ok {
		return account.Credentials{}, account.ErrClientInvalid
	}
	if form.Has("client_secret") {
		return account.Credentials{}, errTokenRequest.Saying("The client must authenticate in one way only.")
	}
	id, errID := url.QueryUnescape(id) // RFC 6749, 2.3.1: both are form-encoded inside Basic
	secret, errSecret := url.QueryUnescape(secret)
	if errID != nil || errSecret != nil {
		return account.Credentials{}, account.ErrClientInvalid
	}
	return account.Credentials{ID: id, Secret: secret}, nil
}
