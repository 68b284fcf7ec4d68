//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// tenant is an organisation on a running server, made by commands that work beside it.
type tenant struct {
	operator
	base   string
	org    madeOrg
	client madeClient
}

func newTenant(t *testing.T) tenant {
	t.Helper()
	data := t.TempDir()
	base := startDev(t, data).ready.URL
	o := operator{data: data} // the key is in the data directory
	n := tenant{operator: o, base: base, org: mustMake[madeOrg](t, o, "org", "create", "--name", "acme")}
	n.client = mustMake[madeClient](t, o, "client", "create", "--org", "acme", "--name", "web", "--scopes", meScopes, "--offline-access")
	return n
}

func (n tenant) mustPerson(t *testing.T, email string) person {
	t.Helper()
	who, err := n.person("acme", n.client.ID, email)
	if err != nil {
		t.Fatal(err)
	}
	return who
}

// grant asks the token endpoint.
func (n tenant) grant(form url.Values) call {
	form.Set("client_id", n.client.ID)
	if !form.Has("client_secret") {
		form.Set("client_secret", n.client.Secret)
	}
	return call{
		method: http.MethodPost, url: n.base + "/api/authorization/access_token", body: form.Encode(),
		header: map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
	}
}

// refusedWith makes a call that has to be refused with a code of the account contract.
func refusedWith(t *testing.T, c call, status int, code string) {
	t.Helper()
	want(t, "code of "+c.method+" "+c.url, mustDecode[refusal](t, must(t, c, status).body).Code, code)
}

func TestTokenRevokeTakesEffectAtOnce(t *testing.T) {
	t.Parallel()
	n := newTenant(t)
	anna := n.mustPerson(t, someEmail)
	must(t, pendingCall(n.base, anna.token), http.StatusOK)
	n.must(t, "token", "revoke", anna.token)
	refusedWith(t, pendingCall(n.base, anna.token), http.StatusUnauthorized, "invalid_token")
	if got := n.try(t, "token", "revoke", anna.token); got.code > 1 {
		t.Errorf("revoked again: got %+v, want exit code 0 or 1", got)
	}
}

func TestSkillsImportTakesEffectAtOnce(t *testing.T) {
	t.Parallel()
	n := newTenant(t)
	search := get(n.base + "/api/skills/search?keyword=kayaking")
	want(t, "before", must(t, search, http.StatusOK).body, `{"data":[],"page":1,"limit":10,"count":0}`)
	if got, err := n.run("id,name,category\nk,Sea kayaking,sport.water\n", "skills", "import", "-"); err != nil || got.code != 0 {
		t.Fatalf("got %+v, %v, want exit code 0", got, err)
	}
	want(t, "after", must(t, search, http.StatusOK).body,
		`{"data":[{"skill_id":"k","Skill":"Sea kayaking","sub_skill_id":"sport.water","master_skill_id":"sport"}],"page":1,"limit":10,"count":1}`)
}

func TestClientDisableTakesEffectAtOnce(t *testing.T) {
	t.Parallel()
	n := newTenant(t)
	anna := n.mustPerson(t, someEmail)
	must(t, pendingCall(n.base, anna.token), http.StatusOK)
	must(t, n.grant(url.Values{"grant_type": {"none"}}), http.StatusOK)
	n.must(t, "client", "disable", n.client.ID)
	refusedWith(t, pendingCall(n.base, anna.token), http.StatusUnauthorized, "invalid_token")
	must(t, n.grant(url.Values{"grant_type": {"none"}}), http.StatusUnauthorized)
	if got := n.try(t, "token", "issue", "--client", n.client.ID, "--scopes", meScopes); got.code != 1 {
		t.Errorf("a token of a disabled client: got %+v, want exit code 1", got)
	}
}

func TestClientRotateTakesEffectAtOnce(t *testing.T) {
	t.Parallel()
	n := newTenant(t)
	fresh := mustMake[madeClient](t, n.operator, "client", "rotate", n.client.ID)
	must(t, n.grant(url.Values{"grant_type": {"none"}}), http.StatusUnauthorized)
	must(t, n.grant(url.Values{"grant_type": {"none"}, "client_secret": {fresh.Secret}}), http.StatusOK)
}

func TestAccountDisableTakesEffectAtOnce(t *testing.T) {
	t.Parallel()
	n := newTenant(t)
	anna := n.mustPerson(t, someEmail)
	must(t, createCall(n.base, anna.token, ""), http.StatusCreated)
	mails, err := newestMail(n.base, someEmail, "confirmation_code=")
	if err != nil {
		t.Fatal(err)
	}
	n.must(t, "account", "disable", anna.id)
	refusedWith(t, pendingCall(n.base, anna.token), http.StatusUnauthorized, "invalid_token")
	if got := n.try(t, "token", "issue", "--client", n.client.ID, "--scopes", meScopes, "--account", anna.id); got.code != 1 {
		t.Errorf("a token of a disabled account: got %+v, want exit code 1", got)
	}
	// The link in the mail must not open what an operator has closed.
	form := url.Values{"id": {anna.id}, "confirmation_code": {mails[0].code()}}
	must(t, call{http.MethodPost, n.base + "/confirm", map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, form.Encode()}, http.StatusConflict)
	want(t, "account", mustMake[madeAccount](t, n.operator, "account", "show", anna.id), madeAccount{anna.id, someEmail, "inactive", false})
}

func TestKeyRevokeTakesEffectAtOnce(t *testing.T) {
	t.Parallel()
	n := newTenant(t)
	k := mustMake[madeKey](t, n.operator, "key", "create", "--org", "acme", "--name", "backend", "--mode", "live")
	init := post(n.base+"/api/v1/verify", initBody(n.base, student{"student_1", "Sam Doe", "sam@example.com"})).key(k.APIKey)
	got := mustDecode[opened](t, must(t, init, http.StatusCreated).body)
	if !strings.HasPrefix(got.Data.RecordVerificationID, "ver_live_") {
		t.Errorf("recordVerificationId of a live key: got %q, want ver_live_…", got.Data.RecordVerificationID)
	}
	n.must(t, "key", "revoke", k.KeyID)
	refused := must(t, init, http.StatusUnauthorized)
	if !strings.Contains(refused.body, `"code":"UNAUTHORIZED"`) {
		t.Errorf("a revoked key: got %s, want UNAUTHORIZED", refused.body)
	}
}

func TestOrgSetTakesEffectAtOnce(t *testing.T) {
	t.Parallel()
	n := newTenant(t)
	k := mustMake[madeKey](t, n.operator, "key", "create", "--org", "acme", "--name", "backend", "--mode", "test")
	session := openSession(t, n.base, k.APIKey, student{"student_1", "Sam Doe", "sam@example.com"})
	method := post(n.base+"/api/v1/step2/verification-method", fmt.Sprintf(`{"recordVerificationId":%q,"verificationMethod":"human"}`, session.Data.RecordVerificationID)).key(session.Data.SessionToken)
	must(t, method, http.StatusOK)
	n.must(t, "org", "set", "acme", "session_token_as_key", "off")
	must(t, method, http.StatusUnauthorized)

	anna := n.mustPerson(t, someEmail)
	n.must(t, "org", "set", n.org.Org, "brand_name", "Acme Publishing")
	must(t, createCall(n.base, anna.token, ""), http.StatusCreated)
	mails, err := newestMail(n.base, someEmail, "Acme Publishing")
	if err != nil {
		t.Fatal(err)
	}
	want(t, "subject", mails[0].Subject, "Confirm your e-mail address for Acme Publishing")
}

func TestPasswordFileIsThePassword(t *testing.T) {
	t.Parallel()
	n := newTenant(t)
	const password = " sésame, ouvre-toi "
	got, err := n.run(password+"\n", "account", "create", "--org", "acme", "--email", someEmail, "--password-file", "-")
	if err != nil || got.code != 0 {
		t.Fatalf("account create: got %+v, %v, want exit code 0", got, err)
	}
	form := func(password string) url.Values {
		return url.Values{"grant_type": {"password"}, "username": {n.org.Org + "^" + someEmail}, "password": {password}}
	}
	must(t, n.grant(form(strings.TrimSpace(password))), http.StatusBadRequest)
	issued := mustDecode[madeToken](t, must(t, n.grant(form(password)), http.StatusOK).body)
	must(t, createCall(n.base, issued.Token, ""), http.StatusCreated)
}
