//go:build integration

package store

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"testing"
	"time"

	"avow/internal/outbox"
	"avow/internal/pgtest"
)

// TestClaimsReadFewRows counts the rows that PostgreSQL touches for claims when a crowd is due: the work must be that of what is taken, not of what waits. It holds
// before the database knows its tables' sizes and after.
func TestClaimsReadFewRows(t *testing.T) {
	t.Parallel()
	const due, lanes, taken = 20_000, 40, 16
	ctx := context.Background()
	s := openURL(t, pgtest.URL(t), 1)
	pool := s.engine.(*postgresEngine).pool
	run := func(sql string) {
		t.Helper()
		if _, err := pool.Exec(ctx, sql); err != nil {
			t.Fatal(err)
		}
	}
	row := `INSERT INTO deliveries (id, org_id, test, kind, target, payload_sealed, state, attempt, due_at, leased, detail, created_at, finished_at, lane) `
	run(fmt.Sprintf(row+`SELECT 'm' || i, 'o', FALSE, 'mail', '', '', 'queued', 0, i, FALSE, '', i, 0, '' FROM generate_series(1, %d) i`, due))
	run(fmt.Sprintf(row+`SELECT 'h' || i, 'o', FALSE, 'webhook', '', '', 'queued', 0, i, FALSE, '', i, 0, 'lane' || i %% %d FROM generate_series(1, %d) i`, lanes, due))
	for _, analyze := range []string{"SELECT 1", "ANALYZE"} {
		run(analyze)
		for name, c := range map[string]struct {
			text, arguments string
			atMost          int
		}{
			"mails":        {s.claimOldest(), fmt.Sprintf("(1000000, 2000000, %d, 'mail')", taken), 2 * taken},
			"webhooks":     {s.claimHeads(), fmt.Sprintf("(1000000, 2000000, %d, 'webhook', '')", taken), 2 * taken},
			"next mail":    {nextDue("mail"), "('mail')", 2},
			"next webhook": {nextDue("webhook"), "('webhook')", 2 * lanes},
			"lost":         {noteLost, "(1000000)", 2},
		} {
			if got := mostRows(t, s, c.text, c.arguments); got > c.atMost {
				t.Errorf("%s, after %s: got %d rows in a step, want at most %d of %d due", name, analyze, got, c.atMost, due)
			}
		}
	}
}

var (
	actualRows  = regexp.MustCompile(`actual rows=(\d+) loops=(\d+)`)
	filteredOut = regexp.MustCompile(`Rows Removed by (?:Index Recheck|Filter|Join Filter): (\d+)`)
)

// mostRows carries a statement out, takes it back, and returns the most rows that a step of its plan has read.
func mostRows(t *testing.T, s *Store, text, arguments string) (most int) {
	t.Helper()
	ctx := context.Background()
	c, err := s.engine.(*postgresEngine).pool.Acquire(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Release()
	results, err := c.Conn().PgConn().Exec(ctx, "BEGIN; PREPARE planned AS "+text+"; EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) EXECUTE planned"+arguments+"; DEALLOCATE planned; ROLLBACK").ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	for _, row := range results[2].Rows {
		if m := actualRows.FindStringSubmatch(string(row[0])); m != nil {
			rows, _ := strconv.Atoi(m[1])
			loops, _ := strconv.Atoi(m[2])
			most = max(most, rows*loops)
		}
		if m := filteredOut.FindStringSubmatch(string(row[0])); m != nil {
			rows, _ := strconv.Atoi(m[1])
			most = max(most, rows)
		}
	}
	return most
}

// TestTwoClaimsMeetInALane has a worker take a lane's delivery and, before that is committed, another one come in that has waited longer. Whoever claims then sees no
// lease yet; still the lane must be called once.
func TestTwoClaimsMeetInALane(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := openURL(t, pgtest.URL(t), 8)
	pool := s.engine.(*postgresEngine).pool
	row := `INSERT INTO deliveries (id, org_id, test, kind, target, payload_sealed, state, attempt, due_at, leased, detail, created_at, finished_at, lane)
VALUES ($1, 'o', FALSE, 'webhook', '', '', 'queued', 0, $2, FALSE, '', 0, 0, 'lane')`
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := pool.Exec(ctx, row, "first", 2)
	must(err)
	other, err := pool.Begin(ctx)
	must(err)
	defer func() { _ = other.Rollback(ctx) }() // of a test that failed
	_, err = other.Exec(ctx, `UPDATE deliveries SET leased = TRUE, attempt = 1, due_at = $1 WHERE id = 'first'`, micros(fixedNow().Add(time.Minute)))
	must(err)
	_, err = pool.Exec(ctx, row, "second", 1)
	must(err)
	claimed, failed := make(chan []outbox.Delivery, 1), make(chan error, 1)
	go func() {
		all, err := s.Claim(ctx, outbox.Claim{Kind: outbox.Webhook, Now: fixedNow(), Until: fixedNow().Add(time.Minute), Limit: 10})
		claimed <- all
		failed <- err
	}()
	for waiting := 0; waiting == 0; {
		must(pool.QueryRow(ctx, `SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database OR l.database IS NULL
WHERE NOT l.granted AND d.datname = current_database()`).Scan(&waiting))
		if len(claimed) > 0 {
			t.Fatalf("got %v claimed, want the claim to wait for the other", <-claimed)
		}
	}
	must(other.Commit(ctx))
	if all, err := <-claimed, <-failed; err != nil || len(all) != 0 {
		t.Errorf("got %v claimed and %v, want nothing: the lane's call is under way", all, err)
	}
}
