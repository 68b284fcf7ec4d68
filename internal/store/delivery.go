package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"avow/internal/access"
	"avow/internal/outbox"
)

// deliveryRow are the columns of v that a new delivery is written from, and insertDelivery how.
const (
	deliveryRow = `id text, org text, test boolean, kind text, target text, payload bytea, due_at bigint, created_at bigint`

	insertDelivery = `INSERT INTO deliveries (id, org_id, test, kind, target, payload_sealed, state, attempt, due_at, leased, detail, created_at, finished_at)
SELECT v.id, v.org, v.test, v.kind, v.target, v.payload, 'queued', 0, v.due_at, FALSE, '', v.created_at, 0`
)

// deliveryRow gives the values for deliveryRow's columns.
func (s *Store) deliveryRow(d outbox.Delivery) []any {
	return []any{d.ID, d.Org, d.Test, string(d.Kind), d.Target, s.keys.Seal(access.ForDelivery, d.Payload), micros(d.Due), micros(d.Created)}
}

// The lease is the next due instant itself: whoever dies with a claim gives it back by that. An outer check repeats the inner one for engines on which two claims
// run at once.
const claimDeliveries = `UPDATE deliveries SET attempt = attempt + 1, due_at = $2, leased = TRUE
WHERE id IN (SELECT id FROM deliveries WHERE state = 'queued' AND due_at <= $1 ORDER BY due_at LIMIT $3%s) AND state = 'queued' AND due_at <= $1
RETURNING id, org_id, test, kind, target, payload_sealed, attempt, due_at, created_at`

// Claim implements outbox.Queue.
func (s *Store) Claim(ctx context.Context, now, until time.Time, limit int) ([]outbox.Delivery, error) {
	var claimed []outbox.Delivery
	b := &batch{}
	b.query(fmt.Sprintf(claimDeliveries, s.engine.skipLocked()), func(scan scanner) error {
		d, err := s.scanDelivery(scan)
		claimed = append(claimed, d)
		return err
	}, micros(now), micros(until), limit)
	if err := s.save(ctx, b); err != nil {
		return nil, err
	}
	slices.SortFunc(claimed, func(a, b outbox.Delivery) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
	})
	return claimed, nil
}

func (s *Store) scanDelivery(scan scanner) (outbox.Delivery, error) {
	var d outbox.Delivery
	var kind string
	var sealed []byte
	var due, created int64
	if err := scan(&d.ID, &d.Org, &d.Test, &kind, &d.Target, &sealed, &d.Attempt, &due, &created); err != nil {
		return d, err
	}
	d.Payload, d.Locked = s.keys.Open(access.ForDelivery, sealed) // a key that is missing today must not stop the others, nor lose this one
	d.Kind, d.Due, d.Created = outbox.Kind(kind), instant(due), instant(created)
	return d, nil
}

// Settle implements outbox.Queue. The attempt count is the claim's proof: a later claim has raised it. That something was delivered is noted even if it was
// cancelled while it was being sent, for that is the truth.
func (s *Store) Settle(ctx context.Context, d outbox.Delivery, r outbox.Result) error {
	b := &batch{}
	if r.State == outbox.Queued {
		b.exec(`UPDATE deliveries SET due_at = $1, leased = FALSE, detail = $2 WHERE id = $3 AND org_id = $4 AND attempt = $5 AND state = 'queued'`,
			micros(r.Due), r.Detail, d.ID, d.Org, d.Attempt)
		return s.save(ctx, b)
	}
	b.exec(`UPDATE deliveries SET state = $1, leased = FALSE, detail = $2, payload_sealed = NULL, finished_at = $3
WHERE id = $4 AND org_id = $5 AND attempt = $6 AND (state = 'queued' OR state = 'cancelled' AND $1 = 'delivered')`,
		string(r.State), r.Detail, micros(r.At), d.ID, d.Org, d.Attempt)
	return s.save(ctx, b)
}

// NextDue implements outbox.Queue.
func (s *Store) NextDue(ctx context.Context) (time.Time, error) {
	var due int64
	b := &batch{}
	b.query(`SELECT COALESCE(MIN(due_at), 0) FROM deliveries WHERE state = 'queued'`, func(scan scanner) error { return scan(&due) })
	err := s.view(ctx, b)
	return instant(due), err
}

// ReleaseLeases makes every claimed delivery due at once. Only a process that has the database to itself may call it, at its start: the claims are its
// predecessor's.
func (s *Store) ReleaseLeases(ctx context.Context, now time.Time) error {
	b := &batch{}
	b.exec(`UPDATE deliveries SET due_at = $1, leased = FALSE WHERE state = 'queued' AND leased`, micros(now))
	return s.save(ctx, b)
}
