package accountapi

import (
	"net/http"
	"strings"

	"avow/internal/access"
	"avow/internal/account"
	"avow/internal/web"
)

type tokenAnswer struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int    `json:"expires_in"`
	RefreshToken string `json:"refresh_token,omitempty"`
	Scope        string `json:"scope"`
}

// accessToken is POST /api/authorization/access_token (accounts-api.md 2.2, 13.11).
func (a api) accessToken(w http.ResponseWriter, f clientForm) error {
	issued, err := a.grant(f)
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, tokenAnswer{
		AccessToken: issued.Access, TokenType: bearerType, ExpiresIn: int(issued.ExpiresIn.Seconds()),
		RefreshToken: issued.Refresh, Scope: strings.Join(issued.Scopes, " "),
	})
}

func (a api) grant(f clientForm) (account.Issued, error) {
	scopes := access.ParseScopes(f.Get("scope"))
	switch f.Get("grant_type") {
	case "none", "client_credentials":
		return a.service.SignInClient(f.Context(), f.client, scopes)
	case "password":
		return a.signIn(f, scopes)
	case "refresh_token":
		if err := f.require("refresh_token"); err != nil {
			return account.Issued{}, err
		}
		return a.service.Renew(f.Context(), f.client, scopes, f.Get("refresh_token"))
	case "":
		return account.Issued{}, f.require("grant_type")
	}
	return account.Issued{}, errGrantType
}

// signIn takes a username of the form organisation^address.
func (a api) signIn(f clientForm, scopes []string) (account.Issued, error) {
	if err := f.require("username", "password"); err != nil {
		return account.Issued{}, err
	}
	org, email, _ := strings.Cut(f.Get("username"), "^")
	return a.service.SignIn(f.Context(), f.client, scopes, org, email, f.Get("password"))
}
