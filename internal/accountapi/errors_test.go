package accountapi

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"avow/internal/access"
	"avow/internal/account"
	"avow/internal/fault"
	"avow/internal/limit"
	"avow/internal/web"
)

func TestEveryRefusalHasACode(t *testing.T) {
	t.Parallel()
	all := slices.Concat(web.Refusals, access.TokenRefusals, account.Refusals, limit.Refusals, []*fault.Error{access.ErrBusy, errUnknownParameter, errParameter})
	expectRows(t, codes, all)
}

func TestEveryGrantRefusalHasAWord(t *testing.T) {
	t.Parallel()
	expectRows(t, tokenErrors, slices.Concat(account.GrantRefusals, []*fault.Error{errTokenRequest, errGrantType}))
}

// expectRows wants a row for each refusal and no other.
func expectRows(t *testing.T, rows map[fault.Reason]wireError, refusals []*fault.Error) {
	t.Helper()
	seen := map[fault.Reason]bool{}
	for _, refusal := range refusals {
		if row, ok := rows[refusal.Reason]; !ok || row.code == "" || row.status < 400 || row.status > 503 {
			t.Errorf("%s: got row %+v, want one with status and code", refusal.Reason, row)
		}
		seen[refusal.Reason] = true
	}
	for reason := range rows {
		if !seen[reason] {
			t.Errorf("%s: got a row for no refusal, want none", reason)
		}
	}
}

// accounts-api.md 1.7, 1.8, 2.6, 13.2, 13.3, 13.7; interfaces.md 4.
func TestRenderError(t *testing.T) {
	t.Parallel()
	const realm = `Bearer realm="avow"`
	tests := map[string]struct {
		err         error
		status      int
		code, field string
		challenge   string
		retry       string
	}{
		"route":             {web.ErrRouteUnknown, 404, "not_found", "route", "", ""},
		"method":            {web.ErrMethod, 405, "method_not_allowed", "", "", ""},
		"content type":      {web.ErrContentType, 400, "invalid_content_type_error", "", "", ""},
		"JSON":              {web.ErrJSON, 400, "json_parser_error", "", "", ""},
		"size":              {web.ErrTooLarge, 413, "request_too_large", "", "", ""},
		"no token":          {access.ErrNoCredential, 401, "unauthorized", "", realm, ""},
		"unknown token":     {access.ErrTokenUnknown, 401, "invalid_token", "", realm + `, error="invalid_token"`, ""},
		"expired token":     {access.ErrTokenExpired, 401, "expired_token", "", realm + `, error="invalid_token"`, ""},
		"scope":             {access.ErrScopeMissing.With("/external/me/w"), 403, "insufficient_scope", "", realm + `, error="insufficient_scope", scope="/external/me/w"`, ""},
		"identity":          {access.ErrNoIdentity, 403, "forbidden", "", "", ""},
		"busy":              {access.ErrBusy, 503, "service_unavailable", "", "", "1"},
		"busy for longer":   {&fault.Error{Kind: fault.Unavailable, Reason: access.ErrBusy.Reason, Message: "x", After: 90 * time.Second}, 503, "service_unavailable", "", "", "90"},
		"too many requests": {&fault.Error{Kind: fault.TooMany, Reason: limit.ErrTooMany.Reason, Message: "x", After: 719*time.Second + time.Microsecond}, 429, "too_many_requests", "", "", "720"},
		"limits away":       {limit.ErrAway.Because(errors.New("secret")), 503, "service_unavailable", "", "", "2"},
		"unknown parameter": {errUnknownParameter, 400, "unknown_parameter", "", "", ""},
		"parameter":         {errParameter.On("confirmation_code"), 400, "invalid_parameter", "confirmation_code", "", ""},
		"URL":               {account.ErrURLNotAllowed, 400, "invalid_parameter", "verification_url", "", ""},
		"address in use":    {account.ErrEmailTaken, 400, "invalid_parameter", "email", "", ""},
		"address":           {account.ErrEmailMalformed, 400, "invalid_parameter", "email", "", ""},
		"password":          {account.ErrPasswordLength, 400, "invalid_parameter", "password", "", ""},
		"name in use":       {account.ErrNameInUse.On("external_ids"), 400, "invalid_parameter", "external_ids", "", ""},
		"name":              {account.ErrNameMalformed.On("external_ids"), 400, "invalid_parameter", "external_ids", "", ""},
		"account":           {account.ErrAccountUnknown, 404, "not_found", "account", "", ""},
		"contact":           {account.ErrAddressUnknown, 404, "not_found", "contact_email", "", ""},
		"old password":      {account.ErrPasswordWrong, 400, "invalid_parameter", "current_password", "", ""},
		"verified":          {account.ErrAlreadyVerified, 409, "already_verified", "", "", ""},
		"code":              {account.ErrCodeInvalid, 409, "invalid_confirmation_code", "", "", ""},
		"unclassified":      {errors.New("secret"), 500, "internal_server_error", "", "", ""},
		"no row":            {fault.New(fault.Conflict, "unheard_of", "x"), 500, "internal_server_error", "", "", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := (&stub{outcome: tt.err}).serve(t, "GET", "/external/api/v1/me", "")
			want := `{"code":"` + tt.code + `",`
			if tt.field != "" {
				want += `"field":"` + tt.field + `",`
			}
			want += `"message":"` + fault.From(tt.err).Message + `","pw_correlation_id":"pw-api-"}`
			expect(t, w, tt.status, want)
			if got := w.Header().Get("WWW-Authenticate"); got != tt.challenge {
				t.Errorf("got challenge %q, want %q", got, tt.challenge)
			}
			if got := w.Header().Get("Retry-After"); got != tt.retry {
				t.Errorf("got Retry-After %q, want %q", got, tt.retry)
			}
			if strings.Contains(w.Body.String(), "secret") {
				t.Errorf("got %s, want nothing of the cause", w.Body)
			}
		})
	}
}

// The documented sentences (accounts-api.md 1.7).
func TestDocumentedMessages(t *testing.T) {
	t.Parallel()
	for want, err := range map[string]error{
		"account could not be found": account.ErrAccountUnknown, "contact_email could not be found": account.ErrAddressUnknown, "route could not be found": web.ErrRouteUnknown,
	} {
		if got := fault.From(err).Message; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestIsShape(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]bool{
		web.ErrJSON.Because(errors.New("x")): true, web.ErrContentType: true, web.ErrTooLarge: true, errUnknownParameter.Saying("x"): true, errParameter.On("x"): true,
		account.ErrEmailMalformed: true, account.ErrPasswordLength: true, account.ErrNameMalformed.On("x"): true, account.ErrEmailTaken: false, account.ErrNameInUse: false,
		account.ErrURLNotAllowed: false, account.ErrAccountUnknown: false, access.ErrTokenUnknown: false, errors.New("x"): false, access.ErrBusy: false,
	} {
		if got := isShape(err); got != want {
			t.Errorf("%v: got %t, want %t", err, got, want)
		}
	}
	if isShape(nil) {
		t.Error("got a good call taken for an unreadable one, want it not")
	}
}
