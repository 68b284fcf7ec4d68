package outbox

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"strings"
)

// defaultPorts are those of the schemes that webhooks have.
var defaultPorts = map[string]string{"http": "80", "https": "443"}

// maxLane is longer than any host's name, and short enough for an index.
const maxLane = 300

// Lane names who must not be asked for two things at once: the receiver of a webhook, that is scheme, host and port of its URL. Mails have none, for a relay takes
// many at a time. What is no URL is a lane by itself.
func Lane(kind Kind, target string) string {
	if kind != Webhook {
		return ""
	}
	lane := receiver(target)
	if len(lane) > maxLane {
		sum := sha256.Sum256([]byte(lane))
		return hex.EncodeToString(sum[:])
	}
	return lane
}

func receiver(target string) string {
	u, err := url.Parse(target)
	if err != nil || u.Host == "" {
		return "invalid:" + target
	}
	host := strings.ToLower(u.Host)
	if u.Port() == "" {
		host = strings.TrimSuffix(host, ":") + ":" + defaultPorts[u.Scheme]
	}
	return u.Scheme + "://" + host
}
