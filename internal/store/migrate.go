package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations
var migrations embed.FS

// ErrSchema says that the schema is older than the program needs.
var ErrSchema = errors.New("the database schema is out of date; run `avow migrate up`")

// SchemaStatus compares a database's schema with what the program needs.
type SchemaStatus struct {
	Version int64 `json:"version"`
	Latest  int64 `json:"latest"`
}

// check refuses an older schema. A newer one is fine: every release works on the schema of the one after it, so that replicas can be replaced one by one.
func (s SchemaStatus) check() error {
	if s.Version < s.Latest {
		return fmt.Errorf("%w: it is at version %d and this avow needs %d", ErrSchema, s.Version, s.Latest)
	}
	return nil
}

// Status reads the schema's version. An embedded database that is not there yet has version 0 and is not made by asking.
func Status(ctx context.Context, url string) (SchemaStatus, error) {
	if !isPostgres(url) {
		if _, err := os.Stat(fileOf(url)); errors.Is(err, fs.ErrNotExist) {
			latest, err := latestVersion(dialectOf(url))
			return SchemaStatus{Latest: latest}, err
		}
	}
	var status SchemaStatus
	err := withProvider(url, func(p *goose.Provider) (err error) {
		status.Version, status.Latest, err = p.GetVersions(ctx)
		return err
	})
	return status, err
}

// Migrate brings the schema up to date, one step at a time, and tells of each. Of several that run at once on PostgreSQL one works and the others wait.
func Migrate(ctx context.Context, url string, progress func(step string)) error {
	if !isPostgres(url) {
		if err := makeFile(fileOf(url)); err != nil {
			return err
		}
	}
	return withProvider(url, func(p *goose.Provider) error {
		for {
			step, err := p.UpByOne(ctx)
			if errors.Is(err, goose.ErrNoNextVersion) {
				return nil
			}
			if err != nil {
				return fmt.Errorf("migrate: %w", err)
			}
			progress(step.Source.Path)
		}
	})
}

// makeFile makes the embedded database's file, for its owner's eyes only; the files beside it take its mode.
func makeFile(name string) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return file.Close()
}

// dialect is what migrations need to know of an engine.
type dialect struct {
	folder string
	goose  goose.Dialect
	open   func() (*sql.DB, error)
}

func dialectOf(url string) dialect {
	if isPostgres(url) {
		return dialect{folder: "migrations/postgres", goose: goose.DialectPostgres, open: func() (*sql.DB, error) {
			config, err := pgxpool.ParseConfig(url) // takes the pool's parameters out of the URL
			if err != nil {
				return nil, errURL
			}
			return stdlib.OpenDB(*config.ConnConfig), nil
		}}
	}
	return dialect{folder: "migrations/sqlite", goose: goose.DialectSQLite3, open: func() (*sql.DB, error) {
		return sql.Open("sqlite", sqliteAddress(fileOf(url)))
	}}
}

func withProvider(url string, use func(*goose.Provider) error) (err error) {
	d := dialectOf(url)
	db, err := d.open()
	if err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	steps, err := fs.Sub(migrations, d.folder)
	if err != nil {
		return err
	}
	options, err := d.options()
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(d.goose, db, steps, options...)
	if err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	return use(p)
}

// options makes migrators of one PostgreSQL database wait for each other, by a row of a table: not every engine behind its dialect has advisory locks.
func (d dialect) options() ([]goose.ProviderOption, error) {
	if d.goose != goose.DialectPostgres {
		return nil, nil
	}
	locker, err := lock.NewPostgresTableLocker()
	if err != nil {
		return nil, err
	}
	return []goose.ProviderOption{goose.WithLocker(locker)}, nil
}

func latestVersion(d dialect) (latest int64, err error) {
	all, err := versions(d)
	if err != nil {
		return 0, err
	}
	return slices.Max(all), nil
}

// versions are those of all schema changes that this program knows.
func versions(d dialect) (all []int64, err error) {
	names, err := fs.Glob(migrations, d.folder+"/*.sql")
	for _, name := range names {
		v, err := goose.NumericComponent(name)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, err
}
