package outbox

import (
	"time"

	"avow/internal/fault"
)

// Record is a delivery as people may see it: never what is in it.
type Record struct {
	ID       string
	Org      string
	Test     bool
	Kind     Kind
	Target   string
	State    State
	Leased   bool      // an attempt was begun and is not settled; its lease lasts until Due
	Due      time.Time // of the next attempt, while the state is Queued
	Attempts int       // begun
	Outcome  Outcome   // of the last attempt that was settled; empty: none was
	Code     int       // of the other side, then
	Answer   string    // its words, or our own about why there are none
	Content  bool      // what is to be sent is still there
	Created  time.Time
	Finished time.Time // zero: not yet
	Notes    []Note    // what was reported after it had been sent; only where one delivery is shown
	Endpoint Endpoint  // a webhook's target, as it does now
}

// Attempt is one entry of the log of attempts.
type Attempt struct {
	Number  int // from 1
	Began   time.Time
	Took    time.Duration // 0: nobody knows
	Outcome Outcome
	Code    int // SMTP reply code or HTTP status; 0: none
	Answer  string
	Relay   string // mails: see Answer
}

// Standing is how a delivery is shown to people.
type Standing string

// The standings.
const (
	Waiting    Standing = "queued"          // no attempt has failed yet
	Deferred   Standing = "deferred"        // the last attempt failed, another one is planned
	Sending    Standing = "sending"         // an attempt is under way
	Unclear    Standing = "unknown"         // nobody knows what came of the last attempt; another one is planned
	HandedOver Standing = "handed to relay" // a mail that the relay has taken
	Kept       Standing = "captured"        // a mail that was kept here instead, as in dev and in test mode
	Arrived    Standing = "delivered"       // a webhook that its receiver has taken
	GivenUp    Standing = "failed"          // refused for good, or not taken at the last attempt
	Superseded Standing = "cancelled"       // not wanted any more before it was sent
	CameBack   Standing = "bounced"         // a mail that the relay had taken and that could not be delivered behind it
)

// Standings lists all of them.
var Standings = []Standing{Waiting, Deferred, Sending, Unclear, HandedOver, Kept, Arrived, GivenUp, Superseded, CameBack}

// Standing tells how a delivery is shown.
func (r Record) Standing(now time.Time) Standing {
	switch {
	case r.State == Failed:
		return GivenUp
	case r.State == Cancelled:
		return Superseded
	case r.State == Bounced:
		return CameBack
	case r.State == Delivered:
		return r.arrival()
	case r.Leased && r.Due.After(now):
		return Sending
	case r.Leased || r.Outcome == Unknown:
		return Unclear
	case r.Outcome == Refused:
		return Deferred
	}
	return Waiting
}

// arrival tells who has taken a delivery. A relay answers with a code; whoever keeps a mail has none.
func (r Record) arrival() Standing {
	switch {
	case r.Kind != Mail:
		return Arrived
	case r.Code == 0:
		return Kept
	}
	return HandedOver
}

// Refusals of looking deliveries up and of retrying them.
var (
	ErrDeliveryUnknown = fault.New(fault.NotFound, "delivery_unknown", "There is no such delivery.")
	ErrRetryDelivered  = fault.New(fault.Conflict, "retry_delivered", "The delivery has been delivered.")
	ErrRetrySending    = fault.New(fault.Conflict, "retry_sending", "The delivery is being sent at this moment.")
	ErrRetryCancelled  = fault.New(fault.Conflict, "retry_cancelled", "The delivery was cancelled, because something newer took its place, and its content is gone.")
	ErrRetryBounced    = fault.New(fault.Conflict, "retry_bounced", "The mail was taken by a relay and came back; its content is gone.")
	ErrRetryEmpty      = fault.New(fault.Conflict, "retry_empty", "The content of the delivery is gone.")
	ErrReplayMail      = fault.New(fault.Conflict, "replay_mail", "Only webhooks can be replayed: what was in a mail is gone once it has been sent.")
	ErrReplayWaiting   = fault.New(fault.Conflict, "replay_waiting", "The delivery is on its way; retry it to have it tried now.")
	ErrEndpointOff     = fault.New(fault.Conflict, "endpoint_off", "The endpoint is disabled; enable it first.")
)

// LedgerRefusals lists them for the test that walks the wire's table.
var LedgerRefusals = []*fault.Error{ErrDeliveryUnknown, ErrRetryDelivered, ErrRetrySending, ErrRetryCancelled, ErrRetryBounced, ErrRetryEmpty, ErrReplayMail, ErrReplayWaiting, ErrEndpointOff, ErrEndpointOn}

// CheckRetry refuses to retry a delivery for which that makes no sense.
func (r Record) CheckRetry(now time.Time) error {
	switch r.Standing(now) {
	case HandedOver, Kept, Arrived:
		return ErrRetryDelivered
	case Sending:
		return ErrRetrySending
	case Superseded:
		return ErrRetryCancelled
	case CameBack:
		return ErrRetryBounced
	}
	return r.checkSending()
}

// checkSending refuses what cannot be sent again, whatever has come of it.
func (r Record) checkSending() error {
	switch {
	case !r.Content:
		return ErrRetryEmpty
	case !r.Endpoint.Off.IsZero():
		return ErrEndpointOff
	}
	return nil
}

// retried is a delivery after somebody has retried it.
func (r Record) retried(now time.Time) Record {
	r.State, r.Due, r.Outcome, r.Finished = Queued, now, "", time.Time{}
	return r
}
