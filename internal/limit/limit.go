// Package limit counts what callers may do in a time: how much mail an address gets, how often a password may be guessed, how many calls a key may make.
//
// A budget belongs to a policy and a subject. It is counted by the generic cell rate algorithm: all that is kept of it is its level, the instant at which it will be
// whole again. Rules and wire say what a call costs in Draws; Budgets takes them, all or none.
package limit

import (
	"context"
	"time"

	"avow/internal/fault"
)

// Policy says how much one subject may do. The quota may be used at once; what was used comes back one by one, evenly over the window.
type Policy struct {
	Name    string // in headers, metrics and docs
	Quota   int
	Window  time.Duration // a multiple of Quota microseconds
	Sends   bool          // guards mail: nothing passes while the budgets cannot be asked
	Subject string        // in words, for the docs
	Counts  string        // likewise
}

// every is the time, in microseconds, in which one unit comes back.
func (p *Policy) every() int64 { return p.Window.Microseconds() / int64(p.Quota) }

// whole is how far, in microseconds, the level of a budget may be ahead of the present.
func (p *Policy) whole() int64 { return p.every() * int64(p.Quota) }

// Draw is what a call takes of one budget.
type Draw struct {
	Policy  *Policy
	Subject string // in clear; backends see a keyed hash of it
	Units   int    // 0 takes nothing, but there has to be room for one
}

// Of takes one unit of a subject's budget.
func (p *Policy) Of(subject string) Draw { return Draw{p, subject, 1} }

// Room takes nothing and is refused when there is nothing left.
func (p *Policy) Room(subject string) Draw { return Draw{p, subject, 0} }

// need is how many units have to be left.
func (d Draw) need() int { return max(d.Units, 1) }

// Refusals of this package. Both carry the time after which trying again makes sense.
var (
	ErrTooMany = fault.New(fault.TooMany, "too_many_requests", "Too many requests. Try again later.")
	ErrAway    = &fault.Error{
		Kind: fault.Unavailable, Reason: "limits_away", Message: "Mail cannot be sent at the moment. Try again shortly.", After: 2 * time.Second,
	}
)

// Refusals lists them for the tests that walk the wire's tables.
var Refusals = []*fault.Error{ErrTooMany, ErrAway}

// Limiter keeps the levels of budgets. All backends count alike, to the microsecond.
type Limiter interface {
	// Step makes all moves or none, as the function Step says, and returns the levels as they are then and whether they were moved. Now is in Unix microseconds.
	// The keys of the moves differ.
	Step(ctx context.Context, now int64, moves []Move) (levels []int64, moved bool, err error)
}

// Key names a budget.
type Key struct {
	Policy  string
	Subject [16]byte // keyed hash
}

// Move is what a call does to the level of one budget, in microseconds.
type Move struct {
	Key  Key
	Most int64 // how far the level may be ahead of the present before the move
	Grow int64 // negative gives back
}

// Step is the arithmetic of every backend. A level of the past, such as 0 for an unknown budget, is as good as the present.
func Step(levels []int64, moves []Move, now int64) (next []int64, moved bool) {
	next, moved = make([]int64, len(moves)), true
	for i, m := range moves {
		next[i] = max(levels[i], now)
		moved = moved && next[i]-now <= m.Most
	}
	for i, m := range moves {
		if moved {
			next[i] = max(next[i]+m.Grow, now)
		}
	}
	return next, moved
}

// Standing is how a budget stands.
type Standing struct {
	Policy    *Policy
	Remaining int
	Reset     time.Duration // until there is more
}

func (p *Policy) standing(level, now int64) Standing {
	left := max(p.whole()-max(level-now, 0), 0)
	remaining := left / p.every()
	return Standing{p, int(remaining), micros((remaining+1)*p.every() - left)}
}

// wait is how long it takes until the draw fits; zero: it does.
func (d Draw) wait(level, now int64) time.Duration {
	return micros(max(level-now+int64(d.need())*d.Policy.every()-d.Policy.whole(), 0))
}

func micros(n int64) time.Duration { return time.Duration(n) * time.Microsecond }
