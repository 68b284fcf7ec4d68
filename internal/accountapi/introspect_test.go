package accountapi

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"avow/internal/access"
	"avow/internal/account"
)

// shownToken is one that was issued at noon for an hour.
func shownToken(changes ...func(*access.Token)) *access.Token {
	t := &access.Token{
		Kind: access.AccessToken, Org: "org_1", Client: "client_1", Account: anna, Scopes: []string{"/external/me/r", "/external/me/w"},
		CreatedAt: time.Date(2024, 1, 14, 12, 0, 0, 999, time.UTC), ExpiresAt: time.Date(2024, 1, 14, 13, 0, 0, 999, time.UTC),
	}
	for _, change := range changes {
		change(t)
	}
	return t
}

// RFC 7009, 2.2: 200 says all.
func TestRevoke(t *testing.T) {
	t.Parallel()
	s := &stub{}
	w := s.serve(t, "POST", revokePath, "token=at%2B1&token_type_hint=x&client_id=client_1&client_secret=s", "Content-Type", form)
	expect(t, w, 200, `{}`)
	if want := (account.Credentials{ID: "client_1", Secret: "s"}); !slices.Equal(s.calls, []string{"RevokeShown"}) || s.value != "at+1" || s.credentials != want {
		t.Errorf("got %v of %q by %+v, want one of at+1 by %+v", s.calls, s.value, s.credentials, want)
	}
}

// RFC 7662, 2.2.
func TestIntrospect(t *testing.T) {
	t.Parallel()
	const common = `{"active":true,"scope":"/external/me/r /external/me/w","client_id":"client_1","token_type":`
	tests := map[string]struct {
		token *access.Token
		want  string
	}{
		"inactive": {nil, `{"active":false}`},
		"access":   {shownToken(), common + `"bearer","exp":1705237200,"iat":1705233600,"sub":"` + anna + `","iss":"https://avow.example"}`},
		"refresh": {
			shownToken(func(t *access.Token) { t.Kind = access.RefreshToken }),
			common + `"refresh_token","exp":1705237200,"iat":1705233600,"sub":"` + anna + `","iss":"https://avow.example"}`,
		},
		"no identity": {shownToken(func(t *access.Token) { t.Account = "" }), common + `"bearer","exp":1705237200,"iat":1705233600,"iss":"https://avow.example"}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &stub{token: tt.token}
			expect(t, s.serve(t, "POST", introspectPath, "token=x", "Content-Type", form), 200, tt.want)
			if !slices.Equal(s.calls, []string{"IntrospectShown"}) || s.value != "x" {
				t.Errorf("got %v of %q, want one of x", s.calls, s.value)
			}
		})
	}
}

// Both take the forms and tell the errors of the token endpoint; what cannot be read never reaches the rules.
func TestShownTokenErrors(t *testing.T) {
	t.Parallel()
	for _, path := range []string{revokePath, introspectPath} {
		for name, tt := range map[string]struct {
			outcome error
			body    string
			status  int
			want    string
		}{
			"client":   {account.ErrClientInvalid, "token=x", 401, `{"error":"invalid_client",`},
			"busy":     {access.ErrBusy, "token=x", 503, `{"code":"service_unavailable",`},
			"internal": {errors.New("secret"), "token=x", 500, `{"code":"internal_server_error",`},
			"no token": {nil, "client_id=client_1", 400, `{"error":"invalid_request",`},
			"empty":    {nil, "token=", 400, `{"error":"invalid_request",`},
			"twice":    {nil, "token=x&token=y", 400, `{"error":"invalid_request",`},
		} {
			s := &stub{outcome: tt.outcome}
			w := s.serve(t, "POST", path, tt.body, "Content-Type", form)
			if w.Code != tt.status || !strings.HasPrefix(w.Body.String(), tt.want) || w.Header().Get("Cache-Control") != "no-store" {
				t.Errorf("%s, %s: got %d %s, want %d %s", path, name, w.Code, w.Body, tt.status, tt.want)
			}
			if called := len(s.calls) > 0; called != (tt.outcome != nil) {
				t.Errorf("%s, %s: got %v, want a call only for what can be read", path, name, s.calls)
			}
			if got := w.Header().Get("WWW-Authenticate"); (got == `Basic realm="avow"`) != (tt.status == 401) {
				t.Errorf("%s, %s: got challenge %q, want a Basic one with a 401 only", path, name, got)
			}
		}
	}
}

func TestTokenInfo(t *testing.T) {
	t.Parallel()
	const path = "/api/authorization/token_info"
	s := &stub{token: shownToken()}
	want := `{"token_type":"bearer","client_id":"client_1","organisation_id":"org_1","account_id":"` + anna + `","scope":"/external/me/r /external/me/w","expires_in":60}`
	expect(t, s.serve(t, "GET", path, "", "Authorization", "Bearer token-1"), 200, want)
	if s.bearer != "token-1" || !slices.Equal(s.calls, []string{"TokenInfo"}) {
		t.Errorf("got %v with %q, want one with the token", s.calls, s.bearer)
	}
	bare := &stub{token: shownToken(func(t *access.Token) { t.Account = "" })}
	expect(t, bare.serve(t, "GET", path, ""), 200, strings.Replace(want, `"`+anna+`"`, "null", 1))
	for refusal, code := range map[error]string{nil: "unknown_parameter", access.ErrTokenUnknown: "invalid_token", access.ErrTokenExpired: "expired_token", access.ErrNoCredential: "unauthorized"} {
		w := (&stub{token: shownToken(), outcome: refusal}).serve(t, "GET", path+"?foo=1", "")
		if !strings.HasPrefix(w.Body.String(), `{"code":"`+code+`"`) {
			t.Errorf("%v: got %d %s, want %s", refusal, w.Code, w.Body, code)
		}
	}
}

// RFC 8414, 2: what is named is there, by POST.
func TestMetadata(t *testing.T) {
	t.Parallel()
	s := &stub{}
	got := s.serve(t, "GET", "/.well-known/oauth-authorization-server", "", "Host", "evil.example").Body.String()
	for _, r := range New(s, "").Routes {
		if named := strings.Contains(got, `_endpoint":"https://avow.example`+r.Path+`"`); named != (strings.HasPrefix(r.Path, "/oauth2/") || r.Path == tokenPath) {
			t.Errorf("%s: got it named %t in %s", r.Path, named, got)
		}
		if r.Public != (r.Path == "/.well-known/oauth-authorization-server") {
			t.Errorf("%s: got it public %t, want the metadata alone", r.Path, r.Public)
		}
		if strings.HasPrefix(r.Path, "/oauth2/") && r.Method != http.MethodPost {
			t.Errorf("%s: got method %s, want POST", r.Path, r.Method)
		}
	}
	if !strings.Contains(got, `"issuer":"https://avow.example"`) || len(s.calls) != 0 {
		t.Errorf("got %s after %v, want the public URL and no call", got, s.calls)
	}
}

// accounts-api.md 5.4, the documented body, and 1.4.
func TestAuthenticationAttempts(t *testing.T) {
	t.Parallel()
	const path = "/external/api/v1/accounts/get_authentication_attempts?email=anna@example.com"
	expect(t, (&stub{left: account.AttemptsLeft{Left: 5}}).serve(t, "GET", path, ""), 200,
		`{"item":{"account_frozen":false,"remaining_authentication_attempts":5,"frozen_until":null}}`)
	expect(t, (&stub{left: account.AttemptsLeft{FrozenUntil: noon}}).serve(t, "GET", path, ""), 200,
		`{"item":{"account_frozen":true,"remaining_authentication_attempts":0,"frozen_until":"2024-01-15T12:00:00+00:00"}}`)
	for query, field := range map[string]string{"": "email", "?email=": "email", "?email=anna": "email", "?email=a@b.se&email=a@b.se": "email"} {
		w := (&stub{}).serve(t, "GET", "/external/api/v1/accounts/get_authentication_attempts"+query, "")
		if !strings.HasPrefix(w.Body.String(), `{"code":"invalid_parameter","field":"`+field+`"`) {
			t.Errorf("%q: got %d %s, want invalid_parameter on %s", query, w.Code, w.Body, field)
		}
	}
}
