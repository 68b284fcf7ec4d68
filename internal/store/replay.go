package store

import (
	"context"
	"encoding/json"
	"time"

	"avow/internal/access"
	"avow/internal/outbox"
)

// A page is walked by the index of an owner's webhooks, so what it costs does not depend on how many there are.
const replayPage = ` AND d.created_at < $1 AND (d.created_at, d.id) > (CAST($2 AS BIGINT), CAST($3 AS TEXT)) ORDER BY d.created_at, d.id LIMIT $4`

// pageColumns end with the content, where events are told apart by it.
var pageColumns = recordColumns + `, CASE WHEN CAST($5 AS BOOLEAN) THEN d.payload_sealed END`

var (
	holdersPage   = `SELECT ` + pageColumns + ` FROM deliveries d WHERE ` + owned(`$6, $7, $8`) + replayPage
	operatorsPage = `SELECT ` + pageColumns + ` FROM deliveries d WHERE d.lane <> '' AND d.org_id = $6 AND d.test = $7` + replayPage
)

// ReplayPage implements outbox.Replays.
func (s *Store) ReplayPage(ctx context.Context, r outbox.Reader, what outbox.Selection, behind outbox.Place, limit int) (outbox.Page, error) {
	var p outbox.Page
	b := &batch{}
	if behind.ID == "" {
		behind.Created = what.Since
	}
	args := []any{micros(what.Until), micros(behind.Created), behind.ID, limit, what.Event != ""}
	text, owner := operatorsPage, []any{what.Org, what.Test}
	if !r.Operator {
		b.holder(r, &p.View)
		text, owner = holdersPage, hashes(r)
	}
	b.query(text, func(scan scanner) error {
		var sealed []byte
		found, err := scanRecord(scan, &sealed)
		p.Records, p.Events = append(p.Records, found), append(p.Events, s.eventOf(sealed))
		return err
	}, join(args, owner)...)
	return p, s.view(ctx, b)
}

// eventOf is the name of the event that a webhook tells of; of one that is gone or cannot be opened, none.
func (s *Store) eventOf(sealed []byte) string {
	plain, err := s.keys.Open(access.ForDelivery, sealed)
	var hook outbox.Hook
	var body struct{ Event string }
	if err != nil || json.Unmarshal(plain, &hook) != nil || json.Unmarshal(hook.Body, &body) != nil {
		return ""
	}
	return body.Event
}

// replayDelivery queues a delivery that is as it was, by its owner, attempts and state.
const replayDelivery = `UPDATE deliveries SET state = 'queued', due_at = $1, uncounted = attempt, outcome = '', finished_at = 0
WHERE id = $2 AND org_id = $3 AND test = $4 AND attempt = $5 AND state = $6 AND finished_at = $7 AND NOT leased AND payload_sealed IS NOT NULL RETURNING id`

// Replay implements outbox.Replays.
func (s *Store) Replay(ctx context.Context, all []outbox.Replayed, now time.Time) (queued int, err error) {
	err = s.change(ctx, func() *batch { return nil }, func() *batch {
		queued = 0 // of a group that was rolled back
		b, told := &batch{}, map[outbox.Watched]bool{}
		for _, d := range all {
			b.query(replayDelivery, func(scan scanner) error { queued++; return scan(new(string)) },
				micros(d.At), d.ID, d.Org, d.Test, d.Attempts, string(d.State), micros(d.Finished))
			if e := (outbox.Watched{Org: d.Org, Test: d.Test, URL: d.Target}); !told[e] && len(e.URL) <= maxWatched {
				told[e] = true
				b.exec(catchesUp, e.URL, e.Test, e.Org, micros(now))
			}
		}
		return b
	}, nil)
	if err == nil && queued > 0 {
		s.wake()
	}
	return queued, err
}
