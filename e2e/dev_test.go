//go:build e2e

package e2e

import (
	"encoding/base64"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDevReadyLine(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	p := startDev(t, data)
	line := strings.TrimSuffix(p.stdout.String(), "\n")
	wantMembers(t, line, "event", "url", "admin_url", "data", "demo")
	demo := mustDecode[struct{ Demo json.RawMessage }](t, line).Demo
	wantMembers(t, string(demo), "org", "apiKey", "secretKey", "keyId", "client_id", "client_secret", "account_id", "account_email", "account_password", "access_token", "mails_url", "webhooks_url")
	r := p.ready
	want(t, "event and data", []string{r.Event, r.Data}, []string{"ready", data})
	want(t, "addresses below the public one", []string{r.Demo.MailsURL, r.Demo.WebhooksURL}, []string{r.URL + "/dev/mails", r.URL + "/dev/webhooks"})
	wantForm(t, "org", r.Demo.Org, orgForm)
	wantForm(t, "keyId", r.Demo.KeyID, keyForm)
	wantForm(t, "account_id", r.Demo.AccountID, accountForm)
	if !strings.HasPrefix(r.Demo.APIKey, "avow_test_") {
		t.Errorf("demo key: got %q, want one of test mode", r.Demo.APIKey)
	}
	me := must(t, get(r.URL+"/external/api/v1/me").bearer(r.Demo.AccessToken), http.StatusOK).body
	got := mustDecode[struct{ Item madeAccount }](t, me).Item
	want(t, "demo account", got, madeAccount{r.Demo.AccountID, r.Demo.AccountEmail, "created", false})
	p.stop(t)
	want(t, "stdout after the end", p.stdout.String(), line+"\n")
}

func TestDevKeepsItsSecretKeyToItself(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "made", "by", "dev")
	startDev(t, data)
	info, err := os.Stat(filepath.Join(data, "secret.key"))
	if err != nil {
		t.Fatal(err)
	}
	want(t, "mode of secret.key", info.Mode(), os.FileMode(0o600))
	text, err := os.ReadFile(filepath.Join(data, "secret.key"))
	if err != nil {
		t.Fatal(err)
	}
	if key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text))); err != nil || len(key) != 32 {
		t.Errorf("secret.key: got %d bytes, %v, want 32 in base64", len(key), err)
	}
	if info, err := os.Stat(data); err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("mode of the data directory: got %s, %v, want it closed to others", info.Mode(), err)
	}
}

func TestDevMakesAnotherAccountAfterTheDemoAccountWasVerified(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	first := startDev(t, data)
	first.stop(t)
	second := startDev(t, data)
	lasting := func(p *program) demo {
		d := p.ready.Demo
		d.AccessToken, d.MailsURL, d.WebhooksURL = "", "", ""
		return d
	}
	want(t, "demo after a restart", lasting(second), lasting(first))
	if second.ready.Demo.AccessToken == first.ready.Demo.AccessToken {
		t.Errorf("token: got the same after a restart, want a new one")
	}
	// A token that somebody has exported in another terminal lives on.
	token := first.ready.Demo.AccessToken
	must(t, createCall(second.ready.URL, token, ""), http.StatusCreated)
	mails, err := newestMail(second.ready.URL, second.ready.Demo.AccountEmail, "confirmation_code=")
	if err != nil {
		t.Fatal(err)
	}
	must(t, verifyCall(second.ready.URL, token, mails[0].code()), http.StatusOK)
	second.stop(t)

	third := startDev(t, data)
	got, before := lasting(third), lasting(second)
	if got.AccountID == before.AccountID || got.AccountEmail == before.AccountEmail {
		t.Errorf("account: got %s again, want another one than the verified", got.AccountEmail)
	}
	s, err := standingOf(third.ready.URL, third.ready.Demo.AccessToken)
	if err != nil || s.Item.Verified || s.Item.AccountID != got.AccountID {
		t.Errorf("the new account: got %+v, %v, want %s unverified", s.Item, err, got.AccountID)
	}
	got.AccountID, got.AccountEmail = before.AccountID, before.AccountEmail
	want(t, "everything but the account", got, before)
}

func TestDevRefusesADatabaseThatItDidNotMake(t *testing.T) {
	t.Parallel()
	for name, withKey := range map[string]bool{"with its key": true, "without its key": false} {
		o := newOperator(t)
		o.must(t, "org", "create", "--name", "acme")
		env := o.env
		if !withKey {
			env = nil
		}
		got := operator{data: o.data, env: env}.try(t, "dev", "--addr", "127.0.0.1:0", "--admin-addr", "127.0.0.1:0")
		if got.code != 1 || got.stdout != "" || !oneSentence.MatchString(got.stderr) || !strings.Contains(got.stderr, "not made by") {
			t.Errorf("%s: got %+v, want exit code 1 and one sentence on stderr alone", name, got)
		}
		// A key that lay there afterwards would be taken for the database's own by every command without AVOW_SECRET_KEY.
		if _, err := os.Stat(filepath.Join(o.data, "secret.key")); !os.IsNotExist(err) {
			t.Errorf("%s: secret.key after the refusal: got %v, want no such file", name, err)
		}
		want(t, name+": organisations after the refusal", strings.Count(o.must(t, "org", "list"), "\n"), 0)
	}
}

func TestDevWithATakenPort(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	data, address := t.TempDir(), taken.Addr().String()
	p := launch(t, nil, "dev", "--json", "--data", data, "--addr", "127.0.0.1:0", "--admin-addr", address)
	line := p.waitFor(t, func(text string) (string, bool) { return text, strings.HasSuffix(text, "\n") })
	if admin := mustDecode[readyLine](t, line).AdminURL; admin == "http://"+address {
		t.Errorf("admin_url: got the taken %s, want a free one", admin)
	} else {
		must(t, get(admin+"/healthz"), http.StatusOK)
	}
	p.stop(t)
	got, err := command(nil, "", "dev", "--json", "--data", data, "--addr", address, "--admin-addr", "127.0.0.1:0")
	if err != nil || got.code != 1 || got.stdout != "" || !oneSentence.MatchString(got.stderr) || !strings.Contains(got.stderr, "AVOW_ADDR") {
		t.Errorf("a taken public port: got %+v, %v, want exit code 1 and one sentence with AVOW_ADDR", got, err)
	}
}
