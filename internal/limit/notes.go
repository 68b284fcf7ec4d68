package limit

import (
	"context"
	"slices"
	"sync"
)

// Notes collects how the budgets stand that one request has drawn from, for the headers of its answer.
type Notes struct {
	mu   sync.Mutex
	seen []Standing
}

type notesKey struct{}

// WithNotes returns a context in which every draw is noted.
func WithNotes(ctx context.Context) (context.Context, *Notes) {
	n := &Notes{}
	return context.WithValue(ctx, notesKey{}, n), n
}

// Standings returns the last that is known of each policy, in the order in which they were drawn from.
func (n *Notes) Standings() []Standing {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.seen)
}

func note(ctx context.Context, s Standing) {
	n, ok := ctx.Value(notesKey{}).(*Notes)
	if !ok {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if i := slices.IndexFunc(n.seen, func(o Standing) bool { return o.Policy == s.Policy }); i >= 0 {
		n.seen[i] = s
		return
	}
	n.seen = append(n.seen, s)
}
