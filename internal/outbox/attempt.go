package outbox

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
)

// Lease is how long a claim is safe from other workers. It is renewed while an attempt runs, so that a slow relay is not asked twice (interfaces.md section 5).
const Lease = 30 * time.Second

const (
	renewal = 10 * time.Second // between two renewals
	grace   = 5 * time.Second  // for a sender to end whose time is over
)

// attemptTime bounds an attempt where its sender does not. A relay may take its time to look at a mail; receivers of webhooks are given 10 s by their sender, and the
// rest is for finding and reaching them.
func attemptTime(k Kind) time.Duration {
	if k == Mail {
		return 5 * time.Minute
	}
	return 30 * time.Second
}

var (
	errStopped = errors.New("the worker was stopped during the attempt")
	errHung    = errors.New("the attempt did not end in its time")
)

// outcome is what came of an attempt.
type outcome struct {
	answer Answer
	err    error
	cut    bool // the worker had to stop
}

// attempt makes a claimed attempt and records what came of it. The context ends when the worker can wait no longer.
func (w *Worker) attempt(ctx context.Context, d Delivery) error {
	began := w.Now()
	o := w.carryOut(ctx, d)
	if errors.Is(o.err, ErrLeaseLost) {
		return fmt.Errorf("delivery %s: %w", d.ID, o.err)
	}
	r := w.judge(d, o)
	r.Took, r.Endpoint = r.At.Sub(began), o.of(d, r)
	if w.Observe != nil {
		w.Observe(d, r, o.err)
	}
	if err := w.settle(ctx, d, r); err != nil {
		return fmt.Errorf("settle delivery %s: %w", d.ID, err)
	}
	return nil
}

// carryOut sends and keeps the lease alive meanwhile.
func (w *Worker) carryOut(ctx context.Context, d Delivery) outcome {
	limit := attemptTime(d.Kind)
	sending, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	ended := make(chan outcome, 1)
	go func() { ended <- w.send(sending, d) }()
	renew, over := time.NewTicker(renewal), time.NewTimer(limit+grace)
	defer renew.Stop()
	defer over.Stop()
	for {
		select {
		case o := <-ended:
			o.cut = ctx.Err() != nil && o.err != nil
			return o
		case <-ctx.Done():
			return outcome{err: errStopped, cut: true}
		case <-over.C:
			return outcome{err: Uncertain(errHung)}
		case <-renew.C:
			if err := w.Queue.Renew(ctx, d, w.Now().Add(Lease)); errors.Is(err, ErrLeaseLost) {
				return outcome{err: err}
			} // else the next renewal may do, or the result of the attempt comes before the lease ends
		}
	}
}

// send hands a delivery over. A sender that panics spoils its own delivery, not the process.
func (w *Worker) send(ctx context.Context, d Delivery) (o outcome) {
	defer func() {
		if p := recover(); p != nil {
			o = outcome{err: Uncertain(fmt.Errorf("the sender panicked: %v", p))}
		}
	}()
	if d.Locked != nil {
		return outcome{err: d.Locked}
	}
	if !d.Endpoint.Off.IsZero() {
		return outcome{err: Permanent(ErrOff)}
	}
	answer, err := w.Senders[d.Kind].Send(ctx, d)
	return outcome{answer: answer, err: err}
}

// judge turns what came of an attempt into the delivery's next state.
func (w *Worker) judge(d Delivery, o outcome) Result {
	now := w.Now()
	r := Result{State: Failed, Outcome: Refused, Code: o.answer.Code, Answer: words(o), Relay: o.answer.Relay, At: now}
	wait, more := Next(d.Schedule, d.Attempt-d.Uncounted, w.Jitter())
	switch {
	case o.err == nil:
		r.State, r.Outcome = Delivered, Succeeded
	case errors.Is(o.err, ErrPermanent):
	case o.cut:
		r.State, r.Outcome, r.Due, r.Lost = Queued, Unknown, now, true
	case more:
		r.State, r.Due = Queued, now.Add(max(wait, asked(o.err)))
	}
	if errors.Is(o.err, ErrUncertain) {
		r.Outcome = Unknown
	}
	return r
}

// maxAsked bounds how long another side can have itself left alone.
const maxAsked = 24 * time.Hour

// asked is how long the other side wants to be left alone.
func asked(err error) time.Duration {
	var later *LaterError
	if !errors.As(err, &later) {
		return 0
	}
	return min(later.Wait, maxAsked)
}

// words is what is kept of what the other side said; where it said nothing, our own reason.
func words(o outcome) string {
	if o.answer.Text == "" && o.err != nil {
		return clip(o.err.Error())
	}
	return clip(o.answer.Text)
}

const maxAnswer = 512

// clip leaves out what a database that insists on good text would refuse, half a character at the end included: a result that cannot be kept would have the delivery
// sent again and again.
func clip(text string) string {
	plain := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text[:min(len(text), maxAnswer)], ""))
	return plain[:min(len(plain), maxAnswer)]
}

// settle records a result. Where the queue fails it is tried again for as long as a lease lasts: a result that is lost means another attempt.
func (w *Worker) settle(ctx context.Context, d Delivery, r Result) error {
	patience := Lease
	if ctx.Err() != nil {
		patience = grace
	}
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	for {
		err := w.Queue.Settle(limited, d, r)
		if err == nil || ctx.Err() != nil {
			return err
		}
		timer := time.NewTimer(rest)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		case <-limited.Done():
			timer.Stop()
			return err
		}
	}
}
