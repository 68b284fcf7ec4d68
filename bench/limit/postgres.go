package main

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	insertRequest  = `INSERT INTO verification_requests (user_id, kind, code_hash, expires_at) VALUES ($1, $2, $3, now() + interval '1 hour') RETURNING id::text`
	insertMail     = `INSERT INTO outbox (recipient, template, params) VALUES ($1, 'verify', $2)`
	createOne      = `WITH v AS (INSERT INTO verification_requests (user_id, kind, code_hash, expires_at) VALUES ($1, $2, $3, now() + interval '1 hour') RETURNING id), o AS (INSERT INTO outbox (recipient, template, params) VALUES ($4, 'verify', $5)) SELECT id::text FROM v`
	createMany     = `WITH v AS (INSERT INTO verification_requests (user_id, kind, code_hash, expires_at) SELECT u, 'email', c, now() + interval '1 hour' FROM unnest($1::bigint[], $2::bytea[]) AS t(u, c)) INSERT INTO outbox (recipient, template, params) SELECT r, 'verify', p FROM unnest($3::text[], $4::jsonb[]) AS t(r, p)`
	lockSession    = `SELECT state FROM sessions WHERE id = $1 FOR UPDATE`
	putItem        = `INSERT INTO items (session_id, item_key, payload) VALUES ($1, $2, $3) ON CONFLICT (session_id, item_key) DO UPDATE SET payload = excluded.payload, updated_at = now()`
	dropOtherItems = `DELETE FROM items WHERE session_id = $1 AND item_key <> ALL($2::text[])`
	replaceOne     = `WITH s AS (SELECT id, state FROM sessions WHERE id = $1 FOR UPDATE), up AS (INSERT INTO items (session_id, item_key, payload) SELECT s.id, i.k, i.p FROM s, unnest($2::text[], $3::jsonb[]) AS i(k, p) ON CONFLICT (session_id, item_key) DO UPDATE SET payload = excluded.payload, updated_at = now() RETURNING 1), del AS (DELETE FROM items x USING s WHERE x.session_id = s.id AND x.item_key <> ALL($2::text[]) RETURNING 1) SELECT (SELECT state FROM s), (SELECT count(*) FROM up), (SELECT count(*) FROM del)`
	replaceMany    = `WITH i AS (SELECT * FROM unnest($1::bigint[], $2::text[], $3::jsonb[]) AS t(s, k, p)), s AS (SELECT id FROM sessions WHERE id = ANY($1::bigint[]) ORDER BY id FOR UPDATE), up AS (INSERT INTO items (session_id, item_key, payload) SELECT s, k, p FROM i JOIN s ON s.id = i.s ORDER BY s, k ON CONFLICT (session_id, item_key) DO UPDATE SET payload = excluded.payload, updated_at = now()), d AS (DELETE FROM items x USING s WHERE x.session_id = s.id AND NOT EXISTS (SELECT 1 FROM i WHERE i.s = x.session_id AND i.k = x.item_key)) SELECT count(*) FROM s`
)

const (
	params  = `{"code":"123456","locale":"en","link":"https://example.test/v/abcdef"}`
	payload = `{"type":"document","status":"ok","value":"0123456789012345678901234567890123456789"}`
)

var codeHash = sha256.New().Sum(nil)[:16]

//go:embed schema.sql
var schema string

// writers is how many groups are under way at once; more make smaller groups.
const writers = 2

func openPostgres(ctx context.Context, dsn string, pool int) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, err
	}
	config.MaxConns, config.MinConns, config.MaxConnLifetime = int32(pool), int32(pool), time.Hour
	config.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeCacheStatement
	db, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	_, err = db.Exec(ctx, schema, pgx.QueryExecModeSimpleProtocol)
	return db, err
}

func recipient(user int64) string { return "user" + strconv.FormatInt(user, 10) + "@example.test" }

// requestDesigns are the designs of the first call.
func requestDesigns(ctx context.Context, db *pgxpool.Pool) map[string]create {
	waiting := newQueue[int64]()
	for range writers {
		go writeRequests(ctx, db, waiting)
	}
	return map[string]create{
		"tx": func(ctx context.Context, user int64, kind string) error {
			return pgx.BeginFunc(ctx, db, func(tx pgx.Tx) error {
				var id string
				if err := tx.QueryRow(ctx, insertRequest, user, kind, codeHash).Scan(&id); err != nil {
					return err
				}
				_, err := tx.Exec(ctx, insertMail, recipient(user), params)
				return err
			})
		},
		"cte": func(ctx context.Context, user int64, kind string) error {
			var id string
			return db.QueryRow(ctx, createOne, user, kind, codeHash, recipient(user), params).Scan(&id)
		},
		"group": func(_ context.Context, user int64, _ string) error { return waiting.do(user) },
	}
}

// writeRequests writes whatever requests wait in one statement.
func writeRequests(ctx context.Context, db *pgxpool.Pool, q queue[int64]) {
	var users []int64
	var codes [][]byte
	var recipients, all []string
	for {
		group, _ := q.take(ctx, maxGroup, anyJoins)
		if group == nil {
			return
		}
		users, codes, recipients, all = users[:0], codes[:0], recipients[:0], all[:0]
		for _, j := range group {
			users, codes, recipients, all = append(users, j.value), append(codes, codeHash), append(recipients, recipient(j.value)), append(all, params)
		}
		_, err := db.Exec(ctx, createMany, users, codes, recipients, all)
		answer(group, err)
	}
}

// change is a second call that waits for its commit.
type change struct {
	session        int64
	keys, payloads []string
}

// itemDesigns are the designs of the second call.
func itemDesigns(ctx context.Context, db *pgxpool.Pool) map[string]replace {
	waiting := newQueue[change]()
	for range writers {
		go writeItems(ctx, db, waiting)
	}
	return map[string]replace{
		"tx": func(ctx context.Context, session int64, keys, payloads []string) error {
			return pgx.BeginFunc(ctx, db, func(tx pgx.Tx) error { return replaceSlowly(ctx, tx, change{session, keys, payloads}) })
		},
		"cte": func(ctx context.Context, session int64, keys, payloads []string) error {
			return replaceAtOnce(ctx, db, change{session, keys, payloads})
		},
		"group": func(_ context.Context, session int64, keys, payloads []string) error {
			return waiting.do(change{session, keys, payloads})
		},
	}
}

// replaceSlowly is how it is written without a thought of round trips: seven of them with BEGIN and COMMIT.
func replaceSlowly(ctx context.Context, tx pgx.Tx, c change) error {
	var state string
	if err := tx.QueryRow(ctx, lockSession, c.session).Scan(&state); err != nil {
		return err
	}
	for i, key := range c.keys {
		if _, err := tx.Exec(ctx, putItem, c.session, key, c.payloads[i]); err != nil {
			return err
		}
	}
	_, err := tx.Exec(ctx, dropOtherItems, c.session, c.keys)
	return err
}

func replaceAtOnce(ctx context.Context, db *pgxpool.Pool, c change) error {
	var state string
	var put, dropped int
	return db.QueryRow(ctx, replaceOne, c.session, c.keys, c.payloads).Scan(&state, &put, &dropped)
}

// writeItems writes whatever changes wait in one statement; two changes of one session never stand in one group.
func writeItems(ctx context.Context, db *pgxpool.Pool, q queue[change]) {
	other := func(group []job[change], next change) bool {
		return !slices.ContainsFunc(group, func(j job[change]) bool { return j.value.session == next.session })
	}
	for {
		group, rest := q.take(ctx, maxGroup, other)
		if group == nil {
			return
		}
		var sessions []int64
		var keys, payloads []string
		for _, j := range group {
			for i, key := range j.value.keys {
				sessions, keys, payloads = append(sessions, j.value.session), append(keys, key), append(payloads, j.value.payloads[i])
			}
		}
		_, err := db.Exec(ctx, replaceMany, sessions, keys, payloads)
		answer(group, err)
		if rest != nil {
			rest.done <- replaceAtOnce(ctx, db, rest.value)
		}
	}
}
