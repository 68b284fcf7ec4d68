package store

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"avow/internal/access"
	"avow/internal/outbox"
)

// maxWatched is the longest target, in bytes, that an index takes. How a longer one does is not noted.
const maxWatched = 2000

// healthOf is a target's health as one text, so that whoever reads a delivery reads it by one step of an index; NULL: all is well.
const healthOf = `(SELECT CAST(h.since AS TEXT) || ' ' || CAST(h.back_at AS TEXT) || ' ' || CAST(h.off_at AS TEXT) || ' ' || h.reason
  FROM endpoint_health h WHERE h.target = %[1]s.target AND h.test = %[1]s.test AND h.org_id = %[1]s.org_id)`

// endpointFrom reads such a text.
func endpointFrom(text *string) outbox.Endpoint {
	if text == nil {
		return outbox.Endpoint{}
	}
	words := strings.Split(*text, " ") // only this file writes them
	at := func(i int) time.Time {
		us, _ := strconv.ParseInt(words[i], 10, 64)
		return instant(us)
	}
	return outbox.Endpoint{Since: at(0), Back: at(1), Off: at(2), Reason: outbox.OffReason(words[3])}
}

// Each of these writes what it says unless somebody has disabled the endpoint meanwhile. The instant of the first failure stays.
const (
	beginsToFail = `INSERT INTO endpoint_health (target, test, org_id, since, back_at, off_at, reason, stamp, changed_at) VALUES ($1, $2, $3, $4, 0, 0, '', 0, $4)
ON CONFLICT (target, test, org_id) DO UPDATE SET since = excluded.since, changed_at = excluded.changed_at WHERE endpoint_health.since = 0 AND endpoint_health.off_at = 0`

	hasRecovered = `UPDATE endpoint_health SET since = 0, back_at = $4, changed_at = $5 WHERE target = $1 AND test = $2 AND org_id = $3 AND off_at = 0`

	catchesUp = `INSERT INTO endpoint_health (target, test, org_id, since, back_at, off_at, reason, stamp, changed_at) VALUES ($1, $2, $3, 0, $4, 0, '', 0, $4)
ON CONFLICT (target, test, org_id) DO UPDATE SET back_at = excluded.back_at, changed_at = excluded.changed_at WHERE endpoint_health.off_at = 0`

	isGone = `INSERT INTO endpoint_health (target, test, org_id, since, back_at, off_at, reason, stamp, changed_at) VALUES ($1, $2, $3, $4, 0, $5, $6, $7, $5)
ON CONFLICT (target, test, org_id) DO UPDATE SET back_at = 0, off_at = excluded.off_at, reason = excluded.reason, stamp = excluded.stamp, changed_at = excluded.changed_at
WHERE endpoint_health.off_at = 0`

	hasFailedFor = `UPDATE endpoint_health SET back_at = 0, off_at = $5, reason = $6, stamp = $7, changed_at = $5
WHERE target = $1 AND test = $2 AND org_id = $3 AND since = $4 AND off_at = 0`

	ofStamp = ` WHERE EXISTS (SELECT 1 FROM endpoint_health h WHERE h.target = $1 AND h.test = $2 AND h.org_id = $3 AND h.stamp = $4)`

	isWell = `DELETE FROM endpoint_health WHERE target = $1 AND test = $2 AND org_id = $3 AND off_at = 0 AND since = 0`
)

// What waits longest behind the head of a lane is found among the next few of the lane: whoever has thousands waiting, or shares a receiver with those, holds up nobody.
const (
	lookAhead = 100 // rows that are looked at
	forward   = 8   // deliveries that are brought forward at once: a new one waits for so many calls at most

	tooMany = 429 // who answers this has said for how long

	// next are deliveries of an owner that wait in a lane since before the return.
	next = `SELECT w.id FROM (SELECT d.id, d.org_id, d.test, d.begun_at, d.code, d.due_at FROM deliveries d
  WHERE d.state = 'queued' AND d.lane <> '' AND d.lane = $1 AND d.due_at > $4 AND NOT d.leased ORDER BY d.due_at LIMIT %d%s) w
WHERE w.test = $2 AND w.org_id = $3 AND w.begun_at < $5 AND w.code <> %d ORDER BY w.due_at LIMIT %d`

	nothingDue = ` AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.state = 'queued' AND d.lane <> '' AND d.lane = $1 AND d.due_at <= $4)`
)

// hasCaughtUp ends the bringing forward when there is nothing left to bring.
var hasCaughtUp = `DELETE FROM endpoint_health WHERE target = $6 AND test = $2 AND org_id = $3 AND off_at = 0 AND since = 0 AND NOT EXISTS (` +
	fmt.Sprintf(next, lookAhead, "", tooMany, 1) + `)`

// bringForward makes the next of a lane due as soon as nothing else in it is: a second ago, less a microsecond for each second that they were to wait, so that they keep
// their order. An outer check repeats the inner one.
func (s *Store) bringForward() string {
	return `UPDATE deliveries SET due_at = $4 - 1000000 + (due_at - $4) / 1000000 WHERE state = 'queued' AND NOT leased AND test = $2 AND org_id = $3 AND ` +
		s.among("id", fmt.Sprintf(next, lookAhead, s.engine.skipLocked(), tooMany, forward)) + nothingDue
}

// target is the key of a delivery's target.
func target(d outbox.Delivery) []any { return []any{d.Target, d.Test, d.Org} }

// noteEndpoint adds to a settlement what it says of the endpoint, short of disabling it.
func (s *Store) noteEndpoint(b *batch, d outbox.Delivery, r outbox.Result) {
	c := r.Endpoint
	if c == nil || len(d.Target) > maxWatched {
		return
	}
	if !c.Next.Since.IsZero() && c.Was.Since.IsZero() {
		b.exec(beginsToFail, append(target(d), micros(c.Next.Since))...)
	}
	if c.Next.Since.IsZero() && c.Next != c.Was {
		b.exec(hasRecovered, append(target(d), micros(c.Next.Back), micros(r.At))...)
	}
	behind := []any{outbox.Lane(d.Kind, d.Target), d.Test, d.Org, micros(r.At), micros(c.Next.Back)}
	if c.Forward {
		b.exec(s.bringForward(), behind...)
	}
	switch {
	case !c.Next.Since.IsZero():
	case c.Next.Back.IsZero():
		b.exec(isWell, target(d)...)
	default:
		b.exec(hasCaughtUp, append(behind, d.Target)...)
	}
}

// settleOff records an attempt and disables its endpoint, and tells the organisation: all of it together, and the latter two once. Whoever finds the endpoint other than it
// was when the attempt began writes the attempt alone.
func (s *Store) settleOff(ctx context.Context, d outbox.Delivery, r outbox.Result) error {
	var org access.Organisation
	err := s.change(ctx, func() *batch {
		org = access.Organisation{}
		b := &batch{}
		b.query(`SELECT id, name, settings FROM organisations WHERE id = $1`, func(scan scanner) error {
			var settings string
			err := scan(&org.ID, &org.Name, &settings)
			org.Settings = settingsFrom(settings)
			return err
		}, d.Org)
		return b
	}, func() *batch {
		b := s.settlement(d, r)
		off, mark := hasFailedFor, stamp()
		if r.Endpoint.Next.Reason == outbox.OffGone {
			off = isGone
		}
		e := r.Endpoint.Next
		b.exec(off, append(target(d), micros(e.Since), micros(e.Off), string(e.Reason), mark)...)
		if mail, wanted := outbox.Notice(org, d, r); wanted {
			b.exec(insertNotice, append(append(target(d), mark), s.deliveryRow(mail, "")...)...)
		}
		return b
	}, nil)
	if err == nil {
		s.wake() // of the mail
	}
	return err
}

// insertNotice writes a mail if the endpoint was disabled by this very change.
var insertNotice = `INSERT INTO deliveries (id, org_id, test, kind, lane, target, payload_sealed, due_at, created_at, about, verification_id, state, attempt, leased, detail, finished_at)
SELECT CAST($5 AS TEXT), CAST($6 AS TEXT), CAST($7 AS BOOLEAN), CAST($8 AS TEXT), CAST($9 AS TEXT), CAST($10 AS TEXT), $11, CAST($12 AS BIGINT), CAST($13 AS BIGINT),
  CAST($14 AS TEXT), CAST($15 AS TEXT), 'queued', 0, FALSE, '', 0` + ofStamp + ` ON CONFLICT (id) DO NOTHING`
