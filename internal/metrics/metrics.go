// Package metrics names every metric of avow, in one file. Labels are bounded: a route's pattern, never a path.
package metrics

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics counts what one process does, in a registry of its own.
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	attempts *prometheus.CounterVec
	overdue  *prometheus.GaugeVec
	purged   *prometheus.CounterVec
	sessions *prometheus.CounterVec
	refusals *prometheus.CounterVec
	papers   *prometheus.CounterVec
	relayUp  *prometheus.GaugeVec
	relays   *prometheus.CounterVec
	disabled *prometheus.CounterVec
	upkeep
}

// New makes the metrics of one process.
func New() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "avow_http_requests_total", Help: "Answered requests."}, []string{"route", "status"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "avow_http_request_duration_seconds", Help: "Time to answer a request.", Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"route"}),
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "avow_delivery_attempts_total", Help: "Attempts to deliver, by what came of them and the state they led to."}, []string{"kind", "outcome", "state"}),
		overdue: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "avow_delivery_overdue_seconds", Help: "For how long the delivery that waits longest could have been sent. Told by processes that send.",
		}, []string{"kind"}),
		purged: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "avow_purged_rows_total", Help: "Rows that were forgotten because their time was over."}, []string{"what"}),
		sessions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "avow_session_cache_total", Help: "What came of asking the session cache: hit, miss, error, or away when it was left alone.",
		}, []string{"outcome"}),
		refusals: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "avow_limit_refusals_total", Help: "Calls refused because a budget was used up, by its policy."}, []string{"policy"}),
		papers: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "avow_assessment_papers_total", Help: "Papers that a language model was to write questions for, by what came of it; all and part: some are on the paper, else all are the bank's.",
		}, []string{"outcome"}),
		relayUp: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "avow_relay_up", Help: "1: mails are given to the relay as ever; 0: it failed last and is passed over, but for single mails. Told by each process for itself.",
		}, []string{"relay"}),
		relays:   prometheus.NewCounterVec(prometheus.CounterOpts{Name: "avow_relay_attempts_total", Help: "Dialogues with a mail relay, by what came of them."}, []string{"relay", "outcome"}),
		disabled: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "avow_endpoints_disabled_total", Help: "Endpoints that are called no more, by the reason."}, []string{"reason"}),
	}
	m.upkeep = newUpkeep(m.registry)
	m.registry.MustRegister(m.relayUp, m.relays, m.disabled)
	m.registry.MustRegister(m.requests, m.duration, m.attempts, m.overdue, m.purged, m.sessions, m.refusals, m.papers, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Request counts an answered request. Route is the pattern that matched; empty: none did.
func (m *Metrics) Request(route string, status int, took time.Duration) {
	if route == "" {
		route = "none"
	}
	m.requests.WithLabelValues(route, strconv.Itoa(status)).Inc()
	m.duration.WithLabelValues(route).Observe(took.Seconds())
}

// Attempt counts an attempt to deliver.
func (m *Metrics) Attempt(kind, outcome, state string) {
	m.attempts.WithLabelValues(kind, outcome, state).Inc()
}

// Overdue tells how long the delivery that waits longest has been due; 0: none is due.
func (m *Metrics) Overdue(kind string, age time.Duration) {
	m.overdue.WithLabelValues(kind).Set(max(age, 0).Seconds())
}

// Purged counts rows that were forgotten because their time was over.
func (m *Metrics) Purged(what string, rows int) { m.purged.WithLabelValues(what).Add(float64(rows)) }

// SessionCache counts a use of the session cache.
func (m *Metrics) SessionCache(outcome string) { m.sessions.WithLabelValues(outcome).Inc() }

// LimitRefused counts a call that a policy has refused.
func (m *Metrics) LimitRefused(policy string) { m.refusals.WithLabelValues(policy).Inc() }

// PaperWritten counts a paper that a model was to write questions for.
func (m *Metrics) PaperWritten(outcome string) { m.papers.WithLabelValues(outcome).Inc() }

// RelayUp tells whether mails are given to a relay, or it is passed over.
func (m *Metrics) RelayUp(relay string, up bool) {
	value := 0.0
	if up {
		value = 1
	}
	m.relayUp.WithLabelValues(relay).Set(value)
}

// RelayAsked counts a dialogue with a mail relay.
func (m *Metrics) RelayAsked(relay, outcome string) { m.relays.WithLabelValues(relay, outcome).Inc() }

// EndpointDisabled counts an endpoint that is called no more.
func (m *Metrics) EndpointDisabled(reason string) { m.disabled.WithLabelValues(reason).Inc() }

// Handler serves the metrics in Prometheus' format.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
