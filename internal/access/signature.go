package access

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"time"

	"avow/internal/fault"
)

// Signed is what a signed request shows beside its API key (skills-api.md 3.4).
type Signed struct {
	Method    string
	Path      string // as sent, with the raw query behind a question mark when there is one
	Timestamp string // x-timestamp: Unix milliseconds
	Signature string // x-signature: lower-case hex
	Body      string // the body's JSON with all members sorted; empty: no body
}

// Refusals of signed requests.
var (
	ErrSignatureMissing = fault.New(fault.Unauthenticated, "signature_missing", "The headers x-timestamp and x-signature are required.")
	ErrSignatureWrong   = fault.New(fault.Forbidden, "signature_wrong", "The signature is not right, or its time is too far off.")
)

// signatureWindow is how far a signed request's time may be off, by mode.
var signatureWindow = map[Mode]time.Duration{Live: 5 * time.Minute, Test: 30 * time.Minute}

// CheckSignature accepts or refuses a signed request. While the key's secret is being rotated both secrets sign. The key must come with its secrets; nil: unknown.
func CheckSignature(k *Key, s Signed, now time.Time) error {
	if err := AuthenticateKey(k); err != nil {
		return err
	}
	if s.Timestamp == "" || s.Signature == "" {
		return ErrSignatureMissing
	}
	ms, err := strconv.ParseInt(s.Timestamp, 10, 64)
	if err != nil || now.Sub(time.UnixMilli(ms)).Abs() > signatureWindow[k.Owner.Mode] {
		return ErrSignatureWrong
	}
	for _, secret := range k.Secrets(now) {
		if hmac.Equal([]byte(s.Signature), []byte(s.sign(secret))) {
			return nil
		}
	}
	return ErrSignatureWrong
}

// Secrets are those that sign at an instant: one, or two while the secret is being rotated, the new one first.
func (k Key) Secrets(now time.Time) []string {
	if k.PreviousSecret != "" && now.Before(k.PreviousUntil) {
		return []string{k.Secret, k.PreviousSecret}
	}
	return []string{k.Secret}
}

func (s Signed) sign(secret string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(s.Method + ":" + s.Path + ":" + s.Timestamp + ":" + s.Body))
	return hex.EncodeToString(mac.Sum(nil))
}
