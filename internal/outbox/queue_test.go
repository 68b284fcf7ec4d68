package outbox

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

var errBroken = errors.New("broken")

// queue is the simplest Queue there can be. It remembers how claims and attempts ended.
type queue struct {
	mu        sync.Mutex
	waiting   []Delivery
	leased    map[string]bool
	settled   map[string]Result
	tries     map[string]int
	renewed   []time.Time
	until     time.Time
	broken    error // of Claim and NextDue
	settling  error
	renewing  error
	onSettle  func(context.Context)
	onNextDue func() // after the answer was made
	claims    int
}

func newQueue(ids ...string) *queue {
	q := &queue{settled: map[string]Result{}, tries: map[string]int{}, leased: map[string]bool{}}
	for _, id := range ids {
		q.add(id, start)
	}
	return q
}

func (q *queue) add(id string, due time.Time) {
	q.put(Delivery{ID: id, Kind: Mail, Target: "anna@example.com", Due: due})
}

func (q *queue) put(d Delivery) {
	q.mu.Lock()
	defer q.mu.Unlock()
	d.Lane = Lane(d.Kind, d.Target)
	q.waiting = append(q.waiting, d)
}

// set changes the queue's behaviour while a worker runs.
func (q *queue) set(change func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	change()
}

// heads are the deliveries of a kind that can be claimed, in the order in which they are: of a lane only the one under way, else the one that waits longest.
func (q *queue) heads(kind Kind, after string) []*Delivery {
	var heads []*Delivery
	at := map[string]int{}
	for i := range q.waiting {
		d := &q.waiting[i]
		if d.Kind != kind || d.Lane != "" && d.Lane <= after {
			continue
		}
		known, ok := at[d.Lane]
		switch {
		case d.Lane == "" || !ok:
			at[d.Lane] = len(heads)
			heads = append(heads, d)
		case !q.leased[heads[known].ID] && (q.leased[d.ID] || d.Due.Before(heads[known].Due)):
			heads[known] = d
		}
	}
	slices.SortStableFunc(heads, func(a, b *Delivery) int { return cmp.Or(cmp.Compare(a.Lane, b.Lane), a.Due.Compare(b.Due)) })
	return heads
}

// Claim implements Queue.
func (q *queue) Claim(_ context.Context, c Claim) ([]Delivery, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.until, q.claims = c.Until, q.claims+1
	var claimed []Delivery
	for _, d := range q.heads(c.Kind, c.After) {
		if !d.Due.After(c.Now) && len(claimed) < c.Limit && q.broken == nil {
			d.Attempt, d.Due, q.leased[d.ID] = d.Attempt+1, c.Until, true
			claimed = append(claimed, *d)
		}
	}
	return claimed, q.broken
}

// claimedAs finds what a worker proves to have claimed.
func (q *queue) claimedAs(d Delivery) int {
	return slices.IndexFunc(q.waiting, func(w Delivery) bool { return w.ID == d.ID && w.Attempt == d.Attempt && q.leased[d.ID] })
}

// Renew implements Queue.
func (q *queue) Renew(_ context.Context, d Delivery, until time.Time) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	i := q.claimedAs(d)
	if i < 0 {
		return ErrLeaseLost
	}
	if q.renewing == nil {
		q.waiting[i].Due, q.renewed = until, append(q.renewed, until)
	}
	return q.renewing
}

// Settle implements Queue.
func (q *queue) Settle(ctx context.Context, d Delivery, r Result) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.onSettle != nil {
		q.onSettle(ctx)
	}
	if q.settling != nil {
		return q.settling
	}
	i := q.claimedAs(d)
	if i < 0 {
		return nil
	}
	q.settled[d.ID] = r
	q.tries[d.ID]++
	delete(q.leased, d.ID)
	if r.State == Queued {
		q.waiting[i].Due = r.Due
	} else {
		q.waiting = slices.Delete(q.waiting, i, i+1)
	}
	return nil
}

// NextDue implements Queue.
func (q *queue) NextDue(_ context.Context, kind Kind) (time.Time, error) {
	if q.onNextDue != nil {
		defer q.onNextDue()
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	var next time.Time
	for _, d := range q.heads(kind, "") {
		if next.IsZero() || d.Due.Before(next) {
			next = d.Due
		}
	}
	return next, q.broken
}

func (q *queue) result(id string) Result {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.settled[id]
}

// sender is a Sender made of a function.
type sender func(context.Context, Delivery) (Answer, error)

// Send implements Sender.
func (s sender) Send(ctx context.Context, d Delivery) (Answer, error) { return s(ctx, d) }

func answers(text string, err error) sender {
	return func(context.Context, Delivery) (Answer, error) { return Answer{Text: text}, err }
}

// worker sends mails and webhooks alike.
func worker(q *queue, s Sender) *Worker {
	return &Worker{
		Queue: q, Senders: map[Kind]Sender{Mail: s, Webhook: s}, Now: func() time.Time { return start }, Jitter: func() float64 { return 0.5 }, Drain: time.Hour,
	}
}
