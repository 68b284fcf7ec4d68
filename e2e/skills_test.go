//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// opened is the answer to init.
type opened struct {
	Data struct {
		SessionToken         string `json:"sessionToken"`
		RecordVerificationID string `json:"recordVerificationId"`
		RecordUserID         string `json:"recordUserId"`
	} `json:"data"`
}

// student is a person whose skills are verified.
type student struct{ id, name, email string }

// openSession opens a session with everything that is offered, and carries out the first two steps.
func openSession(t *testing.T, base, apiKey string, who student) opened {
	t.Helper()
	o := mustDecode[opened](t, must(t, post(base+"/api/v1/verify", initBody(base, who)).key(apiKey), http.StatusCreated).body)
	skills := fmt.Sprintf(`{"recordVerificationId":%q,"recordUserId":%q,"skills":[{"skillId":"skill_%s","name":"Go"}]}`, o.Data.RecordVerificationID, o.Data.RecordUserID, who.id)
	must(t, post(base+"/api/v1/step1/storeskills/store", skills).key(apiKey), http.StatusOK)
	method := fmt.Sprintf(`{"recordVerificationId":%q,"verificationMethod":"human"}`, o.Data.RecordVerificationID)
	must(t, post(base+"/api/v1/step2/verification-method", method).key(apiKey), http.StatusOK)
	return o
}

func initBody(base string, who student) string {
	return fmt.Sprintf(`{"studentId":%q,"name":%q,"email":%q,"callbackWebhookUrl":%q,"projects":%s,"experience":%s,"certificates":%s}`,
		who.id, who.name, who.email, base+"/dev/webhooks",
		list(offered.Projects, `{"projectId":"ID","name":"Name of ID"}`),
		list(offered.Experience, `{"workExperienceId":"ID","role":"Name of ID","companyName":"Company of ID"}`),
		list(offered.Certificates, `{"credentialId":"ID","name":"Name of ID"}`))
}

// list makes a JSON array of a form in which ID stands for each id.
func list(ids []string, form string) string {
	var elements []string
	for _, id := range ids {
		elements = append(elements, strings.ReplaceAll(form, "ID", id))
	}
	return "[" + strings.Join(elements, ",") + "]"
}
