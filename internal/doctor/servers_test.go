//go:build integration

package doctor

import (
	"context"
	"net/url"
	"os"
	"testing"

	"avow/internal/pgtest"
	"avow/internal/redistest"
	"avow/internal/store"
)

func migrate(ctx context.Context, url string) error {
	return store.Migrate(ctx, url, func(string) {})
}

func TestMain(m *testing.M) {
	os.Exit(pgtest.Main(m, migrate, "fsync=on", "full_page_writes=on", "synchronous_commit=on", "autovacuum=on"))
}

func TestServedDatabase(t *testing.T) {
	t.Parallel()
	environ, _ := settled(t)
	database := pgtest.URL(t)
	environ = append(environ, "AVOW_DATABASE_URL="+database)
	found := examine(t, environ)
	want(t, found, "database", OK, "durable")
	want(t, found, "files", OK, "elsewhere")
	want(t, found, "schema", OK, "up to date")
	want(t, found, "keys", OK, "nothing is sealed")
	want(t, found, "queue", OK, "nothing is late")
	want(t, found, "clock", OK, "no other of 2")
	want(t, examine(t, append(environ, "AVOW_DATABASE_POOL=1000")), "database", Fail, "may be there at all")
	want(t, examine(t, append(environ, "AVOW_DATABASE_URL=postgres://nobody:wrong-password@127.0.0.1:1/x")), "database", Fail, "cannot be used")
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(u.User.Username(), "wrong-password")
	found = examine(t, append(environ, "AVOW_DATABASE_URL="+u.String()))
	want(t, found, "database", Fail, "cannot be used")
	want(t, found, "schema", Warn, "not looked at")
	pgtest.Exec(t, database, `UPDATE goose_lock SET locked = TRUE, locked_by = 'somebody'`)
	want(t, examine(t, environ), "schema", Warn, "somebody")
	pgtest.Exec(t, database, `UPDATE goose_lock SET locked = FALSE`, `DELETE FROM goose_db_version WHERE version_id > 10`)
	want(t, examine(t, environ), "schema", Fail, "avow migrate up")
}

// TestUnsafeDatabase has one that may lose commits, for this role or altogether, and clears nothing away.
func TestUnsafeDatabase(t *testing.T) {
	t.Parallel()
	environ, _ := settled(t)
	s := pgtest.Start(t, migrate, "fsync=off", "full_page_writes=off", "synchronous_commit=off", "autovacuum=off", "default_transaction_read_only=off")
	database := s.URL()
	environ = append(environ, "AVOW_DATABASE_URL="+database)
	found := examine(t, environ)
	want(t, found, "database", Fail, "fsync, full_page_writes, synchronous_commit off")
	want(t, found, "database", Fail, "autovacuum is off")
	pgtest.Exec(t, database, `ALTER ROLE CURRENT_USER SET default_transaction_read_only = on`)
	want(t, examine(t, environ), "database", Fail, "takes no writes")
	s.Kill()
	found = examine(t, environ)
	want(t, found, "database", Fail, "cannot be used")
	want(t, found, "settings", OK, "complete") // the rest was looked at
}

func TestRedis(t *testing.T) {
	t.Parallel()
	environ, _ := settled(t)
	want(t, examine(t, environ), "redis", OK, "one process needs none")
	want(t, examine(t, append(environ, "AVOW_DATABASE_URL=postgres://127.0.0.1:1/x")), "redis", Warn, "counts limits for itself")
	r := redistest.Start(t)
	environ = append(environ, "AVOW_REDIS_URL="+r.URL)
	found := examine(t, environ)
	want(t, found, "redis", OK, "answers in")
	want(t, found, "clock", OK, "no other of 2")
	tight := redistest.Start(t, "--maxmemory", "16mb", "--maxmemory-policy", "noeviction", "--appendonly", "yes")
	want(t, examine(t, append(environ, "AVOW_REDIS_URL="+tight.URL)), "redis", Warn, "volatile-ttl")
	r.Hang()
	want(t, examine(t, environ), "redis", Fail, "cannot be used")
	r.Kill()
	want(t, examine(t, environ), "redis", Fail, "cannot be used")
}
