package access

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Random draws identifiers and secrets from a source of random bytes; forms: interfaces.md section 3. It panics when the source fails, for nothing safe can be
// made without randomness.
type Random struct{ Source io.Reader }

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

const (
	idLength     = 22 // 131 bits
	secretLength = 43 // 256 bits
	checkLength  = 6
)

// ObjectID returns 24 hex digits: the creation second, then 64 random bits.
func (r Random) ObjectID(now time.Time) string {
	return fmt.Sprintf("%08x%s", uint32(now.Unix()), hex.EncodeToString(r.Bytes(8)))
}

// UUID returns a version 4 UUID.
func (r Random) UUID() string {
	id, err := uuid.NewRandomFromReader(r.Source)
	if err != nil {
		panic(err)
	}
	return id.String()
}

// ID returns prefix and 131 random bits in base62.
func (r Random) ID(prefix string) string { return prefix + r.text(idLength) }

// Secret returns prefix, 256 random bits in base62 and a checksum, by which leak scanners tell a secret from noise.
func (r Random) Secret(prefix string) string { return Checked(prefix + r.text(secretLength)) }

// Checked appends the checksum to a secret.
func Checked(body string) string { return body + checksum(body) }

func checksum(body string) string {
	sum := uint64(crc32.ChecksumIEEE([]byte(body)))
	digits := make([]byte, checkLength)
	for i := range digits {
		digits[checkLength-1-i] = base62[sum%62]
		sum /= 62
	}
	return string(digits)
}

// text draws n base62 characters without bias.
func (r Random) text(n int) string {
	var b strings.Builder
	for b.Len() < n {
		for _, c := range r.Bytes(n) {
			if c < 248 && b.Len() < n { // 248 = 4*62: larger bytes would favour the first characters
				b.WriteByte(base62[c%62])
			}
		}
	}
	return b.String()
}

// Bytes returns n random bytes.
func (r Random) Bytes(n int) []byte {
	b := make([]byte, n)
	if _, err := io.ReadFull(r.Source, b); err != nil {
		panic(err)
	}
	return b
}

func webhookSecret(secret string) string {
	return "whsec_" + base64.StdEncoding.EncodeToString([]byte(secret))
}
