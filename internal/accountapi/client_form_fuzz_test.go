package accountapi

import (
	"encoding/json"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"avow/internal/access"
	"avow/internal/account"
)

// oauthWords are the error words of RFC 6749, 5.2, with their statuses.
var oauthWords = map[string]int{"invalid_request": 400, "invalid_client": 401, "invalid_grant": 400, "invalid_scope": 400, "unsupported_grant_type": 400}

// described reports whether a text may be an error_description (RFC 6749, 5.2).
func described(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(r rune) bool { return r < 0x20 || r > 0x7e || r == '"' || r == '\\' })
}

// FuzzClientForm sends any bytes to the endpoints that clients post forms to: each is answered with a grant or with an error to the letter of RFC 6749, 5.2, nothing of
// the request is said back, and what reaches the rules is what the form holds.
func FuzzClientForm(f *testing.F) {
	for _, body := range []string{
		"grant_type=none&client_id=a&client_secret=b", "grant_type=client_credentials&scope=%2Fa%2Fr+%2Fb", "grant_type=password&username=o%5Ea%40b.se&password=p",
		"grant_type=refresh_token&refresh_token=r", "token=t&token_type_hint=access_token", "grant_type=ticket", "grant_type", "", "&&", "=", "a=1&a=2", "%zz=1", "a;b", "scope=%00",
		"grant_type=none&scope=\xff", "grant_type=password&username=^^^&password=%22", "%22%5C=1&%22%5C=2", "grant_type=none&scope=a%09b",
	} {
		for _, header := range []string{"", "Basic YTpi", "Basic", "Basic !!!", "Bearer x", "basic JTp6", "Basic YTolenp6"} {
			f.Add(body, form, header)
		}
		f.Add(body, "application/json", "")
	}
	f.Fuzz(func(t *testing.T, body, contentType, authorization string) {
		for _, path := range []string{tokenPath, revokePath, introspectPath} {
			s := &stub{issued: account.Issued{Access: "at", ExpiresIn: time.Hour}, token: &access.Token{}}
			w := s.serve(t, "POST", path, body, "Content-Type", contentType, "Authorization", authorization)
			if w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("Pragma") != "no-cache" {
				t.Fatalf("%s %q: got headers %v, want them not to be stored", path, body, w.Header())
			}
			if w.Code == 200 {
				s.heard(t, body, authorization)
				continue
			}
			if len(s.calls) > 0 {
				t.Fatalf("%s %q: got %d after %v, want no call for what cannot be read", path, body, w.Code, s.calls)
			}
			refusedToTheLetter(t, w, body)
		}
	})
}

func refusedToTheLetter(t *testing.T, w *httptest.ResponseRecorder, body string) {
	t.Helper()
	var told tokenError
	if err := json.Unmarshal(w.Body.Bytes(), &told); err != nil || oauthWords[told.Error] != w.Code || !described(told.Description) {
		t.Fatalf("%q: got %d %s, want an error of RFC 6749, 5.2", body, w.Code, w.Body)
	}
	if (w.Header().Get("WWW-Authenticate") != "") != (w.Code == 401) {
		t.Fatalf("%q: got %d with challenge %q, want one with a 401 only", body, w.Code, w.Header().Get("WWW-Authenticate"))
	}
}

// heard compares what reached the rules with the form, as the standard library reads it.
func (s *stub) heard(t *testing.T, body, authorization string) {
	t.Helper()
	values, err := url.ParseQuery(body)
	if err != nil || len(s.calls) != 1 {
		t.Fatalf("%q: got %v, want one call of a form that can be read (%v)", body, s.calls, err)
	}
	if authorization == "" && (s.credentials != account.Credentials{ID: values.Get("client_id"), Secret: values.Get("client_secret")}) {
		t.Fatalf("%q: got %+v, want the form's client", body, s.credentials)
	}
	for _, scope := range s.scopes {
		if !strings.Contains(" "+values.Get("scope")+" ", " "+scope+" ") || scope == "" {
			t.Fatalf("%q: got scope %q, want one between two spaces", body, scope)
		}
	}
	org, email, _ := strings.Cut(values.Get("username"), "^")
	if want := [3]string{org, email, values.Get("password")}; s.calls[0] == "SignIn" && s.signIn != want {
		t.Fatalf("%q: got sign-in %q, want %q", body, s.signIn, want)
	}
}
