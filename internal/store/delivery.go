package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"avow/internal/access"
	"avow/internal/outbox"
)

// deliveryRow are the columns of v that a new delivery is written from, and insertDelivery how.
const (
	deliveryRow = `id text, org text, test boolean, kind text, lane text, target text, payload bytea, due_at bigint, created_at bigint, about text`

	insertDelivery = `INSERT INTO deliveries (id, org_id, test, kind, lane, target, payload_sealed, state, attempt, due_at, leased, detail, created_at, finished_at, about)
SELECT v.id, v.org, v.test, v.kind, v.lane, v.target, v.payload, 'queued', 0, v.due_at, FALSE, '', v.created_at, 0, v.about`
)

// deliveryRow gives the values for deliveryRow's columns.
func (s *Store) deliveryRow(d outbox.Delivery) []any {
	return []any{
		d.ID, d.Org, d.Test, string(d.Kind), outbox.Lane(d.Kind, d.Target), d.Target, s.keys.Seal(access.ForDelivery, d.Payload), micros(d.Due), micros(d.Created), d.About,
	}
}

// A lease lasts until due_at: whoever dies with a claim gives it back by that. One that has run out is an attempt of which nobody knows what came of it. It is noted
// before the claim takes the row; should its worker live after all and be the first to settle, the log tells what it knows.
const noteLost = `INSERT INTO delivery_attempts (delivery_id, number, begun_at, took, outcome, code, answer)
SELECT id, attempt, begun_at, 0, 'unknown', 0, 'the worker did not tell' FROM deliveries WHERE state = 'queued' AND leased AND due_at <= $1
ON CONFLICT (delivery_id, number) DO NOTHING`

// takeDeliveries leases rows. An outer check repeats the inner one for engines on which two claims run at once.
const takeDeliveries = `UPDATE deliveries
SET attempt = attempt + 1, uncounted = uncounted + CASE WHEN leased THEN 1 ELSE 0 END, due_at = $2, leased = TRUE, begun_at = $1
WHERE %s AND state = 'queued' AND due_at <= $1
RETURNING id, org_id, test, kind, lane, target, payload_sealed, attempt, uncounted, due_at, created_at, relay, (SELECT o.settings FROM organisations o WHERE o.id = org_id),
  CASE WHEN lane <> '' THEN %s END`

const oldest = `SELECT id FROM deliveries WHERE state = 'queued' AND lane = '' AND due_at <= $1 AND kind = $4 ORDER BY due_at LIMIT $3`

// Lanes are found one behind the other, by a step of the index each, and only as many as are needed: neither the number of rows that wait nor that of lanes decides
// how long a claim takes. The head of a lane is the delivery whose call is under way, else the one that waits longest.
const (
	lanes = `WITH RECURSIVE lanes (lane) AS NOT MATERIALIZED (
  SELECT (SELECT d.lane FROM deliveries d WHERE d.state = 'queued' AND d.lane <> '' AND d.lane > %s ORDER BY d.lane LIMIT 1)
  UNION ALL SELECT (SELECT d.lane FROM deliveries d WHERE d.state = 'queued' AND d.lane <> '' AND d.lane > l.lane ORDER BY d.lane LIMIT 1) FROM lanes l WHERE l.lane IS NOT NULL
)`

	head = `COALESCE((SELECT d.%[1]s FROM deliveries d WHERE d.state = 'queued' AND d.leased AND d.lane <> '' AND d.lane = l.lane),
    (SELECT d.%[1]s FROM deliveries d WHERE d.state = 'queued' AND d.lane <> '' AND d.lane = l.lane ORDER BY d.due_at LIMIT 1))`

	heads = `, heads (id) AS (
  SELECT (SELECT d.id FROM deliveries d WHERE d.id = %s AND d.state = 'queued' AND d.due_at <= $1 AND d.kind = $4%s) FROM lanes l WHERE l.lane IS NOT NULL
)
`
	headsDue = `SELECT h.id FROM heads h WHERE h.id IS NOT NULL LIMIT $3`
)

// among says that a column is in a selection. Given a join, PostgreSQL may begin with the whole table as long as it believes it to be small, and keep that plan; so it is
// given an array.
func (s *Store) among(column, selection string) string {
	if s.engine.skipLocked() == "" {
		return column + ` IN (` + selection + `)`
	}
	return column + ` = ANY (ARRAY(` + selection + `))`
}

// claimOldest and claimHeads are the claims of kinds without and with lanes.
func (s *Store) claimOldest() string {
	return s.take(oldest + s.engine.skipLocked())
}

func (s *Store) claimHeads() string {
	return fmt.Sprintf(lanes, "$5") + fmt.Sprintf(heads, fmt.Sprintf(head, "id"), s.engine.skipLocked()) + s.take(headsDue)
}

func (s *Store) take(selection string) string {
	return fmt.Sprintf(takeDeliveries, s.among("id", selection), fmt.Sprintf(healthOf, "deliveries"))
}

// inLanes reports whether the deliveries of a kind have lanes.
func inLanes(k outbox.Kind) bool { return outbox.Lane(k, "") != "" }

// Claim implements outbox.Queue. Two claims may meet in a lane when something came into it between them: the lane's key lets one through, and the other looks again.
func (s *Store) Claim(ctx context.Context, c outbox.Claim) ([]outbox.Delivery, error) {
	var claimed []outbox.Delivery
	take := func() *batch {
		claimed = nil // of a group that was rolled back
		b := &batch{}
		b.exec(noteLost, micros(c.Now))
		text, args := s.claimOldest(), []any{micros(c.Now), micros(c.Until), c.Limit, string(c.Kind)}
		if inLanes(c.Kind) {
			text, args = s.claimHeads(), append(args, c.After)
		}
		b.query(text, func(scan scanner) error {
			d, err := s.scanDelivery(scan)
			claimed = append(claimed, d)
			return err
		}, args...)
		return b
	}
	err := errTaken
	for try := 0; try < maxTries && errors.Is(err, errTaken); try++ {
		err = s.change(ctx, func() *batch { return nil }, take, nil)
	}
	if err != nil {
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
	var settings, health *string
	var sealed []byte
	var due, created int64
	if err := scan(&d.ID, &d.Org, &d.Test, &kind, &d.Lane, &d.Target, &sealed, &d.Attempt, &d.Uncounted, &due, &created, &d.Relay, &settings, &health); err != nil {
		return d, err
	}
	d.Payload, d.Locked = s.keys.Open(access.ForDelivery, sealed) // a key that is missing today must not stop the others, nor lose this one
	d.Kind, d.Due, d.Created, d.Schedule = outbox.Kind(kind), instant(due), instant(created), outbox.Days
	if d.Kind == outbox.Webhook && settings != nil {
		all := settingsFrom(*settings)
		d.Schedule, d.Patience = outbox.Schedule(all.Get(access.WebhookRetries)), all.Duration(access.DisableFailingEndpoints)
	}
	d.Endpoint = endpointFrom(health)
	return d, nil
}

// The attempt count proves a claim: a later one has raised it.
const (
	ofClaim = `deliveries.id = v.id AND deliveries.org_id = v.org AND deliveries.test = v.test AND deliveries.attempt = v.attempt AND deliveries.leased`

	claimRow = `id text, org text, test boolean, attempt bigint, `
)

var (
	noteAttempt = writeSet(20, claimRow+`took bigint, outcome text, code bigint, answer text, relay text`,
		`INSERT INTO delivery_attempts (delivery_id, number, begun_at, took, outcome, code, answer, relay)
SELECT deliveries.id, deliveries.attempt, deliveries.begun_at, v.took, v.outcome, v.code, v.answer, v.relay FROM v JOIN deliveries ON `+ofClaim+` WHERE TRUE
ON CONFLICT (delivery_id, number) DO UPDATE SET took = excluded.took, outcome = excluded.outcome, code = excluded.code, answer = excluded.answer, relay = excluded.relay`)

	// What a webhook held is kept for a replay. That something was delivered is noted even if it was cancelled while it was being sent, for that is the truth.
	settleDelivery = writeSet(21, claimRow+`state text, lost bigint, due_at bigint, outcome text, code bigint, detail text, finished_at bigint, relay text`,
		`UPDATE deliveries SET state = v.state, leased = FALSE, uncounted = uncounted + v.lost, due_at = v.due_at, outcome = v.outcome, code = v.code, detail = v.detail, finished_at = v.finished_at, relay = v.relay,
  payload_sealed = CASE WHEN v.state = 'delivered' AND lane = '' THEN NULL ELSE payload_sealed END
FROM v WHERE `+ofClaim+` AND (deliveries.state = 'queued' OR deliveries.state = 'cancelled' AND v.state = 'delivered')`)

	renewLease = guardSet(22, claimRow+`until bigint`, `UPDATE deliveries SET due_at = v.until FROM v WHERE `+ofClaim+` RETURNING deliveries.id`)
)

// Settle implements outbox.Queue.
func (s *Store) Settle(ctx context.Context, d outbox.Delivery, r outbox.Result) error {
	if r.Endpoint.Off() && len(d.Target) <= maxWatched {
		return s.settleOff(ctx, d, r)
	}
	b := s.settlement(d, r)
	s.noteEndpoint(b, d, r)
	return s.save(ctx, b)
}

func (s *Store) settlement(d outbox.Delivery, r outbox.Result) *batch {
	due, finished, lost := r.Due, time.Time{}, 0
	if r.Lost {
		lost = 1
	}
	if r.State != outbox.Queued {
		due, finished = r.At, r.At
	}
	b := &batch{}
	b.write(noteAttempt, d.ID, d.Org, d.Test, d.Attempt, r.Took.Microseconds(), string(r.Outcome), r.Code, r.Answer, r.Relay)
	b.write(settleDelivery, d.ID, d.Org, d.Test, d.Attempt, string(r.State), lost, micros(due), string(r.Outcome), r.Code, r.Answer, micros(finished), r.Relay)
	return b
}

// Renew implements outbox.Queue. The lease of a delivery that was cancelled meanwhile is renewed like any other.
func (s *Store) Renew(ctx context.Context, d outbox.Delivery, until time.Time) error {
	b := &batch{}
	b.write(renewLease, d.ID, d.Org, d.Test, d.Attempt, micros(until))
	err := s.save(ctx, b)
	if errors.Is(err, errStale) {
		return outbox.ErrLeaseLost
	}
	return err
}

const (
	nextOldest = `SELECT COALESCE((SELECT due_at FROM deliveries WHERE state = 'queued' AND lane = '' AND kind = $1 ORDER BY due_at LIMIT 1), 0)`
	nextHead   = ` SELECT COALESCE(MIN(h.due_at), 0) FROM (SELECT %s AS due_at FROM lanes l WHERE l.lane IS NOT NULL) h`
)

// nextDue is the look-up of NextDue.
func nextDue(kind outbox.Kind) (text string, args []any) {
	if inLanes(kind) {
		return fmt.Sprintf(lanes, "''") + fmt.Sprintf(nextHead, fmt.Sprintf(head, "due_at")), nil
	}
	return nextOldest, []any{string(kind)}
}

// NextDue implements outbox.Queue.
func (s *Store) NextDue(ctx context.Context, kind outbox.Kind) (time.Time, error) {
	var due int64
	b := &batch{}
	text, args := nextDue(kind)
	b.query(text, func(scan scanner) error { return scan(&due) }, args...)
	err := s.view(ctx, b)
	return instant(due), err
}

// ReleaseLeases ends every lease. Only a process that has the database to itself may call it, at its start: the claims are its predecessor's, and nobody knows what
// came of the attempts.
func (s *Store) ReleaseLeases(ctx context.Context, now time.Time) error {
	b := &batch{}
	b.exec(`UPDATE deliveries SET due_at = $1 WHERE state = 'queued' AND leased`, micros(now))
	return s.save(ctx, b)
}
