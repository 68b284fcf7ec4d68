package accountapi

import (
	"net/http"

	"avow/internal/access"
	"avow/internal/account"
	"avow/internal/web"
)

// New returns the account contract's family. PublicURL is the base of the addresses that it tells, without a trailing slash.
func New(s Service, publicURL string) web.Family {
	a := api{s, publicURL}
	meRead := access.Need{Scope: account.ScopeMeRead, Identity: true}
	meWrite := access.Need{Scope: account.ScopeMeWrite, Identity: true}
	password := access.Need{Scope: account.ScopePassword, Identity: true}
	read := access.Need{Scope: account.ScopeAccountRead}
	write := access.Need{Scope: account.ScopeAccountWrite}
	return web.Family{
		Prefixes: []string{"/external/", "/api/authorization/", "/oauth2/", "/.well-known/"},
		Render:   renderError,
		Routes: []web.Route{
			{Method: http.MethodPost, Path: tokenPath, Handle: ofClient(a.accessToken)},
			{Method: http.MethodPost, Path: revokePath, Handle: ofClient(a.revoke)},
			{Method: http.MethodPost, Path: introspectPath, Handle: ofClient(a.introspect)},
			{Method: http.MethodGet, Path: "/api/authorization/token_info", Handle: a.tokenInfo},
			{Method: http.MethodGet, Path: "/.well-known/oauth-authorization-server", Handle: a.metadata, Public: true},

			{Method: http.MethodPost, Path: "/external/api/v1/me/create_verification_request", Handle: a.authorized(meWrite, a.createVerificationRequest)},
			{Method: http.MethodGet, Path: "/external/api/v1/me/pending_verification_request", Handle: a.authorized(meRead, a.pendingVerificationRequest)},
			{Method: http.MethodPost, Path: "/external/api/v1/me/verify_account", Handle: a.authorized(meWrite, a.verifyAccount)},
			{Method: http.MethodGet, Path: "/external/api/v1/me", Handle: a.authorized(meWrite, a.currentAccount)},
			{Method: http.MethodGet, Path: "/external/api/v3/me", Handle: a.authorized(meWrite, a.currentAccountV3)},
			{Method: http.MethodPost, Path: "/external/api/v1/me/request_email_change", Handle: a.authorized(meWrite, a.requestEmailChange)},
			{Method: http.MethodPut, Path: "/external/api/v1/me/verify_email_change", Handle: a.authorized(meWrite, a.verifyEmailChange)},
			{Method: http.MethodPut, Path: "/external/api/v1/me/update_password", Handle: a.authorized(password, a.updatePassword)},

			{Method: http.MethodPost, Path: "/external/api/v1/accounts/create_verification_request", Handle: a.authorized(write, a.createVerificationRequest)},
			{Method: http.MethodGet, Path: "/external/api/v1/accounts/pending_verification_request", Handle: a.authorized(read, a.pendingVerificationRequest)},
			{Method: http.MethodPost, Path: "/external/api/v1/accounts/verify_account", Handle: a.authorized(write, a.verifyAccount)},
			{Method: http.MethodPost, Path: "/external/api/v1/accounts/request_email_change", Handle: a.authorized(write, a.requestEmailChange)},
			{Method: http.MethodPut, Path: "/external/api/v1/accounts/verify_email_change", Handle: a.authorized(write, a.verifyEmailChange)},
			{Method: http.MethodPost, Path: "/external/api/v1/accounts/create_password_reset", Handle: a.authorized(write, a.createPasswordReset)},
			{Method: http.MethodPost, Path: "/external/api/v1/accounts/complete_password_reset", Handle: a.authorized(write, a.completePasswordReset)},
			{Method: http.MethodPost, Path: "/external/api/v1/accounts/custom_request_password_reset", Handle: a.authorized(write, a.customRequestPasswordReset)},
			{Method: http.MethodPost, Path: "/external/api/v1/accounts/request_one_time_password", Handle: a.authorized(write, a.requestOneTimePassword)},
			{Method: http.MethodGet, Path: "/external/api/v1/accounts/status", Handle: a.authorized(read, a.accountStatus)},
			{Method: http.MethodGet, Path: "/external/api/v1/accounts/get_authentication_attempts", Handle: a.authorized(read, a.authenticationAttempts)},
			{Method: http.MethodGet, Path: "/external/api/v1/accounts", Handle: a.authorized(write, a.getAccount)},
			{Method: http.MethodPost, Path: "/external/api/v1/accounts", Handle: a.authorized(write, a.createAccount)},
			{Method: http.MethodPost, Path: "/external/api/v2/accounts", Handle: a.authorized(write, a.createAccount)},
		},
	}
}
