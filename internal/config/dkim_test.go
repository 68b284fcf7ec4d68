package config

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func pemOf(t *testing.T, kind string, der []byte, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func pemKeys(t *testing.T) map[string]string {
	t.Helper()
	long, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	_, small, _ := ed25519.GenerateKey(rand.Reader)
	curve, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	pkcs8, err8 := x509.MarshalPKCS8PrivateKey(long)
	edwards, errEd := x509.MarshalPKCS8PrivateKey(small)
	other, errEC := x509.MarshalPKCS8PrivateKey(curve)
	return map[string]string{
		"pkcs1":   pemOf(t, "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(long), nil),
		"pkcs8":   pemOf(t, "PRIVATE KEY", pkcs8, err8),
		"ed25519": pemOf(t, "PRIVATE KEY", edwards, errEd),
		"ecdsa":   pemOf(t, "PRIVATE KEY", other, errEC),
	}
}

func TestDKIMSettings(t *testing.T) {
	t.Parallel()
	for kind, text := range pemKeys(t) {
		file := filepath.Join(t.TempDir(), "key.pem")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := Load(Dev, nil, []string{"AVOW_DKIM_KEY_FILE=" + file, "AVOW_DKIM_SELECTOR=avow1", "AVOW_SMTP_URL=smtp://r.example", "AVOW_MAIL_FROM=A <verify@example.org>"})
		if kind == "ecdsa" {
			if err == nil || !strings.Contains(err.Error(), "RSA or Ed25519") || strings.Contains(err.Error(), "BEGIN") {
				t.Errorf("%s: got %v, want it refused and not shown", kind, err)
			}
			continue
		}
		if err != nil || c.DKIMKey.Signer == nil || c.DKIMDomain != "example.org" || c.DKIMSelector != "avow1" {
			t.Errorf("%s: got %+v, %v, want a key for example.org", kind, c.DKIMDomain, err)
		}
		if shown := fmt.Sprintf("%v %+v %#v %s %x", c.DKIMKey, c.DKIMKey, c.DKIMKey, c.DKIMKey, c.DKIMKey); shown != strings.TrimSpace(strings.Repeat(hidden+" ", 5)) {
			t.Errorf("%s: got %s, want it hidden", kind, shown)
		}
	}
}

func TestDKIMSettingsAreRefused(t *testing.T) {
	t.Parallel()
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	weak := pemOf(t, "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(short), nil)
	for name, c := range map[string]struct {
		environ []string
		want    []string
	}{
		"no PEM":            {[]string{"AVOW_DKIM_KEY=SECRET", "AVOW_DKIM_SELECTOR=a", "AVOW_MAIL_FROM=a@b.example"}, []string{"AVOW_DKIM_KEY: want a private key as PEM"}},
		"a weak key":        {[]string{"AVOW_DKIM_KEY=" + weak, "AVOW_DKIM_SELECTOR=a", "AVOW_MAIL_FROM=a@b.example"}, []string{"AVOW_DKIM_KEY: got an RSA key of 1024 bits"}},
		"all at once":       {[]string{"AVOW_DKIM_KEY=SECRET", "AVOW_DKIM_SELECTOR=a b", "AVOW_DKIM_DOMAIN=x y"}, []string{"AVOW_DKIM_KEY: ", "AVOW_DKIM_SELECTOR: got", "AVOW_DKIM_DOMAIN: got"}},
		"no selector":       {[]string{"AVOW_DKIM_KEY=SECRET", "AVOW_MAIL_FROM=a@b.example"}, []string{`AVOW_DKIM_SELECTOR: got ""`}},
		"selector no key":   {[]string{"AVOW_DKIM_SELECTOR=a", "AVOW_DKIM_DOMAIN=b.example"}, []string{"AVOW_DKIM_SELECTOR: means nothing without", "AVOW_DKIM_DOMAIN: means nothing without"}},
		"nobody to sign as": {[]string{"AVOW_DKIM_KEY=SECRET", "AVOW_DKIM_SELECTOR=a"}, []string{"AVOW_DKIM_DOMAIN: required where"}},
	} {
		_, err := Load(Dev, nil, c.environ)
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "SECRET") {
				t.Errorf("%s: got %v, want %q in it and nothing of the key", name, err, want)
			}
		}
	}
}
