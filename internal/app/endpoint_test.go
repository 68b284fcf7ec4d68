package app_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"avow/internal/access"
	"avow/internal/account"
	"avow/internal/outbox"
)

// moody is a receiver that answers what it is told to, and keeps what came.
type moody struct {
	receiver
	url    string
	mu     sync.Mutex
	status int
}

// ServeHTTP implements http.Handler.
func (m *moody) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.receiver.ServeHTTP(w, r)
	m.mu.Lock()
	defer m.mu.Unlock()
	w.WriteHeader(m.status)
}

func (m *moody) answer(status int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.status = status
}

func (b *bench) moody(status int) *moody {
	b.Helper()
	m := &moody{status: status}
	server := httptest.NewServer(m)
	b.Cleanup(server.Close)
	m.url = server.URL + "/in"
	return m
}

// calledBack enqueues a webhook of the key k, in test mode.
func (b *bench) calledBack(id, url string) {
	b.Helper()
	hook := outbox.Hook{URL: url, Event: "evt_" + id, Signer: outbox.Signer{Key: b.vars["k.id"]}, Body: []byte(`{"event":"verification.completed"}`)}
	d := outbox.NewWebhook("dlv_"+id, b.vars["acme.id"], true, hook, b.clock.Now())
	b.must(b.app.Store.Change(context.Background(), account.KeyOfID(b.vars["anna.id"]), func(s account.State) (account.Next, error) {
		return account.Next{Account: s.Account, Mails: []account.Mail{d}}, nil
	}))
}

const endpointSetup = "org acme\nset acme contact_email ops@acme.example\nkey k org=acme mode=test\naccount anna org=acme email=anna@example.com\n"

// attemptsOver lets a time pass, step by step, and returns how many attempts were made in it.
func (b *bench) attemptsOver(whole, step time.Duration) (made int) {
	b.Helper()
	for passed := time.Duration(0); passed < whole; passed += step {
		b.clock.advance(step)
		n, err := b.worker().Once(context.Background())
		b.must(err)
		made += n
	}
	return made
}

// TestSecretsRotateInFlight has deliveries that were queued, and failed, before a rotation sent after it: they verify by the old and by the new secret, until the overlap is
// over.
func TestSecretsRotateInFlight(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, database string) {
		b := newBench(t, familyClocks["own"], database)
		b.setup(endpointSetup)
		ctx, m := context.Background(), b.moody(500)
		made, err := b.app.Admin.CreateEndpoint(ctx, b.app.Store, b.app.EndpointPolicy(), access.Endpoint{Org: "acme", URL: m.url})
		b.must(err)
		b.calledBack("1", m.url)
		b.must(b.app.Accounts.Disable(ctx, b.vars["anna.id"]))
		b.delivered()
		b.setup("rotate key k overlap=24h\n")
		rotated, err := b.app.Admin.RotateEndpoint(ctx, b.app.Store, made.ID, 24*time.Hour)
		b.must(err)
		m.take("")
		b.attemptsOver(time.Minute, time.Second)
		newKey, oldKey := access.Key{Secret: b.vars["k.secret"]}.WebhookSecret(), access.Key{Secret: b.vars["k.previous.secret"]}.WebhookSecret()
		b.wantSigned(m, "verification.completed", newKey, oldKey)
		b.wantSigned(m, "account_changed", rotated.WebhookSecret(), made.WebhookSecret())
		b.attemptsOver(23*time.Hour, 10*time.Minute)
		m.take("")
		b.attemptsOver(24*time.Hour, 10*time.Minute)
		m.take("")
		b.attemptsOver(30*time.Hour, 10*time.Minute) // longer than any wait between two
		b.wantSigned(m, "verification.completed", newKey)
		b.wantSigned(m, "account_changed", rotated.WebhookSecret())
		b.private = append(b.private, made.Secret, rotated.Secret, b.vars["k.secret"], b.vars["k.previous.secret"])
		b.checkLog()
	})
}

// wantSigned checks that every call since the last look is signed by these secrets, and by no other; there has to be one.
func (b *bench) wantSigned(m *moody, event string, secrets ...string) {
	b.Helper()
	calls := m.take(event)
	if len(calls) == 0 {
		b.Fatalf("got no call of %s, want some", event)
	}
	for _, c := range calls {
		if got := len(strings.Fields(c.header.Get("webhook-signature"))); got != len(secrets) {
			b.Errorf("%s: got %d signatures, want %d", event, got, len(secrets))
		}
		for i, secret := range secrets {
			library, err := standardwebhooks.NewWebhook(secret)
			b.must(err)
			if err := library.VerifyIgnoringTimestamp(c.body, c.header); err != nil {
				b.Errorf("%s: got %v for secret %d, want it verified", event, err, i)
			}
		}
	}
}

// TestContractRetries counts the attempts of each schedule: 1 and 3 more for an organisation that has set it, 13 for others.
func TestContractRetries(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, database string) {
		b := newBench(t, familyClocks["own"], database)
		b.setup(endpointSetup + "org other\nset acme webhook_retries contract\naccount olga org=other email=olga@example.com\n")
		ctx, mine, others := context.Background(), b.moody(500), b.moody(500)
		for org, m := range map[string]*moody{"acme": mine, "other": others} {
			_, err := b.app.Admin.CreateEndpoint(ctx, b.app.Store, b.app.EndpointPolicy(), access.Endpoint{Org: org, URL: m.url})
			b.must(err)
		}
		b.must(b.app.Accounts.Disable(ctx, b.vars["anna.id"]))
		b.must(b.app.Accounts.Disable(ctx, b.vars["olga.id"]))
		b.delivered()
		b.attemptsOver(time.Minute, time.Second)
		if a, o := len(mine.take("")), len(others.take("")); a != 4 || o != 4 {
			t.Errorf("got %d and %d attempts in a minute, want 4 of both", a, o)
		}
		b.attemptsOver(100*time.Hour, 30*time.Minute)
		if a, o := len(mine.take("")), len(others.take("")); a != 0 || o != 9 {
			t.Errorf("got %d and %d attempts later, want none and the other 9", a, o)
		}
	})
}

// TestEndpointFailsForDays has an endpoint take nothing for five days, while there is something for it every day: it is disabled, its organisation told once, and what comes
// for it kept; enabled again, it gets what waits, and what it has missed by a replay.
func TestEndpointFailsForDays(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, database string) {
		b := newBench(t, familyClocks["own"], database)
		b.setup(endpointSetup)
		ctx, m := context.Background(), b.moody(503)
		made, err := b.app.Admin.CreateEndpoint(ctx, b.app.Store, b.app.EndpointPolicy(), access.Endpoint{Org: "acme", URL: m.url})
		b.must(err)
		begin, told := b.clock.Now(), 0
		for told == 0 && b.clock.Now().Sub(begin) < 10*24*time.Hour {
			b.must(b.app.Accounts.Disable(ctx, b.vars["anna.id"]))
			b.attemptsOver(24*time.Hour, time.Hour)
			told = len(b.mailsTo("ops@acme.example"))
		}
		all, err := b.app.Store.Watched(ctx, b.vars["acme.id"])
		b.must(err)
		if len(all) != 1 || all[0].Reason != outbox.OffFailing || all[0].Off.Sub(all[0].Since) < 5*24*time.Hour || all[0].Off.Sub(begin) > 7*24*time.Hour {
			t.Fatalf("got %+v after %v, want it off after five days", all, b.clock.Now().Sub(begin))
		}
		m.take("")
		b.must(b.app.Accounts.Disable(ctx, b.vars["anna.id"]))
		b.attemptsOver(2*24*time.Hour, time.Hour)
		if calls, mails := len(m.take("")), len(b.mailsTo("ops@acme.example")); calls != 0 || mails != 1 {
			t.Errorf("got %d calls and %d mails, want none and one", calls, mails)
		}
		m.answer(200)
		b.must(b.app.Deliveries.Enable(ctx, outbox.Reader{Operator: true}, outbox.Watched{Org: b.vars["acme.id"], URL: m.url}))
		b.replayAll()
		came := map[string]bool{}
		for _, c := range m.take("") {
			came[c.header.Get("webhook-id")] = true
		}
		v, err := b.app.Store.Deliveries(ctx, outbox.Reader{Operator: true}, outbox.Filter{Kind: outbox.Webhook, Limit: 100})
		b.must(err)
		if len(came) != len(v.Records) || len(came) < 6 {
			t.Errorf("got %d webhooks of %d, want all of them", len(came), len(v.Records))
		}
		if left, err := b.app.Store.Watched(ctx, ""); err != nil || len(left) != 0 {
			t.Errorf("got %+v, %v, want nothing noted of an endpoint that is well", left, err)
		}
		if n := strings.Count(b.log.String(), "endpoint disabled\" "); n != 1 {
			t.Errorf("got %d log lines of it, want one", n)
		}
		b.private = append(b.private, made.Secret, m.url)
		b.checkLog()
	})
}

// replayAll replays what acme has missed, and sends all there is.
func (b *bench) replayAll() {
	b.Helper()
	what := outbox.Selection{Org: b.vars["acme.id"], Since: b.clock.Now().Add(-30 * 24 * time.Hour), FailedOnly: true}
	for p := (outbox.Progress{}); !p.Done; {
		var err error
		p, err = b.app.Deliveries.Replay(context.Background(), outbox.Reader{Operator: true}, what, p)
		b.must(err)
	}
	b.attemptsOver(time.Minute, time.Second)
}

// TestReplayLeavesRoomForWhatIsNew has a receiver get a replay of many: a new webhook waits for a few of them, not for all.
func TestReplayLeavesRoomForWhatIsNew(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, database string) {
		const many = 60
		b := newBench(t, familyClocks["own"], database)
		b.setup(endpointSetup)
		m := b.moody(200)
		for i := range many {
			b.calledBack(fmt.Sprintf("%02d", i), m.url)
			b.delivered()
			b.clock.advance(time.Millisecond)
		}
		m.take("")
		b.clock.advance(time.Hour)
		what := outbox.Selection{Org: b.vars["acme.id"], Test: true, Since: b.clock.Now().Add(-2 * time.Hour)}
		if p, err := b.app.Deliveries.Replay(context.Background(), outbox.Reader{Operator: true}, what, outbox.Progress{}); err != nil || p.Replayed != many {
			t.Fatalf("got %+v, %v, want %d replayed", p, err, many)
		}
		b.once(3)
		b.calledBack("new", m.url)
		b.once(20)
		calls, before := m.take(""), -1
		for i, c := range calls {
			if c.header.Get("webhook-id") == "evt_new" {
				before = i
			}
		}
		if before < 0 || before > 12 {
			t.Errorf("got it behind %d of %d, want it behind a few", before, len(calls))
		}
		b.delivered()
		var order []string
		for _, c := range append(calls, m.take("")...) {
			if id := c.header.Get("webhook-id"); id != "evt_new" {
				order = append(order, id)
			}
		}
		if len(order) != many || !slices.IsSorted(order) {
			t.Errorf("got %v without waiting, want all %d, in the order in which they were made: as fast as the receiver takes them", order, many)
		}
	})
}

func (b *bench) once(times int) {
	b.Helper()
	for range times {
		_, err := b.worker().Once(context.Background())
		b.must(err)
	}
}
