package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"

	"avow/internal/outbox"
)

const userAgent = "avow-webhooks"

// headers signs the body as it stands (skills-api.md 18.18): by Standard Webhooks with every secret that is good now, so that a receiver may change over when it likes,
// and for the skill contract by its own header with the current one.
func headers(header http.Header, h outbox.Hook, by signing, now time.Time) {
	header.Set("Content-Type", "application/json")
	header.Set("User-Agent", userAgent)
	timestamp := strconv.FormatInt(now.Unix(), 10)
	signed := h.Event + "." + timestamp + "." + string(h.Body)
	var signatures []string
	for _, secret := range by.standard {
		signatures = append(signatures, "v1,"+base64.StdEncoding.EncodeToString(mac(secret, []byte(signed))))
	}
	header.Set("Webhook-Id", h.Event)
	header.Set("Webhook-Timestamp", timestamp)
	header.Set("Webhook-Signature", strings.Join(signatures, " "))
	if by.svp != nil {
		header.Set("X-Svp-Signature", hex.EncodeToString(mac(by.svp, h.Body)))
	}
}

// signing holds the secrets of a webhook.
type signing struct {
	standard [][]byte
	svp      []byte // nil: the skill contract has no part in it
}

func mac(secret, text []byte) []byte {
	m := hmac.New(sha256.New, secret)
	m.Write(text)
	return m.Sum(nil)
}
