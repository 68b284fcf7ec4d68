package config_test

import (
	"encoding/base64"
	"errors"
	"log/slog"
	"net/mail"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"avow/internal/config"
)

// keyOf is a key of 32 equal bytes in base64.
func keyOf(b byte) string {
	return base64.StdEncoding.EncodeToString(keyBytes(b))
}

func keyBytes(b byte) []byte {
	return []byte(strings.Repeat(string(rune(b)), 32))
}

// serveEnv is the smallest environment that avow serve accepts, with extra
// entries that win over it.
func serveEnv(extra ...string) []string {
	return append([]string{
		"AVOW_PUBLIC_URL=https://verify.example.org",
		"AVOW_SECRET_KEY=" + keyOf('a'),
		"AVOW_SMTP_URL=smtp://relay.example.org:587",
		"AVOW_MAIL_FROM=verify@example.org",
		"AVOW_ALLOWED_VERIFICATION_URLS=https://app.example.org/",
	}, extra...)
}

func load(t *testing.T, profile config.Profile, environ ...string) config.Config {
	t.Helper()
	cfg, err := config.Load(profile, nil, environ)
	if err != nil {
		t.Fatalf("Load(%s, %q): got error %v, want none", profile, environ, err)
	}
	return cfg
}

func diff(got, want any) string {
	equalPrefix := cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })
	return cmp.Diff(want, got, equalPrefix, cmpopts.EquateEmpty())
}

func TestLoadDefaultsInDev(t *testing.T) {
	t.Parallel()
	want := config.Config{
		Profile:                 config.Dev,
		Addr:                    "127.0.0.1:8080",
		AdminAddr:               "127.0.0.1:9090",
		PublicURL:               "http://127.0.0.1:8080",
		DataDir:                 "./avow-data",
		DatabaseURL:             "sqlite:avow-data/avow.db",
		AllowedVerificationURLs: []string{"*"},
		EgressAllow:             []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")},
		Limits:                  true,
		DatabasePool:            16,
		SessionTTL:              40 * 24 * time.Hour,
		VerificationTTL:         24 * time.Hour,
		ReviewTTL:               30 * 24 * time.Hour,
		ShutdownTimeout:         15 * time.Second,
		LogLevel:                slog.LevelInfo,
		LogFormat:               config.LogAuto,
	}
	if d := diff(load(t, config.Dev), want); d != "" {
		t.Errorf("got (+), want (-):\n%s", d)
	}
}

func TestLoadEverySetting(t *testing.T) {
	t.Parallel()
	got := load(t, config.Serve,
		"AVOW_ADDR=:443", "AVOW_ADMIN_ADDR=[::1]:9999", "AVOW_PUBLIC_URL=https://verify.example.org/base//",
		"AVOW_DATA_DIR=/var/lib/avow", "AVOW_DATABASE_URL=sqlite:/srv/a.db",
		"AVOW_SMTP_URL=smtp://user:pass@a.example.org:587?tls=required, smtps://b.example.org",
		"AVOW_MAIL_FROM=Avow <verify@example.org>", "AVOW_MAIL_TEMPLATES=/etc/avow/mail",
		"AVOW_SECRET_KEY="+keyOf('a')+","+keyOf('b')+", "+strings.TrimRight(keyOf('c'), "="),
		"AVOW_ALLOWED_VERIFICATION_URLS=https://app.example.org,https://b.example.org/v?token=",
		"AVOW_EGRESS_ALLOW=10.1.2.3/8, fd00::/8", "AVOW_TRUSTED_PROXIES=192.0.2.0/24", "AVOW_LIMITS=off",
		"AVOW_CORS_ORIGINS=https://App.example.org/,http://localhost:3000",
		"AVOW_TLS_CERT=cert.pem", "AVOW_TLS_KEY=key.pem", "AVOW_DATABASE_POOL=1000",
		"AVOW_SESSION_TTL=1h", "AVOW_VERIFICATION_TTL=2h", "AVOW_REVIEW_TTL=3h", "AVOW_SHUTDOWN_TIMEOUT=1m30s",
		"AVOW_LOG_LEVEL=debug", "AVOW_LOG_FORMAT=json", "AVOW_REDIS_URL=rediss://u:p%40ss@cache.example.org/3",
		"AVOW_AI_URL=https://ai.example.org/v1/", "AVOW_AI_KEY=sk-1", "AVOW_AI_MODEL=m-1",
		"HOME=/home/avow", "AVOW_PORT=tcp://10.0.0.1:80", "AVOW_PORT_80_TCP=x", "AVOW_SERVICE_HOST=10.0.0.1")
	want := config.Config{
		Profile: config.Serve, Addr: ":443", AdminAddr: "[::1]:9999", PublicURL: "https://verify.example.org/base",
		DataDir: "/var/lib/avow", DatabaseURL: "sqlite:/srv/a.db",
		Redis:                   config.Redis{Addresses: []string{"cache.example.org:6379"}, TLS: true, User: "u", Password: "p@ss", Database: 3},
		AIURL:                   "https://ai.example.org/v1",
		AIKey:                   "sk-1",
		AIModel:                 "m-1",
		SMTPURLs:                []config.Secret{"smtp://user:pass@a.example.org:587?tls=required", "smtps://b.example.org"},
		MailFrom:                mail.Address{Name: "Avow", Address: "verify@example.org"},
		MailTemplates:           "/etc/avow/mail",
		SecretKeys:              config.Keys{keyBytes('a'), keyBytes('b'), keyBytes('c')},
		AllowedVerificationURLs: []string{"https://app.example.org/", "https://b.example.org/v?token="},
		EgressAllow:             []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")},
		TrustedProxies:          []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")},
		CORSOrigins:             []string{"https://app.example.org", "http://localhost:3000"},
		TLSCert:                 "cert.pem", TLSKey: "key.pem", DatabasePool: 1000,
		SessionTTL: time.Hour, VerificationTTL: 2 * time.Hour, ReviewTTL: 3 * time.Hour, ShutdownTimeout: 90 * time.Second,
		LogLevel: slog.LevelDebug, LogFormat: config.LogJSON,
	}
	if d := diff(got, want); d != "" {
		t.Errorf("got (+), want (-):\n%s", d)
	}
}

func TestLoadFlagsWin(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "missing")
	flags := map[string]string{"data": "/d", "addr": "127.0.0.1:1", "log-level": "", "log-format": "json"}
	environ := []string{"AVOW_DATA_DIR=/e", "AVOW_ADDR=wrong", "AVOW_LOG_LEVEL=error", "AVOW_LOG_FORMAT_FILE=" + missing}
	got, err := config.Load(config.Command, flags, environ)
	if err != nil {
		t.Fatalf("got error %v, want none", err)
	}
	if got.DataDir != "/d" || got.Addr != "127.0.0.1:1" || got.DatabaseFile() != "/d/avow.db" {
		t.Errorf("got data %q, addr %q, file %q, want the flags' values", got.DataDir, got.Addr, got.DatabaseFile())
	}
	if got.LogLevel != slog.LevelInfo || got.LogFormat != config.LogJSON {
		t.Errorf("got level %v, format %v, want the default for an empty flag and json", got.LogLevel, got.LogFormat)
	}
}

func TestLoadReadsFiles(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte(keyOf('z')+"\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := load(t, config.Serve, serveEnv("AVOW_SECRET_KEY=", "AVOW_SECRET_KEY_FILE="+file, "AVOW_ADDR_FILE=")...)
	if d := cmp.Diff([][]byte{keyBytes('z')}, [][]byte(got.SecretKeys)); d != "" {
		t.Errorf("got (+), want (-):\n%s", d)
	}
}

func TestLoadPublicURL(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		profile config.Profile
		environ []string
		bound   string
		want    string
	}{
		{"port 0 waits for the listener", config.Dev, []string{"AVOW_ADDR=127.0.0.1:0"}, "127.0.0.1:4711", "http://127.0.0.1:4711"},
		{"every interface", config.Dev, []string{"AVOW_ADDR=:80"}, "[::]:80", "http://127.0.0.1:80"},
		{"IPv6", config.Dev, []string{"AVOW_ADDR=[::1]:80"}, "[::1]:80", "http://[::1]:80"},
		{"TLS", config.Dev, []string{"AVOW_TLS_CERT=c", "AVOW_TLS_KEY=k"}, "127.0.0.1:8080", "https://127.0.0.1:8080"},
		{"commands have none", config.Command, nil, "0.0.0.0:5", "http://127.0.0.1:5"},
		{"given", config.Dev, []string{"AVOW_ADDR=127.0.0.1:0", "AVOW_PUBLIC_URL=http://a.test/"}, "127.0.0.1:4711", "http://a.test"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cfg := load(t, tt.profile, tt.environ...)
			if got := cfg.PublicURLFor(tt.bound); got != tt.want {
				t.Errorf("PublicURLFor(%q): got %q, want %q", tt.bound, got, tt.want)
			}
		})
	}
	if got := load(t, config.Dev, "AVOW_ADDR=127.0.0.1:0").PublicURL; got != "" {
		t.Errorf("PublicURL with port 0: got %q, want it empty", got)
	}
}

func TestLoadAccepts(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		profile config.Profile
		environ []string
	}{
		{"commands need nothing", config.Command, nil},
		{"smallest serve", config.Serve, serveEnv()},
		{"http to loopback in dev", config.Dev, []string{"AVOW_ALLOWED_VERIFICATION_URLS=http://localhost:3000/,http://[::1]/,http://127.0.0.9/x"}},
		{"http to loopback in commands", config.Command, []string{"AVOW_ALLOWED_VERIFICATION_URLS=http://localhost:3000/"}},
		{"relay with sender in dev", config.Dev, []string{"AVOW_SMTP_URL=smtp://localhost:25/", "AVOW_MAIL_FROM=a@example.org"}},
		{"sender alone in dev", config.Dev, []string{"AVOW_MAIL_FROM=a@example.org"}},
		{"both ports free", config.Dev, []string{"AVOW_ADDR=127.0.0.1:0", "AVOW_ADMIN_ADDR=127.0.0.1:0"}},
		{"a model on the same machine in serve", config.Serve, serveEnv("AVOW_AI_URL=http://127.0.0.1:11434/v1", "AVOW_AI_MODEL=m")},
		{"empty names", config.Dev, []string{"AVOW_AI_URL=", "AVOW_AI_KEY_FILE="}},
		{"database default in words", config.Dev, []string{"AVOW_DATABASE_URL=sqlite:"}},
		{"any verification URL in serve", config.Serve, serveEnv("AVOW_ALLOWED_VERIFICATION_URLS=*")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			load(t, tt.profile, tt.environ...)
		})
	}
}

// problemsOf are the lines that Load reports; it fails the test when there is none.
func problemsOf(t *testing.T, profile config.Profile, flags map[string]string, environ ...string) []string {
	t.Helper()
	cfg, err := config.Load(profile, flags, environ)
	var found *config.Error
	if !errors.As(err, &found) {
		t.Fatalf("Load(%s, %q): got %v, want a *config.Error", profile, environ, err)
	}
	if d := diff(cfg, config.Config{}); d != "" {
		t.Errorf("settings beside an error: got (+), want (-):\n%s", d)
	}
	return strings.Split(err.Error(), "\n")
}
