package accountapi

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"avow/internal/access"
	"avow/internal/account"
	"avow/internal/web"
)

// stub answers every call with what it is given and remembers how it was called.
type stub struct {
	refusal  error // of Authenticate
	outcome  error // of every other call
	request  account.Request
	standing account.Standing
	id       string
	account  account.Account
	issued   account.Issued
	token    *access.Token
	left     account.AttemptsLeft

	calls       []string
	bearer      string
	need        access.Need
	name        account.Name
	made        account.NewAccount
	value       string // the URL, code, or refresh token
	credentials account.Credentials
	scopes      []string
	signIn      [3]string
}

func (s *stub) called(name string, c account.Call, value string) {
	s.calls, s.bearer, s.need, s.name, s.value = append(s.calls, name), c.Bearer, c.Need, c.Name, value
}

func (s *stub) Authenticate(_ context.Context, c account.Call) error {
	s.called("Authenticate", c, "")
	return s.refusal
}

func (s *stub) CreateRequest(_ context.Context, c account.Call, url string) (account.Request, error) {
	s.called("CreateRequest", c, url)
	return s.request, s.outcome
}

func (s *stub) Standing(_ context.Context, c account.Call) (account.Standing, error) {
	s.called("Standing", c, "")
	return s.standing, s.outcome
}

func (s *stub) Verify(_ context.Context, c account.Call, code string) (string, error) {
	s.called("Verify", c, code)
	return s.id, s.outcome
}

func (s *stub) Account(_ context.Context, c account.Call) (account.Account, error) {
	s.called("Account", c, "")
	return s.account, s.outcome
}

func (s *stub) Register(_ context.Context, c account.Call, n account.NewAccount) (account.Account, error) {
	s.called("Register", c, n.Email)
	s.made = n
	return s.account, s.outcome
}

func (s *stub) RequestEmailChange(_ context.Context, c account.Call, newEmail, _ string) (account.EmailChange, error) {
	s.called("RequestEmailChange", c, newEmail)
	return account.EmailChange{}, s.outcome
}

func (s *stub) VerifyEmailChange(_ context.Context, c account.Call, code string) (string, error) {
	s.called("VerifyEmailChange", c, code)
	return s.id, s.outcome
}

func (s *stub) RequestReset(_ context.Context, c account.Call, resetURL, _ string) (account.Reset, error) {
	s.called("RequestReset", c, resetURL)
	return account.Reset{}, s.outcome
}

func (s *stub) CompleteReset(_ context.Context, c account.Call, code, _ string) (string, error) {
	s.called("CompleteReset", c, code)
	return s.id, s.outcome
}

func (s *stub) UpdatePassword(_ context.Context, c account.Call, current, _ string) error {
	s.called("UpdatePassword", c, current)
	return s.outcome
}

func (s *stub) RequestOneTimePassword(_ context.Context, c account.Call, loginURL string, _ time.Duration) error {
	s.called("RequestOneTimePassword", c, loginURL)
	return s.outcome
}

func (s *stub) granted(name string, c account.Credentials, scopes []string) (account.Issued, error) {
	s.calls, s.credentials, s.scopes = append(s.calls, name), c, scopes
	return s.issued, s.outcome
}

func (s *stub) SignInClient(_ context.Context, c account.Credentials, scopes []string) (account.Issued, error) {
	return s.granted("SignInClient", c, scopes)
}

func (s *stub) SignIn(_ context.Context, c account.Credentials, scopes []string, org, email, password string) (account.Issued, error) {
	s.signIn = [3]string{org, email, password}
	return s.granted("SignIn", c, scopes)
}

func (s *stub) Renew(_ context.Context, c account.Credentials, scopes []string, refresh string) (account.Issued, error) {
	s.value = refresh
	return s.granted("Renew", c, scopes)
}

func (s *stub) RevokeShown(_ context.Context, c account.Credentials, token string) error {
	s.value = token
	_, err := s.granted("RevokeShown", c, nil)
	return err
}

func (s *stub) IntrospectShown(_ context.Context, c account.Credentials, token string) (*access.Token, error) {
	s.value = token
	_, err := s.granted("IntrospectShown", c, nil)
	return s.token, err
}

func (s *stub) TokenInfo(_ context.Context, bearer string) (access.Token, time.Duration, error) {
	s.calls, s.bearer = append(s.calls, "TokenInfo"), bearer
	if s.outcome != nil {
		return access.Token{}, 0, s.outcome
	}
	return *s.token, time.Minute, nil
}

func (s *stub) Attempts(_ context.Context, c account.Call) (account.AttemptsLeft, error) {
	s.called("Attempts", c, "")
	return s.left, s.outcome
}

// serve answers one request as the program would, but for the observer: so correlation ids are empty.
func (s *stub) serve(t *testing.T, method, target, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	site := web.NewSite(renderError)
	site.Mount(New(s, "https://avow.example"))
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	site.ServeHTTP(w, r)
	return w
}

// expect compares status and whole body.
func expect(t *testing.T, w *httptest.ResponseRecorder, status int, body string) {
	t.Helper()
	if got := w.Body.String(); w.Code != status || got != body {
		t.Errorf("got %d %s, want %d %s", w.Code, got, status, body)
	}
	if got := w.Header().Get("Content-Type"); got != "application/json" {
		t.Errorf("got content type %q, want application/json", got)
	}
	if got := w.Header().Get("Cache-Control"); got != "no-store" {
		t.Errorf("got Cache-Control %q, want no-store", got)
	}
}

// external are the routes that take a bearer token.
func external(t *testing.T) []web.Route {
	t.Helper()
	var routes []web.Route
	for _, r := range New(&stub{}, "").Routes {
		if strings.HasPrefix(r.Path, "/external/") {
			routes = append(routes, r)
		}
	}
	if len(routes) < 12 {
		t.Fatalf("got %d routes below /external/, want at least 12", len(routes))
	}
	return routes
}

// unreadable are requests that no rule needs to see, by method.
type unreadableRequest struct{ name, query, contentType, body, code string }

var unreadable = map[string][]unreadableRequest{
	http.MethodGet:  {{"unknown parameter", "?foo=1", "", "", "unknown_parameter"}},
	http.MethodPost: unreadableBodies,
	http.MethodPut:  unreadableBodies,
}

var unreadableBodies = []unreadableRequest{
	{"content type", "", "text/plain", `{}`, "invalid_content_type_error"},
	{"no content type", "", "", `{}`, "invalid_content_type_error"},
	{"malformed", "", "application/json", `{"foo":`, "json_parser_error"},
	{"not an object", "", "application/json", `[]`, "json_parser_error"},
	{"member twice", "", "application/json", `{"foo":1,"foo":1}`, "json_parser_error"},
	{"unknown member", "", "application/json", `{"foo":1}`, "unknown_parameter"},
	{"wrong type", "", "application/json", `{"account_id":1,"email":1,"verification_url":1,"confirmation_code":1}`, "unknown_parameter"},
	{"too large", "", "application/json", strings.Repeat(" ", 1<<20) + "{}", "request_too_large"},
}
