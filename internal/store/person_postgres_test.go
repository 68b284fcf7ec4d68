//go:build integration

package store

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"avow/internal/access"
	"avow/internal/account"
	"avow/internal/outbox"
	"avow/internal/pgtest"
	"avow/internal/skill"
)

// oneOfEach are a person, another with a change under way, an account, and a mail about each that is being sent.
const oneOfEach = `INSERT INTO organisations (id, name, settings, demo, created_at) VALUES ('o', 'one', '{}', FALSE, 0);
INSERT INTO skill_users (org_id, mode, id, name, email, phone, created_at, version) VALUES ('o', 'live', 'u', 'n', 'e', '', 1, 7), ('o', 'live', 'other', 'n', 'f', '', 1, 8);
INSERT INTO accounts (id, org_id, email, email_key, status, verified, login_disabled, password, profile, created_at, updated_at, version)
  VALUES ('a', 'o', 'e', 'e', 'active', FALSE, FALSE, '', '{}', 1, 1, 9);
INSERT INTO deliveries (id, org_id, test, about, kind, target, payload_sealed, state, attempt, due_at, leased, detail, created_at, finished_at)
  VALUES ('du', 'o', FALSE, 'u', 'mail', 'e', 'x', 'queued', 1, 99, TRUE, '', 1, 0), ('da', 'o', FALSE, 'a', 'mail', 'e', 'x', 'queued', 1, 99, TRUE, '', 1, 0)`

// TestErasureWaitsForWhatIsUnderWay has a transaction that writes about somebody be under way when they are erased: the erasure waits for its end, and finds what it wrote.
// Without the locks it would pass by, and leave it.
func TestErasureWaitsForWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	keep := func(about string) (*set, []any) {
		return keepMail, []any{"c" + about, "o", false, "live", about, "secret", "s", "secret", []byte("secret"), []byte("secret"), int64(1)}
	}
	settle := func(id string) (*set, []any) {
		return noteAttempt, []any{id, "o", false, int64(1), int64(5), "failed", int64(550), "secret", ""}
	}
	tell := func() (*set, []any) {
		s := openURL(t, pgtest.URL(t), 1) // for its keys alone
		d := outbox.NewMail("told", "o", "secret", "t", struct{}{}, time.Unix(1, 0))
		d.About = "u"
		return enqueueOfOther, append([]any{"live", "other", int64(8)}, s.deliveryRow(d, "other")...)
	}
	for name, write := range map[string]func() (*set, []any){
		"a mail is captured":                  func() (*set, []any) { return keep("u") },
		"a mail of an account is captured":    func() (*set, []any) { return keep("a") },
		"an attempt is noted":                 func() (*set, []any) { return settle("du") },
		"an attempt of an account's is noted": func() (*set, []any) { return settle("da") },
		"another's change tells":              tell,
	} {
		t.Run(name, func(t *testing.T) { t.Parallel(); erasedMeanwhile(t, write) })
	}
}

func erasedMeanwhile(t *testing.T, write func() (*set, []any)) {
	t.Helper()
	ctx, url := context.Background(), pgtest.URL(t)
	pgtest.Exec(t, url, strings.Split(oneOfEach, ";\n")...)
	s := openURL(t, url, 4)
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	tx, err := conn.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	with, row := write()
	if tag, err := tx.Exec(ctx, with.post, with.arrays([]int64{0}, [][]any{row})...); err != nil || tag.RowsAffected() != 1 {
		t.Fatalf("got %v (%v), want one row written", tag, err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.eraseBoth(ctx) }()
	s.awaitBlocked(t, ended)
	if err := tx.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	s.expectNothing(t)
}

func (s *Store) expectNothing(t *testing.T) {
	t.Helper()
	for _, left := range []string{
		`SELECT id FROM captured_mails`, `SELECT answer FROM delivery_attempts WHERE answer <> ''`, `SELECT id FROM deliveries WHERE target <> '' OR payload_sealed IS NOT NULL OR state = 'queued'`,
	} {
		if got := s.raw(t, left); len(got) != 0 {
			t.Errorf("%s: got %q, want nothing", left, got)
		}
	}
}

// TestWhatIsLateFindsNobody has an erasure be under way when something is written about the erased: that waits for its end, and writes nothing.
func TestWhatIsLateFindsNobody(t *testing.T) {
	t.Parallel()
	for name, write := range map[string]func(s *Store) error{
		"a mail is captured": func(s *Store) error {
			return s.Keep(context.Background(), outbox.Captured{ID: "c", Org: "o", About: "u", To: "secret"})
		},
		"an attempt is settled": func(s *Store) error {
			d := outbox.Delivery{ID: "du", Org: "o", Attempt: 1}
			return s.Settle(context.Background(), d, outbox.Result{State: outbox.Failed, Outcome: outbox.Refused, Answer: "secret", At: time.Unix(5, 0)})
		},
		"another's change tells": func(s *Store) error {
			return s.ChangeVerification(context.Background(), skill.Subject{Verification: "v"}, func(state skill.State) (skill.Next, error) {
				d := outbox.NewMail("told", "o", "secret", "t", struct{}{}, time.Unix(1, 0))
				d.About = "u"
				return skill.Next{Deliveries: []outbox.Delivery{d}}, nil
			})
		},
	} {
		t.Run(name, func(t *testing.T) { t.Parallel(); writtenMeanwhile(t, write) })
	}
}

func writtenMeanwhile(t *testing.T, write func(s *Store) error) {
	t.Helper()
	ctx, url := context.Background(), pgtest.URL(t)
	pgtest.Exec(t, url, strings.Split(oneOfEach, ";\n")...)
	pgtest.Exec(t, url, `DELETE FROM deliveries WHERE id = 'da'`, `INSERT INTO verifications (org_id, mode, id, user_id, key_id, student_id, callback_url, name, method,
  endorsement_type, created_at, initiated_at, completed_at) VALUES ('o', 'live', 'v', 'other', 'k', '', '', '', '', '', 1, 0, 0)`)
	s := openURL(t, url, 4)
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	tx, err := conn.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	owner := access.Owner{Org: "o", Mode: access.Live}
	for _, st := range s.erasePerson(skill.User{ID: "u", Owner: owner, Version: 7}, skill.Erasure{ID: "u", Owner: owner}).ordered() {
		text, args := st.text, st.args
		if st.set != nil {
			text, args = st.set.post, st.set.arrays([]int64{0}, st.rows)
		}
		if _, err := tx.Exec(ctx, text, args...); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	ended := make(chan error, 1)
	go func() { ended <- write(s) }()
	s.awaitBlocked(t, ended)
	if err := tx.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	s.expectNothing(t)
}

// eraseBoth erases the person and the account.
func (s *Store) eraseBoth(ctx context.Context) error {
	err := s.ErasePerson(ctx, skill.PersonKey{ID: "u"}, func(state skill.PersonState) (*skill.Erasure, error) {
		return &skill.Erasure{ID: "u", Owner: access.Owner{Org: "o", Mode: access.Live}}, nil
	})
	if err != nil {
		return err
	}
	return s.EraseHolding(ctx, "a", func(account.HoldingState) (*account.Erasure, error) { return &account.Erasure{ID: "a", Org: "o"}, nil })
}

// awaitBlocked returns when somebody waits for a lock in this database, or fails when what should wait has ended before.
func (s *Store) awaitBlocked(t *testing.T, ended chan error) {
	t.Helper()
	poll, end := time.NewTicker(5*time.Millisecond), time.After(20*time.Second)
	defer poll.Stop()
	for len(s.raw(t, `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`)) == 0 {
		select {
		case err := <-ended:
			t.Errorf("got it ended (%v), want it to wait", err)
			ended <- err
			return
		case <-end:
			t.Fatal("got nobody waiting in 20 s, want one")
		case <-poll.C:
		}
	}
}
