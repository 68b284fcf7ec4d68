package outbox

import (
	"context"
	"time"

	"avow/internal/fault"
)

// ErrMailUnknown answers a look-up of a captured mail that is not there.
var ErrMailUnknown = fault.New(fault.NotFound, "mail_unknown", "There is no such mail.")

// Captured is a mail that was kept instead of being handed to a relay: every mail of `avow dev`, and test-mode mail everywhere.
type Captured struct {
	ID        string // of the delivery: capturing it twice keeps one
	Org       string
	Test      bool
	About     string // id of the person or account that it tells of; empty: of nobody who is known
	To        string // one plain address
	From      string
	Subject   string
	Text      string // sealed at rest, as HTML is
	HTML      string
	CreatedAt time.Time
}

// Mailbox keeps captured mails.
type Mailbox interface {
	// Keep saves a mail; a second one with the same id changes nothing, and neither does one that tells of somebody who was erased meanwhile.
	Keep(ctx context.Context, m Captured) error
	// Mails returns captured mails, newest first, at most limit. An empty to means every address.
	Mails(ctx context.Context, to string, limit int) ([]Captured, error)
	// MailByID returns one captured mail. ErrMailUnknown: there is none.
	MailByID(ctx context.Context, id string) (Captured, error)
	// ClearMails forgets all captured mails.
	ClearMails(ctx context.Context) error
}
