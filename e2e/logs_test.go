//go:build e2e

package e2e

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// secrets are texts by what they are. None may be found where it does not belong.
type secrets map[string]string

// in returns what of the secrets a text holds.
func (s secrets) in(text []byte) []string {
	var found []string
	for what, secret := range s {
		if bytes.Contains(text, []byte(secret)) {
			found = append(found, what)
		}
	}
	return found
}

// careless is a server on which both flows are carried out, with everything going wrong that can, and what must not be seen of it.
type careless struct {
	tenant
	secrets  secrets // credentials and codes
	personal secrets // of people
}

const (
	holderEmail   = "henrietta.holder@mailbox.example"
	password      = "correct horse battery"
	wrongPassword = "incorrect donkey fuse"
)

var pupil = student{"student-4711-internal", "Quentin Zebrafield", "quentin.zebrafield@students.example"}

func TestSecretsAreNeitherLoggedNorStoredInClear(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	p := startDev(t, data, "AVOW_LOG_LEVEL=debug")
	o := operator{data: data, env: []string{"AVOW_LOG_LEVEL=debug"}}
	d := p.ready.Demo
	c := &careless{tenant: tenant{operator: o, base: p.ready.URL, org: mustMake[madeOrg](t, o, "org", "create", "--name", "acme")}}
	c.secrets = secrets{"demo key": d.APIKey, "demo secret": d.SecretKey, "demo client secret": d.ClientSecret, "demo password": d.AccountPassword, "demo token": d.AccessToken}
	c.personal = secrets{"student's name": pupil.name, "student's address": pupil.email, "holder's address": holderEmail}
	c.accountFlow(t)
	c.skillFlow(t)
	c.checkDatabase(t, data)
	metrics := must(t, get(p.ready.AdminURL+"/metrics"), http.StatusOK).body
	p.stop(t)
	c.checkDatabase(t, data)
	if _, rest, _ := strings.Cut(p.stdout.String(), "\n"); rest != "" {
		t.Errorf("stdout after the ready line: got %q, want nothing", rest)
	}
	log := p.stderr.String()
	for _, all := range []secrets{c.secrets, c.personal} {
		if found := all.in([]byte(log + metrics)); len(found) > 0 {
			t.Errorf("log and metrics: got %v, want none of them", found)
		}
	}
	if got := strings.Count(log, `"msg":"request"`); got < 40 {
		t.Errorf("log: got %d lines of requests, want all of them: a silent log proves nothing", got)
	}
}

// lasting is a client that does not announce the end of its connection: only to such a one is the answer to a body that is too large certain to get through.
var lasting = &http.Client{Timeout: patience}

// odd makes a call that may be refused for any reason but a fault of the server.
func odd(t *testing.T, c call) {
	t.Helper()
	oddFrom(t, client, c)
}

func oddFrom(t *testing.T, with *http.Client, c call) {
	t.Helper()
	got, err := send(with, c)
	if err != nil || got.status >= http.StatusInternalServerError || got.status < http.StatusBadRequest {
		t.Errorf("%s %s: got %d %s, %v, want a refusal", c.method, c.url, got.status, got.body, err)
	}
}

// accountFlow signs in, creates and verifies, after every mistake that a caller can make on the way.
func (c *careless) accountFlow(t *testing.T) {
	t.Helper()
	c.client = mustMake[madeClient](t, c.operator, "client", "create", "--org", "acme", "--name", "web", "--scopes", meScopes, "--offline-access")
	made, err := c.run(password, "account", "create", "--org", "acme", "--email", holderEmail, "--password-file", "-")
	if err != nil || made.code != 0 {
		t.Fatalf("account create: got %+v, %v, want exit code 0", made, err)
	}
	id := mustDecode[madeAccount](t, made.stdout).ID
	signIn := func(password string) url.Values {
		return url.Values{"grant_type": {"password"}, "username": {c.org.Org + "^" + holderEmail}, "password": {password}}
	}
	odd(t, c.grant(signIn(wrongPassword)))
	odd(t, c.grant(url.Values{"grant_type": {"none"}, "client_secret": {"avow_cs_guessedguessed"}}))
	type pair struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
	}
	first := mustDecode[pair](t, must(t, c.grant(signIn(password)), http.StatusOK).body)
	refresh := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {first.Refresh}}
	second := mustDecode[pair](t, must(t, c.grant(refresh), http.StatusOK).body)
	token := second.Access
	c.secretsOf(secrets{"client secret": c.client.Secret, "password": password, "wrong password": wrongPassword, "wrong client secret": "avow_cs_guessedguessed",
		"first token": first.Access, "first refresh token": first.Refresh, "token": token, "refresh token": second.Refresh})

	must(t, createCall(c.base, token, "https://app.example/first?session=private-to-the-caller"), http.StatusCreated)
	old := c.awaitCode(t, "https://app.example/first")
	must(t, createCall(c.base, token, ""), http.StatusCreated)
	code := c.awaitCode(t, "/confirm?id="+id)
	wrong := "00000000-0000-4000-8000-000000000000"
	c.secretsOf(secrets{"superseded code": old, "code": code, "wrong code": wrong, "query of a link": "private-to-the-caller"})
	c.accountMistakes(t, id, token, code, []string{old, wrong})
	must(t, verifyCall(c.base, token, code), http.StatusOK)
	odd(t, verifyCall(c.base, token, code))
	odd(t, c.grant(refresh)) // used before: its family is revoked
	odd(t, pendingCall(c.base, token))
}

func (c *careless) secretsOf(more secrets) {
	for what, secret := range more {
		c.secrets[what] = secret
	}
}

// awaitCode waits for the mail with a link.
func (c *careless) awaitCode(t *testing.T, link string) string {
	t.Helper()
	mails, err := newestMail(c.base, holderEmail, link)
	if err != nil {
		t.Fatal(err)
	}
	return mails[0].code()
}

// accountMistakes puts secrets where they do not belong, as callers do.
func (c *careless) accountMistakes(t *testing.T, id, token, code string, wrong []string) {
	t.Helper()
	const me = "/external/api/v1/me/"
	for _, w := range wrong {
		odd(t, verifyCall(c.base, token, w))
	}
	verify := func(body string) call { return post(c.base+me+"verify_account", body).bearer(token) }
	for _, body := range []string{
		`{"confirmation_code":"` + code, `{"confirmation_code":"` + code + `"}}`, `["` + code + `"]`, `{"confirmation_code":["` + code + `"]}`,
		`{"` + code + `":"` + code + `"}`, `{"confirmation_code":"` + code + `","e-mail":"` + holderEmail + `"}`, code, "\xff" + code,
	} {
		odd(t, verify(body))
	}
	odd(t, verify(`{"confirmation_code":"`+code+`"}`).with("Content-Type", "text/"+code))
	oddFrom(t, lasting, verify(fmt.Sprintf(`{"confirmation_code":%q}`, code+strings.Repeat(" ", 2<<20))))
	odd(t, get(c.base+me+"pending_verification_request?access_token="+token).bearer(token))
	odd(t, get(c.base+me+"pending_verification_request?access_token="+token))
	odd(t, get(c.base+me+"pending_verification_request").with("Authorization", "Basic "+token))
	odd(t, get(c.base+me+"pending_verification_request").bearer(token+"x"))
	odd(t, get(c.base+me+token).bearer(token))
	odd(t, get(c.base+"/"+token+"/"+holderEmail))
	odd(t, createCall(c.base, token, "http://"+holderEmail+"/"+token))
	odd(t, post(c.base+"/api/authorization/access_token", `{"password":"`+password+`"}`))
	odd(t, c.grant(url.Values{"grant_type": {password}}))

	link := c.base + "/confirm?" + url.Values{"id": {id}, "confirmation_code": {code}}.Encode()
	must(t, get(link).with("Referer", link).with("User-Agent", holderEmail), http.StatusOK)
	form := call{http.MethodPost, c.base + "/confirm", map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, "id=" + id + "&confirmation_code=" + wrong[0]}
	odd(t, form)
	form.body = code + "%zz"
	odd(t, form)
	odd(t, form.with("Origin", "https://"+code+".example").with("Sec-Fetch-Site", "cross-site"))
}

// skillFlow runs from init to step 3, likewise.
func (c *careless) skillFlow(t *testing.T) {
	t.Helper()
	k := mustMake[madeKey](t, c.operator, "key", "create", "--org", "acme", "--name", "backend", "--mode", "live")
	rotated := mustMake[madeKey](t, c.operator, "key", "rotate", k.KeyID)
	session := openSession(t, c.base, k.APIKey, pupil)
	token := session.Data.SessionToken
	c.secretsOf(secrets{"API key": k.APIKey, "API secret": k.SecretKey, "webhook secret": k.WebhookSecret, "new API secret": rotated.SecretKey, "session token": token})

	s := &selector{apiKey: k.APIKey, session: token, verification: session.Data.RecordVerificationID}
	must(t, s.next(c.base), http.StatusCreated)
	must(t, get(c.base+"/api/v1/step3/store-verification-items/session/"+token), http.StatusOK)
	must(t, get(c.base+"/api/v1/step3/store-verification-items/get/"+s.verification), http.StatusOK)
	c.skillMistakes(t, k, token)
}

func (c *careless) skillMistakes(t *testing.T, k madeKey, token string) {
	t.Helper()
	const items = "/api/v1/step3/store-verification-items/"
	whole := initBody(c.base, pupil)
	init := func(body string) call { return post(c.base+"/api/v1/verify", body).key(k.APIKey) }
	for _, body := range []string{
		whole[:len(whole)-1], whole + whole, "[" + whole + "]", `{"` + pupil.name + `":1}`, strings.Replace(whole, pupil.id, "", 1),
		strings.Replace(whole, `"projects":[`, `"projects":"`+pupil.email+`","x":[`, 1), strings.Replace(whole, c.base, "ftp://"+pupil.email+"/"+token, 1),
		strings.Replace(whole, `"name":"Name of proj_1"`, `"nom":"`+pupil.name+`"`, 1),
	} {
		odd(t, init(body))
	}
	odd(t, init(whole).with("Content-Type", pupil.email))
	odd(t, init(whole).key(k.SecretKey))
	odd(t, init(whole).key(k.APIKey+"x"))
	odd(t, post(c.base+"/api/v1/verify?apiKey="+k.APIKey+"&name="+url.QueryEscape(pupil.name), whole))
	odd(t, get(c.base+items+"session/"+token+"x"))
	odd(t, get(c.base+items+token+"/"+k.APIKey))
	odd(t, get(c.base+"/api/v1/"+token+"?x-api-key="+k.APIKey))
	odd(t, post(c.base+items+"session/"+token, "{}"))
	odd(t, post(c.base+items+"store", `{"sessionToken":"`+token+`","projectIds":["`+pupil.email+`"]}`).key(k.APIKey))
	odd(t, post(c.base+items+"store", `{"sessionToken":"`+token+`","projectIds":["`+pupil.name).key(k.APIKey))
	odd(t, post(c.base+"/api/v1/step2/verification-method", `{"recordVerificationId":"`+token+`","verificationMethod":"human"}`).key(token+"x"))
	odd(t, post(c.base+"/api/v1/step2/verification-method", `{"recordVerificationId":"`+token+`","verificationMethod":"`+pupil.name+`"}`).key(k.APIKey).with("X-Session-Token", token))
}

// checkDatabase looks for credentials and codes in the bytes of every file but the one that is made to hold a secret.
func (c *careless) checkDatabase(t *testing.T, data string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(data, "avow.db*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("files of the database: got %v, %v, want some", files, err)
	}
	size := 0
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		size += len(content)
		if found := c.secrets.in(content); len(found) > 0 {
			t.Errorf("%s: got %v in clear, want none of them", filepath.Base(file), found)
		}
	}
	if size < 64<<10 {
		t.Errorf("got %d bytes of database, want those of both flows: an empty file proves nothing", size)
	}
}
