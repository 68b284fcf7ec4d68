package metrics

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// scrape returns the sample lines by their name and labels.
func scrape(t *testing.T, m *Metrics) map[string]string {
	t.Helper()
	answer := httptest.NewRecorder()
	m.Handler().ServeHTTP(answer, httptest.NewRequest("GET", "/metrics", nil))
	if answer.Code != 200 {
		t.Fatalf("got status %d, want 200", answer.Code)
	}
	samples := map[string]string{}
	for line := range strings.Lines(answer.Body.String()) {
		line = strings.TrimSpace(line)
		if i := strings.LastIndexByte(line, ' '); i > 0 && !strings.HasPrefix(line, "#") {
			samples[line[:i]] = line[i+1:]
		}
	}
	return samples
}

func expect(t *testing.T, samples, want map[string]string) {
	t.Helper()
	for name, value := range want {
		if got := samples[name]; got != value {
			t.Errorf("%s: got %q, want %q", name, got, value)
		}
	}
}

func TestRequest(t *testing.T) {
	t.Parallel()
	m := New()
	m.Request("/external/api/v1/me", 200, 30*time.Millisecond)
	m.Request("/external/api/v1/me", 200, 3*time.Second)
	m.Request("/external/api/v1/me", 401, 20*time.Second)
	m.Request("", 404, time.Millisecond)
	expect(t, scrape(t, m), map[string]string{
		`avow_http_requests_total{route="/external/api/v1/me",status="200"}`:                "2",
		`avow_http_requests_total{route="/external/api/v1/me",status="401"}`:                "1",
		`avow_http_requests_total{route="none",status="404"}`:                               "1",
		`avow_http_request_duration_seconds_bucket{route="/external/api/v1/me",le="0.025"}`: "0",
		`avow_http_request_duration_seconds_bucket{route="/external/api/v1/me",le="0.05"}`:  "1",
		`avow_http_request_duration_seconds_bucket{route="/external/api/v1/me",le="5"}`:     "2",
		`avow_http_request_duration_seconds_bucket{route="/external/api/v1/me",le="10"}`:    "2",
		`avow_http_request_duration_seconds_bucket{route="/external/api/v1/me",le="+Inf"}`:  "3",
		`avow_http_request_duration_seconds_sum{route="/external/api/v1/me"}`:               "23.03",
		`avow_http_request_duration_seconds_count{route="none"}`:                            "1",
	})
}

func TestEndpointDisabled(t *testing.T) {
	t.Parallel()
	m := New()
	m.EndpointDisabled("gone")
	m.EndpointDisabled("failing")
	m.EndpointDisabled("failing")
	expect(t, scrape(t, m), map[string]string{`avow_endpoints_disabled_total{reason="gone"}`: "1", `avow_endpoints_disabled_total{reason="failing"}`: "2"})
}

func TestAttempt(t *testing.T) {
	t.Parallel()
	m := New()
	m.Attempt("mail", "delivered", "delivered")
	m.Attempt("mail", "delivered", "delivered")
	m.Attempt("mail", "unknown", "queued")
	m.Attempt("mail", "failed", "queued")
	m.Attempt("mail", "failed", "failed")
	expect(t, scrape(t, m), map[string]string{
		`avow_delivery_attempts_total{kind="mail",outcome="delivered",state="delivered"}`: "2",
		`avow_delivery_attempts_total{kind="mail",outcome="unknown",state="queued"}`:      "1",
		`avow_delivery_attempts_total{kind="mail",outcome="failed",state="queued"}`:       "1",
		`avow_delivery_attempts_total{kind="mail",outcome="failed",state="failed"}`:       "1",
	})
}

func TestOverdue(t *testing.T) {
	t.Parallel()
	m := New()
	m.Overdue("mail", 90*time.Second)
	m.Overdue("webhook", -time.Minute) // due in a minute
	expect(t, scrape(t, m), map[string]string{
		`avow_delivery_overdue_seconds{kind="mail"}`:    "90",
		`avow_delivery_overdue_seconds{kind="webhook"}`: "0",
	})
}

func TestPurged(t *testing.T) {
	t.Parallel()
	m := New()
	m.Purged("tokens", 500)
	m.Purged("tokens", 7)
	expect(t, scrape(t, m), map[string]string{`avow_purged_rows_total{what="tokens"}`: "507"})
}

func TestSessionCache(t *testing.T) {
	t.Parallel()
	m := New()
	m.SessionCache("hit")
	m.SessionCache("hit")
	m.SessionCache("miss")
	expect(t, scrape(t, m), map[string]string{
		`avow_session_cache_total{outcome="hit"}`:  "2",
		`avow_session_cache_total{outcome="miss"}`: "1",
	})
}

func TestLimitRefused(t *testing.T) {
	t.Parallel()
	m := New()
	m.LimitRefused("mail-hour")
	m.LimitRefused("mail-hour")
	m.LimitRefused("login")
	expect(t, scrape(t, m), map[string]string{
		`avow_limit_refusals_total{policy="mail-hour"}`: "2",
		`avow_limit_refusals_total{policy="login"}`:     "1",
	})
}

func TestPaperWritten(t *testing.T) {
	t.Parallel()
	m := New()
	m.PaperWritten("all")
	m.PaperWritten("slow")
	m.PaperWritten("slow")
	expect(t, scrape(t, m), map[string]string{
		`avow_assessment_papers_total{outcome="all"}`:  "1",
		`avow_assessment_papers_total{outcome="slow"}`: "2",
	})
}

func TestProcessesAreCountedApart(t *testing.T) {
	t.Parallel()
	one, two := New(), New()
	one.Attempt("mail", "delivered", "delivered")
	if got, ok := scrape(t, two)[`avow_delivery_attempts_total{kind="mail",outcome="delivered",state="delivered"}`]; ok {
		t.Errorf("got %s in another registry, want no sample", got)
	}
}

func TestRuntimeIsMeasured(t *testing.T) {
	t.Parallel()
	samples := scrape(t, New())
	for _, name := range []string{"go_goroutines", "process_open_fds"} {
		if samples[name] == "" {
			t.Errorf("%s: got no sample, want one", name)
		}
	}
}
