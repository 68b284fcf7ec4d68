package pages

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strings"
)

// The headers that carry signatures (skills-api.md 18.18).
const (
	svpHeader       = "x-svp-signature"
	idHeader        = "webhook-id"
	timestampHeader = "webhook-timestamp"
	standardHeader  = "webhook-signature"
)

// signatures says for each scheme whether its signature is right; nil: there is none.
type signatures struct {
	SVP      *bool `json:"svp"`
	Standard *bool `json:"standard"`
}

// check compares the signatures of a call with those that any of the secrets makes.
func check(h http.Header, body []byte, secrets []string) signatures {
	var s signatures
	if given := h.Get(svpHeader); given != "" {
		s.SVP = anyOf(secrets, func(secret string) bool { return isSVP(given, body, secret) })
	}
	if h.Get(standardHeader) != "" {
		s.Standard = anyOf(secrets, func(secret string) bool { return isStandard(h, body, secret) })
	}
	return s
}

func anyOf(secrets []string, right func(secret string) bool) *bool {
	found := false
	for _, secret := range secrets {
		found = right(secret) || found
	}
	return &found
}

// isSVP takes the lower-case hex HMAC of the body as it was received.
func isSVP(given string, body []byte, secret string) bool {
	return hmac.Equal([]byte(given), []byte(hex.EncodeToString(mac(secret, body))))
}

// isStandard takes one right signature of version 1 among several: while a secret is being rotated, each makes one.
func isStandard(h http.Header, body []byte, secret string) bool {
	signed := h.Get(idHeader) + "." + h.Get(timestampHeader) + "." + string(body)
	want := "v1," + base64.StdEncoding.EncodeToString(mac(secret, []byte(signed)))
	right := false
	for _, given := range strings.Fields(h.Get(standardHeader)) {
		right = hmac.Equal([]byte(given), []byte(want)) || right
	}
	return right && h.Get(idHeader) != "" && h.Get(timestampHeader) != ""
}

func mac(secret string, text []byte) []byte {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write(text)
	return m.Sum(nil)
}
