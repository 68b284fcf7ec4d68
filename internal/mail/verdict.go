package mail

import (
	"context"
	"errors"
	"slices"

	"avow/internal/outbox"
)

// state is what a dialogue tells about its relay.
type state int

// The states. After a dialogue that we broke off ourselves nobody knows.
const (
	isUnknown state = iota
	isWell          // it answers, and lets us in
	isIll           // it does not: it is passed over for a while
)

// verdict is what a dialogue means.
type verdict struct {
	err       error // nil: the relay has taken the mail
	relay     state
	elsewhere bool // another relay may be asked in the same attempt: this one has not taken the mail, for certain, and it was not about the mail
}

// judge says what a failed step means, for the delivery and for the relay; docs/mail.md has the table.
func (d *dialogue) judge(ctx context.Context, err error) verdict {
	v := verdict{err: d.told(ctx, err), relay: isIll, elsewhere: d.at != ending && !d.ofMail()}
	switch {
	case errors.Is(err, errNoUTF8):
		v.relay, v.err = isWell, outbox.Permanent(v.err)
	case d.at == ending && !refusal(d.answer.Code):
		v.err = outbox.Uncertain(v.err)
	case d.forGood():
		v.err = outbox.Permanent(v.err)
	}
	switch {
	case errors.Is(context.Cause(ctx), context.Canceled):
		v.relay, v.elsewhere = isUnknown, false // the worker is stopped: it says nothing about the relay
	case d.plain():
		v.relay = isWell
	}
	return v
}

// refusal reports whether a reply says for certain that the relay has not taken the mail.
func refusal(code int) bool { return code/100 == 4 || code/100 == 5 }

// aboutUs begins the codes by which a relay asks for a log-in or encryption first (RFC 4954): a fault of our settings, not of the mail, and mended by changing them.
const aboutUs = 53

// leaving is what a relay says that shuts down (RFC 5321, 3.8).
const leaving = 421

// plain reports whether the relay, which had let us in, refused with a code that speaks of no more than the mail at hand.
func (d *dialogue) plain() bool {
	code := d.answer.Code
	return refusal(code) && code != leaving && code/10 != aboutUs && slices.Contains([]step{recipient, data, ending}, d.at)
}

// ofMail reports whether a refusal holds for every relay: that of a recipient, for now or for good, and that of the mail for good. Who is asked to come back later comes
// back to the same relay: it knows us then.
func (d *dialogue) ofMail() bool {
	return d.plain() && (d.at == recipient || d.answer.Code/100 == 5)
}

// forGood reports whether the relay refused this very mail with a permanent code. What it refuses before it has heard of the mail, it refuses to us.
func (d *dialogue) forGood() bool {
	code := d.answer.Code
	return code/100 == 5 && code/10 != aboutUs && slices.Contains([]step{sender, recipient, data, ending}, d.at)
}
