//go:build e2e

package e2e

import (
	"database/sql"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite" // makes a schema old
)

const publicURL = "https://verify.example.org"

// production are the settings that serve needs, beside a master key.
func production(smtpURL string) []string {
	return []string{
		"AVOW_PUBLIC_URL=" + publicURL, "AVOW_SMTP_URL=" + smtpURL, "AVOW_MAIL_FROM=Example Verification <verify@example.org>",
		"AVOW_ALLOWED_VERIFICATION_URLS=https://app.example/",
	}
}

// nowhere is a relay that is never asked.
const nowhere = "smtp://127.0.0.1:9"

func TestServeNamesEverySettingThatIsMissing(t *testing.T) {
	t.Parallel()
	o := operator{data: t.TempDir()}
	required := []string{"AVOW_ALLOWED_VERIFICATION_URLS", "AVOW_MAIL_FROM", "AVOW_PUBLIC_URL", "AVOW_SECRET_KEY", "AVOW_SMTP_URL"}
	for _, name := range []string{"serve", "worker"} {
		got := o.try(t, name)
		want(t, "exit code of "+name, got.code, 1)
		want(t, "stdout of "+name, got.stdout, "")
		want(t, "settings named by "+name, settingNames(got.stderr), required)
	}

	full := append(newOperator(t).env, production(nowhere)...)
	for _, missing := range required {
		o.env = slices.DeleteFunc(slices.Clone(full), func(v string) bool { return strings.HasPrefix(v, missing+"=") })
		got := o.try(t, "serve")
		if named := settingNames(got.stderr); got.code != 1 || !slices.Equal(named, []string{missing}) {
			t.Errorf("without %s: got exit code %d and %v named, want 1 and it alone", missing, got.code, named)
		}
	}
}

// refusesToServe runs serve and worker on a database that they must not take.
func (o operator) refusesToServe(t *testing.T, says string) {
	t.Helper()
	o.env = append(slices.Clone(o.env), production(nowhere)...)
	for _, name := range []string{"serve", "worker"} {
		got := o.try(t, name, "--addr", "127.0.0.1:0", "--admin-addr", "127.0.0.1:0")
		if got.code != 1 || got.stdout != "" || !oneSentence.MatchString(got.stderr) || !strings.Contains(got.stderr, says) {
			t.Errorf("%s: got %+v, want exit code 1 and one sentence with %q on stderr alone", name, got, says)
		}
	}
}

func TestServeRefusesAnOldSchema(t *testing.T) {
	t.Parallel()
	o := newOperator(t)
	db, err := sql.Open("sqlite", filepath.Join(o.data, "avow.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	// The version is what a program looks at; a schema of an older avow is not at hand.
	if _, err := db.ExecContext(t.Context(), `DELETE FROM goose_db_version WHERE version_id = (SELECT MAX(version_id) FROM goose_db_version)`); err != nil {
		t.Fatal(err)
	}
	o.refusesToServe(t, "avow migrate up")
	if got := o.try(t, "org", "list"); got.code != 1 || !strings.Contains(got.stderr, "avow migrate up") {
		t.Errorf("org list: got %+v, want exit code 1 and avow migrate up", got)
	}
	empty := operator{data: filepath.Join(t.TempDir(), "empty"), env: o.env}
	empty.refusesToServe(t, "avow migrate up")
	if made, err := filepath.Glob(empty.data + "*"); err != nil || len(made) > 0 {
		t.Errorf("after the refusal: got %v, %v, want nothing made", made, err)
	}
}

func TestServeRefusesADatabaseOfDev(t *testing.T) {
	t.Parallel()
	o := operator{data: t.TempDir(), env: newOperator(t).env}
	startServer(t, o.data, o.env, "dev").stop(t)
	o.refusesToServe(t, "avow dev")
}

func TestServeRefusesATakenAdminPort(t *testing.T) {
	t.Parallel()
	o := newOperator(t)
	o.env = append(o.env, production(nowhere)...)
	p := startServer(t, o.data, o.env, "serve")
	got := o.try(t, "serve", "--addr", "127.0.0.1:0", "--admin-addr", strings.TrimPrefix(p.ready.AdminURL, "http://"))
	if got.code != 1 || got.stdout != "" || !oneSentence.MatchString(got.stderr) || !strings.Contains(got.stderr, "AVOW_ADMIN_ADDR") {
		t.Errorf("got %+v, want exit code 1 and one sentence with AVOW_ADMIN_ADDR on stderr alone", got)
	}
}

func TestServeReadyLine(t *testing.T) {
	t.Parallel()
	o := newOperator(t)
	p := startServer(t, o.data, append(o.env, production(nowhere)...), "serve")
	wantMembers(t, strings.TrimSuffix(p.stdout.String(), "\n"), "event", "url", "admin_url", "data")
	want(t, "event and data", []string{p.ready.Event, p.ready.Data}, []string{"ready", o.data})
	must(t, get(p.ready.URL+"/readyz").with("Host", "any.example"), http.StatusOK)
	for _, path := range []string{"/dev/mails", "/dev/webhooks", "/metrics"} {
		must(t, get(p.ready.URL+path), http.StatusNotFound)
	}
	p.stop(t)
}

func TestServeHandsMailToTheRelay(t *testing.T) {
	t.Parallel()
	r := startRelay(t, 1) // a relay that is busy gets the mail again
	o := newOperator(t)
	p := startServer(t, o.data, append(o.env, production("smtp://"+r.address)...), "serve")
	base := p.ready.URL
	o.must(t, "org", "create", "--name", "Acme")
	c := mustMake[madeClient](t, o, "client", "create", "--org", "Acme", "--name", "web", "--scopes", meScopes)
	anna, err := o.person("Acme", c.ID, someEmail)
	if err != nil {
		t.Fatal(err)
	}
	bob, err := o.person("Acme", c.ID, "bob@example.com")
	if err != nil {
		t.Fatal(err)
	}
	must(t, createCall(base, anna.token, ""), http.StatusCreated)
	first := r.letterTo(t, anna.email)
	must(t, createCall(base, bob.token, "https://app.example/verify?from=mail#top"), http.StatusCreated)
	second := r.letterTo(t, bob.email)
	if _, refused := r.letters(); refused != 1 {
		t.Errorf("mails turned away: got %d, want 1", refused)
	}
	checkLetter(t, first, publicURL+"/confirm?id="+anna.id+"&confirmation_code=CODE")
	checkLetter(t, second, "https://app.example/verify?from=mail&id="+bob.id+"&confirmation_code=CODE#top")
	for who, l := range map[person]letter{anna: first, bob: second} {
		code := mail{Text: l.text}.code()
		must(t, verifyCall(base, who.token, code), http.StatusOK)
		if found := (secrets{"code": code, "token": who.token, "address": who.email}).in([]byte(p.stderr.String())); len(found) > 0 {
			t.Errorf("log, in which an attempt has failed: got %v, want none of them", found)
		}
	}
	refusedWith(t, createCall(base, bob.token, "https://app.example.evil.io/"), http.StatusBadRequest, "invalid_parameter")
}

func TestWorkerSendsWhatServeLeavesToIt(t *testing.T) {
	t.Parallel()
	r, o := startRelay(t, 0), newOperator(t)
	env := append(o.env, production("smtp://"+r.address)...)
	p := startServer(t, o.data, env, "serve", "--no-worker")
	o.must(t, "org", "create", "--name", "Acme")
	c := mustMake[madeClient](t, o, "client", "create", "--org", "Acme", "--name", "web", "--scopes", meScopes)
	anna, err := o.person("Acme", c.ID, someEmail)
	if err != nil {
		t.Fatal(err)
	}
	must(t, createCall(p.ready.URL, anna.token, ""), http.StatusCreated)
	<-time.NewTimer(300 * time.Millisecond).C // a worker would take a few milliseconds
	if taken, _ := r.letters(); len(taken) != 0 {
		t.Errorf("letters of serve --no-worker: got %d, want 0", len(taken))
	}
	w := startServer(t, o.data, env, "worker")
	checkLetter(t, r.letterTo(t, anna.email), publicURL+"/confirm?id="+anna.id+"&confirmation_code=CODE")
	must(t, get(w.ready.AdminURL+"/readyz"), http.StatusOK)
	w.stop(t)
	p.stop(t)
}

// letterTo waits for the one letter to an address.
func (r *relay) letterTo(t *testing.T, to string) letter {
	t.Helper()
	var found letter
	eventually(t, "a letter to "+to, func() error {
		taken, _ := r.letters()
		i := slices.IndexFunc(taken, func(l letter) bool { return l.to == to })
		if i < 0 {
			return fmt.Errorf("got %d letters, none to it", len(taken))
		}
		found = taken[i]
		return nil
	})
	return found
}

// checkLetter looks at a letter; CODE in the link stands for the code.
func checkLetter(t *testing.T, l letter, link string) {
	t.Helper()
	code := mail{Text: l.text}.code()
	if code == "" {
		t.Fatalf("got no code in %q, want one", l.text)
	}
	want(t, "link", mail{Text: l.text}.link(), strings.ReplaceAll(link, "CODE", code))
	want(t, "envelope and subject", []string{l.from, l.subject}, []string{"verify@example.org", "Confirm your e-mail address for Acme"})
	want(t, "From", l.sender, `"Example Verification" <verify@example.org>`)
	if !strings.Contains(l.html, code) || !strings.HasSuffix(l.id, "@example.org>") {
		t.Errorf("got Message-ID %q and %d bytes of HTML, want an id of the sender's domain and HTML with the code", l.id, len(l.html))
	}
}
