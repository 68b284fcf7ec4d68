package store

import (
	"context"
	"time"

	"avow/internal/outbox"
)

const watchedColumns = `SELECT h.org_id, h.test, h.target, h.since, h.back_at, h.off_at, h.reason FROM endpoint_health h`

func (b *batch) watched(found *[]outbox.Watched, text string, args ...any) {
	b.query(text, func(scan scanner) error {
		var w outbox.Watched
		var since, back, off int64
		err := scan(&w.Org, &w.Test, &w.URL, &since, &back, &off, &w.Reason)
		w.Since, w.Back, w.Off = instant(since), instant(back), instant(off)
		*found = append(*found, w)
		return err
	}, args...)
}

// Watched implements outbox.Endpoints.
func (s *Store) Watched(ctx context.Context, org string) (found []outbox.Watched, err error) {
	b := &batch{}
	b.watched(&found, watchedColumns+` WHERE $1 = '' OR h.org_id = $1 ORDER BY h.org_id, h.test, h.target`, org)
	return found, s.view(ctx, b)
}

const (
	ofOperator = watchedColumns + ` WHERE h.target = $1 AND h.test = $2 AND h.org_id = $3`

	enableTarget = `UPDATE endpoint_health SET since = 0, back_at = $4, off_at = 0, reason = '', changed_at = $4 WHERE target = $1 AND test = $2 AND org_id = $3 AND off_at = $5`
)

// ofHolder is an endpoint of the organisation and mode of a key.
var ofHolder = watchedColumns + ` WHERE h.target = $1 AND h.test = (SELECT k.mode = 'test'` + byHolder(`$2, $3, $4`) + ` AND h.org_id = (SELECT k.org_id` + byHolder(`$2, $3, $4`)

// EnableURL implements outbox.Endpoints.
func (s *Store) EnableURL(ctx context.Context, r outbox.Reader, at outbox.Watched, now time.Time, decide func(outbox.View) error) error {
	var v outbox.View
	var refusal error
	err := s.change(ctx, func() *batch {
		v = outbox.View{}
		return loadWatched(r, at, &v)
	}, func() *batch {
		if refusal = decide(v); refusal != nil {
			return nil
		}
		e := v.Endpoints[0]
		b := &batch{}
		b.must(enableTarget, e.URL, e.Test, e.Org, micros(now), micros(e.Off))
		b.exec(s.bringForward(), outbox.Lane(outbox.Webhook, e.URL), e.Test, e.Org, micros(now), micros(now))
		return b
	}, func() string { return at.URL })
	if err != nil {
		return err
	}
	s.wake()
	return refusal
}

func loadWatched(r outbox.Reader, at outbox.Watched, v *outbox.View) *batch {
	b := &batch{}
	if r.Operator {
		b.watched(&v.Endpoints, ofOperator, at.URL, at.Test, at.Org)
		return b
	}
	b.holder(r, v)
	b.watched(&v.Endpoints, ofHolder, join([]any{at.URL}, hashes(r))...)
	return b
}

// PurgeEndpoints forgets how endpoints did that nothing was sent to since an instant; not that they are off.
func (s *Store) PurgeEndpoints(ctx context.Context, before time.Time, limit int) (int, error) {
	return s.remove(ctx, s.purgeEndpoints(), func(int64) {}, micros(before), limit)
}

func (s *Store) purgeEndpoints() string {
	old := `SELECT h.target FROM endpoint_health h WHERE h.off_at = 0 AND h.changed_at < $1 ORDER BY h.changed_at LIMIT $2` + s.engine.skipLocked()
	return `DELETE FROM endpoint_health WHERE ` + s.among("target", old) + ` AND off_at = 0 AND changed_at < $1 RETURNING changed_at`
}
