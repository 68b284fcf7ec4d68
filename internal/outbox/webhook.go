package outbox

import (
	"encoding/json"
	"time"
)

// Webhook is the kind of webhooks; the payload is a Hook.
const Webhook Kind = "webhook"

// Hook is the payload of a webhook. Every attempt sends these very bytes under this very id; what signs them is looked up when it is sent.
type Hook struct {
	URL    string `json:"url"`
	Event  string `json:"event"` // id of the event, by which receivers tell repeats
	Signer Signer `json:"signer"`
	Body   []byte `json:"body"`
}

// Signer names whose secret signs: an API key for webhooks to callbacks, an endpoint for those of the account contract. With both, the endpoint's signs, and the key's
// signs the header that the guide has for that (skills-api.md 7).
type Signer struct {
	Key      string `json:"key,omitempty"`
	Endpoint string `json:"endpoint,omitempty"`
}

// NewWebhook makes the delivery of a webhook. Test is whether it tells of test-mode data.
func NewWebhook(id, org string, test bool, h Hook, now time.Time) Delivery {
	payload, err := json.Marshal(h)
	if err != nil {
		panic(err) // text and bytes
	}
	return Delivery{ID: id, Org: org, Test: test, Kind: Webhook, Target: h.URL, Payload: payload, Due: now, Created: now}
}
