package app

import (
	"context"
	"fmt"

	"avow/internal/mail"
)

// openRelays makes the sender that hands mails to the configured relays.
func (a *App) openRelays(r *mail.Renderer) (*mail.SMTP, error) {
	var urls []string
	for _, one := range a.o.Config.SMTPURLs {
		urls = append(urls, one.Reveal())
	}
	s, err := mail.NewSMTP(r, urls, a.o.Config.MailFrom, mail.SMTPOptions{Now: a.o.Now, Watch: a.Metrics, DKIM: a.DKIM()})
	if err != nil {
		return nil, fmt.Errorf("AVOW_SMTP_URL: %w", err)
	}
	return s, nil
}

// DKIM is what mails are signed with; nil: they are not signed here. Its Record is what DNS must hold.
func (a *App) DKIM() *mail.DKIM {
	c := a.o.Config
	if c.DKIMKey.Signer == nil {
		return nil
	}
	return &mail.DKIM{Key: c.DKIMKey.Signer, Selector: c.DKIMSelector, Domain: c.DKIMDomain}
}

// relaysReady tells how the mails of this process fare; it asks no relay.
func (a *App) relaysReady(ctx context.Context) error { return a.relays.Ready(ctx) }
