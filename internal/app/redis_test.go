//go:build integration

package app_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"avow/internal/pgtest"
	"avow/internal/redistest"
)

// counted returns the value of a metric, as text; empty: it was never counted.
func (b *bench) counted(name string) string {
	b.Helper()
	answer := httptest.NewRecorder()
	b.app.Metrics.Handler().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for line := range strings.Lines(answer.Body.String()) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// TestNobodySeesRedis compares what a client sees of sessions while all that can happen to a Redis happens to it.
func TestNobodySeesRedis(t *testing.T) {
	t.Parallel()
	database, redis := pgtest.URL(t), redistest.Start(t)
	caches.Store(database, redis.URL)
	b := newBench(t, familyClocks["skills"], database)
	b.setup("org acme\nkey k org=acme mode=live\n")
	o := b.openTicket()
	want := b.shown(o)
	if hits, misses := b.counted(`avow_session_cache_total{outcome="hit"}`), b.counted(`avow_session_cache_total{outcome="miss"}`); hits != "1" || misses != "" {
		t.Errorf("got %s hits and %q misses, want 1 and none", hits, misses)
	}
	const bound = 2 * time.Second // three calls on a busy machine; the pause of each is bounded in redisstore's own tests
	for _, trouble := range []struct {
		name    string
		happen  func()
		answers bool
	}{
		{"flushed", redis.Flush, true},
		{"killed", redis.Kill, false},
		{"restarted", redis.Restart, true},
		{"hung", redis.Hang, false},
		{"resumed", redis.Resume, true},
	} {
		trouble.happen()
		begin := time.Now()
		if got := b.shown(o); got != want {
			t.Errorf("%s: got %s, want %s", trouble.name, got, want)
		}
		fresh := b.openTicket()
		if took := time.Since(begin); took > bound {
			t.Errorf("%s: got answers after %v, want them within %v", trouble.name, took, bound)
		}
		b.awaitRedis(trouble.answers)
		if _, status := b.readiness(); status != http.StatusOK {
			t.Errorf("%s: got readiness %d, want 200", trouble.name, status)
		}
		for _, again := range []ticket{o, fresh} {
			if got := b.shown(again); !strings.Contains(got, "Shop") {
				t.Errorf("%s: got %s, want the projects", trouble.name, got)
			}
		}
		if got := b.shown(o); got != want {
			t.Errorf("%s, afterwards: got %s, want %s", trouble.name, got, want)
		}
	}
	b.clock.advance(b.config.SessionTTL)
	b.send(b.post("/api/v1/step3/store-verification-items/store", `{"sessionToken":"`+o.SessionToken+`","projectIds":["p1"]}`, "x-api-key", b.vars["k.api"]))
	if b.answer.StatusCode != http.StatusNotFound {
		t.Errorf("got %d for an expired session that Redis still has, want 404", b.answer.StatusCode)
	}
}
