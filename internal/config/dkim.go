package config

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
)

// PrivateKey signs; printing or encoding it gives "[secret]".
type PrivateKey struct{ crypto.Signer }

// String hides the key.
func (PrivateKey) String() string { return hidden }

// Format hides the key from every verb of fmt, %x and %#v included.
func (PrivateKey) Format(f fmt.State, _ rune) { hide(f) }

// LogValue hides the key from slog.
func (PrivateKey) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText hides the key from encoders such as JSON; it never fails.
func (PrivateKey) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// minRSABits is what RFC 8301 asks signers to use.
const minRSABits = 2048

// parsePrivateKey never quotes what it was given.
func parsePrivateKey(text string) (PrivateKey, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return PrivateKey{}, errors.New("want a private key as PEM, as openssl genrsa 2048 or openssl genpkey -algorithm ed25519 prints it")
	}
	switch key := decodePEM(block.Bytes).(type) {
	case ed25519.PrivateKey:
		return PrivateKey{key}, nil
	case *rsa.PrivateKey:
		if bits := key.N.BitLen(); bits < minRSABits {
			return PrivateKey{}, fmt.Errorf("got an RSA key of %d bits, want at least %d", bits, minRSABits)
		}
		return PrivateKey{key}, nil
	}
	return PrivateKey{}, errors.New("want an RSA or Ed25519 private key without a pass phrase")
}

func decodePEM(der []byte) any {
	if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return key
	}
	key, _ := x509.ParsePKCS8PrivateKey(der) // what is neither is no key
	return key
}

// dnsName takes one label or several, such as selectors have.
var dnsName = regexp.MustCompile(`^[a-zA-Z0-9]([a-zA-Z0-9_-]{0,61}[a-zA-Z0-9])?(\.[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$`)

// dkim fills in the domain.
func (c *checker) dkim() {
	if !c.given("AVOW_DKIM_KEY") {
		for _, name := range []string{"AVOW_DKIM_SELECTOR", "AVOW_DKIM_DOMAIN"} {
			if c.given(name) {
				c.add(name, "means nothing without AVOW_DKIM_KEY; set AVOW_DKIM_KEY_FILE to the file of the private key, or unset %s", name)
			}
		}
		return
	}
	if !c.given("AVOW_DKIM_DOMAIN") {
		_, c.cfg.DKIMDomain, _ = strings.Cut(c.cfg.MailFrom.Address, "@")
	}
	if !dnsName.MatchString(c.cfg.DKIMSelector) {
		c.add("AVOW_DKIM_SELECTOR", "got %q, want the name of the key in DNS, such as avow1", c.cfg.DKIMSelector)
	}
	if c.given("AVOW_DKIM_DOMAIN") && !dnsName.MatchString(c.cfg.DKIMDomain) {
		c.add("AVOW_DKIM_DOMAIN", "got %q, want a domain in ASCII, such as example.org", c.cfg.DKIMDomain)
	}
	if c.cfg.DKIMDomain == "" && !c.reported("AVOW_MAIL_FROM") {
		c.add("AVOW_DKIM_DOMAIN", "required where AVOW_MAIL_FROM does not name it")
	}
}
