package skill

import (
	"strings"

	"avow/internal/event"
	"avow/internal/outbox"
)

// MailSubject is the verification that a mail was about; an outbox.Subject.
type MailSubject struct{ Verification Verification }

// Bounced tells the callback of the verification, if it has one.
func (m MailSubject) Bounced(b outbox.Bounce) []outbox.Delivery {
	s := State{Verification: &m.Verification}
	head := s.head(event.SkillMailBounced, b.EventID, b.At)
	head.Status = "pending"
	if !m.Verification.CompletedAt.IsZero() {
		head.Status = "completed"
	}
	body := event.MailBounced{Head: head, Bounce: event.Bounce{Mail: b.Delivery, Recipient: b.Recipient, Status: b.Status, Diagnostic: b.Diagnostic}}
	return s.webhook("dlv_"+strings.TrimPrefix(b.EventID, "evt_"), head, body, b.At)
}
