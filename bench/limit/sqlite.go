package main

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	_ "modernc.org/sqlite" // the driver that avow has, at the same version
)

const liteSchema = `
CREATE TABLE verification_requests (id INTEGER PRIMARY KEY, uid BLOB NOT NULL UNIQUE, user_id INTEGER NOT NULL, kind TEXT NOT NULL,
 status INTEGER NOT NULL DEFAULT 0, code_hash BLOB NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL);
CREATE INDEX vr_user ON verification_requests (user_id, created_at DESC);
CREATE TABLE outbox (id INTEGER PRIMARY KEY, recipient TEXT NOT NULL, template TEXT NOT NULL, params TEXT NOT NULL,
 attempts INTEGER NOT NULL DEFAULT 0, next_attempt_at INTEGER NOT NULL, sent_at INTEGER);
CREATE INDEX outbox_next ON outbox (next_attempt_at) WHERE sent_at IS NULL;
`

// lite is the only writer of a SQLite file.
type lite struct {
	waiting                 queue[liteJob]
	begin, commit, rollback *sql.Stmt
	request, mail           *sql.Stmt
}

type liteJob struct {
	user    int64
	grouped bool
}

func (w *lite) single(_ context.Context, user int64, _ string) error {
	return w.waiting.do(liteJob{user: user})
}

func (w *lite) group(_ context.Context, user int64, _ string) error {
	return w.waiting.do(liteJob{user: user, grouped: true})
}

// openLite starts the writer on a new file: write-ahead log, every commit flushed.
func openLite(ctx context.Context, file string) (*lite, error) {
	db, err := sql.Open("sqlite", "file:"+file)
	if err != nil {
		return nil, err
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	for _, text := range []string{"PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "PRAGMA cache_size=-65536", "PRAGMA wal_autocheckpoint=4000", liteSchema} {
		if _, err := conn.ExecContext(ctx, text); err != nil {
			return nil, fmt.Errorf("%s: %w", text, err)
		}
	}
	w := &lite{waiting: newQueue[liteJob]()}
	for _, s := range []struct {
		into **sql.Stmt
		text string
	}{
		{&w.begin, `BEGIN IMMEDIATE`},
		{&w.commit, `COMMIT`},
		{&w.rollback, `ROLLBACK`},
		{&w.request, `INSERT INTO verification_requests (uid, user_id, kind, code_hash, created_at, expires_at) VALUES (randomblob(16), ?, 'email', ?, ?, ?)`},
		{&w.mail, `INSERT INTO outbox (recipient, template, params, next_attempt_at) VALUES (?, 'verify', ?, ?)`},
	} {
		if *s.into, err = conn.PrepareContext(ctx, s.text); err != nil {
			return nil, err
		}
	}
	go w.run(ctx)
	return w, nil
}

// run writes whatever requests wait in one durable transaction, or each in its own. Requests of both kinds never wait together: a run asks for one path.
func (w *lite) run(ctx context.Context) {
	grouped := func(group []job[liteJob], _ liteJob) bool { return group[0].value.grouped }
	for {
		group, rest := w.waiting.take(ctx, maxGroup, grouped)
		if group == nil {
			return
		}
		answer(group, w.write(ctx, group))
		if rest != nil {
			alone := []job[liteJob]{*rest}
			answer(alone, w.write(ctx, alone))
		}
	}
}

func (w *lite) write(ctx context.Context, group []job[liteJob]) error {
	now := time.Now().UnixMilli()
	if _, err := w.begin.ExecContext(ctx); err != nil {
		return err
	}
	for _, j := range group {
		_, err := w.request.ExecContext(ctx, j.value.user, codeHash, now, now+time.Hour.Milliseconds())
		if err == nil {
			_, err = w.mail.ExecContext(ctx, recipient(j.value.user), params, now)
		}
		if err != nil {
			_, _ = w.rollback.ExecContext(context.WithoutCancel(ctx))
			return err
		}
	}
	_, err := w.commit.ExecContext(ctx)
	return err
}
