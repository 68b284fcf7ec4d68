//go:build integration

package store

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"avow/internal/outbox"
	"avow/internal/pgtest"
)

// TestClaimsReadFewRows counts the rows that PostgreSQL touches for claims when a crowd is due: the work must be that of what is taken, not of what waits. The plans
// are made, and kept, while there are no deliveries, few or many.
func TestClaimsReadFewRows(t *testing.T) {
	t.Parallel()
	for _, planned := range []int{0, 60, 900, 20_000} {
		t.Run(fmt.Sprint(planned), func(t *testing.T) { t.Parallel(); claimsReadFewRows(t, planned) })
	}
}

func claimsReadFewRows(t *testing.T, planned int) {
	t.Helper()
	const due, lanes, taken = 20_000, 1000, 16
	s := openURL(t, pgtest.URL(t), 1)
	crowd := func(from, till int) {
		row := `INSERT INTO deliveries (id, org_id, test, kind, target, payload_sealed, state, attempt, due_at, leased, detail, created_at, finished_at, lane) `
		s.raw(t, fmt.Sprintf(row+`SELECT 'm' || i, 'o', FALSE, 'mail', '', '', 'queued', 0, i, FALSE, '', i, 0, '' FROM generate_series(%d, %d) i`, from, till))
		s.raw(t, fmt.Sprintf(row+`SELECT 'h' || i, 'o', FALSE, 'webhook', '', '', 'queued', 0, i, FALSE, '', i, 0, 'lane' || i %% %d FROM generate_series(%d, %d) i`, lanes, from, till))
	}
	crowd(1, planned)
	nextMail, _ := nextDue(outbox.Mail)
	nextWebhook, _ := nextDue(outbox.Webhook)
	cases := []struct {
		name, text, arguments string
		atMost                int
	}{
		{"mails", s.claimOldest(), fmt.Sprintf("(1000000, 2000000, %d, 'mail')", taken), 2 * taken},
		{"webhooks", s.claimHeads(), fmt.Sprintf("(1000000, 2000000, %d, 'webhook', '')", taken), 2 * taken},
		{"next mail", nextMail, "('mail')", 2},
		{"next webhook", nextWebhook, "", 2 * lanes},
		{"lost", noteLost, "(1000000)", 2},
		{"oldest", s.purgings["deliveries"].oldest(), "(0)", 2},
		{"purge", s.purgings["deliveries"].text(s), "(1000000, 16, 0)", 2 * taken},
	}
	for i, c := range cases {
		s.raw(t, fmt.Sprintf("PREPARE planned%d AS %s; BEGIN; EXPLAIN EXECUTE planned%d%s; ROLLBACK", i, c.text, i, c.arguments))
	}
	crowd(planned+1, due)
	for i, c := range cases {
		steps := s.raw(t, fmt.Sprintf("BEGIN; EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) EXECUTE planned%d%s; ROLLBACK", i, c.arguments))
		if got := mostRows(steps); got > c.atMost {
			t.Errorf("%s: got %d rows in a step, want at most %d of %d due\n%s", c.name, got, c.atMost, due, strings.Join(steps, "\n"))
		}
	}
}

// raw sends commands to the server and returns the first column of what they answer.
func (s *Store) raw(t *testing.T, commands string) (answer []string) {
	t.Helper()
	ctx := context.Background()
	c, err := s.engine.(*postgresEngine).pool.Acquire(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Release()
	results, err := c.Conn().PgConn().Exec(ctx, commands).ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", commands, err)
	}
	for _, r := range results {
		for _, row := range r.Rows {
			answer = append(answer, string(row[0]))
		}
	}
	return answer
}

var (
	actualRows  = regexp.MustCompile(`actual rows=(\d+) loops=(\d+)`)
	filteredOut = regexp.MustCompile(`Rows Removed by (?:Index Recheck|Filter|Join Filter): (\d+)`)
)

// mostRows returns the most rows that a step of a plan has read.
func mostRows(steps []string) (most int) {
	number := func(text string) int { n, _ := strconv.Atoi(text); return n }
	for _, step := range steps {
		if m := actualRows.FindStringSubmatch(step); m != nil {
			most = max(most, number(m[1])*number(m[2]))
		}
		if m := filteredOut.FindStringSubmatch(step); m != nil {
			most = max(most, number(m[1]))
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
