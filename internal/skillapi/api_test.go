package skillapi

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"avow/internal/access"
	"avow/internal/skill"
)

// sent is a good request to each endpoint, by its path.
var sent = []struct{ method, path, body string }{
	{http.MethodPost, "/api/v1/verify", `{"studentId":"s","callbackWebhookUrl":"https://c.example/","name":"J","phoneNumber":"1","projects":[{"projectId":"p","name":"n"}]}`},
	{http.MethodPost, "/api/v1/step1/storeskills/store", `{"recordVerificationId":"v","skills":[{"skillId":"a"}]}`},
	{http.MethodPost, "/api/v1/step2/verification-method", `{"recordVerificationId":"v","verificationMethod":"human"}`},
	{http.MethodPost, "/api/v1/step3/store-verification-items/store", `{"sessionToken":"t","projectIds":["p"]}`},
	{http.MethodGet, "/api/v1/step1/storeskills/v", ``},
	{http.MethodGet, "/api/v1/step3/store-verification-items/get/v", ``},
	{http.MethodGet, "/api/v1/step3/store-verification-items/session/t", ``},
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	f := &fake{
		stored: []skill.Skill{{ID: "a", Name: "A", ProofURLs: []string{"https://p.example/?a&b"}}, {ID: "b", ProofURLs: []string{}}},
		items: []skill.Item{
			{Source: skill.Source{Kind: skill.Project, ID: "p"}, RecordID: "1", Title: "Shop", Description: "d", Start: start},
			{Source: skill.Source{Kind: skill.Experience, ID: "e"}, RecordID: "2", Title: "Dev", Organisation: "N", End: start.Add(123456789)},
			{Source: skill.Source{Kind: skill.Certificate, ID: "c"}, RecordID: "3", Title: "AWS"},
		},
	}
	want := []string{
		`201 {"success":true,"data":{"sessionToken":"token 1","recordVerificationId":"ver_test_1","keyId":"key_1","recordUserId":"usr_test_1",` +
			`"externalStudentId":"s","expiresIn":5400,"expiresAt":"2025-04-09T11:30:00.000Z"},"executionTime":"21ms"}`,
		`200 {"success":true,"data":{"recordVerificationId":"v","skills":[{"skillId":"a","proofUrls":["https://p.example/?a&b"],"totalUrls":1},` +
			`{"skillId":"b","proofUrls":[],"totalUrls":0}],"totalProcessed":2},"message":"Skill verifications replaced successfully"}`,
		`200 {"success":true,"data":{"recordVerificationId":"v","verificationMethod":"human"},"message":"Verification method stored successfully"}`,
		`201 {"success":true,"data":{"recordVerificationId":"ver_test_1","recordUserId":"usr_test_1","stored":{` +
			`"projects":[{"recordProjectId":"1","externalProjectId":"p","projectName":"Shop"}],` +
			`"experience":[{"recordExperienceId":"2","externalExpId":"e","role":"Dev","companyName":"N"}],` +
			`"certificates":[{"recordCertificateId":"3","externalCertificateId":"c","certificateName":"AWS"}]}},"message":"Verification items synced successfully"}`,
		`200 {"success":true,"data":{"recordVerificationId":"v","skills":[{"skillId":"a","name":"A","proofUrls":["https://p.example/?a&b"]},` +
			`{"skillId":"b","name":null,"proofUrls":[]}],"totalSkills":2},"executionTime":"21ms"}`,
		`200 {"success":true,"data":{"recordVerificationId":"v",` +
			`"projects":[{"externalProjectId":"p","projectName":"Shop","description":"d","startDate":"2025-04-09T10:00:00.000Z","endDate":null}],` +
			`"experience":[{"externalExpId":"e","companyName":"N","role":"Dev","description":null,"startDate":null,"endDate":"2025-04-09T10:00:00.123Z"}],` +
			`"certificates":[{"externalCertificateId":"c","certificateName":"AWS","issuedCompanyName":null,"issueDate":null}]},"executionTime":"21ms"}`,
		`200 {"success":true,"data":{"recordVerificationId":"ver_test_1","recordUserId":"usr_test_1","externalStudentId":"s",` +
			`"callbackWebhookUrl":"https://client.example/","email":null,"name":"Jane","projects":[{"a":"<&>","b":1.50}],"experience":[],"certificates":[]}}`,
	}
	for i, request := range sent {
		status, body := ask(t, f, request.method, request.path, request.body, "X-Api-Key", goodKey)
		if got := http.StatusText(status) + " " + body; got != http.StatusText(code(want[i]))+want[i][3:] {
			t.Errorf("%s %s: got %d %s, want %s", request.method, request.path, status, body, want[i])
		}
	}
}

func code(want string) int { return int(want[0]-'0')*100 + int(want[1]-'0')*10 + int(want[2]-'0') }

// TestAuthenticationComesFirst sends requests that cannot be read with keys that are not good.
func TestAuthenticationComesFirst(t *testing.T) {
	t.Parallel()
	for _, request := range sent {
		if request.method == http.MethodGet {
			continue
		}
		takesSession := strings.Contains(request.path, "step1") || strings.Contains(request.path, "step2")
		for shown, good := range map[string]bool{"": false, "another": false, goodKey: true, goodSession: takesSession} {
			want := http.StatusUnauthorized
			if good {
				want = http.StatusBadRequest
			}
			for _, body := range []string{"{", "{}", "[]"} {
				if got, _ := ask(t, &fake{}, request.method, request.path, body, "X-Api-Key", shown); got != want {
					t.Errorf("%s %s with key %q: got %d, want %d", request.path, body, shown, got, want)
				}
			}
		}
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for _, request := range sent {
		want := "INTERNAL_ERROR"
		if request.path == "/api/v1/verify" {
			want = "SESSION_STORAGE_FAILED"
		}
		for _, f := range []*fake{{err: broken}, {err: access.ErrKeyUnknown}, {err: skill.ErrCallback, authFail: broken}} {
			status, body := ask(t, f, request.method, request.path, request.body)
			switch {
			case errors.Is(f.err, access.ErrKeyUnknown):
				if status != http.StatusUnauthorized {
					t.Errorf("%s: got %d, want 401", request.path, status)
				}
			case request.method == http.MethodGet && f.authFail != nil:
				if status != http.StatusBadRequest {
					t.Errorf("%s: got %d, want no look at the key", request.path, status)
				}
			case status != http.StatusInternalServerError || !strings.Contains(body, want):
				t.Errorf("%s: got %d %s, want 500 %s", request.path, status, body, want)
			}
		}
	}
}

func TestRefusalsOfShape(t *testing.T) {
	t.Parallel()
	const verify, step1, step2, step3 = "/api/v1/verify", "/api/v1/step1/storeskills/store", "/api/v1/step2/verification-method", "/api/v1/step3/store-verification-items/store"
	const person = `"studentId":"s","callbackWebhookUrl":"c","name":"n"`
	tests := []struct{ path, body, want string }{
		{verify, `{"studentId":5}`, "MISSING_STUDENT_ID"},
		{verify, `{"studentId":"s","callbackWebhookUrl":" "}`, "MISSING_CALLBACK_WEBHOOK_URL"},
		{verify, `{"studentId":"s","callbackWebhookUrl":"c","name":"\u0000\t"}`, "MISSING_NAME"},
		{verify, `{` + person + `,"email":5,"phoneNumber":" - "}`, "MISSING_CONTACT"},
		{verify, `{` + person + `,"email":"e","projects":5,"skillIds":5}`, "INVALID_DATA_FORMAT"},
		{verify, `{` + person + `,"email":"e","skillIds":5}`, "NO_DATA"},
		{verify, `{` + person + `,"email":"e","projects":[{"projectId":"p","name":"n"}],"skillIds":5}`, "INVALID_SKILL_IDS"},
		{step1, `{"recordVerificationId":""}`, "MISSING_VERIFICATION_ID"},
		{step1, `{"recordVerificationId":"v","skills":{}}`, "MISSING_SKILLS"},
		{step1, `{"recordVerificationId":"v","skills":[]}`, "MISSING_SKILLS"},
		{step1, `{"recordVerificationId":"v","skills":["a"]}`, "MISSING_SKILL_ID"},
		{step1, `{"recordVerificationId":"v","skills":[{"skillId":"a"},{"skillId":""}]}`, "MISSING_SKILL_ID"},
		{step1, `{"recordVerificationId":"v","skills":[{"skillId":"a","proofUrls":[5]}]}`, "INVALID_DATA_FORMAT"},
		{step2, `{"verificationMethod":"human"}`, "MISSING_VERIFICATION_ID"},
		{step2, `{"recordVerificationId":"v","verificationMethod":5}`, "MISSING_VERIFICATION_METHOD"},
		{step2, `{"recordVerificationId":"v","verificationMethod":"Human"}`, "INVALID_VERIFICATION_METHOD"},
		{step2, `{"recordVerificationId":"v","verificationMethod":"human","endorsementType":"friend"}`, "INVALID_VERIFICATION_METHOD"},
		{step2, `{"recordVerificationId":"v","verificationMethod":"human","endorsementType":5}`, "INVALID_VERIFICATION_METHOD"},
		{step3, `{"sessionToken":5,"projectIds":5}`, "MISSING_SESSION_TOKEN"},
		{step3, `{"sessionToken":"t","projectIds":["p"],"credentialIds":5}`, "INVALID_DATA_FORMAT"},
		{step3, `{"sessionToken":"t","projectIds":null,"credentialIds":[]}`, "NO_ITEMS_SELECTED"},
	}
	for _, test := range tests {
		status, body := ask(t, &fake{}, http.MethodPost, test.path, test.body, "X-Api-Key", goodKey)
		if status != http.StatusBadRequest || !strings.Contains(body, `"code":"`+test.want+`"`) {
			t.Errorf("%s %s: got %d %s, want 400 %s", test.path, test.body, status, body, test.want)
		}
	}
}

func TestRoutes(t *testing.T) {
	t.Parallel()
	const items = "/api/v1/step3/store-verification-items/"
	tests := []struct {
		method, path string
		status       int
		want         string
	}{
		{http.MethodGet, "/api/v1/step1/storeskills", 400, "MISSING_VERIFICATION_ID"},
		{http.MethodGet, "/api/v1/step1/storeskills/", 400, "MISSING_VERIFICATION_ID"},
		{http.MethodGet, "/api/v1/step1/storeskills/%20", 400, "MISSING_VERIFICATION_ID"},
		{http.MethodGet, items + "get", 400, "MISSING_VERIFICATION_ID"},
		{http.MethodGet, items + "get/", 400, "MISSING_VERIFICATION_ID"},
		{http.MethodGet, items + "get/%09", 400, "MISSING_VERIFICATION_ID"},
		{http.MethodGet, items + "session", 400, "MISSING_SESSION_TOKEN"},
		{http.MethodGet, items + "session/", 400, "MISSING_SESSION_TOKEN"},
		{http.MethodGet, items + "session/%20", 400, "MISSING_SESSION_TOKEN"},
		{http.MethodGet, items + "other/v", 404, "NOT_FOUND"},
		{http.MethodGet, items + "get/v/more", 404, "NOT_FOUND"},
		{http.MethodGet, items, 404, "NOT_FOUND"},
		{http.MethodGet, items + "store", 405, "METHOD_NOT_ALLOWED"},
		{http.MethodPost, items + "get/v", 405, "METHOD_NOT_ALLOWED"},
		{http.MethodGet, "/api/v1/nothing", 404, "NOT_FOUND"},
		{http.MethodDelete, "/api/v1/verify", 405, "METHOD_NOT_ALLOWED"},
	}
	for _, test := range tests {
		status, body := ask(t, &fake{}, test.method, test.path, "")
		if status != test.status || !strings.Contains(body, `{"success":false,"error":{"code":"`+test.want+`"`) {
			t.Errorf("%s %s: got %d %s, want %d %s", test.method, test.path, status, body, test.status, test.want)
		}
	}
}

func TestWhatTheServiceIsAsked(t *testing.T) {
	t.Parallel()
	f := &fake{}
	ask(t, f, http.MethodPost, "/api/v1/step1/storeskills/store?sessionToken=t3&recordVerificationId=v2&sessionToken=",
		`{"recordVerificationId":"v1","sessionToken":"t2","recordUserId":"u\u0000","skills":[{"skillId":"a\u0000","name":"A","proofUrls":["x"]},{"skillId":"b","name":5}]}`,
		"Authorization", "bearer  "+goodKey+" ", "X-Session-Token", "t1")
	want := skill.SkillsInput{
		Carriers: skill.Carriers{Tokens: []string{"t1", "t2", "t3"}, IDs: []string{"v1", "v2"}}, User: "u\uFFFD",
		Claims: []skill.Claim{{Skill: "a\uFFFD", Name: "A", ProofURLs: []string{"x"}}, {Skill: "b", ProofURLs: []string{}}},
	}
	if d := cmp.Diff(want, f.skills); d != "" || f.apiKey != goodKey {
		t.Errorf("key %q: got (+), want (-):\n%s", f.apiKey, d)
	}
	ask(t, f, http.MethodPost, "/api/v1/step3/store-verification-items/store",
		`{"sessionToken":"t","credentialIds":["c"],"projectIds":["p2","p1"],"workExperienceIds":["e"]}`, "X-Api-Key", goodKey, "Authorization", "Bearer "+goodKey)
	sources := []skill.Source{{Kind: skill.Project, ID: "p2"}, {Kind: skill.Project, ID: "p1"}, {Kind: skill.Experience, ID: "e"}, {Kind: skill.Certificate, ID: "c"}}
	if d := cmp.Diff(sources, f.sources); d != "" || f.token != "t" || f.apiKey != goodKey {
		t.Errorf("token %q, key %q: got (+), want (-):\n%s", f.token, f.apiKey, d)
	}
	ask(t, f, http.MethodPost, "/api/v1/step2/verification-method", `{"recordVerificationId":"v","verificationMethod":"assessment","endorsementType":"peer"}`)
	if d := cmp.Diff(skill.MethodInput{Carriers: skill.Carriers{IDs: []string{"v"}}, Method: skill.Assessment, EndorsementType: "peer"}, f.method); d != "" {
		t.Errorf("got (+), want (-):\n%s", d)
	}
	ask(t, f, http.MethodGet, "/api/v1/step3/store-verification-items/get/v%00%ff", "")
	if f.asked != "v\uFFFD\uFFFD" || f.method.Method != skill.Assessment {
		t.Errorf("got %q, want an id that a database can look for", f.asked)
	}
}
