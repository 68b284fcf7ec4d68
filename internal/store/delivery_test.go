package store

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"avow/internal/access"
	"avow/internal/account"
	"avow/internal/outbox"
	"avow/internal/skill"
)

// deliveryTexts are the plain statements of the queue and the ledger that must be quick however many deliveries there are, with the kinds of their parameters.
func (s *Store) deliveryTexts() map[string]string {
	nextMail, _ := nextDue(outbox.Mail)
	nextWebhook, _ := nextDue(outbox.Webhook)
	texts := map[string]string{
		"note lost attempts": noteLost, "claim mails": s.claimOldest(), "claim webhooks": s.claimHeads(), "next mail": nextMail, "next webhook": nextWebhook,
		"look up": recordByID, "look up by key": recordByID + andOwned, "attempts by key": attemptsOf + andOwned + inTheirTurn, "list by key": holdersList, "retry": retryDelivery,
		"notes": notesOf + byTime, "mail by key": recordByID + andOwnedMail, "stamp": stampOf, "account of a mail": accountOfMail, "verification of a mail": verificationOfMail + andOwnedMail,
		"page by key": holdersPage, "page": operatorsPage, "replay": replayDelivery, "bring forward": s.bringForward(), "caught up": hasCaughtUp,
		"begins to fail": beginsToFail, "has recovered": hasRecovered, "is gone": isGone, "has failed": hasFailedFor, "notice": insertNotice, "enable": enableTarget,
		"endpoint": ofOperator, "endpoint by key": ofHolder, "purge endpoints": s.purgeEndpoints(),
		"purge deliveries": s.purgings["deliveries"].text(s),
		"purge tokens":     s.purgings["tokens"].text(s),
		"purge sessions":   s.purgings["sessions"].text(s),
		"purge mails":      s.purgings["captured_mails"].text(s),
		"purge mails but":  s.purgeMailsBut(),
		"count failed":     countFailed,
		"count mails":      countLoose, "count webhooks": countLanes, "count leases": countLeased, "take a turn": takeTurn,
		"oldest delivery": s.purgings["deliveries"].oldest(), "oldest token": s.purgings["tokens"].oldest(),
		"oldest session": s.purgings["sessions"].oldest(), "oldest mail": s.purgings["captured_mails"].oldest(),
	}
	for part, text := range operatorsLists {
		texts["list "+part] = text
	}
	return texts
}

// TestNoDeliveryStatementReadsAWholeTable looks at the plans that each engine makes for tables that it knows nothing of, and keeps.
func TestNoDeliveryStatementReadsAWholeTable(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *Store) {
		for name, text := range s.deliveryTexts() {
			for _, step := range s.plan(t, text) {
				if step != "SCAN d" && readsAll(step) || step == "SCAN d" && !strings.HasPrefix(text, oneByID) {
					t.Errorf("%s: got %q, want an index\n%s", name, step, text)
				}
			}
		}
	})
}

// readsAll tells the scan of a table or of a whole index from that of a part of an index, and of what was found before.
func readsAll(step string) bool {
	if strings.Contains(step, "Seq Scan") {
		return true
	}
	scanned, ok := strings.CutPrefix(step, "SCAN ")
	if !ok || regexp.MustCompile(`^(l|h|w|lanes|CONSTANT ROW|\(subquery-\d+\))$`).MatchString(scanned) {
		return false
	}
	return !regexp.MustCompile(`USING (COVERING )?INDEX (deliveries_due|deliveries_lanes|deliveries_leases|deliveries_finished|captured_mails_age)$`).MatchString(scanned)
}

// plan returns the steps by which the engine carries a statement out.
func (s *Store) plan(t *testing.T, text string) (steps []string) {
	t.Helper()
	ctx := context.Background()
	b := &batch{}
	switch e := s.engine.(type) {
	case *sqliteEngine:
		args := make([]any, parameters(text))
		b.query("EXPLAIN QUERY PLAN "+text, func(scan scanner) error {
			var id, parent, unused int
			var step string
			err := scan(&id, &parent, &unused, &step)
			steps = append(steps, step)
			return err
		}, args...)
		if err := s.view(ctx, b); err != nil {
			t.Fatal(err)
		}
	case *postgresEngine:
		c, err := e.pool.Acquire(ctx)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Release()
		nulls := ""
		if n := parameters(text); n > 0 {
			nulls = "(NULL" + strings.Repeat(", NULL", n-1) + ")"
		}
		results, err := c.Conn().PgConn().Exec(ctx, "PREPARE planned AS "+text+"; EXPLAIN (COSTS OFF) EXECUTE planned"+nulls+"; DEALLOCATE planned").ReadAll()
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		for _, row := range results[1].Rows {
			steps = append(steps, string(row[0]))
		}
	}
	return steps
}

// parameters is how many a statement has.
func parameters(text string) (n int) {
	for _, m := range regexp.MustCompile(`\$(\d+)`).FindAllString(text, -1) {
		var i int
		_, _ = fmt.Sscanf(m, "$%d", &i)
		n = max(n, i)
	}
	return n
}

// withMails puts mails into the queue of a new account.
func (s *Store) withMails(t *testing.T, n int) {
	t.Helper()
	ctx := context.Background()
	b := &batch{}
	b.exec(`INSERT INTO organisations (id, name, settings, demo, created_at) VALUES ('org_1', 'one', '{}', FALSE, 0)`)
	a := account.Account{ID: "a", Org: "org_1", Email: "a@example.com", Status: account.Created}
	for _, err := range []error{
		s.save(ctx, b),
		s.Change(ctx, account.KeyOfNew(a.Org, a.Email, nil), func(account.State) (account.Next, error) { return account.Next{Account: &a}, nil }),
		s.Change(ctx, account.KeyOfID("a"), func(state account.State) (account.Next, error) {
			next := account.Next{Account: state.Account}
			for i := range n {
				next.Mails = append(next.Mails, outbox.NewMail(fmt.Sprint("m", i), "org_1", "a@example.com", "t", map[string]string{}, fixedNow()))
			}
			return next, nil
		}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestClaimInAFailingGroup has a claim share its transaction with a change that fails: what the first, rolled back try has found must not be sent twice.
func TestClaimInAFailingGroup(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *Store) {
		s.withMails(t, 3)
		failing := s.named("one") // a name that is in use
		e := &coupled{engine: s.engine, with: failing}
		alone := &Store{engine: e, keys: s.keys, wake: func() {}}
		claimed, err := alone.Claim(context.Background(), outbox.Claim{Kind: outbox.Mail, Now: fixedNow(), Until: fixedNow().Add(time.Minute), Limit: 10})
		if err != nil || len(claimed) != 3 {
			t.Errorf("got %d claimed (%v), want 3", len(claimed), err)
		}
		if err := <-failing.done; !errors.Is(err, errTaken) {
			t.Errorf("got %v for the change beside it, want %v", err, errTaken)
		}
	})
}

// coupled has the first change share its group with another one.
type coupled struct {
	engine
	with *unit
}

func (e *coupled) change(ctx context.Context, u *unit) error {
	if e.with == nil {
		return e.engine.change(ctx, u)
	}
	units := []*unit{u, e.with}
	e.with = nil
	(&Store{engine: e.engine}).runGroup(units)
	return <-u.done
}

// TestErasureReadsNoWholeTable looks at the plans of what an erasure writes behind its guard.
func TestErasureReadsNoWholeTable(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *Store) {
		person := s.erasePerson(skill.User{ID: "u", Owner: access.Owner{Org: "o", Mode: access.Live}}, skill.Erasure{})
		holder := s.eraseAccount(account.Account{ID: "a", Org: "o"}, account.Erasure{})
		for _, st := range append(person.statements, holder.statements...) {
			if st.set != nil {
				continue
			}
			for _, step := range s.plan(t, st.text) {
				if scansTable(strings.TrimSpace(step)) || strings.Contains(step, "Seq Scan") {
					t.Errorf("%s\ngot %q, want a search by an index", st.text, step)
				}
			}
		}
	})
}
