package doctor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"avow/internal/access"
	"avow/internal/config"
	"avow/internal/outbox"
	"avow/internal/store"
)

// oldest is the first version of PostgreSQL that avow is tested with.
const oldest = 15

// database looks at what it is and how it is set up.
func database(ctx context.Context, v *visit) []Finding {
	if v.spoiled("AVOW_DATABASE_URL") {
		return unseen("AVOW_DATABASE_URL cannot be used")
	}
	if file := v.Config.DatabaseFile(); v.Config.Embedded() && missing(file) {
		return fail("there is no "+file, "Run avow migrate up, or mend AVOW_DATA_DIR and AVOW_DATABASE_URL.")
	}
	f, err := store.Inspect(ctx, v.Config.DatabaseURL)
	if err != nil {
		return fail("it cannot be used: "+oneLine(err.Error()), "See AVOW_DATABASE_URL, whether the server runs, and whether its user may connect.")
	}
	if v.Config.Embedded() {
		return embedded(f)
	}
	v.note("the clock of the database", f.Skew)
	return served(f, v.Config.DatabasePool)
}

func embedded(f store.Facts) []Finding {
	if f.JournalMode != "wal" {
		return warn("its journal mode was "+f.JournalMode+": another program has written it", "Nothing to do: avow sets it to wal when it opens the file. Copy it as docs/operations.md says.")
	}
	return fine("SQLite " + f.Version + ", write-ahead log")
}

// served looks at a PostgreSQL.
func served(f store.Facts, pool int) (found []Finding) {
	if f.Major < oldest {
		found = append(found, fail(fmt.Sprintf("PostgreSQL %s is older than %d", f.Version, oldest), "Upgrade it.")...)
	}
	if f.ReadOnly {
		found = append(found, fail("it takes no writes", "Name the primary in AVOW_DATABASE_URL, not a standby; see default_transaction_read_only.")...)
	}
	if len(f.Unsafe) > 0 {
		found = append(found, fail("commits can be lost: "+strings.Join(f.Unsafe, ", ")+" off", "Switch on in postgresql.conf, or for this role and database.")...)
	}
	if f.AutovacuumOff {
		found = append(found, fail("autovacuum is off: the queue grows slower with every delivery", "Set autovacuum = on in postgresql.conf.")...)
	}
	if free := f.Most - f.Connections; pool > f.Most {
		found = append(found, fail(fmt.Sprintf("AVOW_DATABASE_POOL is %d, and %d connections may be there at all", pool, f.Most), "Raise max_connections or lower the pool; each process has its own.")...)
	} else if free < pool {
		found = append(found, warn(fmt.Sprintf("%d of %d connections are in use; another process of %d does not fit", f.Connections, f.Most, pool), "Raise max_connections or lower AVOW_DATABASE_POOL.")...)
	}
	if len(found) > 0 {
		return found
	}
	return fine(fmt.Sprintf("PostgreSQL %s, durable, %d of %d connections in use, %d for each process", f.Version, f.Connections, f.Most, pool))
}

// schema compares it with what this program needs, and opens the database if it can be used.
func schema(ctx context.Context, v *visit) []Finding {
	if v.spoiled("AVOW_DATABASE_URL") {
		return unseen("AVOW_DATABASE_URL cannot be used")
	}
	f, err := store.Inspect(ctx, v.Config.DatabaseURL)
	if err != nil {
		return unseen("the database cannot be used")
	}
	now, want := f.Schema.Version, f.Schema.Latest
	if now < want {
		return fail(fmt.Sprintf("it is at version %d, and this avow needs %d", now, want), "Run avow migrate up.")
	}
	if err := v.use(ctx); err != nil {
		return fail("it cannot be opened: "+oneLine(err.Error()), "Mend what the other lines say.")
	}
	switch {
	case len(f.Missing) > 0:
		return fail(fmt.Sprintf("version %d is there, but not %s before it", now, numbers(f.Missing)), "Run avow migrate up of the release that made it; else restore a backup.")
	case f.Migrating != "":
		return warn("it is being changed, or whoever changed it died, by "+f.Migrating, "Wait some minutes; then run avow migrate up again.")
	case now > want:
		return warn(fmt.Sprintf("it is at version %d, newer than the %d of this avow", now, want), "Fine during an upgrade: replace this release.")
	}
	return fine(fmt.Sprintf("up to date at version %d", now))
}

func numbers(all []int64) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(all), " ", ", "), "[]")
}

// use opens the database; a key is only needed to look at what is sealed.
func (v *visit) use(ctx context.Context) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	ring, err := access.NewKeyring([][]byte(v.Config.SecretKeys))
	if err == nil {
		v.keys = ring
	}
	s, err := store.Open(ctx, store.Options{URL: v.Config.DatabaseURL, Connections: 2, Keys: ring})
	if err == nil {
		v.store = s
	}
	return err
}

const unusable = "the database cannot be used"

// keys tries the configured ones on what is sealed.
func keys(ctx context.Context, v *visit) []Finding {
	if v.spoiled("AVOW_SECRET_KEY") {
		return unseen("AVOW_SECRET_KEY is missing or cannot be used")
	}
	s := v.open()
	if s == nil {
		return unseen(unusable)
	}
	if v.keys == nil {
		return fail("there is no master key: "+oneLine(fmt.Sprint(v.KeyFile)), "Set AVOW_SECRET_KEY to the key that this database was written with.")
	}
	sealed, err := s.Sealed(ctx)
	if err != nil {
		return fail("sealed values cannot be read: "+oneLine(err.Error()), "See the other lines.")
	}
	return judgeKeys(sealed, len(v.Config.SecretKeys))
}

// judgeKeys says which keys are good for something.
func judgeKeys(s store.Sealed, configured int) []Finding {
	opened := 0
	for _, n := range s.By {
		opened += n
	}
	switch {
	case s.Closed > 0 && opened == 0:
		return fail(fmt.Sprintf("AVOW_SECRET_KEY opens none of %d sealed values: it is not the key that this database was written with", s.Closed),
			"Set the right key, or put it behind the new one, comma-separated.")
	case s.Closed > 0:
		return fail(fmt.Sprintf("%d sealed values of %d are opened by no key of AVOW_SECRET_KEY", s.Closed, s.Closed+opened), "Put the key back that was taken out, behind the others, comma-separated.")
	case opened == 0:
		return fine("nothing is sealed yet")
	}
	found := fine(fmt.Sprintf("%d sealed values looked at, all are opened", opened))
	for i := 1; i < configured; i++ {
		if s.By[i] > 0 {
			found = append(found, fine(fmt.Sprintf("key %d is still needed by %d of them, and by what was hashed with it (docs/operations.md)", i+1, s.By[i]))...)
		} else {
			found = append(found, fine(fmt.Sprintf("key %d is needed by none of them; what was hashed with it may still be (docs/operations.md)", i+1))...)
		}
	}
	return found
}

// demo looks whether avow dev has made the database.
func demo(ctx context.Context, v *visit) []Finding {
	s := v.open()
	if s == nil {
		return unseen(unusable)
	}
	orgs, err := s.Organisations(ctx)
	if err != nil {
		return fail("organisations cannot be read: "+oneLine(err.Error()), "See the other lines.")
	}
	for _, o := range orgs {
		if o.Demo && v.Config.Profile == config.Serve {
			return fail("avow dev made this database: it holds demo credentials", "Serve another database.")
		}
	}
	if v.Config.Profile != config.Serve {
		return fine(fmt.Sprintf("%d organisations", len(orgs)))
	}
	if len(orgs) == 0 {
		return warn("there is no organisation yet", "avow org create --name NAME")
	}
	return fine(fmt.Sprintf("%d organisations, no demo data", len(orgs)))
}

// How old the oldest delivery that is due may be, and for how long what failed is told.
const (
	lateDue = time.Minute
	day     = 24 * time.Hour
	tooLate = 15 * time.Minute
)

// queue looks how deliveries do.
func queue(ctx context.Context, v *visit) (found []Finding) {
	s := v.open()
	if s == nil {
		return unseen(unusable)
	}
	now := v.Now()
	t, err := s.Standing(ctx, now.Add(-day))
	if err != nil {
		return fail("it cannot be read: "+oneLine(err.Error()), "See the other lines.")
	}
	for _, kind := range []outbox.Kind{outbox.Mail, outbox.Webhook} {
		found = append(found, late(kind, t.Due[kind], now)...)
	}
	if t.Failed > 0 {
		found = append(found, warn(fmt.Sprintf("%d deliveries were given up in the last day", t.Failed), "avow deliveries list --state failed --since 24h says why; avow deliveries retry ID")...)
	}
	if n := t.Disabled + t.DisabledURL; n > 0 {
		found = append(found, warn(fmt.Sprintf("%d receivers of webhooks are disabled", n), "avow webhook list; tell whom they belong to.")...)
	}
	if len(found) == 0 {
		return fine("nothing is late, nothing failed in the last day")
	}
	return found
}

func late(kind outbox.Kind, due, now time.Time) []Finding {
	if due.IsZero() || now.Sub(due) < lateDue {
		return nil
	}
	age := now.Sub(due).Round(time.Second)
	text := fmt.Sprintf("a %s could have been sent for %v", kind, age)
	const remedy = "See that a worker runs (avow serve without --no-worker, or avow worker) and reaches the relay or receivers; add workers."
	if age >= tooLate {
		return fail(text, remedy)
	}
	return warn(text, remedy)
}

// oneLine puts an error on one line of bounded length.
func oneLine(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > 300 {
		text = strings.ToValidUTF8(text[:300], "") + "…"
	}
	return text
}

// timedOut says in plain words that nobody answered.
func timedOut(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return "no answer in time"
	}
	return oneLine(err.Error())
}
