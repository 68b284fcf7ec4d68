// Package accountapi is the account contract on the wire: routes, requests, answers, errors and the token endpoint (accounts-api.md).
package accountapi

import (
	"context"
	"net/http"
	"strings"
	"time"

	"avow/internal/access"
	"avow/internal/account"
	"avow/internal/web"
)

// Service is what the calls need of the rules.
type Service interface {
	// Authenticate refuses a token that is not good for the call, and does nothing else.
	Authenticate(ctx context.Context, c account.Call) error
	// CreateRequest makes a verification request for the account that the call is about.
	CreateRequest(ctx context.Context, c account.Call, verificationURL string) (account.Request, error)
	// Standing tells how the verification of that account stands.
	Standing(ctx context.Context, c account.Call) (account.Standing, error)
	// Verify verifies that account with a code and returns its id.
	Verify(ctx context.Context, c account.Call, code string) (string, error)
	// Account returns that account.
	Account(ctx context.Context, c account.Call) (account.Account, error)
	// Register makes an account in the organisation of the token.
	Register(ctx context.Context, c account.Call, n account.NewAccount) (account.Account, error)
	// RequestEmailChange notes that the account is to have another address, and has that address asked.
	RequestEmailChange(ctx context.Context, c account.Call, newEmail, confirmationURL string) (account.EmailChange, error)
	// VerifyEmailChange gives the account that address and returns its id.
	VerifyEmailChange(ctx context.Context, c account.Call, code string) (string, error)
	Passwords
	// SignInClient is the grant none.
	SignInClient(ctx context.Context, c account.Credentials, scopes []string) (account.Issued, error)
	// SignIn is the grant password.
	SignIn(ctx context.Context, c account.Credentials, scopes []string, org, email, password string) (account.Issued, error)
	// Renew is the grant refresh_token.
	Renew(ctx context.Context, c account.Credentials, scopes []string, refresh string) (account.Issued, error)
	// RevokeShown ends a token that the client was issued; any other is left alone without a word.
	RevokeShown(ctx context.Context, c account.Credentials, token string) error
	// IntrospectShown tells a client what a token is good for; nil: nothing.
	IntrospectShown(ctx context.Context, c account.Credentials, token string) (*access.Token, error)
	// TokenInfo returns an access token to its bearer, and how long it lives on.
	TokenInfo(ctx context.Context, bearer string) (access.Token, time.Duration, error)
	// Attempts tells how many wrong passwords the account that the call is about has left.
	Attempts(ctx context.Context, c account.Call) (account.AttemptsLeft, error)
}

// Passwords is what the calls about passwords need.
type Passwords interface {
	// RequestReset makes a code for a new password; with a URL, it is mailed in a link there.
	RequestReset(ctx context.Context, c account.Call, resetURL, returnURL string) (account.Reset, error)
	// CompleteReset sets a new password with such a code and returns the account's id.
	CompleteReset(ctx context.Context, c account.Call, code, password string) (string, error)
	// UpdatePassword changes the password of the token's account.
	UpdatePassword(ctx context.Context, c account.Call, current, password string) error
	// RequestOneTimePassword has a password for one sign-in mailed.
	RequestOneTimePassword(ctx context.Context, c account.Call, loginURL string, ttl time.Duration) error
}

type api struct {
	service   Service
	publicURL string
}

// call is one authorized call: its request, and the bearer token that came with it for what the endpoint asks.
type call struct {
	*http.Request
	account.Call
}

// about is the call about the account of a name.
func (c call) about(kind account.NameKind, value string) account.Call {
	c.Name = account.Named(kind, value)
	return c.Call
}

// endpoint answers a call.
type endpoint func(w http.ResponseWriter, c call) error

// authorized makes a handler of an endpoint. The token is looked up by the load of the call itself; only when the request cannot be read is it looked up alone,
// because 401 and 403 win over every 400 (accounts-api.md 13.1).
func (a api) authorized(need access.Need, e endpoint) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		c := call{r, account.Call{Bearer: bearer(r), Need: need}}
		err := e(w, c)
		if !isShape(err) {
			return err
		}
		if refused := a.service.Authenticate(r.Context(), c.Call); refused != nil {
			return refused
		}
		return err
	}
}

// bearer returns the token of the Authorization header; empty when there is none. The scheme's case does not matter (RFC 9110, 11.1).
func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// stamp is how the verification calls write an instant (accounts-api.md 1.4).
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// item wraps an answer (accounts-api.md 1.5).
type item struct {
	Item any `json:"item"`
}
