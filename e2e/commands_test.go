//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The forms of what commands make up (interfaces.md, section 3).
var (
	orgForm     = regexp.MustCompile(`^org_[A-Za-z0-9]{22}$`)
	keyForm     = regexp.MustCompile(`^key_[A-Za-z0-9]{22}$`)
	accountForm = regexp.MustCompile(`^[0-9a-f]{24}$`)
	stampForm   = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$`)
)

func wantForm(t *testing.T, what, got string, form *regexp.Regexp) {
	t.Helper()
	if !form.MatchString(got) {
		t.Errorf("%s: got %q, want the form %s", what, got, form)
	}
}

// want fails unless two values are the same.
func want[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s: got (+), want (-):\n%s", what, d)
	}
}

func TestOrgCommands(t *testing.T) {
	t.Parallel()
	o := newOperator(t)
	line := o.must(t, "org", "create", "--name", "acme")
	wantMembers(t, line, "org", "name")
	acme := mustDecode[madeOrg](t, line)
	wantForm(t, "id", acme.Org, orgForm)
	want(t, "name", acme.Name, "acme")
	other := o.must(t, "org", "create", "--name", "Bücher & Söhne")
	want(t, "list", strings.Split(o.must(t, "org", "list"), "\n"), []string{other, line})

	shown := o.must(t, "org", "show", "acme")
	wantMembers(t, shown, "org", "name", "created_at", "settings")
	want(t, "shown by its id", o.must(t, "org", "show", acme.Org), shown)
	wantForm(t, "created_at", mustDecode[struct {
		At string `json:"created_at"`
	}](t, shown).At, stampForm)
}

func TestOrgSettings(t *testing.T) {
	t.Parallel()
	o := newOperator(t)
	o.must(t, "org", "create", "--name", "acme")
	settings := func() map[string]string {
		return mustDecode[struct{ Settings map[string]string }](t, o.must(t, "org", "show", "acme")).Settings
	}
	before := settings()
	want(t, "defaults", before, map[string]string{
		"brand_name": "", "contact_email": "", "disable_failing_endpoints": "120h", "language": "en", "legacy_review_link": "off", "one_attempt_per_combination": "off", "session_token_as_key": "on", "sync_send": "off",
		"pass_mark": "60", "questions": "10", "retake_wait": "0", "verification_required": "on", "webhook_retries": "days",
	})
	want(t, "org set with --json", o.must(t, "org", "set", "acme", "session_token_as_key", "off"), "")
	o.must(t, "org", "set", "acme", "brand_name", "Acme Publishing")
	before["session_token_as_key"], before["brand_name"] = "off", "Acme Publishing"
	want(t, "after two changes", settings(), before)
}

func TestKeyCommands(t *testing.T) {
	t.Parallel()
	o := newOperator(t)
	acme := mustMake[madeOrg](t, o, "org", "create", "--name", "acme")
	var ids []string
	for _, mode := range []string{"live", "test"} {
		line := o.must(t, "key", "create", "--org", "acme", "--name", "backend", "--mode", mode)
		wantMembers(t, line, "keyId", "apiKey", "secretKey", "webhookSecret", "mode", "name")
		k := mustDecode[madeKey](t, line)
		wantForm(t, "keyId", k.KeyID, keyForm)
		wantForm(t, "apiKey", k.APIKey, regexp.MustCompile(`^avow_`+mode+`_[A-Za-z0-9]{30,}$`))
		wantForm(t, "secretKey", k.SecretKey, regexp.MustCompile(`^avow_`+mode+`_sk_[A-Za-z0-9]{30,}$`))
		wantForm(t, "webhookSecret", k.WebhookSecret, regexp.MustCompile(`^whsec_[A-Za-z0-9+/]+=*$`))
		want(t, "mode and name", []string{k.Mode, k.Name}, []string{mode, "backend"})
		ids = append(ids, k.KeyID)
	}
	rotated := o.must(t, "key", "rotate", ids[0])
	wantMembers(t, rotated, "keyId", "secretKey", "webhookSecret", "previousValidUntil")
	want(t, "key revoke with --json", o.must(t, "key", "revoke", ids[1]), "")

	listed := strings.Split(o.must(t, "key", "list", "--org", "acme"), "\n")
	slices.SortFunc(listed, func(a, b string) int { return len(a) - len(b) }) // the revoked one has a member more
	wantMembers(t, listed[0], "keyId", "name", "mode", "org", "credits", "verifiedProfiles", "createdAt")
	wantMembers(t, listed[1], "keyId", "name", "mode", "org", "credits", "verifiedProfiles", "createdAt", "revokedAt")
	got := mustDecode[struct{ KeyID, Org, RevokedAt string }](t, listed[1])
	want(t, "revoked", []string{got.KeyID, got.Org}, []string{ids[1], acme.Org})
	wantForm(t, "revokedAt", got.RevokedAt, stampForm)
}

func TestClientCommands(t *testing.T) {
	t.Parallel()
	o := newOperator(t)
	o.must(t, "org", "create", "--name", "acme")
	line := o.must(t, "client", "create", "--org", "acme", "--name", "web", "--scopes", meScopes, "--verification-urls", "https://a.example/,https://b.example/x", "--offline-access")
	wantMembers(t, line, "client_id", "client_secret", "scopes")
	c := mustDecode[madeClient](t, line)
	want(t, "scopes", c.Scopes, meScopes)

	rotated := o.must(t, "client", "rotate", c.ID)
	wantMembers(t, rotated, "client_id", "client_secret")
	if got := mustDecode[madeClient](t, rotated); got.ID != c.ID || got.Secret == c.Secret || got.Secret == "" {
		t.Errorf("rotated: got %+v, want another secret of %s", got, c.ID)
	}
	listed := o.must(t, "client", "list")
	wantMembers(t, listed, "client_id", "name", "org", "scopes", "offline_access", "created_at")
	want(t, "client disable with --json", o.must(t, "client", "disable", c.ID), "")
	wantMembers(t, o.must(t, "client", "list", "--org", "acme"), "client_id", "name", "org", "scopes", "offline_access", "created_at", "disabled_at")
	if strings.Contains(listed, c.Secret) {
		t.Errorf("list: got the secret, want none")
	}
}

func TestAccountCommands(t *testing.T) {
	t.Parallel()
	o := newOperator(t)
	acme := mustMake[madeOrg](t, o, "org", "create", "--name", "acme")
	line := o.must(t, "account", "create", "--org", "acme", "--email", someEmail)
	wantMembers(t, line, "id", "email", "status", "verified")
	anna := mustDecode[madeAccount](t, line)
	wantForm(t, "id", anna.ID, accountForm)
	want(t, "new", anna, madeAccount{anna.ID, someEmail, "created", false})
	bob := mustMake[madeAccount](t, o, "account", "create", "--org", acme.Org, "--email", "bob@example.com", "--verified")
	want(t, "verified", bob, madeAccount{bob.ID, "bob@example.com", "active", true})

	shown := o.must(t, "account", "show", anna.ID)
	wantMembers(t, shown, "id", "email", "status", "verified", "org", "login_disabled", "created_at", "updated_at")
	want(t, "shown by its id in upper case", o.must(t, "account", "show", strings.ToUpper(anna.ID)), shown)
	want(t, "account disable with --json", o.must(t, "account", "disable", anna.ID), "")
	want(t, "disabled", mustMake[madeAccount](t, o, "account", "show", anna.ID).Status, "inactive")
}

// An account that is brought over keeps the names that others know it by, and an organisation that does not ask for verification has verified accounts only.
func TestAccountNames(t *testing.T) {
	t.Parallel()
	o := newOperator(t)
	o.must(t, "org", "create", "--name", "acme")
	named := []string{"--alias", "Kalle 123", "--customer-number", "12-a_B", "--tulo-customer-number", "00001", "--external-id", "crm=47;11", "--external-id", "erp=a=b"}
	kalle := mustMake[madeAccount](t, o, append([]string{"account", "create", "--org", "acme", "--email", "kalle@example.com", "--login-disabled"}, named...)...)
	type names struct {
		Alias              string
		CustomerNumber     string            `json:"customer_number"`
		TuloCustomerNumber string            `json:"tulo_customer_number"`
		ExternalIDs        map[string]string `json:"external_ids"`
		LoginDisabled      bool              `json:"login_disabled"`
	}
	want(t, "names", mustDecode[names](t, o.must(t, "account", "show", kalle.ID)), names{"Kalle 123", "12-a_B", "00001", map[string]string{"crm": "47;11", "erp": "a=b"}, true})
	o.must(t, "org", "set", "acme", "verification_required", "off")
	bert := mustMake[madeAccount](t, o, "account", "create", "--org", "acme", "--email", "bert@example.com")
	want(t, "without verification", bert, madeAccount{bert.ID, "bert@example.com", "active", true})
}

func TestTokenCommands(t *testing.T) {
	t.Parallel()
	o := newOperator(t)
	o.must(t, "org", "create", "--name", "acme")
	c := mustMake[madeClient](t, o, "client", "create", "--org", "acme", "--name", "web", "--scopes", meScopes)
	line := o.must(t, "token", "issue", "--client", c.ID, "--scopes", "/external/me/r")
	wantMembers(t, line, "access_token", "expires_in", "scope")
	issued := mustDecode[madeToken](t, line)
	want(t, "life and scope", []any{issued.ExpiresIn, issued.Scope}, []any{3600, "/external/me/r"})
	want(t, "token revoke with --json", o.must(t, "token", "revoke", issued.Token), "")
	piped, err := o.run(mustMake[madeToken](t, o, "token", "issue", "--client", c.ID, "--scopes", meScopes).Token+"\n", "token", "revoke", "-")
	if err != nil || piped.code != 0 {
		t.Errorf("a token from standard input: got %+v, %v, want exit code 0", piped, err)
	}
}

func TestMigrateCommands(t *testing.T) {
	t.Parallel()
	o := operator{data: t.TempDir()} // no master key: a schema holds no secrets
	type status struct{ Version, Latest int }
	line := o.must(t, "migrate", "status")
	wantMembers(t, line, "version", "latest")
	before := mustDecode[status](t, line)
	if before.Version != 0 || before.Latest < 1 {
		t.Errorf("before: got %+v, want version 0 and a later one", before)
	}
	up := o.must(t, "migrate", "up")
	wantMembers(t, up, "version", "latest")
	want(t, "after", mustDecode[status](t, up), status{before.Latest, before.Latest})
	want(t, "again", o.must(t, "migrate", "up"), up)
	want(t, "status after", o.must(t, "migrate", "status"), up)
}

func TestWebhookCommands(t *testing.T) {
	t.Parallel()
	o := newOperator(t)
	o.must(t, "org", "create", "--name", "acme")
	line := o.must(t, "webhook", "create", "--org", "acme", "--url", "https://hooks.example/in", "--events", "account_changed,registered_account_confirmed")
	wantMembers(t, line, "id", "url", "events", "secret")
	made := mustDecode[struct{ ID, URL, Secret string }](t, line)
	wantForm(t, "secret", made.Secret, regexp.MustCompile(`^whsec_[A-Za-z0-9+/]{40,}=*$`))
	o.must(t, "webhook", "create", "--org", "acme", "--url", "http://127.0.0.1:8080/dev/webhooks")
	listed := o.must(t, "webhook", "list", "--org", "acme")
	if lines := strings.Split(strings.TrimSpace(listed), "\n"); len(lines) != 2 || strings.Contains(listed, "whsec_") {
		t.Errorf("got %s, want two endpoints without their secrets", listed)
	}
	rotated := o.must(t, "webhook", "rotate", made.ID)
	wantMembers(t, rotated, "id", "secret", "previousValidUntil")
	if again := mustDecode[struct{ Secret string }](t, rotated).Secret; again == made.Secret {
		t.Errorf("got the same secret after rotate, want another")
	}
	o.must(t, "webhook", "disable", made.ID)
	if got, err := o.run("", "webhook", "disable", made.ID); err != nil || got.code != 1 {
		t.Errorf("disabled again: got %+v, %v, want exit code 1", got, err)
	}
	if first, _, _ := strings.Cut(o.must(t, "webhook", "list", "--org", "acme"), "\n"); !strings.Contains(first, `"reason":"operator"`) {
		t.Errorf("got %s, want who has disabled it", first)
	}
	want(t, "webhook enable with --json", o.must(t, "webhook", "enable", made.ID), "")
	for args, code := range map[string]int{
		"enable " + made.ID: 1, "enable whe_none": 1, "rotate whe_none": 1, "enable --url https://hooks.example/in --org acme": 1, "enable": 2, "enable --url https://hooks.example/in": 2,
	} {
		if got, err := o.run("", append([]string{"webhook"}, strings.Fields(args)...)...); err != nil || got.code != code {
			t.Errorf("webhook %s: got %+v, %v, want exit code %d", args, got, err, code)
		}
	}
	for _, args := range [][]string{
		{"--org", "acme", "--url", "http://hooks.example/in"}, {"--org", "acme", "--url", "https://hooks.example/in", "--events", "nothing"}, {"--org", "nobody", "--url", "https://hooks.example/in"},
	} {
		if got, err := o.run("", append([]string{"webhook", "create"}, args...)...); err != nil || got.code != 1 {
			t.Errorf("%q: got %+v, %v, want exit code 1", args, got, err)
		}
	}
}

func TestVersionCommand(t *testing.T) {
	t.Parallel()
	line := operator{data: t.TempDir()}.must(t, "version")
	wantMembers(t, line, "version", "commit", "go")
	got := mustDecode[struct{ Version, Commit, Go string }](t, line)
	want(t, "version and commit", []string{got.Version, got.Commit}, []string{builtVersion, builtCommit})
	wantForm(t, "go", got.Go, regexp.MustCompile(`^1\.\d+`))
}

// TestSkillsCommands imports a list twice, refuses one with an error, and gets back what was imported beside our own list.
func TestSkillsCommands(t *testing.T) {
	t.Parallel()
	o := newOperator(t)
	file := func(text string) string {
		name := filepath.Join(t.TempDir(), "skills.csv")
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	own := strings.Split(o.must(t, "skills", "export"), "\n")
	if len(own) < 300 {
		t.Errorf("got %d skills, want at least 300", len(own))
	}
	esco := file("conceptType,conceptUri,preferredLabel,altLabels\nx,http://data.europa.eu/esco/skill/1,steer kayaks,\"paddle\nnavigate\"\nx,http://data.europa.eu/esco/skill/2,Haskell,\n")
	want(t, "import", o.must(t, "skills", "import", esco), `{"read":2,"added":2,"changed":0,"unchanged":0,"removed":0}`)
	want(t, "again", o.must(t, "skills", "import", esco), `{"read":2,"added":0,"changed":0,"unchanged":2,"removed":0}`)

	refused := o.try(t, "skills", "import", file("id,name\na,A\nb,\na,B\n"))
	if refused.code != 1 || refused.stdout != "" || !strings.Contains(refused.stderr, "line 3: ") || !strings.Contains(refused.stderr, "line 4: ") {
		t.Errorf("a list with errors: got %+v, want exit code 1 and both lines", refused)
	}
	exported := strings.Split(o.must(t, "skills", "export"), "\n")
	want(t, "number of skills", len(exported), len(own)+2)
	want(t, "exported", exported[slices.IndexFunc(exported, func(l string) bool { return strings.Contains(l, "skill/1") })],
		`{"id":"http://data.europa.eu/esco/skill/1","name":"steer kayaks","category":"esco","aliases":["paddle","navigate"]}`)
	fromInput, err := o.run("id,name\nk,Kayak\n", "skills", "import", "-", "--replace")
	want(t, "replace", fmt.Sprint(fromInput.stdout, err), "{\"read\":1,\"added\":1,\"changed\":0,\"unchanged\":0,\"removed\":2}\n<nil>")
}

// TestExportIsImported has what is exported for people imported again.
func TestExportIsImported(t *testing.T) {
	t.Parallel()
	o := newOperator(t)
	exported, err := command(o.env, "", "skills", "export", "--data", o.data)
	if err != nil || !strings.HasPrefix(exported.stdout, "id,name,category,aliases\n") {
		t.Fatalf("got %.60q, %v, want CSV", exported.stdout, err)
	}
	n := strings.Count(exported.stdout, "\n") - 1
	got, err := o.run(exported.stdout, "skills", "import", "-")
	want(t, "imported", fmt.Sprint(got.stdout, err), fmt.Sprintf("{\"read\":%d,\"added\":0,\"changed\":0,\"unchanged\":%[1]d,\"removed\":0}\n<nil>", n))
}

// allCommands are the commands that exist; each explains itself.
var allCommands = []string{
	"", "dev", "serve", "worker", "version",
	"migrate", "migrate up", "migrate status",
	"org", "org create", "org list", "org set", "org show",
	"key", "key create", "key list", "key rotate", "key revoke",
	"client", "client create", "client list", "client rotate", "client disable",
	"account", "account create", "account show", "account disable",
	"webhook", "webhook create", "webhook list", "webhook rotate", "webhook disable", "webhook enable",
	"token", "token issue", "token revoke",
	"skills", "skills import", "skills export",
	"deliveries", "deliveries list", "deliveries show", "deliveries retry", "deliveries replay",
	"mail", "mail bounce",
	"questions", "questions import", "questions list", "questions remove", "questions lint", "questions stats",
}

func TestEveryCommandHasHelp(t *testing.T) {
	t.Parallel()
	for _, name := range allCommands {
		got, err := command(nil, "", append(strings.Fields(name), "--help")...)
		if err != nil || got.code != 0 || got.stderr != "" || !strings.HasPrefix(got.stdout, "Usage: avow ") {
			t.Errorf("avow %s --help: got %+v, %v, want exit code 0 and text on stdout alone", name, got, err)
		}
	}
}
