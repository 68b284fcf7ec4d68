package mail

import (
	"context"
	"errors"
	"fmt"
	"time"

	"avow/internal/outbox"
)

const (
	// longest bounds a dialogue with one relay: it may take its time to look at a mail.
	longest = time.Minute
	// opening bounds the dialogue up to the mail itself where another relay could be asked instead.
	opening = 10 * time.Second
)

// errSilent ends a dialogue whose time is over.
var errSilent = errors.New("the relay took too long")

// errUnended is what is known of a dialogue that came to no end.
var errUnended = errors.New("the dialogue with the relay was broken off")

// askInTurn asks one relay after the other, as long as it is certain that none has taken the mail, and nothing was said that holds for all of them. Once the final dot has
// left for a relay, no other one is asked in this attempt.
func (s *SMTP) askInTurn(ctx context.Context, favourite string, begin func(*member) (*dialogue, mask)) (outbox.Answer, error) {
	var answer outbox.Answer
	var asked []*member
	var refusals []verdict
	for {
		m, others := s.fleet.choose(favourite, asked)
		if m == nil {
			return answer, s.together(asked, refusals)
		}
		asked = append(asked, m)
		var v verdict
		answer, v = s.ask(ctx, m, others, begin)
		answer.Relay = names(asked)
		if v.err == nil {
			return answer, nil
		}
		if !v.elsewhere {
			return answer, s.last(m, v)
		}
		if refusals = append(refusals, v); ctx.Err() != nil {
			return answer, s.together(asked, refusals)
		}
	}
}

// last is the error of a verdict that is not carried further.
func (s *SMTP) last(m *member, v verdict) error {
	if len(s.fleet.members) == 1 {
		return v.err
	}
	return fmt.Errorf("%s: %w", m.name, v.err)
}

// together is the error when nobody is left to ask. It is permanent only if every relay that there is has refused for good: another one may take the mail.
func (s *SMTP) together(asked []*member, refusals []verdict) error {
	var errs []error
	forGood := len(asked) == len(s.fleet.members)
	for i, v := range refusals {
		forGood = forGood && errors.Is(v.err, outbox.ErrPermanent)
		errs = append(errs, s.last(asked[i], v))
	}
	err := errors.Join(errs...)
	if forGood {
		return err
	}
	return passing{err}
}

// passing is an error that another attempt may mend, whatever marks those have that it is made of.
type passing struct{ error }

// ask holds a dialogue within the time that a relay has, and remembers what it tells of the relay. The others share what is left of the attempt.
func (s *SMTP) ask(parent context.Context, m *member, others int, begin func(*member) (*dialogue, mask)) (answer outbox.Answer, v verdict) {
	v.err = errUnended
	began := s.fleet.now()
	defer func() { s.fleet.learn(m, began, v) }() // after a panic, too: a relay that is being tried must not stay so for ever
	talk, hide := begin(m)
	ctx, cancel := context.WithCancelCause(parent)
	defer cancel(nil)
	ring := func() { cancel(errSilent) }
	budget := share(parent, others+1)
	defer s.alarm(budget, ring)()
	if others > 0 {
		hurry := s.alarm(min(opening, budget), ring)
		defer hurry()
		talk.opened = func() { hurry() }
	}
	return talk.hold(ctx, hide)
}

// share is what one of n relays has of the time that is left.
func share(ctx context.Context, n int) time.Duration {
	end, bounded := ctx.Deadline()
	if !bounded {
		return longest
	}
	return min(longest, time.Until(end)/time.Duration(n))
}
