package store

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// postgresEngine is PostgreSQL, spoken to in batches: a group of changes takes two round trips, one to load and one to save, however many rows it touches.
//
// Nothing is locked in between. The first write of a change is guarded by the version that was loaded, and every other one by the version that the first wrote: a
// change whose state is stale writes nothing at all.
type postgresEngine struct {
	pool    *pgxpool.Pool
	commits *committer
}

// committers is how many groups may be under way at once: while one waits for its flush the next is collected and loaded.
const committers = 2

// maxReplays bounds how often a unit is tried again that the database asked to try again.
const maxReplays = 8

// errURL takes the place of the driver's error, which may hold the password.
var errURL = errors.New("AVOW_DATABASE_URL cannot be read as a PostgreSQL URL")

func openPostgres(ctx context.Context, o Options) (*postgresEngine, error) {
	config, err := pgxpool.ParseConfig(o.URL)
	if err != nil {
		return nil, errURL
	}
	if o.Connections > 0 {
		config.MaxConns = int32(min(o.Connections, 1000))
	}
	config.AfterConnect = wishes
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	e := &postgresEngine{pool: pool}
	e.commits = startCommitter(committers, e.group, o.Grouped)
	return e, nil
}

// planning keeps the server from planning a group's statements anew each time, which takes longer than running them (their plans do not depend on the values). A plan
// that is kept must be good for tables of any size, however small they were when it was made: look up by index, join in the written order, read no whole table. What such a
// plan is thought to cost says nothing, and the server must not take it for a reason to compile it: that takes half a second, for statements that take a tenth of a millisecond.
const planning = `SET plan_cache_mode = force_generic_plan; SET join_collapse_limit = 1; SET from_collapse_limit = 1;
SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off`

// wishes are told on a new connection. An engine that does not know a setting, or a pooler that gives the connection to another, does no harm.
func wishes(ctx context.Context, c *pgx.Conn) error {
	_, err := c.Exec(ctx, planning, pgx.QueryExecModeSimpleProtocol)
	if refused(err) {
		return nil
	}
	return err
}

func (e *postgresEngine) skipLocked() string { return " FOR UPDATE SKIP LOCKED" }

// scrub leaves it to the server: dead rows go with its own vacuum, and no dump has them.
func (e *postgresEngine) scrub(context.Context) error { return nil }

func (e *postgresEngine) close() error {
	e.commits.close()
	e.pool.Close()
	return nil
}

func (e *postgresEngine) view(ctx context.Context, load *batch) error {
	select {
	case <-e.commits.closed:
		return errClosed
	default:
	}
	m := merge([]*batch{load})
	if err := e.send(ctx, m); err != nil {
		return err
	}
	return m.stale[0]
}

func (e *postgresEngine) change(ctx context.Context, u *unit) error { return e.commits.submit(ctx, u) }

func (e *postgresEngine) aside(ctx context.Context, u *unit) error { return e.alone(ctx, u) }

// group carries out units together. Those that would change what another of them changes go back to wait for the next group.
func (e *postgresEngine) group(ctx context.Context, units []*unit) (again []*unit) {
	loads := make([]*batch, len(units))
	for i, u := range units {
		loads[i] = u.load()
	}
	if err := e.send(ctx, merge(loads)); err != nil {
		e.failed(ctx, units, err, true)
		return nil
	}
	units, again = apart(units)
	saves := make([]*batch, len(units))
	for i, u := range units {
		saves[i], _ = u.decided()
	}
	save := merge(saves)
	if err := e.send(ctx, save); err != nil {
		e.failed(ctx, units, err, refused(err))
		return again
	}
	for i, u := range units {
		u.done <- save.stale[i]
	}
	return again
}

// apart separates the units that conflict with one before them.
func apart(units []*unit) (apart, again []*unit) {
	taken := map[string]bool{}
	for _, u := range units {
		what := u.conflict()
		if what != "" && taken[what] {
			again = append(again, u)
			continue
		}
		taken[what] = true
		apart = append(apart, u)
	}
	return apart, again
}

// failed tries the units of a group that failed one by one, so that an error is its own unit's alone. Nothing is tried again when it is not known whether the group
// was committed, as after a lost connection.
func (e *postgresEngine) failed(ctx context.Context, units []*unit, err error, nothingWritten bool) {
	for _, u := range units {
		if nothingWritten && (len(units) > 1 || retryable(err)) {
			u.done <- e.alone(ctx, u)
		} else {
			u.done <- err
		}
	}
}

// alone carries out one unit, again and again as long as the database asks for it.
func (e *postgresEngine) alone(ctx context.Context, u *unit) error {
	var err error
	for try := range maxReplays {
		if err = pause(ctx, try); err != nil {
			return err
		}
		if err = e.once(ctx, u); !retryable(err) {
			return err
		}
	}
	return err
}

func (e *postgresEngine) once(ctx context.Context, u *unit) error {
	if err := e.send(ctx, merge([]*batch{u.load()})); err != nil {
		return err
	}
	save, _ := u.decided()
	m := merge([]*batch{save})
	if err := e.send(ctx, m); err != nil {
		return err
	}
	return m.stale[0]
}

// refused reports whether the database itself turned a batch down: then nothing of it was written.
func refused(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg)
}

// retryable reports whether the database asks for another try: serialization failure, deadlock.
func retryable(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01")
}

// merged are the batches of a group as one: sets that several units use stand there once, with the rows of all.
type merged struct {
	parts []part
	stale []error // by unit
}

// part is one statement of a merged batch.
type part struct {
	statement
	units []int64             // of a set's rows
	scans map[int64]statement // of the units that ask for rows
	unit  int64               // of a plain statement
	seen  map[string]bool     // keys that a guard answered with
}

func merge(batches []*batch) *merged {
	m := &merged{stale: make([]error, len(batches))}
	at := map[*set]int{}
	for unit, b := range batches {
		if b.empty() {
			continue
		}
		for _, st := range b.statements {
			m.add(int64(unit), st, at)
		}
	}
	slices.SortStableFunc(m.parts, func(a, b part) int { return a.rank() - b.rank() })
	return m
}

func (m *merged) add(unit int64, st statement, at map[*set]int) {
	if st.set == nil {
		m.parts = append(m.parts, part{statement: st, unit: unit})
		return
	}
	i, known := at[st.set]
	if !known {
		i = len(m.parts)
		at[st.set] = i
		m.parts = append(m.parts, part{statement: statement{set: st.set}, scans: map[int64]statement{}, seen: map[string]bool{}})
	}
	p := &m.parts[i]
	for _, row := range st.rows {
		p.rows, p.units = append(p.rows, row), append(p.units, unit)
	}
	if st.row != nil {
		p.scans[unit] = st
	}
}

// send runs a merged batch as one transaction in one round trip.
func (e *postgresEngine) send(ctx context.Context, m *merged) error {
	if len(m.parts) == 0 {
		return nil
	}
	out := &pgx.Batch{}
	for i := range m.parts {
		p := &m.parts[i]
		p.sort()
		if p.set != nil {
			out.Queue(p.set.post, p.set.arrays(p.units, p.rows)...)
		} else {
			out.Queue(p.text, p.args...)
		}
	}
	results := e.pool.SendBatch(ctx, out)
	for i := range m.parts {
		if err := m.read(results, &m.parts[i]); err != nil {
			return errors.Join(err, results.Close())
		}
	}
	return classifyPostgres(results.Close())
}

// sort puts a guard's rows in the order of their keys: two processes that change the same rows then wait for each other in one order.
func (p *part) sort() {
	if p.set == nil || !p.set.guard {
		return
	}
	order := make([]int, len(p.rows))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return compareKeys(p.rows[a][0], p.rows[b][0]) })
	rows, units := make([][]any, len(order)), make([]int64, len(order))
	for to, from := range order {
		rows[to], units[to] = p.rows[from], p.units[from]
	}
	p.rows, p.units = rows, units
}

func (m *merged) read(results pgx.BatchResults, p *part) error {
	if p.set == nil && p.row == nil {
		tag, err := results.Exec()
		if err == nil && p.must && tag.RowsAffected() != 1 {
			m.stale[p.unit] = errStale
		}
		return named(p.text, err)
	}
	rows, err := results.Query()
	if err != nil {
		return named(p.name(), err)
	}
	for rows.Next() {
		if err := p.scan(rows); err != nil {
			rows.Close()
			return named(p.name(), err)
		}
	}
	if err := rows.Err(); err != nil {
		return named(p.name(), err)
	}
	m.judge(p)
	return nil
}

// scan hands a row to the unit that it is for.
func (p *part) scan(rows pgx.Rows) error {
	if p.set == nil {
		return p.row(rows.Scan)
	}
	if p.set.guard {
		key, err := guardKey(rows)
		p.seen[key] = true
		return err
	}
	var unit int64
	all := make([]any, len(rows.FieldDescriptions()))
	all[0] = &unit
	if err := rows.Scan(all...); err != nil {
		return err
	}
	st, asked := p.scans[unit]
	if !asked {
		return fmt.Errorf("an answer for unit %d, which asked for none", unit)
	}
	return st.row(func(columns ...any) error { copy(all[1:], columns); all[0] = nil; return rows.Scan(all...) })
}

// judge marks the units as stale whose guarded rows were not changed.
func (m *merged) judge(p *part) {
	if p.set == nil || !p.set.guard {
		return
	}
	for i, row := range p.rows {
		if !p.seen[keyText(row[0])] {
			m.stale[p.units[i]] = errStale
		}
	}
}

func guardKey(rows pgx.Rows) (string, error) {
	values, err := rows.Values()
	if err != nil {
		return "", err
	}
	return keyText(values[0]), nil
}

func keyText(key any) string {
	if b, ok := key.([]byte); ok {
		return string(b)
	}
	return fmt.Sprint(key)
}

func compareKeys(a, b any) int {
	ka, kb := keyText(a), keyText(b)
	switch {
	case ka < kb:
		return -1
	case ka > kb:
		return 1
	}
	return 0
}

func (p *part) name() string {
	if p.set != nil {
		return p.set.post
	}
	return p.text
}

func named(text string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", nameOf(text), classifyPostgres(err))
}

// classifyPostgres tells a key that is in use by SQLSTATE. What the server says of values is left out: it may quote them.
func classifyPostgres(err error) error {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return err
	}
	clean := &pgconn.PgError{Severity: pg.Severity, Code: pg.Code, Message: pg.Message, TableName: pg.TableName, ConstraintName: pg.ConstraintName}
	if pg.Code == "23505" {
		return errors.Join(errTaken, clean)
	}
	return clean
}
