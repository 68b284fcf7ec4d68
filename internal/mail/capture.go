package mail

import (
	"context"
	"fmt"

	"avow/internal/outbox"
)

// captureAnswer stands where a relay's answer would.
const captureAnswer = "captured"

// Capture keeps mails instead of handing them to a relay.
type Capture struct {
	renderer *Renderer
	mailbox  outbox.Mailbox
	from     string
}

// NewCapture makes a Capture. From is shown as the sender of what it keeps; it may be empty.
func NewCapture(r *Renderer, mailbox outbox.Mailbox, from string) *Capture {
	return &Capture{renderer: r, mailbox: mailbox, from: from}
}

// Send renders the mail and keeps it under the delivery's id, so that a repeated attempt keeps it once.
func (c *Capture) Send(ctx context.Context, d outbox.Delivery) (outbox.Answer, error) {
	m, _, err := message(d)
	if err != nil {
		return outbox.Answer{}, err
	}
	content, err := c.renderer.Render(m)
	if err != nil {
		return outbox.Answer{}, err
	}
	if err := c.mailbox.Keep(ctx, c.captured(d, m.To, content)); err != nil {
		return outbox.Answer{}, fmt.Errorf("capture mail %s: %w", d.ID, err)
	}
	return outbox.Answer{Text: captureAnswer}, nil
}

func (c *Capture) captured(d outbox.Delivery, to string, content Content) outbox.Captured {
	return outbox.Captured{
		ID: d.ID, Org: d.Org, Test: d.Test, About: d.About, To: to, From: c.from,
		Subject: content.Subject, Text: content.Text, HTML: content.HTML, CreatedAt: d.Created,
	}
}
