package app

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"avow/internal/access"
	"avow/internal/account"
	"avow/internal/config"
	"avow/internal/metrics"
	"avow/internal/outbox"
	"avow/internal/skill"
	"avow/internal/store"
)

// heap is a chore with a number of rows to forget, each of which takes a while.
type heap struct {
	rows   int
	each   time.Duration
	fails  error
	limits []int
	nows   []time.Time
}

func (h *heap) forget(ctx context.Context, _ time.Time, limit int) (int, error) {
	h.limits, h.nows = append(h.limits, limit), append(h.nows, time.Now())
	n := min(limit, h.rows)
	h.rows -= n
	rest(ctx, time.Duration(n)*h.each)
	return n, h.fails
}

// tidier has a log that is kept and a clock of the bubble.
func tidier(log io.Writer) *App {
	return &App{o: Options{Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})), Now: time.Now}, Metrics: metrics.New()}
}

func always(context.Context) bool { return true }

// Rows go in batches, the first of them small, until there are none; what came of it is told.
func TestChoresGoInBatches(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		large, none := &heap{rows: 1501}, &heap{}
		tidier(&log).carryOut(t.Context(), []chore{{"large", large.forget}, {"none", none.forget}}, always)
		if len(large.limits) < 3 || large.limits[0] != minBatch || slices.Max(large.limits) > maxBatch || large.rows != 0 || len(none.limits) != 1 {
			t.Errorf("got batches %v and %v, want some from %d to %d, and 1", large.limits, none.limits, minBatch, maxBatch)
		}
		if got := log.String(); !strings.Contains(got, "what=large rows=1501") || strings.Contains(got, "what=none") {
			t.Errorf("got log %q, want what was forgotten and nothing else", got)
		}
	})
}

// A batch that takes long is made smaller, and the purge takes its share of the time and no more, however slow the database is: of the one writer of the embedded one less
// than a call in a hundred would notice.
func TestChoresTakeASmallShare(t *testing.T) {
	t.Parallel()
	for database, want := range map[string]float64{"postgres://h/d": 1. / 100, "sqlite:f": 1. / 400} {
		for _, each := range []time.Duration{2 * time.Microsecond, 30 * time.Microsecond, time.Millisecond} {
			synctest.Test(t, func(t *testing.T) {
				h, a := &heap{rows: 20_000, each: each}, tidier(io.Discard)
				a.o.Config.DatabaseURL = database
				began := time.Now()
				a.carryOut(t.Context(), []chore{{"rows", h.forget}}, always)
				share := float64(20_000*each) / float64(time.Since(began))
				if share > want*1.03 || share < want*0.85 {
					t.Errorf("%s, %v a row: got %.4f of the time, want %.4f", database, each, share, want)
				}
				last := h.limits[len(h.limits)-2]
				if took := time.Duration(last) * each; took > batchTime && last > minBatch || took < batchTime/4 && last < maxBatch {
					t.Errorf("%v a row: got a batch of %d rows that takes %v, want about %v", each, last, took, batchTime)
				}
			})
		}
	}
}

// A batch that has become slow is made smaller, and a quick one larger, within bounds.
func TestPace(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		rows int
		took time.Duration
		want int
	}{{400, 3 * time.Millisecond, 200}, {30, time.Second, minBatch}, {100, 1500 * time.Microsecond, 100}, {100, 900 * time.Microsecond, 125}, {450, time.Microsecond, maxBatch}} {
		p := pace{rows: c.rows, rest: restBeside}
		if rest := p.next(c.took); p.rows != c.want || rest != min(restBeside*c.took, maxRest) {
			t.Errorf("%d rows in %v: got %d rows after %v, want %d after %v", c.rows, c.took, p.rows, rest, c.want, min(restBeside*c.took, maxRest))
		}
	}
}

// A chore that fails is told and left for the next time; the others are carried out.
func TestChoreFails(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	broken, other := &heap{rows: minBatch, fails: errors.New("disk full")}, &heap{rows: 1}
	tidier(&log).carryOut(t.Context(), []chore{{"broken", broken.forget}, {"other", other.forget}}, always)
	if len(broken.limits) != 1 || other.rows != 0 || !strings.Contains(log.String(), "disk full") {
		t.Errorf("got %d tries, %d rows of the other left and log %q, want one, none and the reason", len(broken.limits), other.rows, log.String())
	}
}

// Whoever stops does not wait for a heap to become small, nor does one whose turn another has taken.
func TestChoresStop(t *testing.T) {
	t.Parallel()
	const each, after = time.Millisecond, 10 * time.Second
	for name, end := range map[string]func(ctx context.Context, a *App, chores []chore){
		"stopped": func(ctx context.Context, a *App, chores []chore) {
			ctx, stop := context.WithCancel(ctx)
			time.AfterFunc(after, stop)
			a.carryOut(ctx, chores, always)
		},
		"not its turn": func(ctx context.Context, a *App, chores []chore) {
			began := time.Now()
			a.carryOut(ctx, chores, func(context.Context) bool { return time.Since(began) < after })
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			endless, next := &heap{rows: 1 << 20, each: each}, &heap{rows: 1}
			began := time.Now()
			end(t.Context(), tidier(io.Discard), []chore{{"endless", endless.forget}, {"next", next.forget}})
			if took := time.Since(began); took < after || took > after+time.Second || next.rows != 1 {
				t.Errorf("%s: got the end after %v and %d rows of the next, want it after %v, and 1", name, took, next.rows, after)
			}
		})
	}
}

// TestOneProcessPurges has two processes on one database: the other one is not begun before the first has ended, or was not heard of for its time.
func TestOneProcessPurges(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	a := newTidy(t, config.Serve, func() time.Time { return now })
	other, err := New(t.Context(), a.o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Close() })
	goOn := func(who *App) bool { return (&turn{app: who}).goOn(t.Context()) }
	if !goOn(a) || goOn(other) || !goOn(a) {
		t.Error("got no turn for the first, or one for both, want it the first's")
	}
	now = now.Add(purgeTurn - time.Microsecond)
	if goOn(other) {
		t.Error("got the other's turn before the first's time was up, want it the first's")
	}
	now = now.Add(time.Microsecond)
	if !goOn(other) || goOn(a) {
		t.Error("got no turn for the other when the first was not heard of, want it")
	}
	other.tidy(t.Context())
	if !goOn(a) {
		t.Error("got no turn after the other's end, want it")
	}
}

func TestEvery(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		times := 0
		time.AfterFunc(35*time.Minute, stop)
		every(ctx, 10*time.Minute, func(context.Context) { times++ })
		if times != 4 {
			t.Errorf("got it done %d times in 35 minutes, want at the start and after 10, 20 and 30", times)
		}
	})
}

// TestChoresKeepWhatIsYoung has rows of two ages and looks which are forgotten at which time: by avow serve, and by avow dev, which keeps its mails.
func TestChoresKeepWhatIsYoung(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for profile, want := range map[config.Profile][3]int{config.Serve: {2, 1, 0}, config.Dev: {2, 2, 2}} {
		now := start
		a := newTidy(t, profile, func() time.Time { return now })
		for n, id := range []string{"old", "young"} {
			if err := a.Store.Keep(t.Context(), outbox.Captured{ID: id, To: "a@example.com", CreatedAt: start.Add(time.Duration(n) * time.Hour)}); err != nil {
				t.Fatal(err)
			}
		}
		for n, age := range []time.Duration{mailsKept, mailsKept + time.Second, mailsKept + 2*time.Hour} {
			now = start.Add(age)
			a.tidy(t.Context())
			mails, err := a.Store.Mails(t.Context(), "", 10)
			if err != nil || len(mails) != want[n] {
				t.Errorf("%v, after %v: got %d mails (%v), want %d", profile, age, len(mails), err, want[n])
			}
		}
	}
}

// TestWhatIsOverIsKeptThirtyDays has a delivery, a token and a session that are over at the same instant.
func TestWhatIsOverIsKeptThirtyDays(t *testing.T) {
	t.Parallel()
	over := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	now := over.Add(-time.Hour)
	a := newTidy(t, config.Serve, func() time.Time { return now })
	token, verification := a.leave(t, over)
	for _, step := range []struct {
		age  time.Duration
		kept bool
	}{{30 * 24 * time.Hour, true}, {30*24*time.Hour + time.Microsecond, false}} {
		now = over.Add(step.age)
		a.tidy(t.Context())
		delivery, err := a.Store.DeliveryByID(t.Context(), outbox.Reader{Operator: true}, "d")
		state, stateErr := a.Store.View(t.Context(), account.KeyOfToken(a.keys.Lookup(access.ForToken, token)))
		skills, skillsErr := a.Store.ViewVerification(t.Context(), skill.Subject{Verification: verification})
		if err := errors.Join(err, stateErr, skillsErr); err != nil {
			t.Fatal(err)
		}
		if kept := len(delivery.Records) == 1; kept != step.kept || (state.Token != nil) != step.kept || (skills.Session != nil) != step.kept || skills.Verification == nil {
			t.Errorf("after %v: got delivery %t, token %t, session %t, verification %t, want them kept: %t, the verification always",
				step.age, kept, state.Token != nil, skills.Session != nil, skills.Verification != nil, step.kept)
		}
	}
}

// leave makes a delivery that is finished at an instant, and a token and a session that expire then.
func (a *App) leave(t *testing.T, over time.Time) (token, verification string) {
	t.Helper()
	ctx := t.Context()
	must := func(errs ...error) {
		t.Helper()
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
	}
	org, err := a.Admin.CreateOrganisation(ctx, "acme", false)
	client, _, clientErr := a.Admin.CreateClient(ctx, access.NewClient{Org: "acme", Name: "web", Scopes: []string{account.ScopeMeRead}})
	key, keyErr := a.Admin.CreateKey(ctx, "acme", "k", access.Live)
	holder, holderErr := a.Accounts.Create(ctx, account.NewAccount{Org: org.ID, Email: "a@example.com"})
	must(err, clientErr, keyErr, holderErr)
	issued, err := a.Accounts.Issue(ctx, client.ID, holder.ID, client.Scopes, time.Hour)
	must(err, a.Store.Change(ctx, account.KeyOfID(holder.ID), func(s account.State) (account.Next, error) {
		return account.Next{Account: s.Account, Mails: []account.Mail{outbox.NewMail("d", org.ID, "a@example.com", "t", struct{}{}, over)}}, nil
	}))
	claimed, err := a.Store.Claim(ctx, outbox.Claim{Kind: outbox.Mail, Now: over, Until: over.Add(time.Minute), Limit: 1})
	must(err, a.Store.Settle(ctx, claimed[0], outbox.Result{State: outbox.Delivered, Outcome: outbox.Succeeded, At: over}))
	skills := skill.NewService(skill.Options{
		Verifications: a.Store, Keys: a.keys, Random: access.Random{Source: a.o.Random}, Now: a.o.Now, SessionTTL: time.Hour,
	})
	opened, err := skills.Init(ctx, key.Text, skill.InitInput{
		Student: "s", Callback: "https://c.example/", Name: "n", Email: "s@example.com", Lists: skill.NewLists([]byte(`[{"projectId":"p","name":"P"}]`), nil, nil),
	})
	must(err)
	return issued.Access, opened.Verification.ID
}

// newTidy is an app on an empty embedded database.
func newTidy(t *testing.T, profile config.Profile, now func() time.Time) *App {
	t.Helper()
	c, err := config.Load(config.Dev, map[string]string{"data": t.TempDir()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	c.Profile, c.SecretKeys = profile, config.Keys{bytes.Repeat([]byte{7}, 32)}
	if err := store.Migrate(t.Context(), c.DatabaseURL, func(string) {}); err != nil {
		t.Fatal(err)
	}
	a, err := New(t.Context(), Options{Config: c, Log: slog.New(slog.DiscardHandler), Now: now, Random: rand.NewChaCha8([32]byte{1})})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	return a
}
