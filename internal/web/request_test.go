package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"avow/internal/fault"
	"avow/internal/metrics"
)

const ownID = "7d1f3f0e-8a3c-4f5b-9a51-0f5f3f1a2b3c"

// observed is a site behind an observer whose log and metrics can be read.
type observed struct {
	http.Handler
	log     bytes.Buffer
	metrics *metrics.Metrics
}

func observe(s *Site) *observed { return observeBehind(s, nil) }

func observeBehind(s *Site, proxies Proxies) *observed {
	o := &observed{metrics: metrics.New()}
	watch := observerOf(s)
	watch.Log, watch.Metrics, watch.Proxies = slog.New(slog.NewJSONHandler(&o.log, nil)), o.metrics, proxies
	o.Handler = watch.Observe(s)
	return o
}

// observerOf logs nowhere; its clock moves by 5 ms at each look.
func observerOf(s *Site) Observer {
	now := time.Date(2024, 1, 14, 12, 0, 0, 0, time.UTC)
	return Observer{
		Log: slog.New(slog.DiscardHandler), Metrics: metrics.New(), UUID: func() string { return ownID }, Panic: s.Fail, Timeout: time.Minute,
		Now: func() time.Time { now = now.Add(5 * time.Millisecond); return now },
	}
}

// line is the one line of the log; time left out.
func (o *observed) line(t *testing.T) map[string]any {
	t.Helper()
	text := strings.TrimSuffix(o.log.String(), "\n")
	line := map[string]any{}
	if err := json.Unmarshal([]byte(text), &line); err != nil || strings.Contains(text, "\n") {
		t.Fatalf("got log %q (%v), want one line", text, err)
	}
	delete(line, "time")
	return line
}

func TestRequestID(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"caller-4711":                          "caller-4711",
		"A.b_c:9-Z":                            "A.b_c:9-Z",
		"0":                                    "0",
		strings.Repeat("x", 128):               "",
		strings.Repeat("x", 129):               ownID,
		"":                                     ownID,
		"two words":                            ownID,
		"<script>":                             ownID,
		"å":                                    ownID,
		"a\tb":                                 ownID,
		"a,b":                                  ownID,
		`a"b`:                                  ownID,
		"good\u2028":                           ownID,
		"3b241101-e2bb-4255-8caf-4136c566a962": "3b241101-e2bb-4255-8caf-4136c566a962",
	}
	for given, want := range tests {
		if want == "" {
			want = given
		}
		for _, target := range []string{"/x/a", "/x/nothing", "/x/panic", "/nowhere"} {
			o := observe(town())
			w := ask(o, "GET", target, "X-Request-Id", given)
			if got := w.Header().Get("X-Request-Id"); got != want {
				t.Errorf("%s, %q: got header %q, want %q", target, given, got, want)
			}
			line := o.line(t)
			if line["request_id"] != want || line["correlation"] != ownID {
				t.Errorf("%s, %q: got log %v, %v, want %s, %s", target, given, line["request_id"], line["correlation"], want, ownID)
			}
		}
	}
}

func TestInfoOf(t *testing.T) {
	t.Parallel()
	s := NewSite(shape("site"))
	var got Info
	s.HandleFunc("/", func(_ http.ResponseWriter, r *http.Request) { got = *InfoOf(r) })
	ask(observe(s), "GET", "/", "X-Request-Id", "caller-1")
	got.unbounded = nil // TestPatient is about it
	if want := (Info{ID: "caller-1", Correlation: ownID, network: "192.0.2.1"}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	r := httptest.NewRequest("GET", "/", nil)
	Note(r, errors.New("lost"))
	if got := *InfoOf(r); got != (Info{}) {
		t.Errorf("got %+v outside, want an empty one", got)
	}
}

// One line says how a request went: its route's pattern, never its path or query, in which tokens and ids can stand.
func TestLogLine(t *testing.T) {
	t.Parallel()
	line := func(level, method, route string, status float64, more ...string) map[string]any {
		l := map[string]any{
			"level": level, "msg": "request", "method": method, "route": route, "status": status, "took": float64(5 * time.Millisecond), "request_id": ownID, "correlation": ownID,
		}
		for i := 0; i < len(more); i += 2 {
			l[more[i]] = more[i+1]
		}
		return l
	}
	tests := map[string]struct {
		method, target string
		want           map[string]any
	}{
		"good":           {"GET", "/x/items/secret-id?token=secret-token", line("INFO", "GET", "/x/items/{id}", 200)},
		"slash":          {"GET", "/x/items/secret-id/?token=secret-token", line("INFO", "GET", "/x/items/{id}/{$}", 200)},
		"refused":        {"GET", "/x/refused?token=secret-token", line("INFO", "GET", "/x/refused", 400, "reason", "malformed_json")},
		"no route":       {"GET", "/x/secret-id", line("INFO", "GET", "/x/", 404, "reason", "route_unknown")},
		"nowhere":        {"GET", "/secret-id", line("INFO", "GET", "", 404)},
		"any word":       {"BREW", "/x/a", line("INFO", "other", "/x/a", 405, "reason", "method_not_allowed")},
		"wrong method":   {"PUT", "/x/a?token=secret-token", line("INFO", "PUT", "/x/a", 405, "reason", "method_not_allowed")},
		"internal":       {"GET", "/x/broken?token=secret-token", line("ERROR", "GET", "/x/broken", 500, "reason", "internal", "error", "secret of the store")},
		"outside":        {"GET", "/page?token=secret-token", line("INFO", "GET", "GET /page", 200)},
		"writes nothing": {"GET", "/page/none?token=secret-token", line("INFO", "GET", "GET /page/none", 200)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := town()
			s.HandleFunc("GET /page/none", func(http.ResponseWriter, *http.Request) {})
			o := observe(s)
			ask(o, tt.method, tt.target)
			if diff := cmp.Diff(tt.want, o.line(t)); diff != "" {
				t.Errorf("got +, want -:\n%s", diff)
			}
			for _, secret := range []string{"secret-id", "secret-token"} {
				if strings.Contains(o.log.String(), secret) {
					t.Errorf("got log %s, want it without %q", o.log.String(), secret)
				}
			}
		})
	}
}

func TestUncleanPathsAreNotLogged(t *testing.T) {
	t.Parallel()
	o := observe(town())
	ask(o, "GET", "/x//secret-id")
	if line := o.line(t); line["route"] != "" || line["status"] != 404.0 || strings.Contains(o.log.String(), "secret-id") {
		t.Errorf("got %v, want a 404 without the path", line)
	}
}

// The log tells the cause of internal faults only, whatever wraps them; the caller hears none of it.
func TestErrorsInLogAndAnswer(t *testing.T) {
	t.Parallel()
	cause := errors.New("cause-4711")
	tests := map[string]struct {
		err    error
		reason string
		logged bool
	}{
		"bare":               {cause, "internal", true},
		"wrapped":            {fmt.Errorf("store: %w", cause), "internal", true},
		"classified":         {fault.New(fault.Internal, "disk", "The disk is full.").Because(cause), "disk", true},
		"classified, inside": {fmt.Errorf("store: %w", fault.New(fault.Internal, "disk", "x").Because(cause)), "disk", true},
		"refusal":            {ErrJSON.Because(cause), "malformed_json", false},
		"busy":               {fault.New(fault.Unavailable, "busy", "x").Because(cause), "busy", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := NewSite(shape("site"))
			s.Mount(Family{Prefixes: []string{"/x/"}, Render: shape("x"), Routes: []Route{
				{Method: "GET", Path: "/x/a", Handle: func(http.ResponseWriter, *http.Request) error { return tt.err }},
			}})
			o := observe(s)
			w := ask(o, "GET", "/x/a")
			if got := strings.Count(o.log.String(), "cause-4711"); (got == 1) != tt.logged || got > 1 {
				t.Errorf("got the cause %d times in %s, want it once: %t", got, o.log.String(), tt.logged)
			}
			if got := o.line(t)["reason"]; got != tt.reason {
				t.Errorf("got reason %v, want %s", got, tt.reason)
			}
			if strings.Contains(w.Body.String(), "cause-4711") {
				t.Errorf("got answer %q, want it without the cause", w.Body)
			}
		})
	}
}

// An internal fault without a cause is its own text.
func TestFaultWithoutCause(t *testing.T) {
	t.Parallel()
	o := observe(NewSite(shape("site")))
	r := httptest.NewRequest("GET", "/", nil)
	Observer{Log: slog.New(slog.NewJSONHandler(&o.log, nil)), Metrics: o.metrics, Now: time.Now, UUID: func() string { return ownID }, Timeout: time.Minute}.Observe(
		http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			Note(r, fault.New(fault.Internal, "disk", "The disk is full."))
		})).ServeHTTP(httptest.NewRecorder(), r)
	if got := o.line(t)["error"]; got != "disk" {
		t.Errorf("got error %v, want disk", got)
	}
}

func TestPanics(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ target, secret, want string }{
		"family":         {"/x/panic", "secret of the program", "x says internal"},
		"another family": {"/y/panic", "secret", "y says internal"},
		"outside":        {"/page/panic", "secret of the page", "site says internal"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := observe(town())
			w := ask(o, "GET", tt.target)
			if got := w.Body.String(); w.Code != 500 || !strings.HasPrefix(got, tt.want) || strings.Contains(got, "secret") {
				t.Errorf("got %d %q, want 500 %q", w.Code, got, tt.want)
			}
			line := o.line(t)
			text, _ := line["error"].(string)
			if line["level"] != "ERROR" || line["status"] != 500.0 || !strings.Contains(text, tt.secret) || !strings.Contains(text, "site_test.go") {
				t.Errorf("got %v, want an error with %q and where it came from", line, tt.secret)
			}
		})
	}
}

// What was begun is not written into.
func TestPanicAfterTheAnswerBegan(t *testing.T) {
	t.Parallel()
	s := NewSite(shape("site"))
	s.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("half"))
		panic("secret")
	})
	o := observe(s)
	if w := ask(o, "GET", "/"); w.Code != 200 || w.Body.String() != "half" {
		t.Errorf("got %d %q, want what was written before", w.Code, w.Body)
	}
	if got := o.line(t); got["level"] != "ERROR" || got["status"] != 200.0 {
		t.Errorf("got %v, want an error with status 200", got)
	}
}

// This panic is a handler's way to break off an answer; the server knows it.
func TestAbortGoesOn(t *testing.T) {
	t.Parallel()
	s := NewSite(shape("site"))
	s.HandleFunc("/", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	defer func() {
		if got := recover(); got != http.ErrAbortHandler {
			t.Errorf("got %v, want %v", got, http.ErrAbortHandler)
		}
	}()
	ask(observe(s), "GET", "/")
}

func TestMetricsGoByPattern(t *testing.T) {
	t.Parallel()
	o := observe(town())
	for _, target := range []string{"/x/items/1", "/x/items/2", "/x/items/3", "/x/refused", "/nowhere/1", "/nowhere/2", "/x/broken"} {
		ask(o, "GET", target)
	}
	text := ask(o.metrics.Handler(), "GET", "/metrics").Body.String()
	for _, want := range []string{
		`avow_http_requests_total{route="/x/items/{id}",status="200"} 3`,
		`avow_http_requests_total{route="/x/refused",status="400"} 1`,
		`avow_http_requests_total{route="/x/broken",status="500"} 1`,
		`avow_http_requests_total{route="none",status="404"} 2`,
		`avow_http_request_duration_seconds_sum{route="/x/items/{id}"} 0.015`,
	} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("got metrics without %s, want it", want)
		}
	}
	if strings.Contains(text, "/x/items/1") || strings.Contains(text, "/nowhere") {
		t.Error("got a path among the labels, want patterns only")
	}
}

func TestRequestsHaveADeadline(t *testing.T) {
	t.Parallel()
	s := NewSite(shape("site"))
	var left time.Duration
	var ended context.Context
	s.HandleFunc("/", func(_ http.ResponseWriter, r *http.Request) {
		deadline, _ := r.Context().Deadline()
		left, ended = time.Until(deadline), r.Context()
	})
	ask(observe(s), "GET", "/")
	if left <= 0 || left > time.Minute {
		t.Errorf("got %v left, want at most a minute", left)
	}
	if ended.Err() == nil {
		t.Error("got a context that lives on after the answer, want it ended")
	}
}

// http.ResponseController reaches the server's own writer.
func TestWriterCanBeControlled(t *testing.T) {
	t.Parallel()
	s := NewSite(shape("site"))
	var err error
	s.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { err = http.NewResponseController(w).Flush() })
	if w := ask(observe(s), "GET", "/"); err != nil || !w.Flushed {
		t.Errorf("got %v, flushed %t, want it flushed", err, w.Flushed)
	}
}
