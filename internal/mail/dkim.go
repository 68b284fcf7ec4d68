package mail

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"fmt"

	"github.com/emersion/go-msgauth/dkim"
)

// DKIM signs mails for a domain (RFC 6376). A nil one signs nothing.
type DKIM struct {
	Key      crypto.Signer // RSA or Ed25519
	Selector string
	Domain   string
}

// signed are the header fields that a signature covers. The sender stands there once more than a mail has it, so that none can be added.
var signed = []string{
	"From", "From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type", "Auto-Submitted",
}

// sign puts the signature in front of a mail. It holds the time of signing, and nothing else in it changes from attempt to attempt.
func (k *DKIM) sign(raw []byte) ([]byte, error) {
	if k == nil {
		return raw, nil
	}
	var out bytes.Buffer
	err := dkim.Sign(&out, bytes.NewReader(raw), &dkim.SignOptions{
		Domain: k.Domain, Selector: k.Selector, Signer: k.Key, HeaderKeys: signed,
		HeaderCanonicalization: dkim.CanonicalizationRelaxed, BodyCanonicalization: dkim.CanonicalizationRelaxed,
	})
	if err != nil {
		return nil, fmt.Errorf("sign mail: %w", err)
	}
	return out.Bytes(), nil
}

// Record returns the DNS name at which receivers look for the public key, and the text of the TXT record that must stand there.
func (k *DKIM) Record() (name, text string, err error) {
	public, kind, err := k.public()
	if err != nil {
		return "", "", err
	}
	return k.Selector + "._domainkey." + k.Domain, "v=DKIM1; k=" + kind + "; p=" + base64.StdEncoding.EncodeToString(public), nil
}

// public encodes the public key as its kind wants it: an Ed25519 key stands there bare (RFC 8463).
func (k *DKIM) public() (der []byte, kind string, err error) {
	switch p := k.Key.Public().(type) {
	case ed25519.PublicKey:
		return p, "ed25519", nil
	case *rsa.PublicKey:
		der, err = x509.MarshalPKIXPublicKey(p)
		return der, "rsa", err
	}
	return nil, "", fmt.Errorf("a DKIM key must be RSA or Ed25519, not %T", k.Key.Public())
}
