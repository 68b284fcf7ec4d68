package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"runtime"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// sqliteEngine is the embedded database: write-ahead log, every commit flushed, one writer and several readers.
type sqliteEngine struct {
	db      *sql.DB
	writer  *connection
	readers chan *connection
	commits *committer
}

// connection is one connection with its prepared statements.
type connection struct {
	*sql.Conn
	prepared map[string]*sql.Stmt
}

// settings of every connection: each commit is flushed; 8 MiB of cache and a log of 16 MiB keep the pages of a busy minute out of the file system's hands.
var settings = url.Values{"_pragma": {
	"busy_timeout(15000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "cache_size(-8192)", "wal_autocheckpoint(4096)",
	"secure_delete(1)", // what is deleted is overwritten
}}

// sqliteAddress is the driver's form of a file's name with our settings.
func sqliteAddress(file string) string {
	return "file:" + (&url.URL{Path: file}).EscapedPath() + "?" + settings.Encode()
}

func openSQLite(ctx context.Context, o Options) (*sqliteEngine, error) {
	file := fileOf(o.URL)
	db, err := sql.Open("sqlite", sqliteAddress(file))
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", file, err)
	}
	e := &sqliteEngine{db: db, readers: make(chan *connection, max(runtime.GOMAXPROCS(0), 4))}
	db.SetMaxIdleConns(cap(e.readers) + 1)
	if e.writer, err = connect(ctx, db); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	for range cap(e.readers) {
		reader, err := connect(ctx, db)
		if err != nil {
			return nil, errors.Join(err, db.Close())
		}
		e.readers <- reader
	}
	e.commits = startCommitter(1, e.group, o.Grouped)
	return e, nil
}

func connect(ctx context.Context, db *sql.DB) (*connection, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	return &connection{Conn: conn, prepared: map[string]*sql.Stmt{}}, nil
}

func (e *sqliteEngine) skipLocked() string { return "" }

func (e *sqliteEngine) view(ctx context.Context, load *batch) error {
	select {
	case <-e.commits.closed:
		return errClosed
	case c := <-e.readers:
		defer func() { e.readers <- c }()
		ctx = context.WithoutCancel(ctx) // as in together
		if len(load.statements) == 1 {   // a statement is a snapshot by itself
			return c.run(ctx, load.statements)
		}
		return c.transact(ctx, "BEGIN", func() error { return c.run(ctx, load.statements) })
	case <-ctx.Done():
		return fmt.Errorf("wait for a connection: %w", ctx.Err())
	}
}

func (e *sqliteEngine) change(ctx context.Context, u *unit) error { return e.commits.submit(ctx, u) }

// aside waits in the queue with all the others: there is one writer.
func (e *sqliteEngine) aside(ctx context.Context, u *unit) error { return e.change(ctx, u) }

// group carries out units in one transaction, one after the other, each on what those before it wrote. When one fails they are all done again, each by itself.
func (e *sqliteEngine) group(ctx context.Context, units []*unit) (again []*unit) {
	if err := e.together(ctx, units); err != nil && len(units) > 1 {
		for _, u := range units {
			u.done <- e.together(ctx, []*unit{u})
		}
	} else {
		for _, u := range units {
			u.done <- err
		}
	}
	return nil
}

// together does not pass on when its time is up: the driver pays for every statement that can be called off with a goroutine, and nothing here waits for anybody else.
func (e *sqliteEngine) together(ctx context.Context, units []*unit) error {
	ctx = context.WithoutCancel(ctx)
	return e.writer.transact(ctx, "BEGIN IMMEDIATE", func() error {
		for _, u := range units {
			if err := e.writer.carryOut(ctx, u); err != nil {
				return err
			}
		}
		return nil
	})
}

func (c *connection) carryOut(ctx context.Context, u *unit) error {
	if load := u.load(); !load.empty() {
		if err := c.run(ctx, load.statements); err != nil {
			return err
		}
	}
	save, ok := u.decided()
	if !ok || save.empty() {
		return nil
	}
	return c.run(ctx, save.ordered())
}

// transact runs body between begin and COMMIT, or ROLLBACK when it fails.
func (c *connection) transact(ctx context.Context, begin string, body func() error) error {
	if err := c.plain(ctx, begin); err != nil {
		return err
	}
	err := body()
	if err == nil {
		err = c.plain(ctx, "COMMIT")
	}
	if err != nil {
		return errors.Join(err, c.plain(context.WithoutCancel(ctx), "ROLLBACK"))
	}
	return nil
}

func (c *connection) plain(ctx context.Context, text string) error {
	stmt, err := c.prepare(ctx, text)
	if err != nil {
		return err
	}
	_, err = stmt.ExecContext(ctx)
	return classifySQLite(text, err)
}

func (c *connection) run(ctx context.Context, statements []statement) error {
	for _, st := range statements {
		if err := c.statement(ctx, st); err != nil {
			return err
		}
	}
	return nil
}

func (c *connection) statement(ctx context.Context, st statement) error {
	if st.set == nil {
		return c.runPlain(ctx, st)
	}
	stmt, err := c.prepare(ctx, st.set.lite)
	if err != nil {
		return err
	}
	for _, row := range st.rows {
		if err := runRow(ctx, stmt, st, row); err != nil {
			return classifySQLite(st.set.lite, err)
		}
	}
	return nil
}

// runRow runs a set for one row.
func runRow(ctx context.Context, stmt *sql.Stmt, st statement, row []any) error {
	if st.row != nil {
		return each(ctx, stmt, row, func(scan scanner) error {
			return st.row(func(columns ...any) error { return scan(append([]any{new(int64)}, columns...)...) })
		})
	}
	result, err := stmt.ExecContext(ctx, row...)
	if err != nil || !st.set.guard {
		return err
	}
	return exactlyOne(result)
}

// exactlyOne says that a guard held.
func exactlyOne(result sql.Result) error {
	if n, err := result.RowsAffected(); err != nil || n != 1 {
		return errors.Join(errStale, err)
	}
	return nil
}

func (c *connection) runPlain(ctx context.Context, st statement) error {
	stmt, err := c.prepare(ctx, st.text)
	if err != nil {
		return err
	}
	if st.row != nil {
		return classifySQLite(st.text, each(ctx, stmt, st.args, st.row))
	}
	result, err := stmt.ExecContext(ctx, st.args...)
	if err != nil || !st.must {
		return classifySQLite(st.text, err)
	}
	return exactlyOne(result)
}

func each(ctx context.Context, stmt *sql.Stmt, args []any, row func(scan scanner) error) error {
	found, err := stmt.QueryContext(ctx, args...)
	if err != nil {
		return err
	}
	for found.Next() {
		if err := row(found.Scan); err != nil {
			return errors.Join(err, found.Close())
		}
	}
	return errors.Join(found.Err(), found.Close())
}

func (c *connection) prepare(ctx context.Context, text string) (*sql.Stmt, error) {
	if stmt, ok := c.prepared[text]; ok {
		return stmt, nil
	}
	stmt, err := c.PrepareContext(ctx, text)
	if err != nil {
		return nil, classifySQLite(text, err)
	}
	c.prepared[text] = stmt
	return stmt, nil
}

// classifySQLite tells a key that is in use from other errors, by the driver's code, and names the statement; never its values.
func classifySQLite(text string, err error) error {
	if err == nil || errors.Is(err, errStale) {
		return err
	}
	var driver *sqlite.Error
	if errors.As(err, &driver) && (driver.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || driver.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY) {
		return errors.Join(errTaken, err)
	}
	return fmt.Errorf("%s: %w", nameOf(text), err)
}

// nameOf names a statement in an error: its first words behind the rows that it is given.
func nameOf(text string) string {
	if _, body, ok := strings.Cut(text, ") AS (SELECT "); ok {
		if _, rest, ok := strings.Cut(body, ") "); ok {
			text = rest
		}
	}
	words := strings.Fields(text)
	return strings.Join(words[:min(len(words), 4)], " ")
}

// close carries out what is queued, then closes every connection.
func (e *sqliteEngine) close() error {
	e.commits.close()
	errs := []error{e.writer.close()}
	for range cap(e.readers) {
		errs = append(errs, (<-e.readers).close())
	}
	return errors.Join(append(errs, e.db.Close())...)
}

// close gives up the statements first: the last connection to close writes the log back into the file only if nothing is open on it.
func (c *connection) close() error {
	var errs []error
	for _, stmt := range c.prepared {
		errs = append(errs, stmt.Close())
	}
	return errors.Join(append(errs, c.Conn.Close())...)
}
