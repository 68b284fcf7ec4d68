package outbox

import (
	"errors"
	"time"

	"avow/internal/fault"
)

// Endpoint is how the target of webhooks is doing, for one organisation in one mode: a registered endpoint or a callback, by its URL. The zero value is one that took its
// last call, or never had one.
type Endpoint struct {
	Since  time.Time // of the first failure since the last success; zero: none
	Back   time.Time // of the return after an outage, or of a replay, as long as what waits is brought forward; zero: nothing is
	Off    time.Time // since when it is not called any more; zero: it is called
	Reason OffReason
}

// OffReason says why an endpoint is off.
type OffReason string

// The reasons.
const (
	OffGone    OffReason = "gone"    // it answered 410
	OffFailing OffReason = "failing" // it has taken nothing for as long as its organisation bears that
)

// Errors of attempts that have to do with an endpoint being off.
var (
	// ErrGone says that the receiver asked never to be called again.
	ErrGone = errors.New("answered 410: this endpoint is disabled")
	// ErrOff says that the endpoint was not called.
	ErrOff = errors.New("endpoint disabled: it is not called until somebody enables it")
)

const (
	// outage is how long an endpoint has to fail before its return brings forward what waits: a single failure is none.
	outage = time.Minute
	// convincing is how often the delivery has to be tried whose failure ends an endpoint, in either schedule: two moments of trouble days apart are no long failure.
	convincing = contractRetries + 1
)

// Change is what an attempt says of its endpoint.
type Change struct {
	Was, Next Endpoint
	Forward   bool // some of what waits for it is to be tried now
}

// Off reports whether the change disables the endpoint; none does not.
func (c *Change) Off() bool { return c != nil && c.Was.Off.IsZero() && !c.Next.Off.IsZero() }

// of says what the end of an attempt means for its endpoint; nil: nothing. Failures of our own, which the receiver never heard of, are no word about it.
func (o outcome) of(d Delivery, r Result) *Change {
	asked := o.err == nil || o.answer.Asked || o.answer.Code != 0
	if d.Kind != Webhook || !asked || r.Lost || !d.Endpoint.Off.IsZero() {
		return nil
	}
	next := d.Endpoint.failed(d, r)
	switch {
	case r.Outcome == Succeeded:
		next = d.Endpoint.succeeded(r.At)
	case errors.Is(o.err, ErrGone):
		next.Off, next.Reason = r.At, OffGone
	}
	c := &Change{Was: d.Endpoint, Next: next}
	// One failure among successes does not end the bringing forward; the second in a row does.
	c.Forward = !next.Back.IsZero() && next.Off.IsZero() && (next.Since.IsZero() || c.Was.Since.IsZero())
	if c.Next == c.Was && !c.Forward {
		return nil
	}
	return c
}

func (e Endpoint) succeeded(at time.Time) Endpoint {
	if !e.Since.IsZero() && at.Sub(e.Since) >= outage {
		e.Back = at
	}
	e.Since = time.Time{}
	return e
}

func (e Endpoint) failed(d Delivery, r Result) Endpoint {
	if e.Since.IsZero() {
		e.Since = r.At
	}
	enough := d.Attempt-d.Uncounted >= convincing || r.State == Failed
	if d.Patience > 0 && enough && r.At.Sub(e.Since) >= d.Patience {
		e.Off, e.Reason = r.At, OffFailing
	}
	return e
}

// ErrEndpointOn refuses to enable what is not disabled.
var ErrEndpointOn = fault.New(fault.NotFound, "endpoint_on", "There is no disabled endpoint with this URL.")
