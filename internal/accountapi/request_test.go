package accountapi

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// accounts-api.md 13.4: in the order sent; each name is told once.
func TestQueryNames(t *testing.T) {
	t.Parallel()
	tests := map[string][]string{
		"":                       nil,
		"&&":                     nil,
		"b=1&a=2&c=3":            {"b", "a", "c"},
		"z&y=&x=1=2":             {"z", "y", "x"},
		"a=1&b=1&a=2":            {"a", "b"},
		"%61=1&a=2&%C3%A5=3":     {"a", "å"},
		"a+b=1":                  {"a b"},
		"=1":                     {""},
		"a;b=1":                  {"a;b"},
		"%zz=1&ok=2":             {"%zz", "ok"},
		"filter[a]=1&filter[b]=": {"filter[a]", "filter[b]"},
	}
	for raw, want := range tests {
		if diff := cmp.Diff(want, query(raw).names()); diff != "" {
			t.Errorf("%q: got +, want -:\n%s", raw, diff)
		}
	}
}

// The documented sentence of accounts-api.md 1.7, names joined with a comma and a blank.
func TestUnknownParameters(t *testing.T) {
	t.Parallel()
	tests := []struct{ method, target, body, want string }{
		{"GET", "/external/api/v1/me?my_parameter=1", "", "Unknown parameters: my_parameter"},
		{"GET", "/external/api/v3/me?b=1&a=2&b=3", "", "Unknown parameters: b, a"},
		{"GET", "/external/api/v1/me/pending_verification_request?account_id=1&x", "", "Unknown parameters: account_id, x"},
		{"POST", "/external/api/v1/me/create_verification_request", `{"my_parameter":1}`, "Unknown parameters: my_parameter"},
		{"POST", "/external/api/v1/me/create_verification_request", `{"z":1,"verification_url":"x","a":null}`, "Unknown parameters: z, a"},
		{"POST", "/external/api/v1/me/create_verification_request", `{"Verification_url":"x"}`, "Unknown parameters: Verification_url"},
		{"POST", "/external/api/v1/me/verify_account", `{"verification_url":"x","confirmation_code":"y"}`, "Unknown parameters: verification_url"},
	}
	for _, tt := range tests {
		w := (&stub{}).serve(t, tt.method, tt.target, tt.body, "Content-Type", "application/json")
		if got, want := w.Body.String(), `{"code":"unknown_parameter","message":"`+tt.want+`",`; w.Code != 400 || !strings.HasPrefix(got, want) {
			t.Errorf("%s %s: got %d %s, want 400 %s", tt.target, tt.body, w.Code, got, want)
		}
	}
}

func TestPostIgnoresTheQuery(t *testing.T) {
	t.Parallel()
	s := &stub{}
	w := s.serve(t, "POST", "/external/api/v1/me/create_verification_request?verification_url=x&foo=1", "", "Content-Type", "application/json")
	if w.Code != 201 || s.value != "" {
		t.Errorf("got %d with URL %q, want 201 without", w.Code, s.value)
	}
}

// accounts-api.md 3.1, 9.7, 9.8, 9.9, 13.3.
func TestText(t *testing.T) {
	t.Parallel()
	const create, verify = "create_verification_request", "verify_account"
	tests := map[string]struct{ call, body, want, refused string }{
		"URL":                    {create, `{"verification_url":"https:\/\/a.example\/?x=\u00e5"}`, "https://a.example/?x=å", ""},
		"no URL":                 {create, `{}`, "", ""},
		"no body":                {create, ``, "", ""},
		"URL is null":            {create, `{"verification_url":null}`, "", ""},
		"URL is empty":           {create, `{"verification_url":""}`, "", "verification_url"},
		"URL is a number":        {create, `{"verification_url":1}`, "", "verification_url"},
		"URL is a list":          {create, `{"verification_url":["x"]}`, "", "verification_url"},
		"URL is an object":       {create, `{"verification_url":{}}`, "", "verification_url"},
		"URL is false":           {create, `{"verification_url":false}`, "", "verification_url"},
		"URL of 1024 characters": {create, `{"verification_url":"` + strings.Repeat("å", 1024) + `"}`, strings.Repeat("å", 1024), ""},
		"URL of 1025 characters": {create, `{"verification_url":"` + strings.Repeat("a", 1025) + `"}`, "", "verification_url"},
		"code":                   {verify, `{"confirmation_code":"89BD6d78"}`, "89BD6d78", ""},
		"code with blanks":       {verify, `{"confirmation_code":" x\n"}`, " x\n", ""},
		"code of any length":     {verify, `{"confirmation_code":"` + strings.Repeat("x", 5000) + `"}`, strings.Repeat("x", 5000), ""},
		"no code":                {verify, `{}`, "", "confirmation_code"},
		"code, no body":          {verify, ``, "", "confirmation_code"},
		"code is null":           {verify, `{"confirmation_code":null}`, "", "confirmation_code"},
		"code is empty":          {verify, `{"confirmation_code":""}`, "", "confirmation_code"},
		"code is a number":       {verify, `{"confirmation_code":4711}`, "", "confirmation_code"},
		"code is true":           {verify, `{"confirmation_code":true}`, "", "confirmation_code"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &stub{}
			w := s.serve(t, "POST", "/external/api/v1/me/"+tt.call, tt.body, "Content-Type", "application/json")
			if tt.refused == "" && (w.Code >= 300 || s.value != tt.want) {
				t.Errorf("got %d with %q, want success with %q", w.Code, s.value, tt.want)
			}
			if want := `{"code":"invalid_parameter","field":"` + tt.refused + `","message":"Parameter`; tt.refused != "" && (w.Code != 400 || !strings.HasPrefix(w.Body.String(), want)) {
				t.Errorf("got %d %s, want 400 %s", w.Code, w.Body, want)
			}
		})
	}
}

// The documented sentence for what is missing (accounts-api.md 1.7).
func TestMissingParameter(t *testing.T) {
	t.Parallel()
	w := (&stub{}).serve(t, "POST", "/external/api/v1/me/verify_account", `{}`, "Content-Type", "application/json")
	expect(t, w, 400, `{"code":"invalid_parameter","field":"confirmation_code","message":"Parameter is required","pw_correlation_id":"pw-api-"}`)
}
