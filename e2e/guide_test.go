//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// saidByGuide are the answers that the walk of docs/guide.md must get, in its order, as patterns.
func saidByGuide(mode string) []string {
	all := []string{
		`\{"success":true,"data":\{"verificationId":"ver_MODE_\w+","userId":"student_77","recordUserId":"usr_MODE_\w+","status":"pending","method":"human_endorsement","endorsementType":"reporting_manager",` +
			`"skills":\[\{"skillId":"python","name":"Python","status":"pending",.*\},\{"skillId":"go","name":"Go",.*\}\],"sources":\[\{.*"metadata":\{"team": ?"Shop"\}\}\],"verifier":\{"name":"Robin Boss".*\}`,
		`\{"success":true,"data":\{"recordVerificationId":"ver_MODE_\w+","skillsVerified":1,.*"webhook":\{"sent":true,"status":"sending"\},.*\}`,
		`\{"event":"verification.passed","webhookEventId":"evt_\w+",.*"mode":"MODE",.*"externalStudentId":"student_77",.*"evidenceDigest":"sha256:[0-9a-f]{64}"\}`,
		`the webhook is genuine`,
		`\{"userId":"usr_MODE_\w+","email":"alex77@example.com","vault":\[\{"sourceId":"exp_077","sourceTitle":"Backend Developer",` +
			`"skills":\[\{"name":"Python","verifications":\[\{"type":"reporting_manager","status":"passed","date":"\d{4}-\d{2}-\d{2}"\}\]\}\],.*"metadata":\{"team": ?"Shop"\}\}\]\}`,
		`\{"success":true,"data":\{"id":"whe_\w+"\}\}`,
	}
	for i := range all {
		all[i] = strings.ReplaceAll(all[i], "MODE", mode)
	}
	return all
}

// TestTheGuideInCurl pastes the walk of docs/guide.md, in test mode and in live mode.
func TestTheGuideInCurl(t *testing.T) {
	t.Parallel()
	p := startDev(t, t.TempDir())
	made := mustCommand(t, "key", "create", "--org", "demo", "--name", "mine", "--mode", "live", "--json", "--data", p.data)
	for mode, key := range map[string]string{"test": p.ready.Demo.APIKey, "live": mustDecode[madeKey](t, made).APIKey} {
		s := openShell(t)
		s.paste(t, fmt.Sprintf("export AVOW=%s API_KEY=%s", p.ready.URL, key))
		s.walk(t, "guide.md", "walk", saidByGuide(mode))
	}
	p.calm(t)
}
