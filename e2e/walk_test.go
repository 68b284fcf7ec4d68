//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// walk are the paragraphs of a page of docs that are to be pasted, between the marks of a name.
func walk(t *testing.T, page, name string) []string {
	t.Helper()
	text, err := os.ReadFile("../docs/" + page)
	if err != nil {
		t.Fatal(err)
	}
	region := regexp.MustCompile(`(?s)<!-- ` + name + ` -->\n(.*?)<!-- /` + name + ` -->`).FindStringSubmatch(string(text))
	if region == nil {
		t.Fatalf("got no %s in docs/%s, want one between its marks", name, page)
	}
	var paragraphs []string
	for _, block := range shellBlock.FindAllStringSubmatch(region[1], -1) {
		paragraphs = append(paragraphs, strings.Split(strings.Trim(block[1], "\n"), "\n\n")...)
	}
	return paragraphs
}

// said are the answers that the walk must get, in its order, as patterns; MODE stands for the mode.
func said(mode string) []string {
	const skills = `"skills":\[\{"skillId":"skill_001","name":"Go","status":"verified","verified":true,"verifiedAt":"[^"]+","verifiedBy":"reviewer","proofUrls":\["https://proof.example/shop"\],"answer":"confirmed"\},` +
		`\{"skillId":"skill_002","name":"Rust","status":"rejected","verified":false,"verifiedAt":null,"verifiedBy":null,"proofUrls":\[\]\}\]`
	all := []string{
		`\{"success":true,"data":\{"recordVerificationId":"ver_MODE_\w+","skills":\[.*\],"totalProcessed":2\},"message":"Skill verifications replaced successfully"\}`,
		`\{"success":true,"data":\{"recordVerificationId":"ver_MODE_\w+","verificationMethod":"human"\},"message":"Verification method stored successfully"\}`,
		`\{"success":true,"data":\{"recordVerificationId":"ver_MODE_\w+","recordUserId":"usr_MODE_\w+","stored":\{.*"externalExpId":"exp_001".*\}\},"message":"Verification items synced successfully"\}`,
		`\{"success":true,"data":\{"recordVerificationId":"ver_MODE_\w+","name":"Robin Boss","email":"robin@northwind.example","company":"Northwind","website":"https://northwind.example"\},"message":"Reviewer details stored successfully"\}`,
		`\{"success":true,"data":\{"recordVerificationId":"ver_MODE_\w+","reviewerEmail":"robin@northwind.example","reviewerName":"Robin Boss","skillCount":2,` +
			`"reviewLink":"http://[^"]+/review\?recordVerificationId=ver_MODE_\w+&reviewerToken=` + uuidForm + `","expiresAt":"[^"]+"\},"message":"Reviewer email sent successfully","executionTime":"\d+ms"\}`,
		`<h1>Alex Doe asks you about skills</h1>`,
		`\{"success":true,"alreadySubmitted":false,"expired":false,"status":"pending"\}`,
		`\{"success":true,"data":\{"recordVerificationId":"ver_MODE_\w+","skillsVerified":1,"reviewerEmail":"robin@northwind.example","webhook":\{"sent":true,"status":"sending"\},` +
			`"summary":\{"totalSkillsVerified":1,"totalProjects":0,"totalExperience":1,"totalCertificates":0\}\},"message":"Skills verified successfully","executionTime":"\d+ms"\}`,
		`\{"event":"verification.completed","webhookEventId":"evt_\w+","timestamp":"[^"]+","mode":"MODE","keyId":"key_\w+","recordVerificationId":"ver_MODE_\w+","recordUserId":"usr_MODE_\w+",` +
			`"externalStudentId":"student_123","verificationMethod":"human","endorsementType":"reporting_manager","status":"completed",` + skills + `,"sources":.*"evidenceDigest":"sha256:[0-9a-f]{64}"\}`,
		`the webhook is genuine`,
		`\{"success":true,"data":\[\{"skillId":"skill_001","skillName":"Go","recordVerificationId":"ver_MODE_\w+","verified":true,"status":"verified","proofUrls":\["https://proof.example/shop"\],"createdAt":"[^"]+"\},` +
			`\{"skillId":"skill_002".*"status":"rejected".*\}\]\}`,
	}
	for i := range all {
		all[i] = strings.ReplaceAll(all[i], "MODE", mode)
	}
	return all
}

// assessed are the answers that the walk by an assessment must get, in its order, as patterns.
var assessed = []string{
	`\{"success":true,"data":\{"recordVerificationId":"ver_test_\w+","skills":\[.*\],"totalProcessed":1\},"message":"Skill verifications replaced successfully"\}`,
	`\{"success":true,"data":\{"recordVerificationId":"ver_test_\w+","verificationMethod":"assessment"\},"message":"Verification method stored successfully"\}`,
	`\{"success":true,"data":\{"recordVerificationId":"ver_test_\w+","recordUserId":"usr_test_\w+","stored":\{.*"externalProjectId":"proj_001".*\}\},"message":"Verification items synced successfully"\}`,
	`\{"success":true,"data":\{"recordVerificationId":"ver_test_\w+","totalQuestions":10,"questions":\[(\{"questionId":"` + uuidForm + `","question":".*","options":\[.*\]\},?)+\]\},` +
		`"message":"Assessment generated successfully","executionTime":"\d+ms"\}`,
	`\{"success":true,"data":\{"recordVerificationId":"ver_test_\w+","result":\{"score":0,"passed":false,"attemptNumber":1,"correctAnswers":0,"totalQuestions":10,"message":"[^"]+"\},` +
		`"verifiedSkills":\[\{"skillId":"skill_001","name":"Go","verified":false,"status":"rejected"\}\],"skillsUpdated":1,"webhook":\{"sent":true\}\},"message":"Assessment submitted successfully"\}`,
	`\{"success":true,"data":\{"recordVerificationId":"ver_test_\w+","retakeAttemptNumber":2,"totalQuestions":10,"questions":\[.*\]\},"message":"Retake assessment generated successfully","executionTime":"\d+ms"\}`,
	`\{"success":true,"data":\{"recordVerificationId":"ver_test_\w+","result":\{"score":100,"passed":true,"attemptNumber":2,.*"verifiedBy":"assessment"\}\],"skillsUpdated":1,.*`,
	`\{"success":false,"error":\{"code":"ASSESSMENT_LOCKED","message":"[^"]+"\}\}`,
	`\{"event":"verification.completed",.*"verificationMethod":"assessment",.*"reviewer":null,"assessment":\{"score":100,"passed":true,"attemptNumber":2,"correctAnswers":10,"totalQuestions":10,"isLocked":true\},.*`,
}

// TestTheWholeWayInCurl pastes the walk of docs/skills.md, in test mode and in live mode, and looks at what the key was counted for.
func TestTheWholeWayInCurl(t *testing.T) {
	t.Parallel()
	p := startDev(t, t.TempDir())
	made := mustCommand(t, "key", "create", "--org", "demo", "--name", "mine", "--mode", "live", "--json", "--data", p.data)
	live := mustDecode[madeKey](t, made)
	for mode, key := range map[string]madeKey{
		"test": {KeyID: p.ready.Demo.KeyID, APIKey: p.ready.Demo.APIKey, SecretKey: p.ready.Demo.SecretKey},
		"live": live,
	} {
		s := openShell(t)
		s.paste(t, fmt.Sprintf("export AVOW=%s API_KEY=%s SECRET_KEY=%s", p.ready.URL, key.APIKey, key.SecretKey))
		s.walk(t, "skills.md", "walk", said(mode))
		counts := `"credits":1,"verifiedProfiles":1,`
		if mode == "test" {
			s.walk(t, "skills.md", "assessed walk", assessed)
			counts = `"credits":2,"verifiedProfiles":2,`
		}
		listed := mustCommand(t, "key", "list", "--org", "demo", "--json", "--data", p.data)
		if !strings.Contains(listed, `"keyId":"`+key.KeyID+`"`) || !regexp.MustCompile(`"keyId":"`+key.KeyID+`"[^}]*`+counts).MatchString(listed) {
			t.Errorf("%s: got keys %s, want %s", mode, listed, counts)
		}
	}
	p.calm(t)
}

// walk pastes the paragraphs of a walk of a page and compares what they print.
func (s *shell) walk(t *testing.T, page, name string, left []string) {
	t.Helper()
	for _, lines := range walk(t, page, name) {
		printed := strings.TrimSpace(s.paste(t, lines))
		if printed == "" {
			continue // it has set variables
		}
		if len(left) == 0 || !regexp.MustCompile(`^`+left[0]+`$`).MatchString(printed) {
			t.Fatalf("%s: got %s of\n%s\nwant the next of %q", name, printed, lines, left)
		}
		left = left[1:]
	}
	if len(left) > 0 {
		t.Errorf("%s: got an end before %s, want all of it", name, left[0])
	}
}

func mustCommand(t *testing.T, args ...string) string {
	t.Helper()
	r, err := command(nil, "", args...)
	if err != nil || r.code != 0 {
		t.Fatalf("%v: got code %d, %v, %s", args, r.code, err, r.stderr)
	}
	return r.stdout
}

func TestReviewPageInABrowser(t *testing.T) {
	t.Parallel()
	p := startDev(t, t.TempDir())
	base, key := p.ready.URL, p.ready.Demo.APIKey
	o := openSession(t, base, key, student{"001", "Alex Doe", "alex@example.com"})
	must(t, post(base+"/api/v1/step3/store-verification-items/store", fmt.Sprintf(`{"sessionToken":%q,"projectIds":[%q]}`, o.Data.SessionToken, offered.Projects[0])).key(key), http.StatusCreated)
	id := o.Data.RecordVerificationID
	must(t, post(base+"/api/v1/storereviewerdetails/store", fmt.Sprintf(`{"recordVerificationId":%q,"name":"Robin","email":"robin@work.example","company":"Northwind"}`, id)).key(key), http.StatusOK)
	must(t, post(base+"/api/v1/humanverification/send-email", "").key(key).with("X-Session-Token", o.Data.SessionToken), http.StatusOK)
	mails, err := newestMail(base, "robin@work.example", id)
	if err != nil {
		t.Fatal(err)
	}
	link := mails[0].link()
	b := openTab(t, base)
	for range 2 { // mail scanners open links, too, and more than once
		want(t, "title", b.open(t, link), "Alex Doe asks you about skills")
		want(t, "status", must(t, get(base+"/api/v1/humanverification/status/"+id), http.StatusOK).body, `{"success":true,"alreadySubmitted":false,"expired":false,"status":"pending"}`)
	}
	b.styled(t)
	b.do(t, "press the button without an answer", chromedp.Click(chromedp.CSS("button.main"), chromedp.NodeVisible))
	want(t, "heading when nothing was chosen", b.text(t, "h1"), "Alex Doe asks you about skills")
	b.do(t, "choose", chromedp.Click(chromedp.CSS("input[value=confirmed]"), chromedp.NodeVisible))
	if _, err := chromedp.RunResponse(b.ctx, chromedp.Click(chromedp.CSS("button.main"), chromedp.NodeVisible)); err != nil {
		t.Fatalf("send the answer: %v; the browser says %v", err, b.said())
	}
	want(t, "heading after the answer", b.text(t, "h1"), "Thank you")
	b.quiet(t)
	want(t, "heading afterwards", func() string { b.open(t, link); return b.text(t, "h1") }(), "This was answered already")
	b.quiet(t)
}
