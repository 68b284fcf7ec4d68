package accountapi

import (
	"net/http"
	"strings"

	"avow/internal/access"
	"avow/internal/web"
)

// bearerType is the type of access tokens (accounts-api.md 13.11). Refresh tokens go by another, so that they are not taken for one.
const (
	bearerType  = "bearer"
	refreshType = "refresh_token"
)

// revoke is POST /oauth2/revoke (RFC 7009). The hint decides nothing: all tokens are looked up in one place.
func (a api) revoke(w http.ResponseWriter, f clientForm) error {
	if err := f.require("token"); err != nil {
		return err
	}
	if err := a.service.RevokeShown(f.Context(), f.client, f.Get("token")); err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, struct{}{}) // some clients insist on JSON
}

// inactive is all that is said of a token that is not active (RFC 7662, 2.2).
type inactive struct {
	Active bool `json:"active"`
}

type introspection struct {
	Active    bool   `json:"active"`
	Scope     string `json:"scope"`
	ClientID  string `json:"client_id"`
	TokenType string `json:"token_type"`
	Expires   int64  `json:"exp"`
	Issued    int64  `json:"iat"`
	Subject   string `json:"sub,omitempty"`
	Issuer    string `json:"iss"`
}

// introspect is POST /oauth2/introspect (RFC 7662).
func (a api) introspect(w http.ResponseWriter, f clientForm) error {
	if err := f.require("token"); err != nil {
		return err
	}
	t, err := a.service.IntrospectShown(f.Context(), f.client, f.Get("token"))
	if err != nil {
		return err
	}
	if t == nil {
		return web.WriteJSON(w, http.StatusOK, inactive{})
	}
	return web.WriteJSON(w, http.StatusOK, introspection{
		Active: true, Scope: strings.Join(t.Scopes, " "), ClientID: t.Client, TokenType: typeOf(t.Kind),
		Expires: t.ExpiresAt.Unix(), Issued: t.CreatedAt.Unix(), Subject: t.Account, Issuer: a.publicURL,
	})
}

func typeOf(k access.TokenKind) string {
	if k == access.RefreshToken {
		return refreshType
	}
	return bearerType
}

type tokenInfo struct {
	TokenType string  `json:"token_type"`
	ClientID  string  `json:"client_id"`
	Org       string  `json:"organisation_id"`
	AccountID *string `json:"account_id"`
	Scope     string  `json:"scope"`
	ExpiresIn int     `json:"expires_in"`
}

// tokenInfo is GET /api/authorization/token_info, of our own (interfaces.md 4): what the bearer's token is good for. It asks for no scope.
func (a api) tokenInfo(w http.ResponseWriter, r *http.Request) error {
	t, left, err := a.service.TokenInfo(r.Context(), bearer(r))
	if err != nil {
		return err
	}
	if _, err := (call{Request: r}).query(); err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, tokenInfo{
		TokenType: bearerType, ClientID: t.Client, Org: t.Org, AccountID: orNull(t.Account), Scope: strings.Join(t.Scopes, " "), ExpiresIn: int(left.Seconds()),
	})
}
