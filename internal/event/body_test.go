package event

import (
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"
)

var at = time.Date(2025, 4, 9, 12, 5, 0, 123456789, time.FixedZone("", 2*3600))

// awkward is a name with everything that encoders disagree on.
const awkward = "<b>Zoë & \"Søn\"</b>\u2028\u2029\\ \t\x01\x7f 👩‍🎓 \U0001F600 \xff"

// awkwardJSON is that name as JSON.stringify writes it.
const awkwardJSON = "<b>Zoë & \\\"Søn\\\"</b>\u2028\u2029\\\\ \\t\\u0001\x7f 👩‍🎓 \U0001F600 \ufffd"

func head(name Name, status string) Head {
	return Head{
		Event: name, ID: "evt_1", Timestamp: Instant(at), Mode: "live", Key: "key_x", Verification: "ver_live_x", User: "usr_live_x", Student: "student_123",
		Method: "human", Status: status,
	}
}

const headJSON = `"webhookEventId":"evt_1","timestamp":"2025-04-09T10:05:00.123Z","mode":"live","keyId":"key_x",` +
	`"recordVerificationId":"ver_live_x","recordUserId":"usr_live_x","externalStudentId":"student_123",`

// bodies are every kind of body with the text that skills-api.md 7 and accounts-api.md 6.2 make of it, written by hand.
func bodies() map[string]struct {
	body any
	want string
} {
	assessed := head(VerificationCompleted, "completed")
	assessed.Method, assessed.Mode, assessed.EndorsementType = "assessment", "test", OrNull("client")
	return map[string]struct {
		body any
		want string
	}{
		"initiated, human": {
			Initiated{Head: head(VerificationInitiated, "pending"), ExpiresAt: Instant(at), Evidence: "sha256:0"},
			`{"event":"verification.initiated",` + headJSON + `"verificationMethod":"human","endorsementType":null,"status":"pending","expiresAt":"2025-04-09T10:05:00.123Z","evidenceDigest":"sha256:0"}`,
		},
		"initiated, assessment": {
			Initiated{Head: head(VerificationInitiated, "pending")},
			`{"event":"verification.initiated",` + headJSON + `"verificationMethod":"human","endorsementType":null,"status":"pending"}`,
		},
		"completed by a reviewer": {
			Completed{
				Head: head(VerificationCompleted, "completed"),
				Skills: List[Skill]{{
					ID: "skill_001", Name: OrNull(awkward), Status: "verified", Verified: true, VerifiedAt: Instant(at), VerifiedBy: OrNull("reviewer"),
					ProofURLs: List[string]{"https://p.example/?a=1&b=<2>"}, Answer: "confirmed",
				}, {ID: "skill_002", Status: "rejected"}},
				Sources: Sources{
					Projects:     List[Project]{{ID: "1", Name: awkward, Start: Instant(at)}},
					Experience:   List[Experience]{{ID: "e", Company: "N & N", Role: "Dev", Description: OrNull("d")}},
					Certificates: List[Certificate]{{ID: "c", Name: "AWS", Issued: Instant(at)}},
				},
				Reviewer: &Reviewer{Name: awkward, Email: "r@example.com", Company: "C"},
				Summary:  Summary{SkillsVerified: 1, Projects: 1, Experience: 1, Certificates: 1},
			},
			`{"event":"verification.completed",` + headJSON + `"verificationMethod":"human","endorsementType":null,"status":"completed",` +
				`"skills":[{"skillId":"skill_001","name":"` + awkwardJSON + `","status":"verified","verified":true,"verifiedAt":"2025-04-09T10:05:00.123Z",` +
				`"verifiedBy":"reviewer","proofUrls":["https://p.example/?a=1&b=<2>"],"answer":"confirmed"},` +
				`{"skillId":"skill_002","name":null,"status":"rejected","verified":false,"verifiedAt":null,"verifiedBy":null,"proofUrls":[]}],` +
				`"sources":{"projects":[{"externalProjectId":"1","projectName":"` + awkwardJSON + `","description":null,"startDate":"2025-04-09T10:05:00.123Z","endDate":null}],` +
				`"experience":[{"externalExpId":"e","companyName":"N & N","role":"Dev","description":"d","startDate":null,"endDate":null}],` +
				`"certificates":[{"externalCertificateId":"c","certificateName":"AWS","issuedCompanyName":null,"issueDate":"2025-04-09T10:05:00.123Z"}]},` +
				`"reviewer":{"name":"` + awkwardJSON + `","email":"r@example.com","company":"C","website":null},"assessment":null,` +
				`"summary":{"totalSkillsVerified":1,"totalProjects":1,"totalExperience":1,"totalCertificates":1}}`,
		},
		"completed by assessment": {
			Completed{
				Head: assessed, Assessment: &Assessment{Score: 70, Passed: true, Attempt: 2, CorrectAnswers: 7, TotalQuestions: 10, Locked: true},
			},
			`{"event":"verification.completed",` + strings.Replace(headJSON, "live", "test", 1) +
				`"verificationMethod":"assessment","endorsementType":"client","status":"completed","skills":[],` +
				`"sources":{"projects":[],"experience":[],"certificates":[]},"reviewer":null,` +
				`"assessment":{"score":70,"passed":true,"attemptNumber":2,"correctAnswers":7,"totalQuestions":10,"isLocked":true},` +
				`"summary":{"totalSkillsVerified":0,"totalProjects":0,"totalExperience":0,"totalCertificates":0}}`,
		},
		"declined": {
			Completed{Head: head(VerificationCompleted, "completed"), Reviewer: &Reviewer{}, Signals: List[Signal]{{"free_mail", "Anybody."}}, DeclineReason: "cannot_judge", Evidence: "sha256:0"},
			`{"event":"verification.completed",` + headJSON + `"verificationMethod":"human","endorsementType":null,"status":"completed","skills":[],` +
				`"sources":{"projects":[],"experience":[],"certificates":[]},"reviewer":{"name":"","email":"","company":"","website":null},"assessment":null,` +
				`"summary":{"totalSkillsVerified":0,"totalProjects":0,"totalExperience":0,"totalCertificates":0},"signals":[{"signal":"free_mail","meaning":"Anybody."}],"declineReason":"cannot_judge","evidenceDigest":"sha256:0"}`,
		},
		"account": {
			Envelope{
				Event: ConfirmationEmailRequested, Timestamp: Instant(at),
				Payload: Payload{
					Account:   Account{ID: "5c62", Organisation: "org_1", LastName: awkward, ContactEmail: "a@example.com", Status: "created", Created: OffsetInstant(at), Updated: OffsetInstant(at)},
					EventData: EventData{VerificationURL: "https://v.example/?a=<1>&b=2"},
				},
			},
			`{"event":"confirmation_email_requested","timestamp":"2025-04-09T10:05:00.123Z","payload":{"account":{"id":"5c62","organisation_id":"org_1",` +
				`"first_name":"","last_name":"` + awkwardJSON + `","contact_email":"a@example.com","mobile_number":null,"alias":"","customer_number":"","birth_date":"",` +
				`"ssn":"","status":"created","loyalty_card_number":"","account_origin":"","verified":false,"created":"2025-04-09T10:05:00.123+00:00",` +
				`"updated":"2025-04-09T10:05:00.123+00:00","confirmation_code":"","contact_email_for_update":"","contact_email_update_code":"",` +
				`"address":{"id":"","first_name":"","last_name":"","street":"","street_number":"","staircase":"","floor":"","apartment_number":"","zip_code":"",` +
				`"city":"","mobile_number":"","phone_number":"","email":"","country_code":""},"gender":""},"order":{},"payment":{},"receipt":{},"share":{},` +
				`"user_product":{},"new_user_product":{},"gift":{},"product":{},"payment_retry":{},"event_data":{"verification_url":"https://v.example/?a=<1>&b=2"},` +
				`"payment_about_to_expire":{}}}`,
		},
		"account without event data": {
			Payload{}.EventData, `{}`,
		},
	}
}

// TestBodies compares whole bodies, and lets the oracle parse and write each again.
func TestBodies(t *testing.T) {
	t.Parallel()
	for name, b := range bodies() {
		got, err := Marshal(b.body)
		if err != nil || string(got) != b.want {
			t.Errorf("%s:\ngot  %s (%v)\nwant %s", name, got, err, b.want)
			continue
		}
		if again := stringify(t, got); again != b.want {
			t.Errorf("%s, parsed and written again:\ngot  %s\nwant %s", name, again, b.want)
		}
	}
}

var integerLike = regexp.MustCompile(`^[0-9]*$`)

// TestShapesComeBackAsTheyAre keeps out of the bodies what JavaScript would write differently: floating-point numbers, and members with names that are not fixed here.
func TestShapesComeBackAsTheyAre(t *testing.T) {
	t.Parallel()
	for _, body := range []any{Initiated{}, Completed{}, Envelope{}} {
		checkShape(t, reflect.TypeOf(body), reflect.TypeOf(body).Name())
	}
}

func checkShape(t *testing.T, of reflect.Type, path string) {
	t.Helper()
	switch {
	case of == reflect.TypeFor[Instant](), of == reflect.TypeFor[OffsetInstant]():
	case of.Kind() == reflect.Pointer, of.Kind() == reflect.Slice && of.Elem().Kind() != reflect.Uint8:
		checkShape(t, of.Elem(), path)
	case of.Kind() == reflect.Struct:
		for field := range of.Fields() {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			if !field.Anonymous && integerLike.MatchString(name) {
				t.Errorf("%s.%s: got the name %q, want one that is no number", path, field.Name, name)
			}
			checkShape(t, field.Type, path+"."+field.Name)
		}
	case of.Kind() != reflect.String && of.Kind() != reflect.Bool && of.Kind() != reflect.Int:
		t.Errorf("%s: got %v, want text, truth, whole numbers, lists and structs of these", path, of)
	}
}
