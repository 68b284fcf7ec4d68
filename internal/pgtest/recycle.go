package pgtest

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// To copy a database takes PostgreSQL longer than most tests take to use it, so one that a test has left as it found it is emptied and given to another test, under
// another name: who still has the old one finds nothing.
//
// The template holds the means for that: the rows that the migrations have left in it, and a look at its schema. A database whose schema has changed is dropped, as is
// one that has grown: what is left of rows on its pages would be felt.
const recyclable = `CREATE SCHEMA ` + recycling + `;
CREATE FUNCTION pgtest.look() RETURNS TEXT LANGUAGE sql AS $look$
  SELECT md5(string_agg(line, ';' ORDER BY line)) FROM (
    SELECT concat_ws(',', 'table', relname, relkind, reloptions, relpersistence) AS line FROM pg_class WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT concat_ws(',', 'column', attrelid::regclass, attname, atttypid, attnotnull, atthasdef, attisdropped)
      FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT concat_ws(',', 'index', pg_get_indexdef(indexrelid)) FROM pg_index JOIN pg_class ON pg_class.oid = indrelid WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT concat_ws(',', 'constraint', conrelid::regclass, pg_get_constraintdef(oid)) FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT concat_ws(',', 'trigger', tgrelid::regclass, tgname, tgenabled) FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT concat_ws(',', 'function', proname, prosrc) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT concat_ws(',', 'schema', nspname) FROM pg_namespace WHERE nspname NOT LIKE 'pg_%'
    UNION ALL SELECT concat_ws(',', 'setting', setconfig) FROM pg_db_role_setting JOIN pg_database ON pg_database.oid = setdatabase WHERE datname = current_database()
  ) AS lines
$look$;
CREATE FUNCTION pgtest.reset() RETURNS void LANGUAGE plpgsql AS $reset$
  DECLARE name TEXT;
  BEGIN
    SET LOCAL session_replication_role = replica;
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
      EXECUTE format('DELETE FROM public.%I', name);
    END LOOP;
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'pgtest' AND tablename <> 'seen' LOOP
      EXECUTE format('INSERT INTO public.%I OVERRIDING SYSTEM VALUE SELECT * FROM pgtest.%I', name, name);
    END LOOP;
  END
$reset$;
DO $keep$
  DECLARE name TEXT; filled BOOLEAN;
  BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
      EXECUTE format('SELECT EXISTS (SELECT FROM public.%I)', name) INTO filled;
      IF filled THEN
        EXECUTE format('CREATE TABLE pgtest.%I AS TABLE public.%I', name, name);
      END IF;
    END LOOP;
  END
$keep$;
CREATE TABLE pgtest.seen AS SELECT pgtest.look() AS look`

// recycling is the schema of these means.
const recycling = "pgtest"

// maxLeft is how many bytes of tables a database may have to be given to another test.
const maxLeft = 2 << 20

const asFound = `SELECT pgtest.look() = (SELECT look FROM pgtest.seen)
  AND (SELECT COALESCE(sum(pg_relation_size(oid)), 0) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r') <= $1`

// disconnect ends the sessions of a database, and waits until they are gone.
const disconnect = `SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()`

// recycle empties a database for another test; it reports whether that could be done.
func (s *server) recycle(name string) (bool, error) {
	ctx, cancel := context.WithTimeout(context.Background(), statementTimeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.url(superuser, name))
	if err != nil {
		return false, err
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, disconnect, name); err != nil {
		return false, fmt.Errorf("disconnect: %w", err)
	}
	var same bool
	if err := conn.QueryRow(ctx, asFound, maxLeft).Scan(&same); err != nil || !same {
		return false, err
	}
	_, err = conn.Exec(ctx, "SELECT pgtest.reset()")
	return err == nil, err
}
