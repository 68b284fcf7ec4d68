//go:build e2e

package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// shell is a bash that lines are pasted into.
type shell struct {
	in    io.Writer
	out   *output
	read  int // what of out has been seen
	count int
}

func openShell(t *testing.T) *shell {
	t.Helper()
	bash := exec.Command("bash", "--noprofile", "--norc", "-u")
	bash.Env = environment()
	in, err := bash.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	s := &shell{in: in, out: newOutput()}
	bash.Stdout, bash.Stderr = s.out, s.out
	if err := bash.Start(); err != nil {
		t.Fatalf("bash, which the documented calls are written for: %v", err)
	}
	t.Cleanup(func() {
		in.Close()
		_ = bash.Wait() // each command's end was looked at when it was pasted
	})
	return s
}

// paste runs lines as they are and returns what they printed.
func (s *shell) paste(t *testing.T, lines string) string {
	t.Helper()
	s.count++
	mark := fmt.Sprintf("pasted-%d-", s.count)
	if _, err := fmt.Fprintf(s.in, "%s\nprintf '\\n%s%%d\\n' $?\n", lines, mark); err != nil {
		t.Fatalf("bash has ended after %q: %v", s.out, err)
	}
	end := regexp.MustCompile(`(?s)^(.*)\n` + mark + `(\d+)\n$`)
	var printed string
	eventually(t, "the end of\n"+lines, func() error {
		found := end.FindStringSubmatch(s.out.String()[s.read:])
		if found == nil {
			return fmt.Errorf("got %q so far, want it to end", s.out.String()[s.read:])
		}
		if found[2] != "0" {
			t.Fatalf("got exit code %s and %q of\n%s", found[2], found[1], lines)
		}
		printed, s.read = found[1], s.read+len(found[0])
		return nil
	})
	return printed
}

// startsCommand tells what to paste from what to read: a paragraph that begins like a command is one.
var startsCommand = regexp.MustCompile(`^(export |curl |[A-Z]+=)`)

// commandsIn are the paragraphs of a text that are to be pasted.
func commandsIn(text string) []string {
	var commands []string
	for _, paragraph := range strings.Split(text, "\n\n") {
		if trimmed := strings.Trim(paragraph, "\n"); startsCommand.MatchString(trimmed) {
			commands = append(commands, trimmed)
		}
	}
	return commands
}

// documented is the answer that a call must get, as a pattern.
type documented struct{ call, answer string }

const (
	uuidForm = `[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`
	utcForm  = `\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC`
	verForm  = `ver_test_[0-9A-Za-z]{16,}`
	usrForm  = `usr_test_[0-9A-Za-z]{16,}`
)

// answers are those of the wire contracts, in the order in which banner and README make the calls.
var answers = []documented{
	{"create_verification_request", `\{"id":"[0-9a-f]{24}","status":"pending","expires_at":"` + utcForm + `"\}`},
	{"pending_verification_request", `\{"item":\{"id":"[0-9a-f]{24}","account_id":"[0-9a-f]{24}","status":"pending","expires_at":"` + utcForm + `","created_at":"` + utcForm + `","verified":false\}\}`},
	{"verify_account", `\{"item":\{"account_id":"[0-9a-f]{24}","status":"verified","verified":true\}\}`},
	{"/api/v1/verify", `\{"success":true,"data":\{"sessionToken":"` + uuidForm + `","recordVerificationId":"` + verForm + `","keyId":"key_\w+","recordUserId":"` + usrForm +
		`","externalStudentId":"student_123","expiresIn":3456000,"expiresAt":"[-0-9T:.]+Z"\},"executionTime":"\d+ms"\}`},
	{"step1/storeskills", `\{"success":true,"data":\{"recordVerificationId":"` + verForm + `","skills":\[\{"skillId":"skill_001","proofUrls":\[\],"totalUrls":0\}\],"totalProcessed":1\},` +
		`"message":"Skill verifications replaced successfully"\}`},
	{"step2/verification-method", `\{"success":true,"data":\{"recordVerificationId":"` + verForm + `","verificationMethod":"human"\},"message":"Verification method stored successfully"\}`},
	{"step3/store-verification-items", `\{"success":true,"data":\{"recordVerificationId":"` + verForm + `","recordUserId":"` + usrForm + `","stored":\{"projects":\[` +
		`\{"recordProjectId":"` + uuidForm + `","externalProjectId":"proj_001","projectName":"E-Commerce App"\},` +
		`\{"recordProjectId":"` + uuidForm + `","externalProjectId":"proj_002","projectName":"Chat Service"\}\],"experience":\[\],"certificates":\[` +
		`\{"recordCertificateId":"` + uuidForm + `","externalCertificateId":"cert_001","certificateName":"AWS Certified Developer"\}\]\}\},` +
		`"message":"Verification items synced successfully"\}`},
}

// runDocumented pastes commands and compares what they print with the answers of the contracts, all and in order.
func (s *shell) runDocumented(t *testing.T, commands []string, left []documented) {
	t.Helper()
	for _, lines := range commands {
		if strings.Contains(lines, "/dev/mails") {
			s.awaitMail(t)
		}
		printed := strings.TrimSpace(s.paste(t, lines))
		if printed == "" {
			continue // it has set variables
		}
		if len(left) == 0 || !strings.Contains(lines, left[0].call) {
			t.Fatalf("got %q of\n%s\nwant one of the %d answers that are still to come", printed, lines, len(left))
		}
		if !regexp.MustCompile(`^` + left[0].answer + `$`).MatchString(printed) {
			t.Errorf("got %s of\n%s\nwant %s", printed, lines, left[0].answer)
		}
		left = left[1:]
	}
	if len(left) > 0 {
		t.Errorf("got no call of %s, want all that are documented", left[0].call)
	}
}

// awaitMail does what takes a person longer than a mail: to look at the answer before the next paste.
func (s *shell) awaitMail(t *testing.T) {
	t.Helper()
	base := strings.TrimSpace(s.paste(t, `echo "$AVOW"`))
	if _, err := newestMail(base, "", "confirmation_code="); err != nil {
		t.Fatal(err)
	}
}

// startForPeople starts `avow dev` without --json and returns what it prints.
func startForPeople(t *testing.T) string {
	t.Helper()
	p := launch(t, nil, "dev", "--data", t.TempDir(), "--addr", "127.0.0.1:0", "--admin-addr", "127.0.0.1:0")
	// It is written bit by bit; the last bit is the body of the last call.
	return p.waitFor(t, func(text string) (string, bool) {
		return text, strings.Contains(text, "/step3/") && strings.HasSuffix(strings.TrimRight(text, "\n"), "}'") && strings.HasSuffix(text, "\n")
	})
}

func TestDevPrintsCallsThatWork(t *testing.T) {
	t.Parallel()
	text := startForPeople(t)
	commands := commandsIn(text)
	if len(commands) == 0 || strings.Count(commands[0], "export ") != 3 {
		t.Fatalf("got %q, want calls to paste that begin with three exports", text)
	}
	s := openShell(t)
	s.paste(t, commands[0])
	s.runDocumented(t, commands[1:], answers)
}

func TestDevPrintsAddressesThatOpen(t *testing.T) {
	t.Parallel()
	text := startForPeople(t)
	found := regexp.MustCompile(`http://127\.0\.0\.1:\d+(/[a-z/]*)?`).FindAllString(text, -1)
	if len(found) < 4 {
		t.Fatalf("got the addresses %v, want those of the server, its mails, its webhooks and its admin listener", found)
	}
	for _, address := range found {
		if u, err := url.Parse(address); err != nil || u.Path != "" {
			must(t, get(address), http.StatusOK)
		} else {
			must(t, get(address+"/readyz"), http.StatusOK)
		}
	}
}

var (
	callsInText = regexp.MustCompile(`(?s)<!-- calls -->\n(.*?)<!-- /calls -->`)
	shellBlock  = regexp.MustCompile("(?s)```sh\n(.*?)```")
)

func readText(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("../" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// callsOf are the calls of a text that are marked as such.
func callsOf(t *testing.T, text string) []string {
	t.Helper()
	want(t, "marks at the end of calls", strings.Count(text, "<!-- /calls -->"), strings.Count(text, "<!-- calls -->"))
	var commands []string
	for _, region := range callsInText.FindAllStringSubmatch(text, -1) {
		for _, block := range shellBlock.FindAllStringSubmatch(region[1], -1) {
			commands = append(commands, strings.Split(strings.Trim(block[1], "\n"), "\n\n")...)
		}
	}
	return commands
}

func TestCallsOfTheReadmeWork(t *testing.T) {
	t.Parallel()
	s := openShell(t)
	s.paste(t, commandsIn(startForPeople(t))[0]) // the exports
	s.runDocumented(t, callsOf(t, readText(t, "README.md")), answers)
}

// accountAnswers are those of the calls in docs/accounts.md.
var accountAnswers = []documented{
	{"/v2/accounts", kalleForm("created", false)},
	answers[1],
	answers[2],
	{"/accounts/status", `\{"item":\{"status":"active"\}\}`},
	{"external_id_key", kalleForm("active", true)},
	answers[0],
	{"create_verification_request", `\{"code":"already_verified","message":"[^"]+","pw_correlation_id":"pw-api-` + uuidForm + `"\}`},
	{"token_info", `\{"token_type":"bearer","client_id":"client_\w{22}","organisation_id":"org_\w{22}","account_id":null,"scope":"/external/account/r /external/account/w","expires_in":35\d\d\}`},
	{"introspect", `\{"active":true,"scope":"/external/account/r /external/account/w","client_id":"client_\w{22}","token_type":"bearer","exp":\d{10},"iat":\d{10},"iss":"http://127\.0\.0\.1:\d+"\}`},
	{"get_authentication_attempts", `\{"item":\{"account_frozen":false,"remaining_authentication_attempts":5,"frozen_until":null\}\}`},
	{"revoke", `\{\}`},
	{"introspect", `\{"active":false\}`},
}

func kalleForm(status string, verified bool) string {
	return fmt.Sprintf(`\{"item":\{"id":"[0-9a-f]{24}","email":"kalle@example\.com","status":"%s","verified":%t,"customer_number":"","tulo_customer_number":"","first_name":"Kalle",`+
		`"last_name":"","mobile_phone_number":null,"birth_date":"","alias":"","account_origin":null,"tags":\[\],"address":\{\},"user_products":\[\]\}\}`, status, verified)
}

func TestCallsOfTheAccountsPageWork(t *testing.T) {
	t.Parallel()
	p := startDev(t, t.TempDir())
	s := openShell(t)
	s.paste(t, fmt.Sprintf("export AVOW=%s CLIENT_ID=%s CLIENT_SECRET=%s", p.ready.URL, p.ready.Demo.ClientID, p.ready.Demo.ClientSecret))
	s.runDocumented(t, callsOf(t, readText(t, "docs/accounts.md")), accountAnswers)
}

// An answer that a text shows on a line of its own is one that a call can get.
func TestAnswersInTextsAreWhatCallsGet(t *testing.T) {
	t.Parallel()
	for name, known := range map[string][]documented{"README.md": answers, "docs/accounts.md": accountAnswers} {
		shown := regexp.MustCompile(`(?m)^\{".*\}$`).FindAllString(readText(t, name), -1)
		if len(shown) == 0 {
			t.Errorf("%s: got no answers, want some", name)
		}
		for _, line := range shown {
			if !slices.ContainsFunc(known, func(d documented) bool { return regexp.MustCompile(`^` + d.answer + `$`).MatchString(line) }) {
				t.Errorf("%s: got %s, want an answer of the contracts", name, line)
			}
		}
	}
}
