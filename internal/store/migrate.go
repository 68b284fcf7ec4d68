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
	"strings"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/sqlite/*.sql
var migrations embed.FS

// ErrSchema says that the schema is older than the program needs.
var ErrSchema = errors.New("the database schema is out of date; run `avow migrate up`")

// SchemaStatus compares a database's schema with what the program needs.
type SchemaStatus struct {
	Version int64 `json:"version"`
	Latest  int64 `json:"latest"`
}

// Status reads the schema's version. A database that is not there yet has version 0 and is not made by asking.
func Status(ctx context.Context, url string) (SchemaStatus, error) {
	file := strings.TrimPrefix(url, "sqlite:")
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		latest, err := latestVersion()
		return SchemaStatus{Latest: latest}, err
	}
	var status SchemaStatus
	err := withProvider(file, func(p *goose.Provider) (err error) {
		status.Version, status.Latest, err = p.GetVersions(ctx)
		return err
	})
	return status, err
}

// Migrate brings the schema up to date, one step at a time, and tells of each.
func Migrate(ctx context.Context, url string, progress func(step string)) error {
	file := strings.TrimPrefix(url, "sqlite:")
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	return withProvider(file, func(p *goose.Provider) error {
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

func withProvider(file string, use func(*goose.Provider) error) (err error) {
	db, err := sql.Open("sqlite", sqliteAddress(file))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	steps, err := fs.Sub(migrations, "migrations/sqlite")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, steps)
	if err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	return use(p)
}

func latestVersion() (latest int64, err error) {
	names, err := fs.Glob(migrations, "migrations/sqlite/*.sql")
	for _, name := range names {
		v, err := goose.NumericComponent(name)
		if err != nil {
			return 0, err
		}
		latest = max(latest, v)
	}
	return latest, err
}
