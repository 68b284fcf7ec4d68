package accountapi

import (
	"slices"
	"strings"
	"testing"
	"time"

	"avow/internal/access"
	"avow/internal/account"
	"avow/internal/web"
)

const anna = "5c6291d537c2ed78a11518b7"

// accounts-api.md 2.5, 3, 4, 5.1 and 5.3: what each call needs, a request that it can read, and the account that it names by that.
var calls = map[string]struct {
	need           access.Need
	query, body    string
	service, named string
}{
	"POST /external/api/v1/me/create_verification_request":         {access.Need{Scope: "/external/me/w", Identity: true}, "", `{"verification_url":"https://a.example/"}`, "CreateRequest", ""},
	"GET /external/api/v1/me/pending_verification_request":         {access.Need{Scope: "/external/me/r", Identity: true}, "", "", "Standing", ""},
	"POST /external/api/v1/me/verify_account":                      {access.Need{Scope: "/external/me/w", Identity: true}, "", `{"confirmation_code":"x"}`, "Verify", ""},
	"GET /external/api/v1/me":                                      {access.Need{Scope: "/external/me/w", Identity: true}, "", "", "Account", ""},
	"GET /external/api/v3/me":                                      {access.Need{Scope: "/external/me/w", Identity: true}, "", "", "Account", ""},
	"POST /external/api/v1/accounts/create_verification_request":   {access.Need{Scope: "/external/account/w"}, "", `{"account_id":"` + strings.ToUpper(anna) + `"}`, "CreateRequest", anna},
	"GET /external/api/v1/accounts/pending_verification_request":   {access.Need{Scope: "/external/account/r"}, "?account_id=" + strings.ToUpper(anna), "", "Standing", anna},
	"POST /external/api/v1/accounts/verify_account":                {access.Need{Scope: "/external/account/w"}, "", `{"confirmation_code":"x","account_id":"` + anna + `"}`, "Verify", anna},
	"GET /external/api/v1/accounts/status":                         {access.Need{Scope: "/external/account/r"}, "?id=" + anna, "", "Account", anna},
	"GET /external/api/v1/accounts":                                {access.Need{Scope: "/external/account/w"}, "?id=" + strings.ToUpper(anna), "", "Account", anna},
	"POST /external/api/v1/accounts":                               {access.Need{Scope: "/external/account/w"}, "", `{"email":"anna@example.com","password":"secret1"}`, "Register", ""},
	"POST /external/api/v1/me/request_email_change":                {access.Need{Scope: "/external/me/w", Identity: true}, "", `{"new_email":"a@example.com"}`, "RequestEmailChange", ""},
	"PUT /external/api/v1/me/verify_email_change":                  {access.Need{Scope: "/external/me/w", Identity: true}, "", `{"confirmation_code":"2c5ea4c0-4067-41fe-8d3b-7a1f0c9b1e55"}`, "VerifyEmailChange", ""},
	"PUT /external/api/v1/me/update_password":                      {access.Need{Scope: "/external/me/update_password/w", Identity: true}, "", `{"new_password":"secret1"}`, "UpdatePassword", ""},
	"POST /external/api/v1/accounts/request_email_change":          {access.Need{Scope: "/external/account/w"}, "", `{"account_id":"5C6291D537C2ED78A11518B7","new_email":"a@example.com"}`, "RequestEmailChange", anna},
	"PUT /external/api/v1/accounts/verify_email_change":            {access.Need{Scope: "/external/account/w"}, "", `{"account_id":"5c6291d537c2ed78a11518b7","confirmation_code":"x"}`, "VerifyEmailChange", anna},
	"POST /external/api/v1/accounts/create_password_reset":         {access.Need{Scope: "/external/account/w"}, "", `{"email":"A@example.com"}`, "RequestReset", "a@example.com"},
	"POST /external/api/v1/accounts/custom_request_password_reset": {access.Need{Scope: "/external/account/w"}, "", `{"email":"A@example.com","reset_password_url":"https://a.example/"}`, "RequestReset", "a@example.com"},
	"POST /external/api/v1/accounts/request_one_time_password":     {access.Need{Scope: "/external/account/w"}, "", `{"email":"A@example.com"}`, "RequestOneTimePassword", "a@example.com"},
	"POST /external/api/v1/accounts/complete_password_reset":       {access.Need{Scope: "/external/account/w"}, "", `{"id":"5C6291D537C2ED78A11518B7","confirmation_code":"2c5ea4c0-4067-41fe-8d3b-7a1f0c9b1e55","new_password":"secret1"}`, "CompleteReset", anna},
	"POST /external/api/v2/accounts":                               {access.Need{Scope: "/external/account/w"}, "", `{"email":"anna@example.com","password":"secret1"}`, "Register", ""},
	"GET /external/api/v1/accounts/get_authentication_attempts":    {access.Need{Scope: "/external/account/r"}, "?email=Anna@example.com", "", "Attempts", "anna@example.com"},
}

// A request that can be read is one call of the service, which authenticates by its own load.
func TestRoutes(t *testing.T) {
	t.Parallel()
	for _, r := range external(t) {
		name := r.Method + " " + r.Path
		want, known := calls[name]
		if !known || r.Public {
			t.Errorf("%s: got it public %t, want a row for it here, and not public", name, r.Public)
			continue
		}
		for _, path := range []string{r.Path, r.Path + "/"} {
			s := &stub{}
			w := s.serve(t, r.Method, path+want.query, want.body, "Authorization", "Bearer token-1", "Content-Type", "application/json")
			if w.Code >= 300 || !slices.Equal(s.calls, []string{want.service}) || s.bearer != "token-1" {
				t.Errorf("%s: got %d %s after %v with %q, want success after %s with the token", name, w.Code, w.Body, s.calls, s.bearer, want.service)
			}
			if s.need != want.need || s.name.Value != want.named {
				t.Errorf("%s: got need %+v about %+v, want %+v about %q", name, s.need, s.name, want.need, want.named)
			}
		}
	}
}

// accounts-api.md 13.1: 401 and 403 win over every 400, also when the body cannot be read; the rules are not asked.
func TestAuthenticationBeforeShape(t *testing.T) {
	t.Parallel()
	refusals := map[error]string{
		access.ErrNoCredential: "unauthorized", access.ErrTokenUnknown: "invalid_token", access.ErrTokenExpired: "expired_token",
		access.ErrScopeMissing: "insufficient_scope", access.ErrNoIdentity: "forbidden", nil: "",
	}
	for _, r := range external(t) {
		for _, bad := range unreadable[r.Method] {
			for refusal, code := range refusals {
				s := &stub{refusal: refusal}
				w := s.serve(t, r.Method, r.Path+bad.query, bad.body, "Authorization", "Bearer token-1", "Content-Type", bad.contentType)
				want := code
				if refusal == nil {
					want = bad.code
				}
				if got := w.Body.String(); !strings.Contains(got, `"code":"`+want+`"`) {
					t.Errorf("%s %s, %s, %v: got %d %s, want %s", r.Method, r.Path, bad.name, refusal, w.Code, got, want)
				}
				if !slices.Equal(s.calls, []string{"Authenticate"}) || s.bearer != "token-1" || s.need != calls[r.Method+" "+r.Path].need {
					t.Errorf("%s %s, %s: got %v with %q, %+v, want the token alone looked up for the call's need", r.Method, r.Path, bad.name, s.calls, s.bearer, s.need)
				}
			}
		}
	}
}

// Each later fault stands in the request too: content type, JSON, unknown members, values.
func TestOrderOfShape(t *testing.T) {
	t.Parallel()
	tests := []struct{ path, contentType, body, want string }{
		{"create_verification_request", "text/plain", `{"foo":1,"verification_url":1`, "invalid_content_type_error"},
		{"create_verification_request", "application/json", `{"foo":1,"verification_url":1`, "json_parser_error"},
		{"create_verification_request", "application/json", `{"foo":1,"verification_url":1}`, "unknown_parameter"},
		{"create_verification_request", "application/json", `{"verification_url":1}`, "invalid_parameter"},
		{"verify_account", "text/plain", `{"foo":1`, "invalid_content_type_error"},
		{"verify_account", "application/json", `{"foo":1`, "json_parser_error"},
		{"verify_account", "application/json", `{"foo":1}`, "unknown_parameter"},
		{"verify_account", "application/json", `{}`, "invalid_parameter"},
	}
	for _, tt := range tests {
		w := (&stub{}).serve(t, "POST", "/external/api/v1/me/"+tt.path, tt.body, "Content-Type", tt.contentType)
		if got := w.Body.String(); !strings.Contains(got, `"code":"`+tt.want+`"`) {
			t.Errorf("%s %s %s: got %s, want %s", tt.path, tt.contentType, tt.body, got, tt.want)
		}
	}
}

// The scheme's case does not matter; another scheme is no token.
func TestBearer(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{
		"": "", "Bearer abc": "abc", "bearer abc": "abc", "BEARER abc": "abc", "Bearer  abc ": "abc", "Bearer": "", "Bearer ": "", "abc": "", "Basic abc": "", "Bearerabc": "",
		"Bearer a b": "a b", "OAuth abc": "",
	} {
		s := &stub{}
		s.serve(t, "GET", "/external/api/v1/me", "", "Authorization", header)
		if s.bearer != want {
			t.Errorf("%q: got %q, want %q", header, s.bearer, want)
		}
	}
}

var noon = time.Date(2024, 1, 15, 13, 0, 0, 999, time.FixedZone("CET", 3600))

// The documented examples of accounts-api.md 3, to the letter.
func TestAnswers(t *testing.T) {
	t.Parallel()
	code := &account.Code{ID: "5caf3c206e95528fe2943abe", CreatedAt: noon.AddDate(0, 0, -1), ExpiresAt: noon}
	const id = "5c6291d537c2ed78a11518b7"
	tests := map[string]struct {
		stub         stub
		method, path string
		status       int
		want         string
	}{
		"created": {
			stub{request: account.Request{ID: code.ID, ExpiresAt: noon}}, "POST", "create_verification_request", 201,
			`{"id":"5caf3c206e95528fe2943abe","status":"pending","expires_at":"2024-01-15 12:00:00 UTC"}`,
		},
		"pending": {
			stub{standing: account.Standing{AccountID: id, Request: code}}, "GET", "pending_verification_request", 200,
			`{"item":{"id":"5caf3c206e95528fe2943abe","account_id":"5c6291d537c2ed78a11518b7","status":"pending","expires_at":"2024-01-15 12:00:00 UTC",` +
				`"created_at":"2024-01-14 12:00:00 UTC","verified":false}}`,
		},
		"nothing pending": {
			stub{standing: account.Standing{AccountID: id}}, "GET", "pending_verification_request", 200,
			`{"item":{"account_id":"5c6291d537c2ed78a11518b7","status":"no_pending_request","verified":false}}`,
		},
		"verified before": {
			stub{standing: account.Standing{AccountID: id, Verified: true, Request: code}}, "GET", "pending_verification_request", 200,
			`{"item":{"account_id":"5c6291d537c2ed78a11518b7","status":"verified","verified":true}}`,
		},
		"verified": {
			stub{id: id}, "POST", "verify_account", 200,
			`{"item":{"account_id":"5c6291d537c2ed78a11518b7","status":"verified","verified":true}}`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := map[string]string{"verify_account": `{"confirmation_code":"x"}`}[tt.path]
			expect(t, tt.stub.serve(t, tt.method, "/external/api/v1/me/"+tt.path, body, "Content-Type", "application/json"), tt.status, tt.want)
		})
	}
}

// accounts-api.md 5.1, 13.9: all fields in that order; version 3 has no tulo_customer_number and no tags.
func TestMe(t *testing.T) {
	t.Parallel()
	full := account.Account{ID: "585a4768edce2c5e6f000001", Email: "user@email.com", Status: account.Created, Profile: account.Profile{
		CustomerNumber: "12345", TuloCustomerNumber: "00001", FirstName: "A", LastName: "B", MobilePhone: "50460531", BirthDate: "1980-06-10", Alias: "C", Origin: "web",
		Tags: []string{"foo", "bar"}, Address: map[string]string{"city": "Malmö"},
	}}
	bare := account.Account{ID: "585a4768edce2c5e6f000001", Email: "user@email.com", Status: account.Active, Verified: true}
	tests := map[string]struct {
		path    string
		account account.Account
		want    string
	}{
		"full": {"v1", full, `{"item":{"id":"585a4768edce2c5e6f000001","email":"user@email.com","status":"created","verified":false,"customer_number":"12345",` +
			`"tulo_customer_number":"00001","first_name":"A","last_name":"B","mobile_phone_number":"50460531","birth_date":"1980-06-10","alias":"C","account_origin":"web","tags":["foo","bar"],"address":{"city":"Malmö"},"user_products":[]}}`},
		"bare": {"v1", bare, `{"item":{"id":"585a4768edce2c5e6f000001","email":"user@email.com","status":"active","verified":true,"customer_number":"","tulo_customer_number":"",` +
			`"first_name":"","last_name":"","mobile_phone_number":null,"birth_date":"","alias":"","account_origin":null,"tags":[],"address":{},"user_products":[]}}`},
		"full, version 3": {"v3", full, `{"item":{"id":"585a4768edce2c5e6f000001","email":"user@email.com","status":"created","verified":false,"customer_number":"12345",` +
			`"first_name":"A","last_name":"B","mobile_phone_number":"50460531","birth_date":"1980-06-10","alias":"C","account_origin":"web","address":{"city":"Malmö"},"user_products":[]}}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expect(t, (&stub{account: tt.account}).serve(t, "GET", "/external/api/"+tt.path+"/me", ""), 200, tt.want)
		})
	}
}

func TestFamily(t *testing.T) {
	t.Parallel()
	f := New(&stub{}, "")
	for _, r := range f.Routes {
		if !slices.ContainsFunc(f.Prefixes, func(p string) bool { return strings.HasPrefix(r.Path, p) }) {
			t.Errorf("%s: got it below none of %q, want its errors in the contract's shape", r.Path, f.Prefixes)
		}
	}
	expect(t, (&stub{}).serve(t, "GET", "/external/api/v1/nothing", ""), 404,
		`{"code":"not_found","field":"route","message":"`+web.ErrRouteUnknown.Message+`","pw_correlation_id":"pw-api-"}`)
}
