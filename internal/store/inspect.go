package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// Facts are what an operator should know of a database.
type Facts struct {
	Version string        // of the engine, as it says it
	Major   int           // PostgreSQL: the first number of it
	Skew    time.Duration // PostgreSQL: how far its clock is before ours

	Connections, Most int      // PostgreSQL: there now, and that there may be for others than superusers
	ReadOnly          bool     // PostgreSQL: a standby, or told to be
	Unsafe            []string // PostgreSQL: settings by which a commit may be lost
	AutovacuumOff     bool
	JournalMode       string // embedded
	Migrating         string // PostgreSQL: who holds the lock of migrations, empty: nobody
	Schema            SchemaStatus
	Missing           []int64 // schema changes that are older than the newest one there, and are not there
}

// Inspect looks at a database without changing anything, whatever its schema is.
func Inspect(ctx context.Context, url string) (Facts, error) {
	if isPostgres(url) {
		return inspect(ctx, dialectOf(url).open, url, inspectPostgres)
	}
	return inspect(ctx, func() (*sql.DB, error) { return sql.Open("sqlite", readOnly(fileOf(url))) }, url, inspectSQLite)
}

// readOnly is the driver's form of a file's name for looking at it: our settings would change it.
func readOnly(file string) string {
	return "file:" + (&url.URL{Path: file}).EscapedPath() + "?mode=ro&_pragma=busy_timeout(5000)"
}

func inspect(ctx context.Context, open func() (*sql.DB, error), url string, look func(context.Context, *sql.DB, *Facts) error) (f Facts, err error) {
	db, err := open()
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := look(ctx, db, &f); err != nil {
		return f, err
	}
	return f, f.migrations(ctx, db, url)
}

// Of these settings a database that may lose a commit has one switched off.
const durable = `SELECT name FROM pg_settings WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') AND setting = 'off' ORDER BY name`

func inspectPostgres(ctx context.Context, db *sql.DB, f *Facts) error {
	if err := db.PingContext(ctx); err != nil {
		return err
	}
	var clock float64
	began := time.Now() // the line is open
	if err := db.QueryRowContext(ctx, `SELECT extract(epoch FROM clock_timestamp())`).Scan(&clock); err != nil {
		return err
	}
	f.Skew = time.UnixMicro(int64(clock * 1e6)).Sub(began.Add(time.Since(began) / 2))
	var number int
	err := db.QueryRowContext(ctx, `SELECT current_setting('server_version'), current_setting('server_version_num')::int,
current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int,
(SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'), current_setting('transaction_read_only') = 'on', current_setting('autovacuum') <> 'on'`).
		Scan(&f.Version, &number, &f.Most, &f.Connections, &f.ReadOnly, &f.AutovacuumOff)
	if err != nil {
		return err
	}
	f.Major = number / 10_000
	if f.Unsafe, err = texts(ctx, db, durable); err != nil {
		return err
	}
	return f.migrating(ctx, db)
}

// migrating asks who holds the lock of migrations; it is given up by the end of a migration and runs out some time after that of one that died.
func (f *Facts) migrating(ctx context.Context, db *sql.DB) error {
	var there bool
	if err := db.QueryRowContext(ctx, `SELECT to_regclass('goose_lock') IS NOT NULL`).Scan(&there); err != nil || !there {
		return err
	}
	holders, err := texts(ctx, db, `SELECT COALESCE(locked_by, 'unknown') FROM goose_lock WHERE locked`)
	if len(holders) > 0 {
		f.Migrating = holders[0]
	}
	return err
}

func texts(ctx context.Context, db *sql.DB, query string) (all []string, err error) {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var one string
		if err := rows.Scan(&one); err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

func inspectSQLite(ctx context.Context, db *sql.DB, f *Facts) error {
	return errors.Join(
		db.QueryRowContext(ctx, `SELECT sqlite_version()`).Scan(&f.Version),
		db.QueryRowContext(ctx, `PRAGMA journal_mode`).Scan(&f.JournalMode),
	)
}

// tableThere asks whether there is a table, by each engine.
var tableThere = map[bool]string{
	true:  `SELECT to_regclass('goose_db_version') IS NOT NULL`,
	false: `SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'goose_db_version')`,
}

// migrations compares the schema with what the program needs. It reads what goose has noted without goose, which would write.
func (f *Facts) migrations(ctx context.Context, db *sql.DB, url string) error {
	known, err := versions(dialectOf(url))
	if err != nil {
		return err
	}
	f.Schema.Latest = slices.Max(known)
	var there bool
	if err := db.QueryRowContext(ctx, tableThere[isPostgres(url)]).Scan(&there); err != nil || !there {
		return err
	}
	applied, err := texts(ctx, db, `SELECT CAST(version_id AS TEXT) FROM goose_db_version WHERE is_applied`)
	if err != nil {
		return fmt.Errorf("read the schema's version: %w", err)
	}
	f.compare(known, applied)
	return nil
}

func (f *Facts) compare(known []int64, applied []string) {
	there := map[int64]bool{}
	for _, text := range applied {
		version, _ := strconv.ParseInt(text, 10, 64)
		there[version] = true
		f.Schema.Version = max(f.Schema.Version, version)
	}
	for _, version := range known {
		if version < f.Schema.Version && !there[version] {
			f.Missing = append(f.Missing, version)
		}
	}
}
