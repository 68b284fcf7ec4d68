package limit

import (
	"context"
	"errors"
	"slices"
	"sync"

	"avow/internal/access"
)

// Change is a load → decide → save whose outcome may cost something.
type Change[S, N any] struct {
	Decide func(S) (N, error)
	// Costs is what a decision costs that is saved.
	Costs func(S, N) []Draw
	// Carry has a decision carried out. Seen, if not nil, is the state that was loaded a moment ago, so that it need not be loaded again.
	Carry func(seen *S, decide func(S) (N, error)) error
}

// Guarded carries out a change once what it costs is taken: never before it is decided, so that a call that is refused for another reason costs nothing, and always before
// it is saved, so that calls at the same moment have no more than the budget between them.
//
// A limiter in memory is asked by the decision itself. One that is elsewhere must not hold up a transaction: the change is left, the limiter asked, and the change taken
// up again on the state that was seen.
func Guarded[S, N any](ctx context.Context, b *Budgets, c Change[S, N]) error {
	if b == nil {
		return c.Carry(nil, c.Decide)
	}
	g := &guard[S, N]{Change: c, ctx: ctx, budgets: b}
	err := c.Carry(nil, g.decide)
	for ask := 0; ask < maxAsks && errors.Is(err, errAsk); ask++ {
		seen, wanted := g.asked()
		if err = g.pay(wanted); err == nil {
			err = c.Carry(&seen, g.decide)
		}
	}
	g.settle(err)
	return err
}

// maxAsks bounds how often a change may find, once what it costs is taken, that it costs something else.
const maxAsks = 5

// errAsk leaves a change whose budgets have to be asked first. Nobody hears of it but who changes what a change costs each time that it is decided.
var errAsk = errors.New("limit: the costs of a change do not come to rest")

type guard[S, N any] struct {
	Change[S, N]
	ctx     context.Context
	budgets *Budgets

	mu      sync.Mutex // a caller who leaves does not end the change
	paid    []Draw
	taken   *Taken
	wanted  []Draw
	seen    S
	costs   bool  // the last decision cost something
	refusal error // of the last decision
}

func (g *guard[S, N]) decide(state S) (N, error) {
	next, err := g.Decide(state)
	g.mu.Lock()
	defer g.mu.Unlock()
	var draws []Draw
	if err == nil {
		draws = g.Costs(state, next)
	}
	g.costs, g.refusal = len(draws) > 0, err
	if !g.costs || slices.Equal(draws, g.paid) {
		return next, err
	}
	if g.budgets.local {
		g.refusal = g.swap(draws)
	} else {
		g.seen, g.wanted, g.refusal = state, draws, errAsk
	}
	if g.refusal != nil {
		return *new(N), g.refusal
	}
	return next, nil
}

func (g *guard[S, N]) asked() (S, []Draw) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.seen, g.wanted
}

func (g *guard[S, N]) pay(draws []Draw) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.refusal = g.swap(draws)
	return g.refusal
}

// swap takes what a change costs in place of what it seemed to cost before.
func (g *guard[S, N]) swap(draws []Draw) (err error) {
	g.taken.Return(g.ctx)
	g.paid = nil
	if g.taken, err = g.budgets.Take(g.ctx, draws...); err == nil {
		g.paid = draws
	}
	return err
}

// settle gives back what was taken for a change of which it is certain that it did not come about. Where that is not known it is kept: there is a mail perhaps.
func (g *guard[S, N]) settle(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	refused := err != nil && g.refusal != nil && errors.Is(err, g.refusal)
	if refused || err == nil && !g.costs || errors.Is(err, access.ErrBusy) {
		g.taken.Return(g.ctx)
		g.taken, g.paid = nil, nil
	}
}
