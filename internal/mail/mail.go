// Package mail turns deliveries into e-mails: it renders a message from its template and hands it to a relay, or keeps it where a developer can look at it.
//
// No error and no answer that this package returns holds anything of a mail's content, or the relay's password.
package mail

import (
	"context"
	"encoding/json"
	"errors"
	"net/mail"
	"strings"

	"avow/internal/outbox"
)

// ErrPayload refuses a delivery whose payload is not a mail to exactly one plain address.
var ErrPayload = errors.New("the delivery does not hold a mail to one address that SMTP can carry")

// message reads the payload of a delivery, and the one address that the mail goes to.
func message(d outbox.Delivery) (outbox.Message, *mail.Address, error) {
	var m outbox.Message
	if json.Unmarshal(d.Payload, &m) != nil {
		return outbox.Message{}, nil, outbox.Permanent(ErrPayload)
	}
	to, ok := oneAddress(m.To)
	if !ok {
		return outbox.Message{}, nil, outbox.Permanent(ErrPayload)
	}
	return m, to, nil
}

// longestAddress is what a path of SMTP holds beside its angle brackets, in bytes (RFC 5321, 4.5.3.1.3). A longer one would break the header's lines, too.
const longestAddress = 254

// oneAddress takes text that is one address and nothing else, written the one usual way. What a parser makes of anything else is not what was checked when the
// account was made, and must not reach an envelope.
func oneAddress(text string) (*mail.Address, bool) {
	parsed, err := mail.ParseAddress(text)
	if err != nil || parsed.String() != "<"+text+">" || len(text) > longestAddress || misread(text) {
		return nil, false
	}
	return parsed, true
}

// misread reports whether programs take a text for something else than it says: an encoded word is decoded wherever it stands in a header.
func misread(text string) bool {
	return strings.Map(visible, text) != text || strings.Contains(text, "=?")
}

// Router sends every delivery the way its mode allows.
type Router struct{ captured, relay outbox.Sender }

// NewRouter makes a Router. A nil relay means that every mail is captured, as `avow dev` does without a relay.
func NewRouter(captured, relay outbox.Sender) Router {
	if relay == nil {
		relay = captured
	}
	return Router{captured: captured, relay: relay}
}

// Send captures mail of test mode, whatever relay there is, and hands all other mail to the relay.
func (r Router) Send(ctx context.Context, d outbox.Delivery) (outbox.Answer, error) {
	if d.Test {
		return r.captured.Send(ctx, d)
	}
	return r.relay.Send(ctx, d)
}
