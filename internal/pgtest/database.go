package pgtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	superuser = "postgres"
	// role is whom the databases belong to: what it may not do, the product must not need.
	role     = "avow"
	template = "avow_template"

	statementTimeout = 30 * time.Second
	migrateTimeout   = 2 * time.Minute
)

// exec runs statements as the superuser, each in a transaction of its own; without any it only connects.
func (s *server) exec(ctx context.Context, statements ...string) error {
	ctx, cancel := context.WithTimeout(ctx, statementTimeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.url(superuser, "postgres"))
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	for _, statement := range statements {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}

// makeTemplate makes the database that all others are copies of. PostgreSQL copies only what nobody is connected to, so it is shut in the end.
func (s *server) makeTemplate(migrate Migrate) error {
	ctx, cancel := context.WithTimeout(context.Background(), migrateTimeout)
	defer cancel()
	// The password has no character that SQL knows.
	err := s.exec(ctx, "CREATE ROLE "+role+" LOGIN PASSWORD '"+s.password+"'", "CREATE DATABASE "+template+" OWNER "+role)
	if err != nil {
		return err
	}
	if migrate != nil {
		if err := migrate(ctx, s.url(role, template)); err != nil {
			return fmt.Errorf("migrate: %w", err)
		}
	}
	if err := s.remember(ctx); err != nil {
		return fmt.Errorf("look at the template: %w", err)
	}
	return s.exec(ctx, "ALTER DATABASE "+template+" ALLOW_CONNECTIONS false",
		"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '"+template+"'")
}

// database gives a test a database and returns its URL.
func (s *server) database(t testing.TB) string {
	t.Helper()
	name, err := s.create()
	if err != nil {
		t.Fatalf("pgtest: %v\nThe end of the server's log:\n%s", err, s.tail())
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("pgtest: the end of the server's log about this database:\n%s", s.logOf(name))
		}
		if err := s.takeBack(name, t.Failed()); err != nil {
			t.Errorf("pgtest: %v", err)
		}
	})
	return s.url(role, name)
}

// create takes a database that another test has left, or a new one.
func (s *server) create() (string, error) {
	s.creating.Lock()
	defer s.creating.Unlock()
	s.created++
	name := fmt.Sprintf("test_%d", s.created)
	if last := len(s.spare) - 1; last >= 0 {
		spare := s.spare[last]
		s.spare = s.spare[:last]
		return name, s.exec(context.Background(), "ALTER DATABASE "+spare+" RENAME TO "+name)
	}
	return name, s.exec(context.Background(), "CREATE DATABASE "+name+" TEMPLATE "+template+" OWNER "+role)
}

// takeBack keeps the database for another test, or takes it and whoever is still connected to it away; those of a killed server go with its directory.
func (s *server) takeBack(name string, failed bool) error {
	if !s.alive() {
		return nil
	}
	if !failed {
		again, err := s.recycle(name)
		if err != nil {
			return fmt.Errorf("empty the database for another test: %w", err)
		}
		if again {
			return s.keep(name)
		}
	}
	return s.exec(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)")
}

// keep gives the database a name that no test knows, and remembers it.
func (s *server) keep(name string) error {
	spare := "spare_" + name
	if err := s.exec(context.Background(), "ALTER DATABASE "+name+" RENAME TO "+spare); err != nil {
		return err
	}
	s.creating.Lock()
	defer s.creating.Unlock()
	s.spare = append(s.spare, spare)
	return nil
}

const (
	// logPrefix puts instant, process and database in front of a line.
	logPrefix = "%m [%p] %d: "
	logLines  = 60
)

func (s *server) logFile() string { return filepath.Join(s.dir, "server.log") }

// tail is the end of the log.
func (s *server) tail() string { return s.logged(func(string) bool { return true }) }

// logOf is the end of what the log says about one database and about the server's own trouble.
func (s *server) logOf(database string) string {
	wanted := false
	return s.logged(func(line string) bool {
		// A statement of several lines goes on after a tab.
		if !strings.HasPrefix(line, "\t") {
			wanted = strings.Contains(line, "] "+database+": ") || strings.Contains(line, "PANIC") || strings.Contains(line, "terminated by signal")
		}
		return wanted
	})
}

func (s *server) logged(wanted func(line string) bool) string {
	text, err := os.ReadFile(s.logFile())
	if errors.Is(err, os.ErrNotExist) {
		return "(there is none)"
	}
	if err != nil {
		return err.Error()
	}
	lines := slices.DeleteFunc(bytes.SplitAfter(text, []byte("\n")), func(line []byte) bool { return !wanted(string(line)) })
	return string(bytes.Join(lines[max(0, len(lines)-logLines):], nil))
}
