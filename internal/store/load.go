package store

import (
	"context"
	"time"

	"avow/internal/outbox"
)

// Load is how much of the database is in use by this process at a moment.
type Load struct {
	Used, Idle, Most int           // connections; of the embedded database those that read
	Waits            int64         // times, so far, that somebody had to wait for a connection; not counted for the embedded database
	Waited           time.Duration // so far, all of them together
	Changes          int           // that wait for a group
}

// Load tells how much of the database is in use.
func (s *Store) Load() Load { return s.engine.load() }

func (e *postgresEngine) load() Load {
	p := e.pool.Stat()
	return Load{
		Used: int(p.AcquiredConns()), Idle: int(p.IdleConns()), Most: int(p.MaxConns()), Waits: p.EmptyAcquireCount(), Waited: p.EmptyAcquireWaitTime(),
		Changes: len(e.commits.queue),
	}
}

func (e *sqliteEngine) load() Load {
	idle := len(e.readers)
	return Load{Used: cap(e.readers) - idle, Idle: idle, Most: cap(e.readers), Changes: len(e.commits.queue)}
}

const (
	countLoose  = `SELECT 'mail', COUNT(*) FROM (SELECT 1 FROM deliveries WHERE state = 'queued' AND lane = '' LIMIT $1) l`
	countLanes  = `SELECT 'webhook', COUNT(*) FROM (SELECT 1 FROM deliveries WHERE state = 'queued' AND lane <> '' LIMIT $1) l`
	countLeased = `SELECT l.kind, COUNT(*) FROM (SELECT kind FROM deliveries WHERE state = 'queued' AND leased LIMIT $1) l GROUP BY l.kind`
)

// Waiting counts what waits, by kind, to outbox.MostCounted.
func (s *Store) Waiting(ctx context.Context) (map[outbox.Kind]outbox.Backlog, error) {
	all := map[outbox.Kind]outbox.Backlog{outbox.Mail: {}, outbox.Webhook: {}}
	b := &batch{}
	count := func(text string, note func(w *outbox.Backlog, n int)) {
		b.query(text, func(scan scanner) error {
			var kind string
			var n int
			err := scan(&kind, &n)
			w := all[outbox.Kind(kind)]
			note(&w, n)
			all[outbox.Kind(kind)] = w
			return err
		}, outbox.MostCounted)
	}
	count(countLoose, func(w *outbox.Backlog, n int) { w.Queued = n })
	count(countLanes, func(w *outbox.Backlog, n int) { w.Queued = n })
	count(countLeased, func(w *outbox.Backlog, n int) { w.Leased, w.Queued = n, max(w.Queued-n, 0) })
	return all, s.view(ctx, b)
}
