package main

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"avow/bench/summary"
)

// purgeBench is a server with a worker, on a database that holds deliveries that should be forgotten.
type purgeBench struct {
	options
	name   string
	server *server
	db     *sql.DB
	fill   dialect
	caller steady
}

// benchPurge measures the API's latency at a steady rate while the purge goes on and while it is kept from it, in turn.
func benchPurge(ctx context.Context, b *box, o options) error {
	relay, err := startSink()
	if err != nil {
		return err
	}
	o.people, o.sessions = min(o.people, 300), min(o.sessions, 300)
	fmt.Printf("\n## The API at %.0f calls a second while deliveries are purged\n\n", o.rate)
	fmt.Println("| engine | finished deliveries | purged a second | p50 ms without, with | p99 ms without, with | p99 ratio (by round) | calls refused |\n|---|--:|--:|--:|--:|--:|--:|")
	mail := "AVOW_SMTP_URL=smtp://" + relay
	small := o
	small.rows = min(o.rows, o.embedded)
	if small.rows > 0 {
		if err := purgeOn(ctx, b, small, "SQLite", "sqlite:"+b.path("purged.db"), mail); err != nil {
			return fmt.Errorf("SQLite: %w", err)
		}
	}
	p, err := startPostgres(ctx, b, o.postgres)
	if err != nil {
		say("left out: %v", err)
		return nil
	}
	if err := p.run(ctx, "createdb", "purged"); err != nil {
		return err
	}
	return purgeOn(ctx, b, o, "PostgreSQL", p.url("purged"), mail)
}

func purgeOn(ctx context.Context, b *box, o options, engine, url, mail string) error {
	a := newAvow(o, "avow "+engine, newKey(), "AVOW_DATABASE_URL="+url, mail)
	if err := a.command(ctx, nil, "migrate", "up"); err != nil {
		return err
	}
	people, err := a.prepare(ctx, o.people)
	if err != nil {
		return err
	}
	p := &purgeBench{options: o, name: engine}
	if p.fill, p.db, err = plainSQL(url); err != nil {
		return err
	}
	defer func() { _ = p.db.Close() }()
	if err := p.insert(ctx); err != nil {
		return err
	}
	if p.server, err = a.serve(ctx, b); err != nil {
		return err
	}
	sessions, err := p.server.openSessions(ctx, people.apiKey, o.sessions)
	if err != nil {
		return err
	}
	bodies, err := selections(sessions)
	if err != nil {
		return err
	}
	p.caller = newSteady(p.server.URL, people, bodies)
	return p.measure(ctx)
}

// insert makes deliveries that were finished over the month before last, each after one attempt, and keeps every process from the purge.
func (p *purgeBench) insert(ctx context.Context) error {
	const step = 500_000
	day := int64(24 * time.Hour / time.Microsecond)
	oldest := time.Now().UnixMicro() - 90*day
	before := []string{"INSERT INTO turns (name, holder, ends) VALUES ('upkeep', 'bench', 9000000000000000)"}
	if p.fill.driver == "pgx" {
		before = append(before, "SET session_replication_role = replica; SET synchronous_commit = off") // that every attempt has its delivery need not be looked up
	}
	c, err := p.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	for from := 1; from <= p.rows; from += step {
		say("%s: %d deliveries", p.name, from-1)
		series := fmt.Sprintf(p.fill.series, from, min(from+step-1, p.rows))
		at := fmt.Sprintf("%d + i * %d", oldest, 55*day/int64(p.rows))
		before = append(before, series+fmt.Sprintf(`INSERT INTO deliveries
(id, org_id, test, kind, target, payload_sealed, state, attempt, due_at, leased, detail, created_at, finished_at, lane, outcome, code)
SELECT 'dlv_old_' || (i * 7919 %% %d) || '_' || i, 'org_1', FALSE, CASE WHEN i %% 2 = 0 THEN 'mail' ELSE 'webhook' END, 'https://r.example/hook', NULL, 'delivered', 1, %s, FALSE,
'', %s, %s, CASE WHEN i %% 2 = 0 THEN '' ELSE 'https://r' || (i %% 1000) || '.example:443' END, 'delivered', 250 FROM n`, p.rows, at, at, at),
			series+fmt.Sprintf(`INSERT INTO delivery_attempts (delivery_id, number, begun_at, took, outcome, code, answer)
SELECT 'dlv_old_' || (i * 7919 %% %d) || '_' || i, 1, %s, 5000, 'delivered', 250, '2.0.0 queued' FROM n`, p.rows, at))
		for _, text := range before {
			if _, err := c.ExecContext(ctx, text); err != nil {
				return err
			}
		}
		before = nil
	}
	_, err = p.db.ExecContext(ctx, p.fill.tidy)
	return err
}

// measure has a phase without and one with the purge in every round.
func (p *purgeBench) measure(ctx context.Context) error {
	var sum summary.Summary
	sum.Disturbed = 100
	purged, seconds, bad := 0.0, 0.0, 0
	if _, err := p.caller.run(ctx, p.rate, p.measured/2); err != nil { // as a warm-up
		return err
	}
	for round := range p.rounds {
		for i := range 2 {
			on := (i+round)%2 == 1
			if err := p.set(ctx, on); err != nil {
				return err
			}
			first, err := p.purged(ctx)
			if err != nil {
				return err
			}
			begun := time.Now()
			r, err := p.caller.run(ctx, p.rate, p.measured)
			if err != nil {
				return err
			}
			last, err := p.purged(ctx)
			if err != nil {
				return err
			}
			r.Round, r.Label = round, strconv.FormatBool(on)
			sum.Add(r)
			for _, n := range r.Bad {
				bad += n
			}
			say("%s round %d, purge %t: p50 %.2f ms, p99 %.2f ms, %.0f/s, %.0f rows purged, unwanted %v %s", p.name, round+1, on, r.P50, r.P99, r.Rate, last-first, r.Bad, r.Wrong)
			switch {
			case on:
				purged, seconds = purged+last-first, seconds+time.Since(begun).Seconds()
			case last > first:
				say("%s round %d: the purge went on for a moment while it should not have", p.name, round+1)
			}
		}
	}
	p50, p99 := func(l string) float64 { return sum.Of(l, 0, summary.P50).Median }, func(l string) float64 { return sum.Of(l, 0, summary.P99).Median }
	ratio := sum.Ratio("true", "false", 0, summary.P99)
	fmt.Printf("| %s | %d | %.0f | %.2f, %.2f | %.2f, %.2f | %.2f (%.2f to %.2f) | %d |\n", p.name, p.rows, purged/seconds, p50("false"), p50("true"),
		p99("false"), p99("true"), ratio.Median, ratio.Min, ratio.Max, bad)
	return nil
}

// set lets the purge go on or keeps it from it, and waits until it does so.
func (p *purgeBench) set(ctx context.Context, on bool) error {
	ends := int64(0)
	if !on {
		ends = 9_000_000_000_000_000
	}
	if _, err := p.db.ExecContext(ctx, "UPDATE turns SET holder = 'bench', ends = $1 WHERE name = 'upkeep'", ends); err != nil {
		return err
	}
	still := 0
	for last := -1.0; ; {
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return ctx.Err()
		}
		now, err := p.purged(ctx)
		if err != nil {
			return err
		}
		if still++; now != last {
			still = 0
		}
		if on && last >= 0 && now > last || !on && still > 6 { // longer than its longest rest
			return nil
		}
		last = now
	}
}

// purged is how many deliveries were forgotten so far.
func (p *purgeBench) purged(ctx context.Context) (float64, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, p.server.AdminURL+"/metrics", nil)
	if err != nil {
		return 0, err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0, err
	}
	_, rest, found := strings.Cut(string(text), `avow_purged_rows_total{what="deliveries"} `)
	if !found {
		return 0, nil
	}
	value, _, _ := strings.Cut(rest, "\n")
	return strconv.ParseFloat(value, 64)
}
