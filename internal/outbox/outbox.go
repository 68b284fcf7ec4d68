// Package outbox delivers what committed changes promised: mails and webhooks.
//
// A delivery is a row that is written in the transaction of the change that causes it. A worker claims due rows; a claim raises the attempt count and moves the
// next attempt to the end of a lease, so that no state exists in which a delivery can be stuck: a crash costs one lease. While an attempt runs its lease is renewed.
package outbox

import (
	"context"
	"encoding/json"
	"errors"
	"time"
)

// Kind says what is delivered, and so by which Sender.
type Kind string

// Mail is the kind of e-mails; the payload is a Message.
const Mail Kind = "mail"

// State of a delivery, as it is kept. How it is shown to people is its Standing.
type State string

// The states. Everything but Queued is final, until somebody retries what has failed.
const (
	Queued    State = "queued"
	Delivered State = "delivered" // mail: handed to the relay, or captured
	Failed    State = "failed"    // refused for good, or given up
	Cancelled State = "cancelled" // superseded before it was sent
	Bounced   State = "bounced"   // mail: a relay had taken it, and then told that it could not be delivered
)

// Delivery is one thing to be sent to one target.
type Delivery struct {
	ID      string
	Org     string
	Test    bool // test mode: a mail of it never goes to a relay
	Kind    Kind
	Target  string // e-mail address or URL
	Payload []byte // sealed at rest; wiped once cancelled, that of a mail once delivered
	Locked  error  // the payload could not be opened; the attempt fails with this
	Due     time.Time
	Created time.Time
	About   string // mails: the account or the verification that it is about, by which its organisation is told of a bounce; empty: none

	// Known of a claimed one.
	Attempt   int      // attempts begun, this one included: what a worker proves its claim with
	Uncounted int      // of them, those that do not count for the schedule: lost with their workers, or made before somebody retried the delivery
	Schedule  Schedule // of its further attempts
	Lane      string   // see Lane
	Relay     string   // mails: who was asked in the attempt before, see Answer

	// Of a claimed webhook.
	Endpoint Endpoint      // its target, as it did then
	Patience time.Duration // for how long its organisation bears that an endpoint takes nothing; 0: for ever
}

// Message is the payload of a mail: a template's name and its data. The body is made when it is sent.
type Message struct {
	To       string          `json:"to"`
	Template string          `json:"template"`
	Data     json.RawMessage `json:"data"`
}

// NewMail makes the delivery of a mail. Data must be a value that encodes to a JSON object.
func NewMail(id, org string, to, template string, data any, now time.Time) Delivery {
	raw, err := json.Marshal(data)
	if err != nil {
		panic(err) // a template's data is a struct of strings
	}
	payload, err := json.Marshal(Message{To: to, Template: template, Data: raw})
	if err != nil {
		panic(err)
	}
	return Delivery{ID: id, Org: org, Kind: Mail, Target: to, Payload: payload, Due: now, Created: now}
}

// Claim asks for due deliveries of a kind.
type Claim struct {
	Kind  Kind
	Now   time.Time
	Until time.Time // the end of the lease: whoever dies with a claim gives it back by that
	Limit int
	After string // kinds with lanes: only lanes behind this one, so that all have their turn
}

// Outcome is what came of an attempt.
type Outcome string

// The outcomes.
const (
	Succeeded Outcome = "delivered"
	Refused   Outcome = "failed"  // the other side has not taken it, for certain
	Unknown   Outcome = "unknown" // it may have taken it: the worker died, or heard no answer
)

// Result is how an attempt ended and what becomes of the delivery.
type Result struct {
	State   State
	Due     time.Time // Queued: the next attempt
	Outcome Outcome
	Lost    bool          // the worker was stopped in the middle: the attempt does not count for the schedule
	Code    int           // SMTP reply code or HTTP status; 0: none
	Answer  string        // the other side's answer or our own words, at most 512 bytes, never content
	Relay   string        // see Answer
	Took    time.Duration // from the claim to the end of the attempt
	At      time.Time

	Endpoint *Change // of a webhook: what the attempt says of its endpoint; nil: nothing new
}

// ErrLeaseLost says that a delivery was claimed by somebody else, who sends it now.
var ErrLeaseLost = errors.New("the lease was lost to another worker")

// Queue is where deliveries wait.
type Queue interface {
	// Claim returns due deliveries, each with its attempt count raised and its next attempt moved to the end of the lease; without lanes the oldest, else one of each
	// lane in which no lease is alive. No two claims return the same delivery, nor two of one lane, while a lease lasts. An attempt that was begun and never settled
	// is noted as one of unknown outcome, at the latest when its delivery is claimed again.
	Claim(ctx context.Context, c Claim) ([]Delivery, error)
	// Renew moves the end of a claimed delivery's lease. ErrLeaseLost: it was claimed again.
	Renew(ctx context.Context, d Delivery, until time.Time) error
	// Settle records how the claimed attempt ended, in the log of attempts and for the delivery. Where another claim has come between, nothing is recorded; a delivery
	// that was cancelled meanwhile stays so unless it was delivered all the same. How the endpoint does is noted with it; where that disables the endpoint its organisation
	// is told by the mail that Notice makes, once, however many attempts come to that.
	Settle(ctx context.Context, d Delivery, r Result) error
	// NextDue returns the instant at which the next delivery of a kind can be claimed; zero when none waits.
	NextDue(ctx context.Context, kind Kind) (time.Time, error)
}

// Answer is what the other side said to an attempt; zero when it said nothing.
type Answer struct {
	Code int    // SMTP reply code or HTTP status; 0: none
	Text string // its words, never what was sent

	Relay string // mails: the hosts that were asked, in their order; the last one has answered, or not
	Asked bool   // the other side was called, or tried to be, also where it said nothing
}

// Sender performs one attempt. The answer counts with an error, too. How an error is treated says Permanent, Uncertain or Later around it; all others are tried again.
type Sender interface {
	// Send hands the delivery over within the context's time.
	Send(ctx context.Context, d Delivery) (Answer, error)
}

// Marks of errors.
var (
	// ErrPermanent marks errors that no later attempt can mend.
	ErrPermanent = errors.New("permanent")
	// ErrUncertain marks errors after which the other side may have taken the delivery all the same.
	ErrUncertain = errors.New("uncertain")
)

// marked is an error with a mark that its text does not show.
type marked struct{ mark, err error }

// Error is that of the error itself.
func (m marked) Error() string { return m.err.Error() }

// Unwrap returns the mark and the error itself.
func (m marked) Unwrap() []error { return []error{m.mark, m.err} }

// Permanent marks err so that the delivery fails at once.
func Permanent(err error) error { return marked{ErrPermanent, err} }

// Uncertain marks err so that the attempt is noted as one of unknown outcome. It is tried again: twice is better than never.
func Uncertain(err error) error { return marked{ErrUncertain, err} }

// LaterError is an error with the time that the other side asked to be left alone.
type LaterError struct {
	Wait time.Duration
	Err  error
}

// Later asks for the next attempt no sooner than after wait.
func Later(err error, wait time.Duration) error { return &LaterError{Wait: wait, Err: err} }

// Error is that of the error itself.
func (e *LaterError) Error() string { return e.Err.Error() }

// Unwrap returns the error itself.
func (e *LaterError) Unwrap() error { return e.Err }
