//go:build e2e

package e2e

import (
	"regexp"
	"strings"
	"testing"
)

// oneSentence is a line that says who speaks and what is wrong.
var oneSentence = regexp.MustCompile(`^avow: [^\n]+\n$`)

func TestCommandsRefuseInOneSentence(t *testing.T) {
	t.Parallel()
	o := newOperator(t)
	o.must(t, "org", "create", "--name", "acme")
	o.must(t, "org", "create", "--name", "other")
	o.must(t, "account", "create", "--org", "acme", "--email", someEmail, "--alias", "anna", "--external-id", "crm=1")
	c := mustMake[madeClient](t, o, "client", "create", "--org", "acme", "--name", "web", "--scopes", meScopes)
	foreign := mustMake[madeAccount](t, o, "account", "create", "--org", "other", "--email", someEmail)
	tests := map[string]struct{ command, says string }{
		"unknown org, show":      {"org show nobody", "no such organisation"},
		"unknown org, set":       {"org set nobody brand_name x", "no such organisation"},
		"unknown org, key":       {"key create --org nobody --name k --mode test", "no such organisation"},
		"unknown org, keys":      {"key list --org nobody", "no such organisation"},
		"unknown org, client":    {"client create --org nobody --name c --scopes /x", "no such organisation"},
		"unknown org, clients":   {"client list --org nobody", "no such organisation"},
		"unknown org, account":   {"account create --org nobody --email b@example.com", "no such organisation"},
		"taken name":             {"org create --name acme", "organisation of this name"},
		"unknown setting":        {"org set acme colour red", "no setting colour"},
		"wrong value":            {"org set acme session_token_as_key maybe", "on or off"},
		"scope without a slash":  {"client create --org acme --name c --scopes me", "begins with a slash"},
		"plain http prefix":      {"client create --org acme --name c --scopes /x --verification-urls http://a.example/", "http"},
		"taken address":          {"account create --org acme --email " + someEmail, "already in use"},
		"taken address, cased":   {"account create --org acme --email Anna@Example.com", "already in use"},
		"malformed address":      {"account create --org acme --email anna", "e-mail address"},
		"undocumented address":   {"account create --org acme --email o'hara@example.com", "e-mail address"},
		"taken alias":            {"account create --org acme --email b@example.com --alias anna", "alias: Another account"},
		"taken external id":      {"account create --org acme --email b@example.com --external-id crm=1", "external_ids: Another account"},
		"customer number":        {"account create --org acme --email b@example.com --customer-number 12345678901", "customer_number: "},
		"no password file":       {"account create --org acme --email b@example.com --password-file missing.txt", "missing.txt"},
		"unknown account":        {"account show 0123456789abcdef01234567", "could not be found"},
		"disable nobody":         {"account disable 0123456789abcdef01234567", "could not be found"},
		"unknown key":            {"key revoke key_x", "no such key"},
		"rotate an unknown key":  {"key rotate key_x", "no such key"},
		"unknown client":         {"client disable client_x", "no such client"},
		"rotate nobody":          {"client rotate client_x", "no such client"},
		"unknown token":          {"token revoke avow_at_x", "no such token"},
		"scopes beyond client's": {"token issue --client " + c.ID + " --scopes /external/account/w", "scope"},
		"account of another org": {"token issue --client " + c.ID + " --scopes /external/me/r --account " + foreign.ID, "could not be found"},
	}
	for name, tt := range tests {
		got := o.try(t, strings.Fields(tt.command)...)
		if got.code != 1 || got.stdout != "" || !oneSentence.MatchString(got.stderr) || !strings.Contains(got.stderr, tt.says) {
			t.Errorf("%s: avow %s: got %+v, want exit code 1 and one sentence with %q on stderr alone", name, tt.command, got, tt.says)
		}
	}
}

func TestPasswordsThatAreRefused(t *testing.T) {
	t.Parallel()
	o := newOperator(t)
	o.must(t, "org", "create", "--name", "acme")
	for name, password := range map[string]string{"empty": "\n", "short": "12345\n", "long": strings.Repeat("x", 1025)} {
		got, err := o.run(password, "account", "create", "--org", "acme", "--email", someEmail, "--password-file", "-")
		if err != nil || got.code != 1 || got.stdout != "" || !oneSentence.MatchString(got.stderr) {
			t.Errorf("%s: got %+v, %v, want exit code 1 and one sentence on stderr alone", name, got, err)
		}
	}
}

func TestWrongUsage(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	tests := map[string]string{
		"no command":        "",
		"unknown command":   "frobnicate",
		"no subcommand":     "org",
		"missing flag":      "org create",
		"unknown flag":      "org list --frobnicate",
		"missing argument":  "org show",
		"one argument more": "org show a b",
		"bad mode":          "key create --org acme --name k --mode prod",
		"bad duration":      "token issue --client c --scopes /x --ttl soon",
		"secret as a flag":  "serve --secret-key x",
	}
	for name, line := range tests {
		got, err := command(nil, "", append(strings.Fields(line), "--json", "--data", data)...)
		if err != nil || got.code != 2 || got.stdout != "" || !strings.HasPrefix(got.stderr, "avow: ") || !strings.Contains(got.stderr, "--help") {
			t.Errorf("%s: avow %s: got %+v, %v, want exit code 2 and a hint at --help on stderr alone", name, line, got, err)
		}
	}
}

// settingNames are the settings that a list of configuration errors begins its lines with, in order.
func settingNames(stderr string) []string {
	var names []string
	for _, found := range regexp.MustCompile(`(?m)^(AVOW_[A-Z_]+): .+$`).FindAllStringSubmatch(stderr, -1) {
		names = append(names, found[1])
	}
	return names
}

func TestAllConfigurationErrorsAtOnce(t *testing.T) {
	t.Parallel()
	wrong := []string{"AVOW_ZDDR=127.0.0.1:1", "AVOW_DATABSE_URL=sqlite:x", "AVOW_ADDR=nowhere", "AVOW_LIMITS=perhaps", "AVOW_SESSION_TTL=-1h", "AVOW_SECRET_KEY=hunter2hunter2", "AVOW_CORS_ORIGINS=app"}
	for _, line := range []string{"dev", "serve", "migrate up", "org list", "account show 0123456789abcdef01234567"} {
		got, err := command(append(wrong, "AVOW_DATA_DIR="+t.TempDir()), "", append(strings.Fields(line), "--json")...)
		if err != nil || got.code != 1 || got.stdout != "" {
			t.Errorf("avow %s: got %+v, %v, want exit code 1 and nothing on stdout", line, got, err)
		}
		names := settingNames(got.stderr)
		wantNames := []string{"AVOW_DATABSE_URL", "AVOW_ZDDR", "AVOW_ADDR", "AVOW_CORS_ORIGINS", "AVOW_LIMITS", "AVOW_SECRET_KEY", "AVOW_SESSION_TTL"}
		if line == "serve" {
			wantNames = []string{"AVOW_DATABSE_URL", "AVOW_ZDDR", "AVOW_ADDR", "AVOW_ALLOWED_VERIFICATION_URLS", "AVOW_CORS_ORIGINS", "AVOW_LIMITS", "AVOW_MAIL_FROM", "AVOW_PUBLIC_URL", "AVOW_SECRET_KEY", "AVOW_SESSION_TTL", "AVOW_SMTP_URL"}
		}
		want(t, "settings named by avow "+line+", unknown ones first", names, wantNames)
		for _, nearest := range []string{"AVOW_DATABSE_URL: unknown setting; did you mean AVOW_DATABASE_URL?", "AVOW_ZDDR: unknown setting; did you mean AVOW_ADDR?"} {
			if !strings.Contains(got.stderr, nearest) {
				t.Errorf("avow %s: got %q, want the nearest name: %q", line, got.stderr, nearest)
			}
		}
		if strings.Contains(got.stderr, "hunter2") {
			t.Errorf("avow %s: got %q, want no part of the secret", line, got.stderr)
		}
	}
}

func TestKubernetesVariablesAreNoMistake(t *testing.T) {
	t.Parallel()
	o := newOperator(t)
	o.env = append(o.env, "AVOW_PORT=tcp://10.0.0.1:80", "AVOW_PORT_80_TCP_ADDR=10.0.0.1", "AVOW_SERVICE_HOST=10.0.0.1")
	o.must(t, "org", "list")
}

func TestCommandsNeedTheKeyOfTheirDatabase(t *testing.T) {
	t.Parallel()
	o := newOperator(t)
	o.env = nil
	got := o.try(t, "org", "list")
	if got.code != 1 || !oneSentence.MatchString(got.stderr) || !strings.Contains(got.stderr, "AVOW_SECRET_KEY") {
		t.Errorf("without a key: got %+v, want exit code 1 and a sentence with AVOW_SECRET_KEY", got)
	}
}
