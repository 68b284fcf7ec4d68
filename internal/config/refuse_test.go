package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"avow/internal/config"
)

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "addr")
	if err := os.WriteFile(file, []byte("nonsense\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const (
		duration = `want a duration above zero such as 36h, 15m or 30s`
		relay    = `want smtp://user:password@host:587 or smtps://host, percent-encoded, with no more than ?tls=required behind it`
		public   = `AVOW_PUBLIC_URL: want an absolute http or https URL without user, query and fragment, such as https://verify.example.org`
		prefixes = `want * or an absolute https prefix such as https://app.example.org/ (http only to loopback in dev)`
		sqlite   = `AVOW_DATABASE_URL: want postgres://… or sqlite:FILE without parameters, such as sqlite:/var/lib/avow/avow.db`
		postgres = `AVOW_DATABASE_URL: cannot be read as a PostgreSQL URL, such as postgres://user:password@host:5432/avow, percent-encoded`
		address  = `want host:port such as 127.0.0.1:8080`
		redis    = `AVOW_REDIS_URL: want redis://user:password@host:6379/0, several hosts for a Cluster (host:6379,host:6379), or ` +
			`redis-sentinel://user:password@host:26379,host:26379/master; rediss for TLS; percent-encoded`
		aiURL    = `AVOW_AI_URL: want an absolute https URL without user, query and fragment, such as https://ai.example.org/v1 (http only to loopback)`
		together = `AVOW_AI_URL: AVOW_AI_URL and AVOW_AI_MODEL go together; set both or none`
	)
	tests := []struct {
		environ string
		want    string
	}{
		{"AVOW_ADDR=8080", `AVOW_ADDR: got "8080", ` + address},
		{"AVOW_ADDR=localhost:http", `AVOW_ADDR: got "localhost:http", ` + address},
		{"AVOW_ADDR=localhost:65536", `AVOW_ADDR: got "localhost:65536", ` + address},
		{"AVOW_ADDR_FILE=" + file, `AVOW_ADDR: got "nonsense", ` + address},
		{"AVOW_ADMIN_ADDR=x", `AVOW_ADMIN_ADDR: got "x", ` + address},
		{"AVOW_ADMIN_ADDR=127.0.0.1:8080", `AVOW_ADMIN_ADDR: got the address of AVOW_ADDR, want another one: it must not be public`},
		{"AVOW_PUBLIC_URL=verify.example.org", public},
		{"AVOW_PUBLIC_URL=ftp://verify.example.org", public},
		{"AVOW_PUBLIC_URL=https://", public},
		{"AVOW_PUBLIC_URL=https:///path", public},
		{"AVOW_PUBLIC_URL=https://a.test?x=1", public},
		{"AVOW_PUBLIC_URL=https://a.test/?", public},
		{"AVOW_PUBLIC_URL=https://a.test/#", public},
		{"AVOW_PUBLIC_URL=https://u:hunter2@a.test", public},
		{"AVOW_PUBLIC_URL=https://a.test:99999", public},
		{"AVOW_PUBLIC_URL=https://a.test\x7f/hunter2", public},
		{"AVOW_DATABASE_URL=postgres://u:hunter2@[db/avow", postgres},
		{"AVOW_DATABASE_URL=postgresql:", postgres},
		{"AVOW_DATABASE_URL=mysql://u:hunter2@db/avow", sqlite},
		{"AVOW_DATABASE_URL=avow.db", sqlite},
		{"AVOW_DATABASE_URL=sqlite::memory:", sqlite},
		{"AVOW_DATABASE_URL=sqlite://avow.db", sqlite},
		{"AVOW_DATABASE_URL=sqlite:avow.db?mode=ro", sqlite},
		{"AVOW_SMTP_URL=smtp://relay.test", `AVOW_MAIL_FROM: required with AVOW_SMTP_URL; set it to the sender of all mail, such as verify@example.org`},
		{"AVOW_MAIL_FROM=nobody", `AVOW_MAIL_FROM: got "nobody", want one address such as Example <verify@example.org>`},
		{"AVOW_MAIL_FROM=a@b.test, c@b.test", `AVOW_MAIL_FROM: got "a@b.test, c@b.test", want one address such as Example <verify@example.org>`},
		{"AVOW_SECRET_KEY=hunter2!", `AVOW_SECRET_KEY: key 1: want base64, as openssl rand -base64 32 prints it`},
		{"AVOW_SECRET_KEY=" + keyOf('a') + ",aHVudGVyMg==", `AVOW_SECRET_KEY: key 2: got 7 bytes, want 32, as openssl rand -base64 32 prints them`},
		{"AVOW_SECRET_KEY=" + strings.Repeat(keyOf('a')+",", 4), `AVOW_SECRET_KEY: got 4 keys, want at most 3`},
		{"AVOW_ALLOWED_VERIFICATION_URLS=*,app.example.org", `AVOW_ALLOWED_VERIFICATION_URLS: entry 2: ` + prefixes},
		{"AVOW_ALLOWED_VERIFICATION_URLS=http://app.example.org/", `AVOW_ALLOWED_VERIFICATION_URLS: entry 1: ` + prefixes},
		{"AVOW_ALLOWED_VERIFICATION_URLS=https://*.example.org/", `AVOW_ALLOWED_VERIFICATION_URLS: entry 1: ` + prefixes},
		{"AVOW_ALLOWED_VERIFICATION_URLS=https://a.test/#x", `AVOW_ALLOWED_VERIFICATION_URLS: entry 1: ` + prefixes},
		{"AVOW_EGRESS_ALLOW=10.0.0.1", `AVOW_EGRESS_ALLOW: got "10.0.0.1", want a network such as 10.0.0.0/8 or fd00::/8`},
		{"AVOW_TRUSTED_PROXIES=10.0.0.0/8,x", `AVOW_TRUSTED_PROXIES: got "x", want a network such as 10.0.0.0/8 or fd00::/8`},
		{"AVOW_LIMITS=true", `AVOW_LIMITS: got "true", want on or off`},
		{"AVOW_CORS_ORIGINS=https://a.test,*", `AVOW_CORS_ORIGINS: entry 2: want an origin such as https://app.example.org`},
		{"AVOW_CORS_ORIGINS=https://a.test/path", `AVOW_CORS_ORIGINS: entry 1: want an origin such as https://app.example.org`},
		{"AVOW_TLS_CERT=c.pem", `AVOW_TLS_CERT: AVOW_TLS_CERT and AVOW_TLS_KEY go together; set both or none`},
		{"AVOW_TLS_KEY=k.pem", `AVOW_TLS_CERT: AVOW_TLS_CERT and AVOW_TLS_KEY go together; set both or none`},
		{"AVOW_DATABASE_POOL=0", `AVOW_DATABASE_POOL: got 0, want 1 to 1000`},
		{"AVOW_DATABASE_POOL=1001", `AVOW_DATABASE_POOL: got 1001, want 1 to 1000`},
		{"AVOW_DATABASE_POOL=many", `AVOW_DATABASE_POOL: got "many", want a whole number`},
		{"AVOW_SESSION_TTL=40d", `AVOW_SESSION_TTL: got "40d", ` + duration},
		{"AVOW_VERIFICATION_TTL=0s", `AVOW_VERIFICATION_TTL: got "0s", ` + duration},
		{"AVOW_REVIEW_TTL=-1h", `AVOW_REVIEW_TTL: got "-1h", ` + duration},
		{"AVOW_SHUTDOWN_TIMEOUT=15", `AVOW_SHUTDOWN_TIMEOUT: got "15", ` + duration},
		{"AVOW_LOG_LEVEL=loud", `AVOW_LOG_LEVEL: want debug, info, warn or error`},
		{"AVOW_LOG_FORMAT=xml", `AVOW_LOG_FORMAT: got "xml", want text or json`},
		{"AVOW_REDIS_URL=hunter2", redis},
		{"AVOW_REDIS_URL=h:6379", redis},
		{"AVOW_REDIS_URL=valkey://h", redis},
		{"AVOW_REDIS_URL=redis://", redis},
		{"AVOW_REDIS_URL=redis://:hunter2@", redis},
		{"AVOW_REDIS_URL=redis://hunter2@h", redis},
		{"AVOW_REDIS_URL=redis://u:hunter%2@h", redis},
		{"AVOW_REDIS_URL=redis://h:0", redis},
		{"AVOW_REDIS_URL=redis://h:65536", redis},
		{"AVOW_REDIS_URL=redis://h,", redis},
		{"AVOW_REDIS_URL=redis://h,u:hunter2@h", redis},
		{"AVOW_REDIS_URL=redis://u:hunter2@h,u:hunter2@i", redis},
		{"AVOW_REDIS_URL=redis://h/x", redis},
		{"AVOW_REDIS_URL=redis://h/-1", redis},
		{"AVOW_REDIS_URL=redis://h,h2/1", redis},
		{"AVOW_REDIS_URL=redis://h?db=1", redis},
		{"AVOW_REDIS_URL=redis://h#x", redis},
		{"AVOW_REDIS_URL=redis-sentinel://h", redis},
		{"AVOW_REDIS_URL=redis-sentinel://h/m/x", redis},
		{"AVOW_REDIS_URL=redis-sentinel://h/m?db=x", redis},
		{"AVOW_REDIS_URL=redis-sentinel://h/m?password=hunter2", redis},
		{"AVOW_AI_URL=https://h", together},
		{"AVOW_AI_MODEL=m", together},
		{"AVOW_AI_KEY=hunter2", `AVOW_AI_KEY: of no use without AVOW_AI_URL; set that, or unset this`},
		{"AVOW_AI_KEY_FILE=/hunter2", `AVOW_AI_KEY_FILE: cannot read the file that it names: no such file or directory`},
		{"AVOW_AI_URL=http://ai.example.org", aiURL},
		{"AVOW_AI_URL=http://10.0.0.1:8000/v1", aiURL},
		{"AVOW_AI_URL=http://127.0.0.1.example.org", aiURL},
		{"AVOW_AI_URL=https://u:hunter2@h/v1", aiURL},
		{"AVOW_AI_URL=https://h/v1?key=hunter2", aiURL},
		{"AVOW_AI_URL=https://h/v1#x", aiURL},
		{"AVOW_AI_URL=h/v1", aiURL},
		{"AVOW_DATABSE_URL=hunter2", `AVOW_DATABSE_URL: unknown setting; did you mean AVOW_DATABASE_URL?`},
		{"AVOW_SECRETKEY_FILE=hunter2", `AVOW_SECRETKEY_FILE: unknown setting; did you mean AVOW_SECRET_KEY_FILE?`},
		{"AVOW_REDIS_UR=", `AVOW_REDIS_UR: unknown setting; did you mean AVOW_REDIS_URL?`},
		{"AVOW_SECRET_KEY_FILE=" + dir + "/hunter2", `AVOW_SECRET_KEY_FILE: cannot read the file that it names: no such file or directory`},
		{"AVOW_SMTP_URL=relay.test:25", `AVOW_SMTP_URL: relay 1: ` + relay},
		{"AVOW_SMTP_URL=http://relay.test", `AVOW_SMTP_URL: relay 1: ` + relay},
		{"AVOW_SMTP_URL=smtp://u:hunter2@", `AVOW_SMTP_URL: relay 1: ` + relay},
		{"AVOW_SMTP_URL=smtp://u:hunter2@h:0", `AVOW_SMTP_URL: relay 1: ` + relay},
		{"AVOW_SMTP_URL=smtp://u:hunter2@h/path", `AVOW_SMTP_URL: relay 1: ` + relay},
		{"AVOW_SMTP_URL=smtp://u:hunter2@h?tls=off", `AVOW_SMTP_URL: relay 1: ` + relay},
		{"AVOW_SMTP_URL=smtp://u:hunter2@h#x", `AVOW_SMTP_URL: relay 1: ` + relay},
		{"AVOW_SMTP_URL=smtps://h, smtp://u:hunter2%@h", `AVOW_SMTP_URL: relay 2: ` + relay},
	}
	for _, tt := range tests {
		t.Run(tt.environ, func(t *testing.T) {
			t.Parallel()
			environ := []string{tt.environ}
			if strings.HasPrefix(tt.want, "AVOW_SMTP_URL") {
				environ = append(environ, "AVOW_MAIL_FROM=verify@example.org")
			}
			if strings.HasPrefix(tt.want, "AVOW_AI_URL: want") {
				environ = append(environ, "AVOW_AI_MODEL=m")
			}
			got := problemsOf(t, config.Dev, nil, environ...)
			if d := cmp.Diff([]string{tt.want}, got); d != "" {
				t.Errorf("got (+), want (-):\n%s", d)
			}
		})
	}
}

func TestLoadRefusesPEMTextForFileNames(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(file, []byte("-----BEGIN PRIVATE KEY-----\nhunter2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := problemsOf(t, config.Dev, nil, "AVOW_TLS_CERT=c.pem", "AVOW_TLS_KEY_FILE="+file)
	want := []string{"AVOW_TLS_KEY: got PEM text, want the name of the PEM file; set AVOW_TLS_KEY itself, not AVOW_TLS_KEY_FILE, to that name"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("got (+), want (-):\n%s", d)
	}
}

func TestLoadRefusesNameAndFile(t *testing.T) {
	t.Parallel()
	got := problemsOf(t, config.Serve, nil, serveEnv("AVOW_SECRET_KEY_FILE=/run/key")...)
	want := []string{"AVOW_SECRET_KEY_FILE: AVOW_SECRET_KEY is set as well; keep one of the two"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("got (+), want (-):\n%s", d)
	}
}

func TestLoadRefusesUnknownFlags(t *testing.T) {
	t.Parallel()
	flags := map[string]string{"secret-key": "hunter2", "data-dir": "/d", "": "x"}
	got := problemsOf(t, config.Dev, flags)
	want := []string{"--: there is no such flag", "--data-dir: there is no such flag", "--secret-key: there is no such flag"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("got (+), want (-):\n%s", d)
	}
}

func TestServeRequires(t *testing.T) {
	t.Parallel()
	want := []string{
		"AVOW_ALLOWED_VERIFICATION_URLS: required by avow serve; set it to the prefixes that verification_url may have, such as https://app.example.org/",
		"AVOW_MAIL_FROM: required by avow serve; set it to the sender of all mail, such as verify@example.org",
		"AVOW_PUBLIC_URL: required by avow serve; set it to the address that people reach, such as https://verify.example.org",
		"AVOW_SECRET_KEY: required by avow serve; set it, or AVOW_SECRET_KEY_FILE, to what openssl rand -base64 32 prints",
		"AVOW_SMTP_URL: required by avow serve; set it, or AVOW_SMTP_URL_FILE, to the mail relay, such as smtp://user:password@host:587",
	}
	blank := []string{"AVOW_ALLOWED_VERIFICATION_URLS=,", "AVOW_SECRET_KEY= ,", "AVOW_SMTP_URL=,,", "AVOW_MAIL_FROM="}
	for name, environ := range map[string][]string{"unset": nil, "blank": blank} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if d := cmp.Diff(want, problemsOf(t, config.Serve, nil, environ...)); d != "" {
				t.Errorf("got (+), want (-):\n%s", d)
			}
		})
	}
}

func TestServeRefusesLoopbackHTTP(t *testing.T) {
	t.Parallel()
	got := problemsOf(t, config.Serve, nil, serveEnv("AVOW_ALLOWED_VERIFICATION_URLS=http://localhost/")...)
	if len(got) != 1 || !strings.HasPrefix(got[0], "AVOW_ALLOWED_VERIFICATION_URLS: entry 1: ") {
		t.Errorf("got %q, want one problem with the first entry", got)
	}
}

func TestLoadReportsAllAtOnce(t *testing.T) {
	t.Parallel()
	got := problemsOf(t, config.Dev, map[string]string{"lgo-level": "info"},
		"AVOW_ZULU=1", "AVOW_LOG_FORMAT=xml", "AVOW_ALPHA=1", "AVOW_ADDR=x", "AVOW_REDIS_URL=h", "AVOW_LIMITS=maybe")
	var names []string
	for _, line := range got {
		name, _, _ := strings.Cut(line, ":")
		names = append(names, name)
	}
	want := []string{"--lgo-level", "AVOW_ALPHA", "AVOW_ZULU", "AVOW_ADDR", "AVOW_LIMITS", "AVOW_LOG_FORMAT", "AVOW_REDIS_URL"}
	if d := cmp.Diff(want, names); d != "" {
		t.Errorf("got (+), want (-):\n%s", d)
	}
}

func TestUnreadableFileIsOneProblem(t *testing.T) {
	t.Parallel()
	got := problemsOf(t, config.Serve, nil, serveEnv("AVOW_SECRET_KEY=", "AVOW_SECRET_KEY_FILE=/nowhere/hunter2")...)
	want := []string{"AVOW_SECRET_KEY_FILE: cannot read the file that it names: no such file or directory"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("got (+), want (-):\n%s", d)
	}
}

func TestLoadRefusesAIAllAtOnce(t *testing.T) {
	t.Parallel()
	got := problemsOf(t, config.Serve, nil, serveEnv("AVOW_AI_URL=ftp://h", "AVOW_AI_KEY=hunter 2")...)
	var names []string
	for _, line := range got {
		name, _, _ := strings.Cut(line, ":")
		names = append(names, name)
	}
	if d := cmp.Diff([]string{"AVOW_AI_KEY", "AVOW_AI_URL", "AVOW_AI_URL"}, names); d != "" {
		t.Errorf("got (+), want (-):\n%s", d)
	}
}
