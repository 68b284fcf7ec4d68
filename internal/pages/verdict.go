package pages

import (
	"encoding/base64"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// signatureCheck is the verdict on one signature of a call, in words.
type signatureCheck struct {
	Name    string // of the scheme
	Class   string // good, bad or none
	Mark    string // for those who see
	Verdict string
	Why     string
}

const (
	valid   = "valid"
	wrong   = "wrong"
	notSent = "not sent"
)

// tolerance is how far a time may be off before receivers refuse it, as Standard Webhooks has it.
const tolerance = 5 * time.Minute

func checksOf(c call) []signatureCheck {
	return []signatureCheck{
		newCheck(svpHeader, c.Signatures.SVP, svpReason(c)),
		newCheck("Standard Webhooks", c.Signatures.Standard, standardReason(c)),
	}
}

func newCheck(name string, right *bool, why string) signatureCheck {
	switch {
	case right == nil:
		return signatureCheck{name, "none", "–", notSent, ""}
	case *right:
		return signatureCheck{name, "good", "✓", valid, why}
	}
	return signatureCheck{name, "bad", "✗", wrong, why}
}

// The reasons when a signature has its form, and yet is not what we make.
const (
	otherBody   = "no secret of this server's keys makes it: it was made with another secret, or of another body than came here"
	otherSigned = "no secret of this server's keys makes it: it was made with another secret, or of another id, time or body than came here"
)

var hex256 = regexp.MustCompile(`^[0-9a-f]{64}$`)

func svpReason(c call) string {
	given := c.Headers[svpHeader]
	switch {
	case c.Signatures.SVP != nil && *c.Signatures.SVP:
		return ""
	case hex256.MatchString(strings.ToLower(given)) && given != strings.ToLower(given):
		return "it has capitals, and must be lower-case hex"
	case !hex256.MatchString(given):
		return "it must be 64 digits of lower-case hex"
	}
	return otherBody
}

func standardReason(c call) string {
	given, id, stamp := c.Headers[standardHeader], c.Headers[idHeader], c.Headers[timestampHeader]
	switch {
	case id == "":
		return "no header " + idHeader + ", which is signed, too"
	case stamp == "":
		return "no header " + timestampHeader + ", which is signed, too"
	case c.Signatures.Standard != nil && *c.Signatures.Standard:
		return offBy(stamp, c.at)
	case !hasVersionOne(given):
		return "none of its signatures has the form v1,<base64 of 32 bytes>"
	}
	return otherSigned
}

func hasVersionOne(given string) bool {
	for _, one := range strings.Fields(given) {
		text, ok := strings.CutPrefix(one, "v1,")
		raw, err := base64.StdEncoding.DecodeString(text)
		if ok && err == nil && len(raw) == 32 {
			return true
		}
	}
	return false
}

// offBy warns of a right signature that receivers refuse for its age.
func offBy(stamp string, at time.Time) string {
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return timestampHeader + " is no number of seconds"
	}
	if off := at.Sub(time.Unix(seconds, 0)).Abs(); off > tolerance {
		return "but " + timestampHeader + " is off by " + off.Round(time.Second).String() + ": receivers refuse more than " + tolerance.String()
	}
	return ""
}
