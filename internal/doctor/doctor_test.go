package doctor

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"avow/internal/access"
	"avow/internal/account"
	"avow/internal/config"
	"avow/internal/outbox"
	"avow/internal/redisstore"
	"avow/internal/store"
)

// key is a master key as text, made of one byte.
func key(b byte) string { return base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{b}, 32)) }

// settled are settings that avow serve can work with, on an embedded database that is up to date; more win.
func settled(t *testing.T, more ...string) (environ []string, data string) {
	t.Helper()
	data = t.TempDir()
	if err := store.Migrate(t.Context(), "sqlite:"+filepath.Join(data, "avow.db"), func(string) {}); err != nil {
		t.Fatal(err)
	}
	return append([]string{
		"AVOW_DATA_DIR=" + data, "AVOW_PUBLIC_URL=" + healthy(t), "AVOW_SECRET_KEY=" + key(1), "AVOW_MAIL_FROM=verify@example.org",
		"AVOW_SMTP_URL=smtp://127.0.0.1:9", "AVOW_ALLOWED_VERIFICATION_URLS=https://app.example.org/",
	}, more...), data
}

// healthy is a public URL that answers as avow does.
func healthy(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"alive":true}`)) }))
	t.Cleanup(server.Close)
	return server.URL
}

// examine runs all checks and returns what they found, by check.
func examine(t *testing.T, environ []string, change ...func(*Options)) map[string][]Finding {
	t.Helper()
	c, err := config.Read(config.Serve, nil, last(environ))
	o := Options{Config: c, Now: time.Now, Time: 5 * time.Second}
	var wrong *config.Error
	if errors.As(err, &wrong) {
		o.Problems = wrong.Problems
	}
	for _, f := range change {
		f(&o)
	}
	found := map[string][]Finding{}
	well := Examine(t.Context(), o, func(f Finding) { found[f.Check] = append(found[f.Check], f) })
	failed := false
	for name, all := range found {
		for _, f := range all {
			failed = failed || f.Level == Fail
			if f.Level != OK && f.Remedy == "" {
				t.Errorf("%s: got no remedy for %q, want one", name, f.Found)
			}
		}
	}
	if well == failed {
		t.Errorf("got well %t, want it false exactly when a line fails: %v", well, found)
	}
	if len(found) != len(checks) {
		t.Errorf("got %d checks that found something, want all %d", len(found), len(checks))
	}
	return found
}

// last keeps the last value of each variable, as a shell would.
func last(environ []string) []string {
	values := map[string]string{}
	for _, v := range environ {
		name, _, _ := strings.Cut(v, "=")
		values[name] = v
	}
	var all []string
	for _, v := range values {
		all = append(all, v)
	}
	return all
}

// want looks for a finding of a check that has a level and holds some words.
func want(t *testing.T, found map[string][]Finding, name string, level Level, words string) {
	t.Helper()
	if !slices.ContainsFunc(found[name], func(f Finding) bool { return f.Level == level && strings.Contains(f.Found+" "+f.Remedy, words) }) {
		t.Errorf("%s: got %v, want %s with %q", name, found[name], level, words)
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	environ, _ := settled(t)
	want(t, examine(t, environ), "settings", OK, "complete")
	found := examine(t, append(environ, "AVOW_ALLOWED_VERIFICATION_URLS=*", "AVOW_LIMITS=off", "AVOW_ADDR=nonsense", "AVOW_DATABASE_POOL=0", "AVOW_MAIL_TEMPLATES="+filepath.Join(t.TempDir(), "none")))
	for words, level := range map[string]Level{
		"AVOW_ALLOWED_VERIFICATION_URLS is *": Warn, "AVOW_LIMITS is off": Warn, "AVOW_ADDR": Fail, "AVOW_DATABASE_POOL": Fail, "AVOW_MAIL_TEMPLATES": Fail,
	} {
		want(t, found, "settings", level, words)
	}
	want(t, found, "database", OK, "SQLite") // was looked at all the same
}

func TestFiles(t *testing.T) {
	t.Parallel()
	environ, data := settled(t)
	want(t, examine(t, environ), "files", OK, "MiB are free")
	if err := os.Chmod(filepath.Join(data, "avow.db"), 0o644); err != nil {
		t.Fatal(err)
	}
	want(t, examine(t, environ), "files", Warn, "mode 0644")
	want(t, examine(t, append(environ, "AVOW_DATA_DIR="+t.TempDir())), "files", Warn, "no database")
}

func TestEmbeddedDatabase(t *testing.T) {
	t.Parallel()
	environ, data := settled(t)
	found := examine(t, environ)
	want(t, found, "database", OK, "write-ahead log")
	want(t, found, "schema", OK, "up to date")
	found = examine(t, append(environ, "AVOW_DATA_DIR="+t.TempDir()))
	want(t, found, "database", Fail, "avow migrate up")
	want(t, found, "queue", Warn, "not looked at")
	file := filepath.Join(data, "torn.db")
	if err := os.WriteFile(file, []byte(strings.Repeat("this is no database. ", 500)), 0o600); err != nil {
		t.Fatal(err)
	}
	want(t, examine(t, append(environ, "AVOW_DATABASE_URL=sqlite:"+file)), "database", Fail, "cannot be used")
	want(t, map[string][]Finding{"database": embedded(store.Facts{JournalMode: "delete"})}, "database", Warn, "delete")
}

func TestSchema(t *testing.T) {
	t.Parallel()
	environ, data := settled(t)
	alter := func(statement string) map[string][]Finding {
		t.Helper()
		alterSQLite(t, filepath.Join(data, "avow.db"), statement)
		return examine(t, environ)
	}
	want(t, alter(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, TRUE)`), "schema", Warn, "newer than")
	want(t, alter(`DELETE FROM goose_db_version WHERE version_id = 5`), "schema", Fail, "not 5 before it")
	found := alter(`DELETE FROM goose_db_version WHERE version_id > 10`)
	want(t, found, "schema", Fail, "Run avow migrate up")
	want(t, found, "keys", Warn, "not looked at")
}

// seeded puts a mail that is due, a key and a captured mail into the database, sealed by a master key.
func seeded(t *testing.T, data string, master byte, due time.Time) *store.Store {
	t.Helper()
	keys, err := access.NewKeyring([][]byte{bytes.Repeat([]byte{master}, 32)})
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), store.Options{URL: "sqlite:" + filepath.Join(data, "avow.db"), Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	ctx, id := context.Background(), fmt.Sprint("org_", master)
	a := account.Account{ID: id, Org: id, Email: id + "@example.com", Status: account.Created}
	for _, err := range []error{
		s.CreateOrganisation(ctx, access.Organisation{ID: id, Name: id}),
		s.CreateKey(ctx, access.Key{ID: "key_" + id, Owner: access.Owner{Org: id, Mode: access.Live}, Secret: "secret", Hash: keys.Hash(access.ForAPIKey, id)}),
		s.Change(ctx, account.KeyOfNew(a.Org, a.Email, nil), func(account.State) (account.Next, error) {
			return account.Next{Account: &a}, nil
		}),
		s.Change(ctx, account.KeyOfID(id), func(state account.State) (account.Next, error) {
			return account.Next{Account: state.Account, Mails: []account.Mail{outbox.NewMail("dlv_"+id, id, a.Email, "t", struct{}{}, due)}}, nil
		}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func TestKeys(t *testing.T) {
	t.Parallel()
	environ, data := settled(t)
	want(t, examine(t, environ), "keys", OK, "nothing is sealed")
	seeded(t, data, 1, time.Now())
	want(t, examine(t, environ), "keys", OK, "2 sealed values looked at, all are opened")
	found := examine(t, append(environ, "AVOW_SECRET_KEY="+key(2)+","+key(1)+","+key(3)))
	want(t, found, "keys", OK, "key 2 is still needed by 2")
	want(t, found, "keys", OK, "key 3 is needed by none")
	want(t, examine(t, append(environ, "AVOW_SECRET_KEY="+key(2))), "keys", Fail, "not the key that this database was written with")
	seeded(t, data, 2, time.Now())
	want(t, examine(t, append(environ, "AVOW_SECRET_KEY="+key(2))), "keys", Fail, "2 sealed values of 4")
	want(t, examine(t, append(environ, "AVOW_SECRET_KEY=")), "keys", Warn, "AVOW_SECRET_KEY is missing")
	dev := func(o *Options) {
		o.Config.SecretKeys, o.Problems, o.KeyFile = nil, nil, errors.New("there is no secret.key")
	}
	want(t, examine(t, environ, dev), "keys", Fail, "there is no secret.key")
}

func TestDemoData(t *testing.T) {
	t.Parallel()
	environ, data := settled(t)
	want(t, examine(t, environ), "data", Warn, "avow org create")
	s := seeded(t, data, 1, time.Now())
	want(t, examine(t, environ), "data", OK, "no demo data")
	if err := s.CreateOrganisation(t.Context(), access.Organisation{ID: "org_demo", Name: "demo", Demo: true}); err != nil {
		t.Fatal(err)
	}
	want(t, examine(t, environ), "data", Fail, "demo credentials")
	want(t, examine(t, environ, func(o *Options) { o.Config.Profile = config.Dev }), "data", OK, "2 organisations")
}

func TestQueue(t *testing.T) {
	t.Parallel()
	environ, data := settled(t)
	due := time.Now()
	s := seeded(t, data, 1, due)
	at := func(age time.Duration) func(*Options) {
		return func(o *Options) { o.Now = func() time.Time { return due.Add(age) } }
	}
	want(t, examine(t, environ, at(time.Second)), "queue", OK, "nothing is late")
	want(t, examine(t, environ, at(2*time.Minute)), "queue", Warn, "a mail could have been sent for 2m0s")
	want(t, examine(t, environ, at(time.Hour)), "queue", Fail, "a mail could have been sent for 1h0m0s")
	claimed, err := s.Claim(t.Context(), outbox.Claim{Kind: outbox.Mail, Now: due.Add(time.Second), Until: due.Add(time.Minute), Limit: 1})
	if err != nil || len(claimed) != 1 {
		t.Fatalf("got %v and %v claimed, want one", claimed, err)
	}
	if err := s.Settle(t.Context(), claimed[0], outbox.Result{State: outbox.Failed, Outcome: outbox.Refused, At: due}); err != nil {
		t.Fatal(err)
	}
	if err := s.CreateEndpoint(t.Context(), access.Endpoint{ID: "whe_1", Org: "org_1", URL: "https://gone.example/", CreatedAt: due}); err != nil {
		t.Fatal(err)
	}
	if err := s.DisableEndpoint(t.Context(), "whe_1", due); err != nil {
		t.Fatal(err)
	}
	found := examine(t, environ, at(time.Hour))
	want(t, found, "queue", Warn, "1 deliveries were given up")
	want(t, found, "queue", Warn, "1 receivers of webhooks are disabled")
	found = examine(t, environ, at(25*time.Hour))
	for _, f := range found["queue"] {
		if strings.Contains(f.Found, "given up") {
			t.Errorf("got %q a day later, want only what failed in the last day", f.Found)
		}
	}
}

func TestPublicURL(t *testing.T) {
	t.Parallel()
	environ, _ := settled(t)
	want(t, examine(t, environ), "public url", OK, "answers")
	other := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(other.Close)
	want(t, examine(t, append(environ, "AVOW_PUBLIC_URL="+other.URL)), "public url", Warn, "answers 404")
	other.Close()
	want(t, examine(t, append(environ, "AVOW_PUBLIC_URL="+other.URL)), "public url", Warn, "not reached from here")
	want(t, examine(t, append(environ, "AVOW_PUBLIC_URL=http://verify.invalid")), "public url", Warn, "is not https")
	secure := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"alive":true}`)) }))
	t.Cleanup(secure.Close)
	trusting := func(o *Options) { o.Trust = secure.Client().Transport.(*http.Transport).TLSClientConfig }
	want(t, examine(t, append(environ, "AVOW_PUBLIC_URL="+secure.URL), trusting), "public url", OK, "answers")
	want(t, examine(t, append(environ, "AVOW_PUBLIC_URL="+secure.URL)), "public url", Warn, "certificate")
}

func TestClocks(t *testing.T) {
	t.Parallel()
	environ, _ := settled(t)
	want(t, examine(t, environ), "clock", OK, "no other of 1")
	for _, by := range []time.Duration{-time.Hour, time.Hour} {
		late := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Date", time.Now().Add(by).UTC().Format(http.TimeFormat))
			_, _ = w.Write([]byte(`{"alive":true}`))
		}))
		t.Cleanup(late.Close)
		found := examine(t, append(environ, "AVOW_PUBLIC_URL="+late.URL))
		want(t, found, "clock", Warn, "the clock of the public URL is ")
		want(t, found, "clock", Warn, " "+side(by)+" ours")
	}
}

func TestTimes(t *testing.T) {
	t.Parallel()
	v := &visit{Options: Options{Time: 50 * time.Millisecond}}
	for _, f := range v.run(t.Context(), check{"deaf", func(context.Context, *visit) []Finding { select {} }}) {
		if f.Level != Fail || !strings.Contains(f.Found, "no answer within 50ms") {
			t.Errorf("got %v, want that there was no answer", f)
		}
	}
}

func TestCertificate(t *testing.T) {
	t.Parallel()
	environ, _ := settled(t)
	want(t, examine(t, environ), "tls", OK, "proxy")
	cert, file := selfSigned(t)
	environ = append(environ, "AVOW_TLS_CERT="+file, "AVOW_TLS_KEY="+file)
	at := func(left time.Duration) func(*Options) {
		return func(o *Options) { o.Now = func() time.Time { return cert.NotAfter.Add(-left) } }
	}
	want(t, examine(t, environ, at(20*24*time.Hour)), "tls", OK, "20 days")
	want(t, examine(t, environ, at(3*24*time.Hour)), "tls", Warn, "expires in 3 days")
	want(t, examine(t, environ, at(-time.Second)), "tls", Fail, "expired")
	if err := os.WriteFile(file, []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	want(t, examine(t, environ), "tls", Fail, "cannot be used")
}

// Judgements on what a server says of itself, where a test cannot make it say so.
func TestJudgements(t *testing.T) {
	t.Parallel()
	good := store.Facts{Version: "16.1", Major: 16, Most: 97, Connections: 3}
	served := func(change func(*store.Facts)) []Finding { f := good; change(&f); return served(f, 16) }
	for words, found := range map[string][]Finding{
		"ok durable":           served(func(*store.Facts) {}),
		"fail older than 15":   served(func(f *store.Facts) { f.Major = 14 }),
		"fail takes no writes": served(func(f *store.Facts) { f.ReadOnly = true }),
		"fail fsync off":       served(func(f *store.Facts) { f.Unsafe = []string{"fsync"} }),
		"fail autovacuum":      served(func(f *store.Facts) { f.AutovacuumOff = true }),
		"fail may be there":    served(func(f *store.Facts) { f.Most = 10 }),
		"warn does not fit":    served(func(f *store.Facts) { f.Connections = 90 }),
		"warn older than 6":    judgeRedis(redisstore.Facts{Version: "5.0.14"}),
		"fail is a replica":    judgeRedis(redisstore.Facts{Version: "7.2", Replica: true}),
		"warn noeviction":      judgeRedis(redisstore.Facts{Version: "7.2", Limited: true, Policy: "noeviction"}),
		"warn 150ms":           judgeRedis(redisstore.Facts{Version: "7.2", Took: 150 * time.Millisecond}),
		"ok writes to disk":    judgeRedis(redisstore.Facts{Version: "7.2", Keeps: true}),
	} {
		level, words, _ := strings.Cut(words, " ")
		want(t, map[string][]Finding{"x": found}, "x", Level(level), words)
	}
}
