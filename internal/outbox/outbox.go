// Package outbox delivers what committed changes promised: mails and webhooks.
//
// A delivery is a row that is written in the transaction of the change that causes it. A worker claims due rows; a claim raises the attempt count and moves the
// next attempt to the end of a lease, so that no state exists in which a delivery can be stuck: a crash costs one lease.
package outbox

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"avow/internal/fault"
)

// Kind says what is delivered, and so by which Sender.
type Kind string

// Mail is the kind of e-mails; the payload is a Message.
const Mail Kind = "mail"

// State of a delivery.
type State string

// The states. Everything but Queued is final.
const (
	Queued    State = "queued"
	Delivered State = "delivered" // mail: handed to the relay, or captured
	Failed    State = "failed"    // refused for good, or given up
	Cancelled State = "cancelled" // superseded before it was sent
)

// Delivery is one thing to be sent to one target.
type Delivery struct {
	ID      string
	Org     string
	Test    bool // test mode: a mail of it never goes to a relay
	Kind    Kind
	Target  string // e-mail address or URL
	Payload []byte // sealed at rest, wiped once final
	Locked  error  // the payload could not be opened; the attempt fails with this
	Attempt int    // attempts begun, this one included
	Due     time.Time
	Created time.Time
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

// Result is how an attempt ended.
type Result struct {
	State  State
	Due    time.Time // Queued: the next attempt
	Detail string    // the other side's answer or our own short word, never content
	At     time.Time
}

// Queue is where deliveries wait.
type Queue interface {
	// Claim returns at most limit due deliveries, oldest first, each with its attempt count raised and its next attempt moved to until: whoever dies with a
	// claim gives it back by that. No two claims return the same delivery while the lease lasts.
	Claim(ctx context.Context, now, until time.Time, limit int) ([]Delivery, error)
	// Settle records how the claimed attempt ended. A delivery that was claimed again or cancelled meanwhile is left as it is.
	Settle(ctx context.Context, d Delivery, r Result) error
	// NextDue returns the instant at which the next delivery is due; zero when none waits.
	NextDue(ctx context.Context) (time.Time, error)
}

// Answer is what the other side said to an attempt; zero when it said nothing.
type Answer struct {
	Code int    // SMTP reply code or HTTP status; 0: none
	Text string // its words, never what was sent
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

// Permanent marks err so that the delivery fails at once.
func Permanent(err error) error { return errors.Join(ErrPermanent, err) }

// Uncertain marks err so that the attempt is noted as one of unknown outcome. It is tried again: twice is better than never.
func Uncertain(err error) error { return errors.Join(ErrUncertain, err) }

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

// ErrMailUnknown answers a look-up of a captured mail that is not there.
var ErrMailUnknown = fault.New(fault.NotFound, "mail_unknown", "There is no such mail.")

// schedule holds the waits before each attempt after the first (interfaces.md section 5).
var schedule = []time.Duration{
	time.Second, 5 * time.Second, 25 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute,
	2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
}

// spread is how far jitter moves a wait, as a share of it.
const spread = 0.2

// Next returns the wait after the given attempt failed, and false when it was the last. Jitter is from [0, 1).
func Next(attempt int, jitter float64) (time.Duration, bool) {
	if attempt < 1 || attempt > len(schedule) {
		return 0, false
	}
	base := float64(schedule[attempt-1])
	return time.Duration(base * (1 - spread + 2*spread*jitter)), true
}
