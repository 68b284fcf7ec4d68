package accountapi

import (
	"net/http"

	"avow/internal/account"
	"avow/internal/web"
)

// Paths that the metadata names.
const (
	tokenPath      = "/api/authorization/access_token"
	revokePath     = "/oauth2/revoke"
	introspectPath = "/oauth2/introspect"
)

// metadata is the document of RFC 8414, 2. There is no authorization endpoint, so there are no response types.
type metadata struct {
	Issuer         string   `json:"issuer"`
	Token          string   `json:"token_endpoint"`
	Revocation     string   `json:"revocation_endpoint"`
	Introspection  string   `json:"introspection_endpoint"`
	Scopes         []string `json:"scopes_supported"`
	Responses      []string `json:"response_types_supported"`
	Grants         []string `json:"grant_types_supported"`
	TokenAuth      []string `json:"token_endpoint_auth_methods_supported"`
	RevocationAuth []string `json:"revocation_endpoint_auth_methods_supported"`
	IntrospectAuth []string `json:"introspection_endpoint_auth_methods_supported"`
}

// metadata is GET /.well-known/oauth-authorization-server.
func (a api) metadata(w http.ResponseWriter, _ *http.Request) error {
	ways := []string{"client_secret_basic", "client_secret_post"}
	return web.WriteJSON(w, http.StatusOK, metadata{
		Issuer: a.publicURL, Token: a.publicURL + tokenPath, Revocation: a.publicURL + revokePath, Introspection: a.publicURL + introspectPath,
		Scopes:    []string{account.ScopeMeRead, account.ScopeMeWrite, account.ScopeAccountRead, account.ScopeAccountWrite},
		Responses: []string{}, Grants: []string{"none", "client_credentials", "password", "refresh_token"},
		TokenAuth: ways, RevocationAuth: ways, IntrospectAuth: ways,
	})
}
