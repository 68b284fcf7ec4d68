package accountapi

import (
	"errors"
	"fmt"
	"net/http"

	"avow/internal/access"
	"avow/internal/account"
	"avow/internal/fault"
	"avow/internal/limit"
	"avow/internal/web"
)

// Refusals of a request's shape (accounts-api.md 1.7, 1.8).
var (
	errUnknownParameter = fault.New(fault.Invalid, "parameter_unknown", "")
	errParameter        = fault.New(fault.Invalid, "parameter", "")
)

// wireError is how a reason is told on the wire.
type wireError struct {
	status int
	code   string
}

// codes is the one place where reasons become statuses and codes.
var codes = map[fault.Reason]wireError{
	web.ErrRouteUnknown.Reason: {http.StatusNotFound, "not_found"},
	web.ErrMethod.Reason:       {http.StatusMethodNotAllowed, "method_not_allowed"},
	web.ErrContentType.Reason:  {http.StatusBadRequest, "invalid_content_type_error"},
	web.ErrJSON.Reason:         {http.StatusBadRequest, "json_parser_error"},
	web.ErrTooLarge.Reason:     {http.StatusRequestEntityTooLarge, "request_too_large"},

	access.ErrNoCredential.Reason: {http.StatusUnauthorized, "unauthorized"},
	access.ErrTokenUnknown.Reason: {http.StatusUnauthorized, "invalid_token"},
	access.ErrTokenExpired.Reason: {http.StatusUnauthorized, "expired_token"},
	access.ErrScopeMissing.Reason: {http.StatusForbidden, "insufficient_scope"},
	access.ErrNoIdentity.Reason:   {http.StatusForbidden, "forbidden"},
	access.ErrBusy.Reason:         {http.StatusServiceUnavailable, "service_unavailable"},
	limit.ErrAway.Reason:          {http.StatusServiceUnavailable, "service_unavailable"},
	limit.ErrTooMany.Reason:       {http.StatusTooManyRequests, "too_many_requests"},

	errUnknownParameter.Reason:        {http.StatusBadRequest, "unknown_parameter"},
	errParameter.Reason:               {http.StatusBadRequest, "invalid_parameter"},
	account.ErrURLNotAllowed.Reason:   {http.StatusBadRequest, "invalid_parameter"},
	account.ErrEmailTaken.Reason:      {http.StatusBadRequest, "invalid_parameter"},
	account.ErrEmailMalformed.Reason:  {http.StatusBadRequest, "invalid_parameter"},
	account.ErrPasswordLength.Reason:  {http.StatusBadRequest, "invalid_parameter"},
	account.ErrNameInUse.Reason:       {http.StatusBadRequest, "invalid_parameter"},
	account.ErrNameMalformed.Reason:   {http.StatusBadRequest, "invalid_parameter"},
	account.ErrAccountUnknown.Reason:  {http.StatusNotFound, "not_found"},
	account.ErrPasswordWrong.Reason:   {http.StatusBadRequest, "invalid_parameter"},
	account.ErrAddressUnknown.Reason:  {http.StatusNotFound, "not_found"},
	account.ErrAlreadyVerified.Reason: {http.StatusConflict, "already_verified"},
	account.ErrCodeInvalid.Reason:     {http.StatusConflict, "invalid_confirmation_code"},
}

var internalError = wireError{http.StatusInternalServerError, "internal_server_error"}

// errorBody is the body of every error (accounts-api.md 13.2).
type errorBody struct {
	Code        string `json:"code"`
	Field       string `json:"field,omitempty"`
	Message     string `json:"message"`
	Correlation string `json:"pw_correlation_id"`
}

// isShape reports whether a request could not be read, as opposed to being refused by a rule that knows who calls.
func isShape(err error) bool {
	for _, shape := range []error{
		errUnknownParameter, errParameter, account.ErrEmailMalformed, account.ErrPasswordLength, account.ErrNameMalformed, web.ErrContentType, web.ErrJSON, web.ErrTooLarge,
	} {
		if errors.Is(err, shape) {
			return true
		}
	}
	return false
}

// renderError writes any error in the contract's shape.
func renderError(w http.ResponseWriter, r *http.Request, err error) {
	f := fault.From(err)
	wire, known := codes[f.Reason]
	if !known {
		wire = internalError
	}
	if challenge := challengeOf(f); challenge != "" {
		w.Header().Set("WWW-Authenticate", challenge)
	}
	web.RetryAfter(w, f)
	body := errorBody{Code: wire.code, Field: fieldOf(f), Message: f.Message, Correlation: "pw-api-" + web.InfoOf(r).Correlation}
	if err := web.WriteJSON(w, wire.status, body); err != nil {
		web.Note(r, err)
	}
}

func fieldOf(f *fault.Error) string {
	if f.Is(web.ErrRouteUnknown) {
		return "route"
	}
	return f.Field
}

// challengeOf is the WWW-Authenticate header of a refusal (accounts-api.md 2.6, RFC 6750).
func challengeOf(f *fault.Error) string {
	const realm = `Bearer realm="avow"`
	switch {
	case f.Is(access.ErrNoCredential):
		return realm
	case f.Is(access.ErrTokenUnknown), f.Is(access.ErrTokenExpired):
		return realm + `, error="invalid_token"`
	case f.Is(access.ErrScopeMissing):
		return realm + fmt.Sprintf(`, error="insufficient_scope", scope="%v"`, f.Detail)
	}
	return ""
}
