package pgtest

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// To copy a database takes PostgreSQL longer than most tests take to use it, so one that a test has left as it found it is emptied and given to another test, under
// another name: who still has the old one finds nothing. A database whose schema has changed is dropped, as is one that has grown: what is left of rows on its pages
// would be felt.

// pristine is what a database is like that nobody has used.
type pristine struct {
	look string
	rows map[string]string // JSON, of tables in which the migrations have left some
}

// lookOf names a schema by everything in it.
const lookOf = `SELECT md5(string_agg(line, ';' ORDER BY line)) FROM (
  SELECT concat_ws(',', 'table', relname, relkind, reloptions, relpersistence) AS line FROM pg_class WHERE relnamespace = 'public'::regnamespace
  UNION ALL SELECT concat_ws(',', 'column', attrelid::regclass, attname, atttypid, attnotnull, atthasdef, attisdropped)
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid WHERE relnamespace = 'public'::regnamespace
  UNION ALL SELECT concat_ws(',', 'index', pg_get_indexdef(indexrelid)) FROM pg_index JOIN pg_class ON pg_class.oid = indrelid WHERE relnamespace = 'public'::regnamespace
  UNION ALL SELECT concat_ws(',', 'constraint', conrelid::regclass, pg_get_constraintdef(oid)) FROM pg_constraint WHERE connamespace = 'public'::regnamespace
  UNION ALL SELECT concat_ws(',', 'trigger', tgrelid::regclass, tgname, tgenabled) FROM pg_trigger WHERE NOT tgisinternal
  UNION ALL SELECT concat_ws(',', 'function', proname, prosrc) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
  UNION ALL SELECT concat_ws(',', 'schema', nspname) FROM pg_namespace WHERE nspname NOT LIKE 'pg_%'
  UNION ALL SELECT concat_ws(',', 'setting', setconfig) FROM pg_db_role_setting JOIN pg_database ON pg_database.oid = setdatabase WHERE datname = current_database()
) AS lines`

const (
	sizeOf = `SELECT COALESCE(sum(pg_relation_size(oid)), 0)::bigint FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'`

	// maxLeft is how many bytes of tables a database may have to be given to another test.
	maxLeft = 2 << 20

	// disconnect ends the sessions of a database, and waits until they are gone.
	disconnect = `SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`

	// empty removes all rows, whatever refers to them, within a transaction.
	empty = `SET LOCAL session_replication_role = replica;
DO $$ DECLARE name TEXT; BEGIN
  FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
    EXECUTE format('DELETE FROM public.%I', name);
  END LOOP;
END $$`

	tablesOf = `SELECT tablename FROM pg_tables WHERE schemaname = 'public'`
	rowsOf   = `SELECT COALESCE((SELECT json_agg(r)::text FROM public.%[1]s r), '')`
	putBack  = `INSERT INTO public.%[1]s OVERRIDING SYSTEM VALUE SELECT * FROM json_populate_recordset(NULL::public.%[1]s, $1::text::json)`
)

// remember looks at the template before anybody has a copy of it.
func (s *server) remember(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, s.url(superuser, template))
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	names, err := column(ctx, conn, tablesOf)
	if err != nil {
		return err
	}
	s.pristine.rows = map[string]string{}
	for _, name := range names {
		table, rows := pgx.Identifier{name}.Sanitize(), ""
		if err := conn.QueryRow(ctx, fmt.Sprintf(rowsOf, table)).Scan(&rows); err != nil {
			return err
		}
		if rows != "" {
			s.pristine.rows[table] = rows
		}
	}
	return conn.QueryRow(ctx, lookOf).Scan(&s.pristine.look)
}

func column(ctx context.Context, conn *pgx.Conn, sql string) ([]string, error) {
	rows, err := conn.Query(ctx, sql)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// recycle empties a database for another test; it reports whether that could be done.
func (s *server) recycle(name string) (bool, error) {
	ctx, cancel := context.WithTimeout(context.Background(), statementTimeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.url(superuser, name))
	if err != nil {
		return false, err
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, disconnect); err != nil {
		return false, fmt.Errorf("disconnect: %w", err)
	}
	look, size := "", 0
	if err := conn.QueryRow(ctx, lookOf).Scan(&look); err != nil {
		return false, err
	}
	if err := conn.QueryRow(ctx, sizeOf).Scan(&size); err != nil || look != s.pristine.look || size > maxLeft {
		return false, err
	}
	return true, pgx.BeginFunc(ctx, conn, s.reset(ctx))
}

func (s *server) reset(ctx context.Context) func(pgx.Tx) error {
	return func(tx pgx.Tx) error {
		if _, err := tx.Conn().PgConn().Exec(ctx, empty).ReadAll(); err != nil {
			return err
		}
		for table, rows := range s.pristine.rows {
			if _, err := tx.Exec(ctx, fmt.Sprintf(putBack, table), rows); err != nil {
				return err
			}
		}
		return nil
	}
}
