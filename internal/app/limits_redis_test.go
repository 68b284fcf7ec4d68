//go:build integration

package app_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"avow/internal/app"
	"avow/internal/limit"
	"avow/internal/pgtest"
	"avow/internal/redistest"
)

// replicas are two processes that answer and one that delivers, on one PostgreSQL and one Redis.
func replicas(t *testing.T) (*bench, *redistest.Server) {
	t.Helper()
	database, redis := pgtest.URL(t), redistest.Start(t)
	replicated.Store(database, true)
	caches.Store(database, redis.URL)
	return newBench(t, familyClocks["accounts"], database), redis
}

// TestMailBombing asks very often for mails to one address, for accounts of several organisations and through both replicas, while mails are delivered: no more are made than
// the budget holds, and no more arrive.
func TestMailBombing(t *testing.T) {
	t.Parallel()
	b, _ := replicas(t)
	var tokens []string
	for _, org := range []string{"acme", "globex", "initech", "umbrella"} {
		b.setup(fmt.Sprintf("org %s\nclient web-%[1]s org=%[1]s scopes=\"/external/me/r /external/me/w\"\naccount anna-%[1]s org=%[1]s email=anna@example.com\ntoken %[1]s.token client=web-%[1]s account=anna-%[1]s\n", org))
		tokens = append(tokens, b.vars[org+".token"])
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: callers}}
	t.Cleanup(client.CloseIdleConnections)
	var left, made, refused atomic.Int64
	left.Store(int64(manyBombs))
	var group sync.WaitGroup
	for range callers {
		group.Go(func() {
			for n := left.Add(-1); n >= 0; n = left.Add(-1) {
				r := b.post("/external/api/v1/me/create_verification_request", "{}", "Authorization", "Bearer "+tokens[n%int64(len(tokens))])
				answer, err := client.Do(r)
				if err != nil {
					b.Errorf("call %d: %v", n, err)
					return
				}
				_, _ = io.Copy(io.Discard, answer.Body)
				_ = answer.Body.Close()
				switch answer.StatusCode {
				case http.StatusCreated:
					made.Add(1)
				case http.StatusTooManyRequests:
					refused.Add(1)
				default:
					b.Errorf("call %d: got %d, want 201 or 429", n, answer.StatusCode)
				}
				if n%100 == 0 {
					_, _ = b.worker().Once(context.Background())
				}
			}
		})
	}
	group.Wait()
	budget := limit.MailHour.Quota
	if int(made.Load()) != budget || int(made.Load()+refused.Load()) != manyBombs {
		t.Errorf("got %d made and %d refused of %d, want %d made", made.Load(), refused.Load(), manyBombs, budget)
	}
	if got := len(b.mailsTo("anna@example.com")); got > budget || got == 0 {
		t.Errorf("got %d mails, want 1 to %d", got, budget)
	}
	if got, want := b.counted(`avow_limit_refusals_total{policy="mail-hour"}`), "0"; got == "" || got == want {
		t.Errorf("got %q refusals counted, want some", got)
	}
}

// TestRedisKilledUnderLimits takes the Redis away from replicas and brings it back: meanwhile nothing sends mail, and the rest goes on.
func TestRedisKilledUnderLimits(t *testing.T) {
	t.Parallel()
	b, redis := replicas(t)
	b.setup(strings.Replace(accountSetup, "email=anna@example.com", "email=anna@example.com password=secret1", 1) + "key k org=acme mode=live\n")
	create := func() (status int, retry string) {
		b.send(b.post("/external/api/v1/me/create_verification_request", "{}", "Authorization", "Bearer "+b.vars["t"]))
		return b.answer.StatusCode, b.answer.Header.Get("Retry-After")
	}
	if status, _ := create(); status != http.StatusCreated {
		t.Fatalf("got %d, want 201", status)
	}
	for name, take := range map[string]struct{ away, back func() }{"killed": {redis.Kill, redis.Restart}, "hung": {redis.Hang, redis.Resume}} {
		take.away()
		for range 4 { // both replicas, before and after they know
			if status, retry := create(); status != http.StatusServiceUnavailable || retry != "2" || !strings.Contains(string(b.body), `"service_unavailable"`) {
				t.Errorf("%s: got %d %s, Retry-After %q, want 503 service_unavailable and 2", name, status, b.body, retry)
			}
			b.othersGoOn(name)
		}
		take.back()
		b.awaitRedis(true)
		if status, _ := create(); status != http.StatusCreated {
			t.Errorf("%s and back: got %d %s, want 201", name, status, b.body)
		}
	}
}

// othersGoOn makes calls that send no mail.
func (b *bench) othersGoOn(when string) {
	b.Helper()
	r, err := http.NewRequest(http.MethodGet, b.base+"/external/api/v1/me/pending_verification_request", nil)
	b.must(err)
	r.Header.Set("Authorization", "Bearer "+b.vars["t"])
	token := b.post("/api/authorization/access_token", "grant_type=password&client_id="+b.vars["web.id"]+"&client_secret="+b.vars["web.secret"]+
		"&username="+b.vars["acme.id"]+"%5Eanna%40example.com&password=secret1", "Content-Type", "application/x-www-form-urlencoded")
	skills := b.post("/api/v1/verify", `{"studentId":"s","callbackWebhookUrl":"https://hooks.example.com/in","name":"Alex","email":"alex@example.com",
		"projects":[{"projectId":"p1","name":"Shop"}],"experience":[],"certificates":[]}`, "x-api-key", b.vars["k.api"])
	for name, call := range map[string]struct {
		*http.Request
		want int
	}{"read": {r, http.StatusOK}, "token": {token, http.StatusOK}, "init": {skills, http.StatusCreated}} {
		if b.send(call.Request); b.answer.StatusCode != call.want {
			b.Errorf("%s, %s: got %d %s, want %d", when, name, b.answer.StatusCode, b.body, call.want)
		}
	}
}

// TestServeWarnsOfLimitsPerProcess starts servers as operators do: PostgreSQL without Redis is warned of, once, and nothing else is.
func TestServeWarnsOfLimitsPerProcess(t *testing.T) {
	t.Parallel()
	const warning = "limits are counted by each process for itself"
	for name, tt := range map[string]struct {
		database, redis string
		off, worker     bool
		want            int
	}{
		"PostgreSQL alone":             {database: pgtest.URL(t), want: 1},
		"PostgreSQL with Redis":        {database: pgtest.URL(t), redis: redistest.Start(t).URL},
		"PostgreSQL with a Redis away": {database: pgtest.URL(t), redis: "redis://" + nowhere},
		"PostgreSQL, limits off":       {database: pgtest.URL(t), off: true},
		"a worker, which sends alone":  {database: pgtest.URL(t), worker: true},
		"the embedded database":        {database: engines["sqlite"](t)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if tt.redis != "" {
				caches.Store(tt.database, tt.redis)
			}
			b := newBench(t, familyClocks["accounts"], tt.database)
			b.config.Limits = !tt.off
			b.setup("org acme\n")
			if got := strings.Count(b.serveOnce(!tt.worker), warning); got != tt.want {
				t.Errorf("got the warning %d times, want %d", got, tt.want)
			}
		})
	}
}

// serveOnce starts and stops a server of the same settings and returns its log.
func (b *bench) serveOnce(requests bool) string {
	b.Helper()
	var log bytes.Buffer
	a, err := app.New(context.Background(), app.Options{
		Config: b.config, PublicURL: b.base, Log: slog.New(slog.NewTextHandler(&log, nil)), Now: b.clock.Now, Random: zeros{}, Version: "test",
	})
	b.must(err)
	l, err := app.Listen("127.0.0.1:0", "127.0.0.1:0", false)
	b.must(err)
	ctx, stop := context.WithCancel(context.Background())
	b.must(a.Serve(ctx, l, app.Roles{Requests: requests}, stop))
	return log.String()
}

// zeros is a source of no randomness, for servers that nobody asks anything.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }
