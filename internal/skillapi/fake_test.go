package skillapi

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"avow/internal/access"
	"avow/internal/skill"
	"avow/internal/web"
)

const goodKey, goodSession = "good key", "good session"

// fake is a Service that remembers what it was asked and answers what it was told to.
type fake struct {
	Reviews // the human path is looked at in the contract cases alone, and so are the others
	Assessments
	Guide
	apiKey   string
	init     skill.InitInput
	skills   skill.SkillsInput
	method   skill.MethodInput
	token    string
	sources  []skill.Source
	asked    string
	stored   []skill.Skill
	items    []skill.Item
	err      error
	authFail error
	status   int
	probeErr error
}

func (f *fake) Probe(_ context.Context, link string) (int, error) {
	f.asked = link
	return f.status, f.probeErr
}

func (f *fake) Authenticate(_ context.Context, apiKey string, need skill.Need) error {
	if f.authFail != nil {
		return f.authFail
	}
	if apiKey == goodKey || apiKey == goodSession && need.Session {
		return nil
	}
	return access.ErrKeyUnknown
}

func (f *fake) Init(_ context.Context, apiKey string, in skill.InitInput) (skill.Opened, error) {
	f.apiKey, f.init = apiKey, in
	v := skill.Verification{ID: "ver_test_1", User: "usr_test_1", Key: "key_1", Student: in.Student}
	return skill.Opened{Token: "token 1", TTL: 90 * time.Minute, Verification: v, Session: skill.Session{ExpiresAt: start.Add(90 * time.Minute)}}, f.err
}

func (f *fake) StoreSkills(_ context.Context, apiKey string, in skill.SkillsInput) ([]skill.Skill, error) {
	f.apiKey, f.skills = apiKey, in
	return f.stored, f.err
}

func (f *fake) ChooseMethod(_ context.Context, apiKey string, in skill.MethodInput) error {
	f.apiKey, f.method = apiKey, in
	return f.err
}

func (f *fake) StoreItems(_ context.Context, apiKey, token string, sources []skill.Source) (skill.Selection, error) {
	f.apiKey, f.token, f.sources = apiKey, token, sources
	return skill.Selection{Verification: skill.Verification{ID: "ver_test_1", User: "usr_test_1"}, Items: f.items}, f.err
}

func (f *fake) Skills(_ context.Context, verification string) ([]skill.Skill, error) {
	f.asked = verification
	return f.stored, f.err
}

func (f *fake) Items(_ context.Context, verification string) ([]skill.Item, error) {
	f.asked = verification
	return f.items, f.err
}

func (f *fake) SessionData(_ context.Context, token string) (skill.SessionData, error) {
	f.asked = token
	lists := skill.NewLists([]byte(`[ {"a":"<&>","b":1.50} ]`), nil, nil)
	v := skill.Verification{ID: "ver_test_1", User: "usr_test_1", Student: "s", Callback: "https://client.example/", Name: "Jane"}
	return skill.SessionData{Verification: v, Lists: lists}, f.err
}

var start = time.Date(2025, 4, 9, 10, 0, 0, 0, time.UTC)

// site serves the family with a clock that moves by 21 ms at each look.
func site(f Service) http.Handler {
	looks := 0
	s := web.NewSite(renderError)
	s.Mount(New(Options{Service: f, Prober: f.(Prober), Now: func() time.Time { looks++; return start.Add(time.Duration(looks) * 21 * time.Millisecond) }}))
	return s
}

// ask sends one request; headers are pairs of name and value.
func ask(t *testing.T, f *fake, method, path, body string, headers ...string) (status int, answer string) {
	t.Helper()
	return askOf(t, f, method, path, body, headers...)
}

// askOf is ask for any service.
func askOf(t *testing.T, f Service, method, path, body string, headers ...string) (status int, answer string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	recorder := httptest.NewRecorder()
	site(f).ServeHTTP(recorder, r)
	text, err := io.ReadAll(recorder.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	return recorder.Code, string(text)
}
