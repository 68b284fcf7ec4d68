package account

import (
	"strconv"
	"strings"

	"avow/internal/access"
	"avow/internal/event"
	"avow/internal/outbox"
)

// MailSubject is the account that a mail was about, with those who hear of it; an outbox.Subject.
type MailSubject struct {
	Account   Account
	Endpoints []access.Endpoint
}

// Bounced tells every endpoint that wants to know.
func (m MailSubject) Bounced(b outbox.Bounce) (hooks []outbox.Delivery) {
	data := event.EventData{Bounce: &event.Bounce{Mail: b.Delivery, Recipient: b.Recipient, Status: b.Status, Diagnostic: b.Diagnostic}}
	body, err := event.Marshal(event.Envelope{
		Event: event.AccountMailBounced, Timestamp: event.Instant(b.At), Payload: event.Payload{Account: told{}.account(m.Account), EventData: data},
	})
	if err != nil {
		panic(err) // texts and truth values always encode
	}
	for k, e := range m.Endpoints {
		if e.Hears(string(event.AccountMailBounced)) {
			id := "dlv_" + strings.TrimPrefix(b.EventID, "evt_") + "_" + strconv.Itoa(k)
			hook := outbox.Hook{URL: e.URL, Event: b.EventID, Signer: outbox.Signer{Endpoint: e.ID}, Body: body}
			hooks = append(hooks, outbox.NewWebhook(id, m.Account.Org, false, hook, b.At))
		}
	}
	return hooks
}
