package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"runtime"
	"strings"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// sqliteEngine is the embedded database: write-ahead log, every commit flushed, one writer and several readers.
type sqliteEngine struct {
	db      *sql.DB
	writer  chan *connection
	readers chan *connection
	closed  chan struct{}
}

// connection is one connection with its prepared statements.
type connection struct {
	*sql.Conn
	prepared map[string]*sql.Stmt
}

// changeTime bounds a change once it has begun. It does not end with the caller: a commit that is under way is either durable or rolled back, never unknown.
const changeTime = 20 * time.Second

// sqliteAddress is the driver's form of a file's name with our settings.
func sqliteAddress(file string) string {
	settings := url.Values{"_pragma": {"busy_timeout(15000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)"}}
	return "file:" + (&url.URL{Path: file}).EscapedPath() + "?" + settings.Encode()
}

func openSQLite(ctx context.Context, file string) (*sqliteEngine, error) {
	db, err := sql.Open("sqlite", sqliteAddress(file))
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", file, err)
	}
	readers := max(runtime.GOMAXPROCS(0), 4)
	db.SetMaxIdleConns(readers + 1)
	e := &sqliteEngine{db: db, writer: make(chan *connection, 1), readers: make(chan *connection, readers), closed: make(chan struct{})}
	if err := e.connect(ctx, e.writer); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	for range readers {
		if err := e.connect(ctx, e.readers); err != nil {
			return nil, errors.Join(err, db.Close())
		}
	}
	return e, nil
}

func (e *sqliteEngine) connect(ctx context.Context, pool chan *connection) error {
	conn, err := e.db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	pool <- &connection{Conn: conn, prepared: map[string]*sql.Stmt{}}
	return nil
}

// errClosed answers calls that come after close.
var errClosed = errors.New("the database is closed")

// borrow takes a connection from a pool; the caller must call give.
func (e *sqliteEngine) borrow(ctx context.Context, pool chan *connection) (c *connection, give func(), err error) {
	select {
	case <-e.closed:
		return nil, nil, errClosed
	default:
	}
	select {
	case c = <-pool:
		return c, func() { pool <- c }, nil
	case <-e.closed:
		return nil, nil, errClosed
	case <-ctx.Done():
		return nil, nil, fmt.Errorf("wait for a connection: %w", ctx.Err())
	}
}

func (e *sqliteEngine) view(ctx context.Context, load *batch) error {
	c, give, err := e.borrow(ctx, e.readers)
	if err != nil {
		return err
	}
	defer give()
	if len(load.statements) == 1 { // a statement is a snapshot by itself
		return c.run(ctx, load)
	}
	return c.transact(ctx, "BEGIN", func() error { return c.run(ctx, load) })
}

func (e *sqliteEngine) change(ctx context.Context, load *batch, decide func() (*batch, error)) error {
	c, give, err := e.borrow(ctx, e.writer)
	if err != nil {
		return err
	}
	defer give()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), changeTime)
	defer cancel()
	return c.transact(ctx, "BEGIN IMMEDIATE", func() error {
		if err := c.run(ctx, load); err != nil {
			return err
		}
		save, err := decide()
		if err != nil {
			return err
		}
		return c.run(ctx, save)
	})
}

// transact runs body between begin and COMMIT, or ROLLBACK when it fails or panics.
func (c *connection) transact(ctx context.Context, begin string, body func() error) (err error) {
	if err := c.exec(ctx, begin); err != nil {
		return err
	}
	committed := false
	defer func() {
		if !committed {
			err = errors.Join(err, c.exec(context.WithoutCancel(ctx), "ROLLBACK"))
		}
	}()
	if err := body(); err != nil {
		return err
	}
	if err := c.exec(ctx, "COMMIT"); err != nil {
		return err
	}
	committed = true
	return nil
}

func (c *connection) exec(ctx context.Context, sql string) error {
	stmt, err := c.prepare(ctx, sql)
	if err != nil {
		return err
	}
	_, err = stmt.ExecContext(ctx)
	return classify(sql, err)
}

func (c *connection) run(ctx context.Context, b *batch) error {
	for _, st := range b.statements {
		if err := c.statement(ctx, st); err != nil {
			return err
		}
	}
	return nil
}

func (c *connection) statement(ctx context.Context, st statement) error {
	stmt, err := c.prepare(ctx, st.sql)
	if err != nil {
		return err
	}
	if st.row != nil {
		return classify(st.sql, rows(ctx, stmt, st))
	}
	result, err := stmt.ExecContext(ctx, st.args...)
	if err != nil || !st.guarded {
		return classify(st.sql, err)
	}
	if n, err := result.RowsAffected(); err != nil || n != 1 {
		return errors.Join(errStale, err)
	}
	return nil
}

func rows(ctx context.Context, stmt *sql.Stmt, st statement) error {
	found, err := stmt.QueryContext(ctx, st.args...)
	if err != nil {
		return err
	}
	defer found.Close()
	for found.Next() {
		if err := st.row(found.Scan); err != nil {
			return err
		}
	}
	return found.Err()
}

func (c *connection) prepare(ctx context.Context, sql string) (*sql.Stmt, error) {
	if stmt, ok := c.prepared[sql]; ok {
		return stmt, nil
	}
	stmt, err := c.PrepareContext(ctx, sql)
	if err != nil {
		return nil, classify(sql, err)
	}
	c.prepared[sql] = stmt
	return stmt, nil
}

// classify tells a key that is in use from other errors, by the driver's code, and names the statement by its first words; never its values.
func classify(sql string, err error) error {
	if err == nil {
		return nil
	}
	var driver *sqlite.Error
	if errors.As(err, &driver) && (driver.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || driver.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY) {
		return errors.Join(errTaken, err)
	}
	return fmt.Errorf("%s: %w", strings.Join(firstWords(sql, 4), " "), err)
}

func firstWords(text string, n int) []string {
	words := strings.Fields(text)
	return words[:min(n, len(words))]
}

func (e *sqliteEngine) ready(ctx context.Context) error {
	var one int
	return e.view(ctx, oneQuery("SELECT 1", &one))
}

func oneQuery(sql string, into *int) *batch {
	b := &batch{}
	b.query(sql, func(scan scanner) error { return scan(into) })
	return b
}

// close waits for the calls under way, then closes every connection.
func (e *sqliteEngine) close() error {
	close(e.closed)
	errs := []error{(<-e.writer).Close()}
	for range cap(e.readers) {
		errs = append(errs, (<-e.readers).Close())
	}
	return errors.Join(append(errs, e.db.Close())...)
}
