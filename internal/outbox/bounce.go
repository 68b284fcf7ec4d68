package outbox

import (
	"context"
	"slices"
	"strings"
	"time"

	"avow/internal/access"
	"avow/internal/fault"
)

// Action is what a report says that became of a mail (RFC 3464, 2.3.3).
type Action string

// The actions. Only the first one ends a mail; the others are noted.
const (
	BouncedAction   Action = "failed"
	DelayedAction   Action = "delayed"
	DeliveredAction Action = "delivered"
	RelayedAction   Action = "relayed"
	ExpandedAction  Action = "expanded"
)

// Actions lists all of them.
var Actions = []Action{BouncedAction, DelayedAction, DeliveredAction, RelayedAction, ExpandedAction}

// Report is what a mail server tells of a mail that it had taken (RFC 3464).
type Report struct {
	Delivery string // id, from the Message-ID of the mail that comes back
	Fates    []Fate
}

// Fate is what became of a mail for one recipient.
type Fate struct {
	Addresses  []string // of the recipient, as it was given and as it came to be
	Action     Action
	Status     string // such as 5.1.1 (RFC 3463)
	Diagnostic string // in the words of a mail server, at most 512 bytes, without whatever may be a secret
}

// Note is what is kept of a report; one for each action.
type Note struct {
	Action     Action
	Status     string
	Diagnostic string
	At         time.Time
}

// Bounce is what an organisation is told of a mail that came back.
type Bounce struct {
	Delivery  string
	Recipient string
	Note

	EventID string
}

// Subject is what a mail was about. It knows whom to tell.
type Subject interface {
	// Bounced returns the webhooks that tell of it.
	Bounced(b Bounce) []Delivery
}

// BounceView is what a decision about a report needs.
type BounceView struct {
	View            // the key comes with its secrets; attempts are left out
	Subject Subject // nil: unknown, or gone
}

// BounceNext is what becomes of it. Nothing is written when there is no note.
type BounceNext struct {
	Note    *Note
	Bounced bool // the delivery's state is Bounced from now on
	Hooks   []Delivery
}

// Reports is where reports are noted.
type Reports interface {
	// NoteReport looks a delivery up and lets decide decide; what that returns is saved in one transaction, unless anything of the delivery has changed meanwhile: then it
	// is decided again.
	NoteReport(ctx context.Context, r Reader, id string, decide func(BounceView) (BounceNext, error)) error
}

// ErrReportUnread refuses a text that is no report of a mail of ours.
var ErrReportUnread = fault.New(fault.Invalid, "report_unread", "The message is not a delivery status notification (RFC 3464) that comes with the Message-ID of the mail that it is about.")

// Bounces takes reports in.
type Bounces struct {
	Reports Reports
	Read    func(raw []byte) (Report, error) // ErrReportUnread: it is none
	Random  access.Random
	Now     func() time.Time
}

// Taken is what came of a report.
type Taken struct {
	Record Record
	Note   Note
	Again  bool // it was known: nothing has changed
}

// Take notes a report. Readers with a key must have signed the request. ErrDeliveryUnknown: the reader may see no such mail, or it did not go to that recipient.
func (s *Bounces) Take(ctx context.Context, r Reader, signed access.Signed, raw []byte) (taken Taken, err error) {
	now, event := s.Now(), s.Random.ID("evt_")
	report, unread := s.Read(raw)
	err = s.Reports.NoteReport(ctx, r, report.Delivery, func(v BounceView) (BounceNext, error) {
		if !r.Operator {
			if refused := access.CheckSignature(v.Key, signed, now); refused != nil {
				return BounceNext{}, refused
			}
		}
		if unread != nil {
			return BounceNext{}, unread
		}
		var next BounceNext
		var refused error
		taken, next, refused = v.take(report, event, now)
		return next, refused
	})
	return taken, err
}

// take decides about a report.
func (v BounceView) take(in Report, event string, now time.Time) (Taken, BounceNext, error) {
	if len(v.Records) == 0 || !v.Records[0].left() {
		return Taken{}, BounceNext{}, ErrDeliveryUnknown
	}
	d := v.Records[0]
	i := slices.IndexFunc(in.Fates, func(f Fate) bool { return f.concerns(d.Target) })
	if i < 0 {
		return Taken{}, BounceNext{}, ErrDeliveryUnknown
	}
	fate := in.Fates[i]
	note := Note{Action: fate.Action, Status: fate.Status, Diagnostic: fate.Diagnostic, At: now}
	if slices.ContainsFunc(v.Notes, func(n Note) bool { return n.Action == note.Action }) {
		return Taken{Record: d, Note: note, Again: true}, BounceNext{}, nil
	}
	next := BounceNext{Note: &note, Bounced: note.Action == BouncedAction}
	if next.Bounced {
		d.State = Bounced
	}
	if next.Bounced && v.Subject != nil {
		next.Hooks = v.Subject.Bounced(Bounce{Delivery: d.ID, Recipient: d.Target, Note: note, EventID: event})
	}
	return Taken{Record: d, Note: note}, next, nil
}

// left reports whether a mail can have left the house for a relay. Mail of test mode never does.
func (r Record) left() bool {
	captured := r.State == Delivered && r.Code == 0
	return r.Kind == Mail && !r.Test && r.Attempts > 0 && !captured
}

// concerns reports whether it is the recipient's. Some servers change the case of addresses.
func (f Fate) concerns(target string) bool {
	return slices.ContainsFunc(f.Addresses, func(a string) bool { return strings.EqualFold(a, target) })
}
