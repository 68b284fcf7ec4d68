package accountapi

import (
	"errors"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"avow/internal/access"
	"avow/internal/account"
)

const form = "application/x-www-form-urlencoded"

// ask posts a form to the token endpoint.
func (s *stub) ask(t *testing.T, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	return s.serve(t, "POST", tokenPath, body, append([]string{"Content-Type", form}, headers...)...)
}

// accounts-api.md 2.2, 13.11.
func TestGrants(t *testing.T) {
	t.Parallel()
	own := account.Credentials{ID: "client_1", Secret: "s/e+c r"}
	const client = "&client_id=client_1&client_secret=s%2Fe%2Bc+r"
	const basic = "Basic Y2xpZW50XzE6cyUyRmUlMkJjK3I=" // client_1:s%2Fe%2Bc+r
	tests := map[string]struct {
		body    string
		headers []string
		call    string
		scopes  []string
		signIn  [3]string
		refresh string
	}{
		"none":               {"grant_type=none" + client, nil, "SignInClient", nil, [3]string{}, ""},
		"client_credentials": {"grant_type=client_credentials&scope=%2Fa%2Fr++%2Fb%2Fw" + client, nil, "SignInClient", []string{"/a/r", "/b/w"}, [3]string{}, ""},
		"password":           {"grant_type=password&username=org_1%5EAnna%40example.com&password=p+%26+q" + client, nil, "SignIn", nil, [3]string{"org_1", "Anna@example.com", "p & q"}, ""},
		"no organisation":    {"grant_type=password&username=anna%40example.com&password=x" + client, nil, "SignIn", nil, [3]string{"anna@example.com", "", "x"}, ""},
		"refresh_token":      {"grant_type=refresh_token&refresh_token=rt%2B1&scope=%2Fa%2Fr" + client, nil, "Renew", []string{"/a/r"}, [3]string{}, "rt+1"},
		"Basic":              {"grant_type=none", []string{"Authorization", basic}, "SignInClient", nil, [3]string{}, ""},
		"Basic, id repeated": {"grant_type=none&client_id=client_1", []string{"Authorization", basic}, "SignInClient", nil, [3]string{}, ""},
		"charset":            {"grant_type=none" + client, []string{"Content-Type", "Application/X-WWW-Form-Urlencoded; charset=utf-8"}, "SignInClient", nil, [3]string{}, ""},
		"unknown parameter":  {"grant_type=none&foo=1" + client, nil, "SignInClient", nil, [3]string{}, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &stub{}
			w := s.ask(t, tt.body, tt.headers...)
			if w.Code != 200 || !slices.Equal(s.calls, []string{tt.call}) || s.credentials != own {
				t.Fatalf("got %d %s after %v of %+v, want 200 after %s of %+v", w.Code, w.Body, s.calls, s.credentials, tt.call, own)
			}
			if !slices.Equal(s.scopes, tt.scopes) || s.signIn != tt.signIn || s.value != tt.refresh {
				t.Errorf("got scopes %q, sign-in %q, refresh %q, want %q, %q, %q", s.scopes, s.signIn, s.value, tt.scopes, tt.signIn, tt.refresh)
			}
		})
	}
}

func TestTokenAnswer(t *testing.T) {
	t.Parallel()
	issued := account.Issued{Access: "at-1", ExpiresIn: time.Hour, Scopes: []string{"/external/me/r", "/external/me/w"}}
	w := (&stub{issued: issued}).ask(t, "grant_type=none")
	expect(t, w, 200, `{"access_token":"at-1","token_type":"bearer","expires_in":3600,"scope":"/external/me/r /external/me/w"}`)
	if got := w.Header().Get("Pragma"); got != "no-cache" {
		t.Errorf("got Pragma %q, want no-cache", got)
	}
	issued.Refresh = "rt-1"
	w = (&stub{issued: issued}).ask(t, "grant_type=none")
	expect(t, w, 200, `{"access_token":"at-1","token_type":"bearer","expires_in":3600,"refresh_token":"rt-1","scope":"/external/me/r /external/me/w"}`)
}

// accounts-api.md 13.11: invalid_client is 401, all other errors 400. A fault that is not the caller's has the API's shape.
func TestTokenErrors(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		outcome error
		status  int
		word    string
	}{
		"client":   {account.ErrClientInvalid, 401, "invalid_client"},
		"sign-in":  {account.ErrSignIn, 400, "invalid_grant"},
		"refresh":  {account.ErrRefreshInvalid, 400, "invalid_grant"},
		"scope":    {account.ErrScopeInvalid, 400, "invalid_scope"},
		"busy":     {access.ErrBusy, 503, ""},
		"internal": {errors.New("secret"), 500, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := (&stub{outcome: tt.outcome}).ask(t, "grant_type=none")
			want := `{"error":"` + tt.word + `","error_description":"`
			if tt.word == "" {
				want = `{"code":"`
			}
			if got := w.Body.String(); w.Code != tt.status || !strings.HasPrefix(got, want) || strings.Contains(got, "secret") {
				t.Errorf("got %d %s, want %d %s", w.Code, got, tt.status, want)
			}
			if got := w.Header().Get("WWW-Authenticate") != ""; got != (tt.status == 401) {
				t.Errorf("got challenge %q, want one with a 401 only", w.Header().Get("WWW-Authenticate"))
			}
			if got := w.Header().Get("Cache-Control"); got != "no-store" {
				t.Errorf("got Cache-Control %q, want no-store", got)
			}
		})
	}
}

// What cannot be read never reaches the rules.
func TestTokenRequests(t *testing.T) {
	t.Parallel()
	const basic = "Basic Y2xpZW50XzE6c2VjcmV0"
	tests := map[string]struct {
		body    string
		headers []string
		status  int
		word    string
	}{
		"JSON":                   {`{"grant_type":"none"}`, []string{"Content-Type", "application/json"}, 400, "invalid_request"},
		"no content type":        {"grant_type=none", []string{"Content-Type", ""}, 400, "invalid_request"},
		"longer content type":    {"grant_type=none", []string{"Content-Type", form + "x"}, 400, "invalid_request"},
		"no bytes":               {"", nil, 400, "invalid_request"},
		"no grant type":          {"client_id=client_1", nil, 400, "invalid_request"},
		"empty grant type":       {"grant_type=", nil, 400, "invalid_request"},
		"parameter twice":        {"grant_type=none&scope=a&scope=b", nil, 400, "invalid_request"},
		"the same twice":         {"grant_type=none&grant_type=none", nil, 400, "invalid_request"},
		"bad encoding":           {"grant_type=none&scope=%zz", nil, 400, "invalid_request"},
		"semicolon":              {"grant_type=none;scope=a", nil, 400, "invalid_request"},
		"too large":              {"grant_type=none&scope=" + strings.Repeat("a", 1<<20), nil, 400, "invalid_request"},
		"no user name":           {"grant_type=password&password=x", nil, 400, "invalid_request"},
		"no password":            {"grant_type=password&username=a%5Eb", nil, 400, "invalid_request"},
		"no refresh token":       {"grant_type=refresh_token", nil, 400, "invalid_request"},
		"unknown grant":          {"grant_type=ticket&ticket=x", nil, 400, "unsupported_grant_type"},
		"grant in capitals":      {"grant_type=None", nil, 400, "unsupported_grant_type"},
		"two ways of the client": {"grant_type=none&client_id=client_1&client_secret=secret", []string{"Authorization", basic}, 400, "invalid_request"},
		"broken Basic":           {"grant_type=none", []string{"Authorization", "Basic !!!"}, 401, "invalid_client"},
		"Basic, bad encoding":    {"grant_type=none", []string{"Authorization", "Basic Y2xpZW50XzE6JXp6"}, 401, "invalid_client"}, // client_1:%zz
		"another scheme":         {"grant_type=none&client_id=client_1&client_secret=secret", []string{"Authorization", "Bearer x"}, 401, "invalid_client"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &stub{}
			w := s.ask(t, tt.body, tt.headers...)
			if want := `{"error":"` + tt.word + `",`; w.Code != tt.status || !strings.HasPrefix(w.Body.String(), want) || len(s.calls) != 0 {
				t.Errorf("got %d %s after %v, want %d %s before any call", w.Code, w.Body, s.calls, tt.status, want)
			}
		})
	}
}

// The query string counts for nothing: secrets in it would stand in logs.
func TestTokenQueryIsIgnored(t *testing.T) {
	t.Parallel()
	s := &stub{}
	w := s.serve(t, "POST", tokenPath+"?grant_type=none&client_id=client_1&client_secret=secret", "", "Content-Type", form)
	if w.Code != 400 || len(s.calls) != 0 {
		t.Errorf("got %d after %v, want 400 before any call", w.Code, s.calls)
	}
}
