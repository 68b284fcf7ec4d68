package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // both engines are filled by plain SQL
	_ "modernc.org/sqlite"

	"avow/internal/access"
	"avow/internal/outbox"
	"avow/internal/store"
)

// The crowd: receivers of webhooks, of which some are dead and some slow.
const (
	receivers     = 1000
	dead          = 100
	slow          = 50
	firstReceiver = 10_000
	smallQueue    = 10_000
	claimLimit    = 16 // what a worker claims at once, at most
)

// queue is a database with a number of deliveries that are due, half of them mails, and what was measured on it.
type queue struct {
	name  string
	rows  int
	store *store.Store
	db    *sql.DB
	fill  dialect
	turns
}

// dialect is what filling a database needs to know of its engine.
type dialect struct{ driver, series, id, tidy string }

var dialects = map[string]dialect{
	"sqlite": {"sqlite", `WITH RECURSIVE n (i) AS (SELECT %d UNION ALL SELECT i + 1 FROM n WHERE i < %d) `, `lower(hex(randomblob(16)))`, `PRAGMA wal_checkpoint(TRUNCATE)`},
	"pgx":    {"pgx", `WITH n (i) AS (SELECT generate_series(%d::bigint, %d)) `, `replace(gen_random_uuid()::text, '-', '')`, `VACUUM ANALYZE`},
}

// benchQueue measures what a claim takes where few and where many deliveries are due, on each engine.
func benchQueue(ctx context.Context, b *box, o options) error {
	urls := map[string][2]string{"SQLite": {"sqlite:" + b.path("small.db"), "sqlite:" + b.path("large.db")}}
	if p, err := startPostgres(ctx, b, o.postgres); err != nil {
		say("left out: %v", err)
	} else if err := errors.Join(p.run(ctx, "createdb", "small"), p.run(ctx, "createdb", "large")); err != nil {
		return err
	} else {
		urls["PostgreSQL"] = [2]string{p.url("small"), p.url("large")}
	}
	fmt.Printf("\n## Claims where %d and %d deliveries are due, %d receivers, %d dead and %d slow\n\n", smallQueue, o.rows, receivers, dead, slow)
	fmt.Println("| engine | what | few: p50, p99 µs | many: p50, p99 µs | p50 ratio | p99 ratio |\n|---|---|--:|--:|--:|--:|")
	for _, engine := range slices.Sorted(maps.Keys(urls)) {
		if err := compareQueues(ctx, engine, urls[engine], o); err != nil {
			return fmt.Errorf("%s: %w", engine, err)
		}
	}
	return nil
}

func compareQueues(ctx context.Context, engine string, urls [2]string, o options) error {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails (crypto/rand)
	keys, err := access.NewKeyring([][]byte{key})
	if err != nil {
		return err
	}
	var both [2]*queue
	for i, rows := range []int{smallQueue, o.rows} {
		say("%s: %d deliveries", engine, rows)
		if both[i], err = openQueue(ctx, urls[i], rows, keys); err != nil {
			return err
		}
		defer both[i].close()
	}
	return measureQueues(ctx, engine, both, o)
}

// openQueue makes a database whose deliveries became due within the last hour.
func openQueue(ctx context.Context, url string, rows int, keys *access.Keyring) (*queue, error) {
	if err := store.Migrate(ctx, url, func(string) {}); err != nil {
		return nil, err
	}
	s, err := store.Open(ctx, store.Options{URL: url, Connections: 4, Keys: keys})
	if err != nil {
		return nil, err
	}
	q := &queue{rows: rows, store: s}
	if q.fill, q.db, err = plainSQL(url); err != nil {
		return nil, err
	}
	q.payload = keys.Seal(access.ForDelivery, []byte(`{"body":"`+strings.Repeat("x", 600)+`"}`))
	return q, q.insert(ctx, rows, q.payload)
}

// plainSQL opens a database to be filled.
func plainSQL(url string) (dialect, *sql.DB, error) {
	d, address := dialects["pgx"], url
	if file, ok := strings.CutPrefix(url, "sqlite:"); ok {
		d, address = dialects["sqlite"], "file:"+file+"?_pragma=busy_timeout(60000)&_pragma=journal_mode(WAL)&_pragma=synchronous(OFF)"
	}
	db, err := sql.Open(d.driver, address)
	return d, db, err
}

// insert puts as many mails and webhooks into the queue, together rows.
func (q *queue) insert(ctx context.Context, rows int, payload []byte) error {
	const step = 100_000
	now := time.Now().UnixMicro()
	for _, kind := range []outbox.Kind{outbox.Mail, outbox.Webhook} {
		lane := "''"
		if kind == outbox.Webhook {
			lane = fmt.Sprintf("'https://r' || CAST(%d + i %% %d AS TEXT) || '.example:443'", firstReceiver, receivers)
		}
		for from := 1; from <= rows/2; from += step {
			text := fmt.Sprintf(q.fill.series, from, min(from+step-1, rows/2)) + fmt.Sprintf(`INSERT INTO deliveries
(id, org_id, test, kind, target, payload_sealed, state, attempt, due_at, leased, detail, created_at, finished_at, lane)
SELECT 'evt_' || %s, 'org_1', FALSE, '%s', 'https://r.example/hook', $1, 'queued', 0, %d + i * 3500000000 / %d, FALSE, '', %d, 0, %s FROM n`,
				q.fill.id, kind, now-3_600_000_000, rows/2, now-3_600_000_000, lane)
			if _, err := q.db.ExecContext(ctx, text, payload); err != nil {
				return err
			}
		}
	}
	_, err := q.db.ExecContext(ctx, q.fill.tidy)
	return err
}

func (q *queue) close() { _, _ = q.store.Close(), q.db.Close() }
