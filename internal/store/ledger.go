package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"avow/internal/outbox"
	"avow/internal/skill"
)

var recordColumns = `d.id, d.org_id, d.test, d.kind, d.target, d.state, d.leased, d.due_at, d.attempt, d.outcome, d.code, d.detail,
  d.payload_sealed IS NOT NULL, d.created_at, d.finished_at, CASE WHEN d.lane <> '' THEN ` + fmt.Sprintf(healthOf, "d") + ` END`

// narrow is what a list's filter asks. How a delivery stands is outbox.Record's Standing in SQL; storetest holds the two together.
const narrow = ` AND ($1 = '' OR $1 = CASE
  WHEN d.state = 'delivered' AND d.kind = 'mail' AND d.code <> 0 THEN 'handed to relay' WHEN d.state = 'delivered' AND d.kind = 'mail' THEN 'captured'
  WHEN d.state <> 'queued' THEN d.state WHEN d.leased AND d.due_at > $2 THEN 'sending' WHEN d.leased OR d.outcome = 'unknown' THEN 'unknown'
  WHEN d.outcome = 'failed' THEN 'deferred' ELSE 'queued' END)
AND ($3 = '' OR d.kind = $3) `

// owned is what the holder of a key sees: the webhooks of the key's organisation and mode. Mails are nobody's business but the operator's.
func owned(hashes string) string {
	return `d.lane <> '' AND d.org_id = (SELECT k.org_id` + byHolder(hashes) + ` AND d.test = (SELECT k.mode = 'test'` + byHolder(hashes)
}

func byHolder(hashes string) string {
	return ` FROM api_keys k WHERE k.hash IN (` + hashes + `) AND k.revoked_at = 0)`
}

var holdersList = `SELECT ` + recordColumns + ` FROM deliveries d WHERE ` + owned(`$5, $6, $7`) + narrow +
	`AND d.created_at >= $4 AND (d.created_at, d.id) < (CAST($8 AS BIGINT), CAST($9 AS TEXT)) ORDER BY d.created_at DESC, d.id DESC LIMIT $10`

// What an operator lists is read part by part, each by the index that it has anyway: what waits without and with a lane, and what is finished.
var operatorsLists = map[string]string{
	"loose":    operatorsList(`d.state = 'queued' AND d.lane = ''`, `d.created_at`),
	"in lanes": operatorsList(`d.state = 'queued' AND d.lane <> ''`, `d.created_at`),
	"finished": operatorsList(`d.finished_at <> 0`, `d.finished_at`),
}

func operatorsList(part, instant string) string {
	return `SELECT ` + recordColumns + ` FROM deliveries d WHERE ` + part + narrow + `AND ` + instant + ` >= $4 AND ($5 = '' OR d.org_id = $5)
ORDER BY ` + instant + ` DESC, d.id DESC LIMIT $6`
}

// Deliveries implements outbox.Ledger.
func (s *Store) Deliveries(ctx context.Context, r outbox.Reader, f outbox.Filter) (outbox.View, error) {
	var v outbox.View
	b := &batch{}
	args := []any{string(f.Standing), micros(f.Now), string(f.Kind), micros(f.Since)}
	if !r.Operator {
		b.holder(r, &v)
		b.records(&v, holdersList, join(args, hashes(r), place(f.Behind), []any{f.Limit})...)
		return v, s.view(ctx, b)
	}
	for _, list := range operatorsLists {
		b.records(&v, list, join(args, []any{f.Org, f.Limit})...)
	}
	err := s.view(ctx, b)
	slices.SortFunc(v.Records, func(a, b outbox.Record) int { return cmp.Or(last(b).Compare(last(a)), cmp.Compare(b.ID, a.ID)) })
	v.Records = v.Records[:min(f.Limit, len(v.Records))]
	return v, err
}

// last is the instant by which operators see a delivery.
func last(r outbox.Record) time.Time {
	if r.Finished.IsZero() {
		return r.Created
	}
	return r.Finished
}

// endOfTime is later than anything that is kept.
const endOfTime = int64(1) << 62

// place gives the values of a place in a list; none is before everything.
func place(p outbox.Place) []any {
	if p.ID == "" {
		return []any{endOfTime, ""}
	}
	return []any{micros(p.Created), p.ID}
}

func hashes(r outbox.Reader) []any { return []any{r.Key[0][:], r.Key[1][:], r.Key[2][:]} }

// holder reads the key that a reader has shown.
func (b *batch) holder(r outbox.Reader, v *outbox.View) {
	b.find(loadKey, func(scan scanner) error {
		var state skill.State
		err := scanKey(scan, &state)
		v.Key = state.Key
		return err
	}, candidates(r.Key)...)
}

func (b *batch) records(v *outbox.View, text string, args ...any) {
	b.query(text, func(scan scanner) error {
		r, err := scanRecord(scan)
		v.Records = append(v.Records, r)
		return err
	}, args...)
}

// scanRecord reads recordColumns, and what stands behind them.
func scanRecord(scan scanner, more ...any) (outbox.Record, error) {
	var r outbox.Record
	var kind, state, outcome string
	var health *string
	var due, created, finished int64
	err := scan(join([]any{
		&r.ID, &r.Org, &r.Test, &kind, &r.Target, &state, &r.Leased, &due, &r.Attempts, &outcome, &r.Code, &r.Answer, &r.Content, &created, &finished, &health,
	}, more)...)
	r.Kind, r.State, r.Outcome = outbox.Kind(kind), outbox.State(state), outbox.Outcome(outcome)
	r.Due, r.Created, r.Finished, r.Endpoint = instant(due), instant(created), instant(finished), endpointFrom(health)
	return r, err
}

// What is named by its id is read by its id, and only then compared with what its reader may see: no plan shall look through all that an owner has.
const (
	oneByID = `WITH d AS MATERIALIZED (SELECT * FROM deliveries WHERE id = $1) `

	attemptsOf  = oneByID + `SELECT a.number, a.begun_at, a.took, a.outcome, a.code, a.answer, a.relay FROM d CROSS JOIN delivery_attempts a WHERE a.delivery_id = d.id`
	inTheirTurn = ` ORDER BY a.number`
)

var recordByID = oneByID + `SELECT ` + recordColumns + ` FROM d WHERE TRUE`

var andOwned = ` AND ` + owned(`$2, $3, $4`)

// sight is what is asked, with its arguments, so that a reader sees no more than it may of the delivery with an id.
func sight(r outbox.Reader, id string) (and string, args []any) {
	if r.Operator {
		return "", []any{id}
	}
	return andOwned, join([]any{id}, hashes(r))
}

func loadRecord(r outbox.Reader, id string, v *outbox.View) *batch {
	b := &batch{}
	if !r.Operator {
		b.holder(r, v)
	}
	and, args := sight(r, id)
	b.records(v, recordByID+and, args...)
	return b
}

// DeliveryByID implements outbox.Ledger.
func (s *Store) DeliveryByID(ctx context.Context, r outbox.Reader, id string) (outbox.View, error) {
	var v outbox.View
	b := loadRecord(r, id, &v)
	and, args := sight(r, id)
	b.query(attemptsOf+and+inTheirTurn, func(scan scanner) error {
		var a outbox.Attempt
		var began, took int64
		var outcome string
		err := scan(&a.Number, &began, &took, &outcome, &a.Code, &a.Answer, &a.Relay)
		a.Began, a.Took, a.Outcome = instant(began), time.Duration(took)*time.Microsecond, outbox.Outcome(outcome)
		v.Attempts = append(v.Attempts, a)
		return err
	}, args...)
	b.notes(&v, and, args)
	return v, s.view(ctx, b)
}

// A lease that has run out stays on the row: the next claim notes by it what the attempt was.
const retryDelivery = `UPDATE deliveries SET state = 'queued', due_at = $1, uncounted = attempt, outcome = '', finished_at = 0
WHERE id = $2 AND org_id = $3 AND test = $4 AND attempt = $5 AND state = $6 AND due_at = $7`

// RetryDelivery implements outbox.Ledger.
func (s *Store) RetryDelivery(ctx context.Context, r outbox.Reader, id string, now time.Time, decide func(outbox.View) error) error {
	var v outbox.View
	var refusal error
	err := s.change(ctx, func() *batch {
		v = outbox.View{}
		return loadRecord(r, id, &v)
	}, func() *batch {
		if refusal = decide(v); refusal != nil {
			return nil
		}
		was := v.Records[0]
		b := &batch{}
		b.must(retryDelivery, micros(now), was.ID, was.Org, was.Test, was.Attempts, string(was.State), micros(was.Due))
		return b
	}, func() string { return id })
	if err == nil && refusal == nil {
		s.wake()
	}
	if err != nil {
		return err
	}
	return refusal
}
