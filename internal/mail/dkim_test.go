package mail

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"strings"
	"testing"

	"github.com/emersion/go-msgauth/dkim"
)

func dkimKeys(t *testing.T) map[string]*DKIM {
	t.Helper()
	long, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	_, short, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]*DKIM{"rsa": {Key: long, Selector: "avow1", Domain: "example.org"}, "ed25519": {Key: short, Selector: "avow2", Domain: "example.org"}}
}

// signedMail is what a relay is given.
func signedMail(t *testing.T, k *DKIM) string {
	t.Helper()
	relay := startRelay(t, script{})
	s := newSMTP(t, relay.url("smtp", ""), SMTPOptions{DKIM: k})
	if _, err := s.Send(t.Context(), delivery("anna@example.com", confirmation(map[string]any{"brand": "Blåbär & Söner"}))); err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(strings.ReplaceAll(relay.only(t).raw, "\r\n", "\n"), "\n", "\r\n")
}

// verified asks the library, which finds the record in a DNS that has nothing else.
func verified(t *testing.T, k *DKIM, raw string) error {
	t.Helper()
	name, text, err := k.Record()
	if err != nil {
		t.Fatal(err)
	}
	found, err := dkim.VerifyWithOptions(strings.NewReader(raw), &dkim.VerifyOptions{LookupTXT: func(domain string) ([]string, error) {
		if domain != name {
			t.Errorf("DNS name: got %s, want %s", domain, name)
		}
		return []string{text}, nil
	}})
	if err != nil || len(found) != 1 || found[0].Domain != "example.org" {
		t.Fatalf("signatures: got %+v, %v, want one of example.org", found, err)
	}
	return found[0].Err
}

func TestDKIM(t *testing.T) {
	t.Parallel()
	for kind, k := range dkimKeys(t) {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			raw := signedMail(t, k)
			if err := verified(t, k, raw); err != nil {
				t.Errorf("as sent: got %v, want a good signature", err)
			}
			for what, spoilt := range map[string]string{
				"subject":       strings.Replace(raw, "Subject:", "Subject: Re:", 1),
				"recipient":     strings.Replace(raw, "To: <anna@", "To: <eve@", 1),
				"sender":        strings.Replace(raw, "<verify@example.org>", "<other@example.org>", 1),
				"second sender": "From: eve@example.com\r\n" + raw,
				"id":            strings.Replace(raw, "dlv_", "dlx_", 1),
				"date":          strings.Replace(raw, "12:00:00", "12:00:01", 1),
				"notice":        strings.Replace(raw, "auto-generated", "auto-replied", 1),
				"body":          strings.Replace(raw, "confirmation_code", "confirmation_c0de", 1),
				"more body":     raw + "more\r\n",
			} {
				if spoilt == raw {
					t.Fatalf("%s: got the same mail, want another", what)
				}
				if err := verified(t, k, spoilt); err == nil {
					t.Errorf("%s: got a good signature, want a bad one", what)
				}
			}
		})
	}
}

// otherKey is of a kind that receivers do not know.
type otherKey struct{ crypto.Signer }

func (otherKey) Public() crypto.PublicKey { return sha256.New() }

func TestDKIMRecord(t *testing.T) {
	t.Parallel()
	k := dkimKeys(t)["rsa"]
	name, text, err := k.Record()
	if err != nil || name != "avow1._domainkey.example.org" || !strings.HasPrefix(text, "v=DKIM1; k=rsa; p=MII") {
		t.Errorf("got %s %s %v, want the record of the key", name, text, err)
	}
	if _, _, err := (&DKIM{Key: otherKey{}}).Record(); err == nil {
		t.Errorf("another kind of key: got no error, want one")
	}
}
