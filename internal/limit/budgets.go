package limit

import (
	"context"
	"math"
	"slices"
	"time"

	"avow/internal/access"
)

// Options is what Budgets are made of.
type Options struct {
	Limiter Limiter
	Keys    *access.Keyring // hashes the subjects: backends never see an address
	Now     func() time.Time
	Refused func(policy string) // is told of every refusal; may be nil
}

// Budgets takes what calls cost. A nil one counts nothing: the limits are off.
type Budgets struct {
	o     Options
	local bool // asking takes no time worth speaking of
}

// New makes budgets on a limiter.
func New(o Options) *Budgets {
	if o.Refused == nil {
		o.Refused = func(string) {}
	}
	_, local := o.Limiter.(*Memory)
	return &Budgets{o, local}
}

// Taken is what was taken for one call. A nil one holds nothing.
type Taken struct {
	budgets *Budgets
	draws   []Draw
	at      int64
}

// Take takes all draws or none. ErrTooMany: one of them does not fit. ErrAway: the backend does not answer and mail would be sent; whatever sends none then passes
// without being counted.
func (b *Budgets) Take(ctx context.Context, draws ...Draw) (*Taken, error) {
	if b == nil || len(draws) == 0 {
		return nil, nil
	}
	draws, now := together(draws), b.o.Now().UnixMicro()
	levels, moved, err := b.step(ctx, now, draws, take)
	switch {
	case err == nil && !moved:
		return nil, b.refuse(draws, levels, now)
	case err == nil:
		return &Taken{b, draws, now}, nil
	case slices.ContainsFunc(draws, func(d Draw) bool { return d.Policy.Sends }):
		return nil, ErrAway.Because(err)
	}
	return nil, nil
}

// Charge takes what a call has cost that cannot be undone, as far as it fits.
func (b *Budgets) Charge(ctx context.Context, draws ...Draw) {
	if b != nil {
		_, _, _ = b.step(ctx, b.o.Now().UnixMicro(), together(draws), take)
	}
}

// Return gives back what a call took that did not need it after all. What would have come back by itself in between is not given twice.
func (t *Taken) Return(ctx context.Context) {
	if t == nil {
		return
	}
	now := t.budgets.o.Now().UnixMicro()
	// What is lost on the way comes back by itself in time.
	_, _, _ = t.budgets.step(context.WithoutCancel(ctx), now, t.draws, func(d Draw) Move { return back(d, now-t.at) })
}

func take(d Draw) Move {
	p := d.Policy
	return Move{Most: p.whole() - int64(d.need())*p.every(), Grow: int64(d.Units) * p.every()}
}

// back undoes what was taken some microseconds ago.
func back(d Draw, ago int64) Move {
	return Move{Most: math.MaxInt64, Grow: min(max(ago, 0)-int64(d.Units)*d.Policy.every(), 0)}
}

func (b *Budgets) step(ctx context.Context, now int64, draws []Draw, move func(Draw) Move) (levels []int64, moved bool, err error) {
	moves := make([]Move, len(draws))
	for i, d := range draws {
		moves[i] = move(d)
		moves[i].Key = Key{Policy: d.Policy.Name}
		if i > 0 && d.Subject == draws[i-1].Subject {
			moves[i].Key.Subject = moves[i-1].Key.Subject
			continue
		}
		sum := b.o.Keys.Hash(access.ForLimit, d.Subject)
		copy(moves[i].Key.Subject[:], sum[:])
	}
	if levels, moved, err = b.o.Limiter.Step(ctx, now, moves); err != nil {
		return nil, false, err
	}
	for i, d := range draws {
		note(ctx, d.Policy.standing(levels[i], now))
	}
	return levels, moved, nil
}

func (b *Budgets) refuse(draws []Draw, levels []int64, now int64) error {
	refusal := *ErrTooMany
	for i, d := range draws {
		if wait := d.wait(levels[i], now); wait > 0 {
			b.o.Refused(d.Policy.Name)
			refusal.After = max(refusal.After, wait)
		}
	}
	return &refusal
}

// together sums up what is drawn from the same budget.
func together(draws []Draw) []Draw {
	var all []Draw
	for _, d := range draws {
		i := slices.IndexFunc(all, func(o Draw) bool { return o.Policy == d.Policy && o.Subject == d.Subject })
		if i < 0 {
			all = append(all, d)
			continue
		}
		all[i].Units += d.Units
	}
	return all
}
