package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"avow/internal/access"
)

// held is a committer whose groups wait until they are let go, so that a test can fill its queue.
func held(t *testing.T) (c *committer, groups chan []*unit, release chan struct{}) {
	t.Helper()
	groups, release = make(chan []*unit, queueSize), make(chan struct{})
	c = startCommitter(1, func(_ context.Context, units []*unit) []*unit {
		groups <- units
		<-release
		for _, u := range units {
			u.done <- nil
		}
		return nil
	}, func(int, time.Duration) {})
	return c, groups, release
}

func nothing() *unit {
	return newUnit(func() *batch { return nil }, func() *batch { return nil }, nil)
}

// TestGroupsTakeWhatWaits fills the queue behind a group that is under way.
func TestGroupsTakeWhatWaits(t *testing.T) {
	t.Parallel()
	c, groups, release := held(t)
	var callers sync.WaitGroup
	submit := func() { callers.Go(func() { _ = c.submit(context.Background(), nothing()) }) }
	submit()
	if first := <-groups; len(first) != 1 {
		t.Fatalf("got a first group of %d, want 1: nobody waits for more to come", len(first))
	}
	for range groupSize + 6 {
		c.queue <- nothing()
	}
	close(release)
	if second := <-groups; len(second) != groupSize {
		t.Errorf("got a second group of %d, want %d", len(second), groupSize)
	}
	if third := <-groups; len(third) != 6 {
		t.Errorf("got a third group of %d, want 6", len(third))
	}
	callers.Wait()
	c.close()
}

// TestFullQueueIsRefused has one change more than may wait.
func TestFullQueueIsRefused(t *testing.T) {
	t.Parallel()
	c, groups, release := held(t)
	c.queue <- nothing()
	<-groups
	for range queueSize {
		c.queue <- nothing()
	}
	if err := c.submit(context.Background(), nothing()); !errors.Is(err, access.ErrBusy) {
		t.Errorf("got %v, want %v", err, access.ErrBusy)
	}
	close(release)
	c.close()
	if err := c.submit(context.Background(), nothing()); !errors.Is(err, errClosed) {
		t.Errorf("got %v after the close, want %v", err, errClosed)
	}
}

// TestCallerWhoLeftIsDropped has a caller leave before its group is formed.
func TestCallerWhoLeftIsDropped(t *testing.T) {
	t.Parallel()
	c, groups, release := held(t)
	c.queue <- nothing()
	<-groups
	ctx, leave := context.WithCancel(context.Background())
	leave()
	if err := c.submit(ctx, nothing()); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	c.queue <- nothing()
	close(release)
	if second := <-groups; len(second) != 1 {
		t.Errorf("got a group of %d, want 1 without the caller who left", len(second))
	}
	c.close()
}

// openTest opens an embedded database for tests of the inside.
func openTest(t *testing.T) *Store {
	t.Helper()
	return openURL(t, "sqlite:"+filepath.Join(t.TempDir(), "avow.db"), 0)
}

func openURL(t *testing.T, url string, connections int) *Store {
	t.Helper()
	ctx := context.Background()
	if err := Migrate(ctx, url, func(string) {}); err != nil {
		t.Fatal(err)
	}
	keys, err := access.NewKeyring([][]byte{[]byte(strings.Repeat("k", 32))})
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(ctx, Options{URL: url, Keys: keys, Connections: connections})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// TestOneFailsAlone runs a group in which one change fails in the database and one in its decision: the others are saved.
func TestOneFailsAlone(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *Store) {
		ok := []*unit{s.named("a"), s.named("b")}
		taken, broken := s.named("a"), newUnit(func() *batch { return nil }, func() *batch { panic("bug") }, nil)
		s.runGroup(append([]*unit{taken, broken}, ok...))
		if err := <-broken.done; err != nil || broken.panicky == nil {
			t.Errorf("got error %v and panic %v, want the panic alone", err, broken.panicky)
		}
		failures := 0
		for _, u := range []*unit{taken, ok[0], ok[1]} {
			if err := <-u.done; errors.Is(err, errTaken) {
				failures++
			} else if err != nil {
				t.Errorf("got %v, want %v for one of the two and nothing else", err, errTaken)
			}
		}
		if failures != 1 {
			t.Errorf("got %d refused names, want 1", failures)
		}
		all, err := s.Organisations(context.Background())
		if err != nil || len(all) != 2 {
			t.Errorf("got %d organisations (%v), want 2", len(all), err)
		}
	})
}

// named is a change that writes an organisation.
func (s *Store) named(name string) *unit {
	return newUnit(func() *batch { return nil }, func() *batch {
		b := &batch{}
		b.exec(`INSERT INTO organisations (id, name, settings, demo, created_at) VALUES ($1, $2, '{}', FALSE, 0)`, name+fmt.Sprint(stamp()), name)
		return b
	}, nil)
}

func (s *Store) runGroup(units []*unit) {
	switch e := s.engine.(type) {
	case *sqliteEngine:
		e.group(context.Background(), units)
	case *postgresEngine:
		e.group(context.Background(), units)
	}
}

// TestEveryStatementIsPrepared prepares every set on the engine.
func TestEveryStatementIsPrepared(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *Store) {
		if len(sets) < 20 {
			t.Errorf("got %d sets, want all", len(sets))
		}
		for _, one := range sets {
			if err := s.prepare(one); err != nil {
				t.Errorf("%s: %v", nameOf(one.post), err)
			}
		}
	})
}

func (s *Store) prepare(one *set) error {
	ctx := context.Background()
	switch e := s.engine.(type) {
	case *sqliteEngine:
		stmt, err := e.db.PrepareContext(ctx, one.lite)
		if err != nil {
			return err
		}
		return stmt.Close()
	case *postgresEngine:
		c, err := e.pool.Acquire(ctx)
		if err != nil {
			return err
		}
		defer c.Release()
		_, err = c.Conn().Prepare(ctx, "", one.post)
		return err
	}
	return errors.New("unknown engine")
}

// TestNoStatementReadsAWholeTable looks at the plan of every set on SQLite: a table is searched by an index, never scanned.
func TestNoStatementReadsAWholeTable(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	db := s.engine.(*sqliteEngine).db
	for _, one := range sets {
		values := make([]any, len(one.columns))
		rows, err := db.Query("EXPLAIN QUERY PLAN "+one.lite, values...)
		if err != nil {
			t.Fatalf("%s: %v", nameOf(one.lite), err)
		}
		for rows.Next() {
			var id, parent, unused int
			var detail string
			if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
				t.Fatal(err)
			}
			if scansTable(detail) {
				t.Errorf("%s:\n%s\ngot %q, want a search by an index", nameOf(one.lite), one.lite, detail)
			}
		}
		if err := rows.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// scansTable tells the scan of a table from that of the rows that a statement was given, and of what was found with them.
func scansTable(detail string) bool {
	name, ok := strings.CutPrefix(detail, "SCAN ")
	switch strings.Fields(name + " -")[0] {
	case "v", "w", "x", "CONSTANT", "(subquery-", "(join-", "unnest":
		return false
	}
	return ok
}

// postgresURL gives a database of a real server; set by the file with the tag integration.
var postgresURL func(t *testing.T) string

func onBoth(t *testing.T, test func(t *testing.T, s *Store)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); test(t, openTest(t)) })
	if postgresURL != nil {
		t.Run("postgres", func(t *testing.T) { t.Parallel(); test(t, openURL(t, postgresURL(t), 4)) })
	}
}

var randomSource = access.Random{Source: rand.Reader}

func fixedNow() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }
