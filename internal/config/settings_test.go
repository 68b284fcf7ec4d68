package config

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

//go:generate go test . -run TestSettingsDocs -update

var update = flag.Bool("update", false, "write docs/settings.md from the code")

func TestSettingsDocs(t *testing.T) {
	t.Parallel()
	file := filepath.Join("..", "..", "docs", "settings.md")
	want := settingsDocs()
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("docs/settings.md: got another text than the code gives, want it fresh: run go generate ./internal/config")
	}
}

const docsHead = `<!-- Generated from internal/config; change it there and run: go generate ./internal/config -->

# Settings

Settings are environment variables. Each has a flag, which wins, unless it is a secret: a command line can be read by every user of the machine.

- ` + "`NAME_FILE`" + ` names a file that holds the value of ` + "`NAME`" + `, as container secrets do; line ends behind the value are dropped. Setting both is an error.
- An empty value counts as unset.
- All mistakes are reported at once. An unknown ` + "`AVOW_*`" + ` variable is a mistake, too; ` + "`AVOW_PORT*` and `AVOW_SERVICE_*`" + `, which Kubernetes makes up for a service named avow, are ignored.
- Durations are written like ` + "`36h`, `15m` or `1m30s`" + `.
- Whose certificates are trusted, that of Redis (` + "`rediss`" + `) or of a mail relay for instance, the system says. For an authority of your own on Linux, ` + "`SSL_CERT_DIR`" + ` names a
  directory with its certificate as a PEM file; the system's bundle stays trusted. ` + "`SSL_CERT_FILE`" + ` names a file that takes the place of that bundle.

| Setting | Flag | Default | Meaning |
|---|---|---|---|
`

func settingsDocs() string {
	text := strings.Builder{}
	text.WriteString(docsHead)
	for _, s := range Settings() {
		flag := "none (secret)"
		if !s.Secret {
			flag = "`--" + s.Flag + "`"
		}
		fmt.Fprintf(&text, "| `%s` | %s | %s | %s |\n", s.Name, flag, markdown(s.Default), markdown(s.Help))
	}
	return text.String()
}

// markdown keeps <, * and | of a plain text from being taken for markup.
func markdown(text string) string {
	return strings.NewReplacer("<", `\<`, "*", `\*`, "|", `\|`).Replace(text)
}

func TestSettingsAreComplete(t *testing.T) {
	t.Parallel()
	name := regexp.MustCompile(`^AVOW(_[A-Z]+)+$`)
	flags := map[string]string{}
	for _, s := range Settings() {
		if !name.MatchString(s.Name) || fromKubernetes(s.Name) || strings.HasSuffix(s.Name, fileSuffix) {
			t.Errorf("%s: got a name that cannot be set, want AVOW_WORDS", s.Name)
		}
		if s.Default == "" || s.Help == "" || strings.Contains(s.Help, "\n") {
			t.Errorf("%s: got default %q and help %q, want one line each", s.Name, s.Default, s.Help)
		}
		if s.Secret != (s.Flag == "") {
			t.Errorf("%s: got flag %q with secret %v, want a flag unless secret", s.Name, s.Flag, s.Secret)
		}
		if other := flags[s.Flag]; other != "" && s.Flag != "" {
			t.Errorf("--%s: got it for %s and %s, want one setting a flag", s.Flag, other, s.Name)
		}
		flags[s.Flag] = s.Name
	}
}

func TestSettingsFlags(t *testing.T) {
	t.Parallel()
	want := map[string]string{"AVOW_DATABASE_URL": "database-url", "AVOW_DATA_DIR": "data", "AVOW_SMTP_URL": "", "AVOW_SECRET_KEY": "", "AVOW_CORS_ORIGINS": "cors-origins"}
	for _, s := range Settings() {
		if flag, ok := want[s.Name]; ok && s.Flag != flag {
			t.Errorf("%s: got flag %q, want %q", s.Name, s.Flag, flag)
		}
		delete(want, s.Name)
	}
	if len(want) > 0 {
		t.Errorf("got no settings %v, want them listed", want)
	}
}

// spoken prints v in every way that a careless caller might.
func spoken(t *testing.T, v any) string {
	t.Helper()
	var out bytes.Buffer
	slog.New(slog.NewTextHandler(&out, nil)).Info("text", "v", v)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("json", "v", v)
	encoded, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	out.Write(encoded)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb, v)
	}
	return out.String()
}

func TestSecretsAreNeverPrinted(t *testing.T) {
	t.Parallel()
	key := strings.Repeat("k", keyBytes)
	cfg := Config{SMTPURLs: []Secret{"smtp://u:hunter2@h"}, SecretKeys: Keys{[]byte(key)}, Redis: Redis{Password: "hunter2"}, AIKey: "hunter2"}
	values := []any{cfg, &cfg, cfg.Redis, &cfg.Redis, cfg.Redis.String(), cfg.SMTPURLs, cfg.SMTPURLs[0], cfg.SecretKeys, cfg.SMTPURLs[0].String(), cfg.SecretKeys.String()}
	leaks := []string{"hunter2", fmt.Sprintf("%x", "hunter2"), key, fmt.Sprintf("%x", key), "107 107", "a2tr", "0x6b"}
	for _, v := range values {
		got := spoken(t, v)
		for _, leak := range leaks {
			if strings.Contains(got, leak) {
				t.Errorf("%T: got %q in %s, want it hidden", v, leak, got)
			}
		}
		if !strings.Contains(got, hidden) {
			t.Errorf("%T: got %s, want %s in it", v, got, hidden)
		}
	}
	if got := cfg.SMTPURLs[0].Reveal(); got != "smtp://u:hunter2@h" {
		t.Errorf("Reveal: got %q, want the value", got)
	}
}

func TestConfigLogsSettingsByName(t *testing.T) {
	t.Parallel()
	cfg, err := Load(Dev, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	slog.New(slog.NewTextHandler(&out, nil)).Info("settings", "config", cfg)
	for _, want := range []string{"config.AVOW_ADDR=127.0.0.1:8080", "config.AVOW_SECRET_KEY=[secret]", "config.AVOW_SESSION_TTL=960h0m0s"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("got %s, want %s in it", out.String(), want)
		}
	}
}

func TestDistance(t *testing.T) {
	t.Parallel()
	tests := []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"abc", "", 3}, {"", "abc", 3}, {"abc", "abc", 0}, {"kitten", "sitting", 3}, {"flaw", "lawn", 2},
	}
	for _, tt := range tests {
		if got := distance(tt.a, tt.b); got != tt.want {
			t.Errorf("distance(%q, %q): got %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}
