package main

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"avow/internal/outbox"
)

// turns are what a worker did with a queue, and what it took.
type turns struct {
	payload []byte
	after   string            // the lane that had its turn last
	held    []outbox.Delivery // of slow receivers
	times   map[string][]time.Duration
}

// measureQueues claims from both in turn, lets a worker loose on each, settles nearly all of the larger one and claims again.
func measureQueues(ctx context.Context, engine string, both [2]*queue, o options) error {
	if err := alternate(ctx, both, o.claims); err != nil {
		return err
	}
	show(engine, both)
	if err := both[0].insert(ctx, smallQueue, both[0].payload); err != nil {
		return err
	}
	for _, q := range both {
		if err := q.work(ctx, engine, o.measured); err != nil {
			return err
		}
	}
	say("%s: settling all", engine)
	for _, q := range both {
		if err := q.empty(ctx); err != nil {
			return err
		}
		if err := q.insert(ctx, smallQueue, q.payload); err != nil {
			return err
		}
	}
	if err := alternate(ctx, both, o.claims); err != nil {
		return err
	}
	show(engine+fmt.Sprintf(", %d of each after all were settled", smallQueue), both)
	return nil
}

// alternate lets both have their turns one after the other: each pair meets the same machine.
func alternate(ctx context.Context, both [2]*queue, claims int) error {
	for _, q := range both {
		q.times, q.held, q.after = map[string][]time.Duration{}, nil, ""
	}
	for i := range claims {
		for n := range both {
			for _, kind := range []outbox.Kind{outbox.Mail, outbox.Webhook} {
				if err := both[(i+n)%2].turn(ctx, kind, i); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// lag is for how many turns slow receivers take.
const lag = 10

// turn claims as a worker does, settles, and now and then asks when the next is due.
func (q *queue) turn(ctx context.Context, kind outbox.Kind, i int) error {
	now := time.Now().UTC()
	c := outbox.Claim{Kind: kind, Now: now, Until: now.Add(time.Hour), Limit: claimLimit}
	if kind == outbox.Webhook {
		c.After = q.after
	}
	claimed, err := q.store.Claim(ctx, c)
	if err != nil {
		return err
	}
	q.note(string(kind), now)
	if kind == outbox.Webhook {
		q.after = last(claimed)
		claimed = q.answered(claimed, i%lag == 0)
	}
	err = parallel(ctx, claimLimit, len(claimed), func(n int) error {
		return q.store.Settle(ctx, claimed[n], outbox.Result{State: outbox.Delivered, Outcome: outbox.Succeeded, Code: 200, At: now})
	})
	if err != nil || i%lag != 0 {
		return err
	}
	now = time.Now()
	_, err = q.store.NextDue(ctx, kind)
	q.note("next "+string(kind), now)
	return err
}

// last is the lane that the next claim begins behind, from the start again when not all lanes that were asked for are left.
func last(claimed []outbox.Delivery) (lane string) {
	if len(claimed) < claimLimit {
		return ""
	}
	for _, d := range claimed {
		lane = max(lane, d.Lane)
	}
	return lane
}

// answered are the deliveries of receivers that answer by now: dead ones never do, slow ones once in a while.
func (q *queue) answered(claimed []outbox.Delivery, now bool) (answered []outbox.Delivery) {
	for _, d := range claimed {
		switch lane := number(d.Lane); {
		case lane < dead:
		case lane < dead+slow:
			q.held = append(q.held, d)
		default:
			answered = append(answered, d)
		}
	}
	if now {
		answered, q.held = append(answered, q.held...), nil
	}
	return answered
}

// number is that of a lane's receiver.
func number(lane string) int {
	text, _, _ := strings.Cut(strings.TrimPrefix(lane, "https://r"), ".")
	n, _ := strconv.Atoi(text)
	return n - firstReceiver
}

func (q *queue) note(what string, begun time.Time) {
	q.times[what] = append(q.times[what], time.Since(begun))
}

func show(engine string, both [2]*queue) {
	for _, what := range []string{"mail", "webhook", "next mail", "next webhook"} {
		few, many := both[0].times[what], both[1].times[what]
		slices.Sort(few)
		slices.Sort(many)
		at := func(times []time.Duration, share float64) float64 {
			return float64(times[int(share*float64(len(times)-1))].Microseconds())
		}
		fmt.Printf("| %s | %s | %.0f, %.0f | %.0f, %.0f | %.2f | %.2f |\n", engine, what,
			at(few, .5), at(few, .99), at(many, .5), at(many, .99), at(many, .5)/at(few, .5), at(many, .99)/at(few, .99))
	}
}

// world are receivers of webhooks and a relay: dead ones do not answer, slow ones take a while.
type world struct{ sent, lanes atomic.Int64 }

// Send implements outbox.Sender.
func (w *world) Send(ctx context.Context, d outbox.Delivery) (outbox.Answer, error) {
	wait := time.Millisecond
	switch lane := number(d.Lane); {
	case d.Kind == outbox.Mail:
	case lane < dead:
		wait = time.Second
	case lane < dead+slow:
		wait = 100 * time.Millisecond
	}
	select {
	case <-time.After(wait):
	case <-ctx.Done():
		return outbox.Answer{}, ctx.Err()
	}
	w.sent.Add(1)
	return outbox.Answer{Code: 200}, nil
}

// work lets a worker send from the queue for a while and tells how much memory it takes.
func (q *queue) work(ctx context.Context, engine string, d time.Duration) error {
	world := &world{}
	ctx, stop := context.WithTimeout(ctx, d)
	defer stop()
	worker := &outbox.Worker{
		Queue: q.store, Senders: map[outbox.Kind]outbox.Sender{outbox.Mail: world, outbox.Webhook: world}, Jitter: func() float64 { return 0 },
		Now: func() time.Time { return time.Now().UTC() }, Drain: time.Second,
	}
	ended := make(chan struct{})
	go func() { worker.Run(ctx, func(err error) { say("worker: %v", err) }); close(ended) }()
	most := uint64(0)
	for sample := time.NewTicker(50 * time.Millisecond); ; {
		select {
		case <-sample.C:
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapAlloc)
		case <-ended:
			sample.Stop()
			fmt.Printf("| %s, %d due | a worker for %v: %d sent, heap at most %.1f MiB | | | | |\n", engine, q.rows, d, world.sent.Load(), float64(most)/(1<<20))
			return nil
		}
	}
}

// empty settles everything in steps, as workers would, so that the indexes are left as they are after a long day.
func (q *queue) empty(ctx context.Context) error {
	for _, lanes := range []string{"lane = '' ORDER BY due_at", "lane <> '' ORDER BY lane, due_at"} {
		for more := true; more; {
			done, err := q.db.ExecContext(ctx, fmt.Sprintf(`UPDATE deliveries SET state = 'delivered', leased = FALSE, finished_at = %d, payload_sealed = NULL
WHERE id IN (SELECT id FROM deliveries WHERE state = 'queued' AND %s LIMIT 5000)`, time.Now().UnixMicro(), lanes))
			if err != nil {
				return err
			}
			n, err := done.RowsAffected()
			if err != nil {
				return err
			}
			more = n > 0
		}
	}
	return nil
}
