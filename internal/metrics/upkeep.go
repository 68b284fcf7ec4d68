package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// upkeep is how the database does.
type upkeep struct {
	registry *prometheus.Registry
	waiting  *prometheus.GaugeVec
	lag      *prometheus.GaugeVec
	groups   prometheus.Histogram
	took     prometheus.Histogram
}

func newUpkeep(r *prometheus.Registry) upkeep {
	u := upkeep{
		registry: r,
		waiting: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "avow_deliveries", Help: "Deliveries that are not finished, by kind and state: queued or sending. Counted to 10000. Told by processes that send.",
		}, []string{"kind", "state"}),
		lag: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "avow_purge_lag_seconds", Help: "For how long the oldest row whose time is over should have been forgotten. Told by processes that send.",
		}, []string{"what"}),
		groups: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "avow_group_changes", Help: "Changes that shared one transaction.", Buckets: []float64{1, 2, 4, 8, 16, 32, 64},
		}),
		took: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "avow_group_duration_seconds", Help: "Time to load, decide and commit one group of changes.", Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 5, 20},
		}),
	}
	r.MustRegister(u.waiting, u.lag, u.groups, u.took)
	return u
}

// Deliveries tells how many deliveries wait, and how many are being sent.
func (u upkeep) Deliveries(kind string, queued, sending int) {
	u.waiting.WithLabelValues(kind, "queued").Set(float64(queued))
	u.waiting.WithLabelValues(kind, "sending").Set(float64(sending))
}

// PurgeLag tells for how long the oldest row that should be gone has been there; 0: there is none.
func (u upkeep) PurgeLag(what string, lag time.Duration) {
	u.lag.WithLabelValues(what).Set(max(lag, 0).Seconds())
}

// Grouped counts a group of changes that shared a transaction.
func (u upkeep) Grouped(changes int, took time.Duration) {
	u.groups.Observe(float64(changes))
	u.took.Observe(took.Seconds())
}

// Pool is how much of the database is in use.
type Pool struct {
	Used, Idle, Most int
	Waits            int64
	Waited           time.Duration
	Changes          int
}

// Watch asks for the state of the database's pool whenever the metrics are read. It is called once.
func (u upkeep) Watch(pool func() Pool) {
	gauge := func(name, help string, labels prometheus.Labels, value func(Pool) float64) {
		u.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help, ConstLabels: labels}, func() float64 { return value(pool()) }))
	}
	counter := func(name, help string, value func(Pool) float64) {
		u.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, func() float64 { return value(pool()) }))
	}
	const connections = "Connections to the database, by state: used or idle."
	gauge("avow_database_connections", connections, prometheus.Labels{"state": "used"}, func(p Pool) float64 { return float64(p.Used) })
	gauge("avow_database_connections", connections, prometheus.Labels{"state": "idle"}, func(p Pool) float64 { return float64(p.Idle) })
	gauge("avow_database_connections_max", "Connections to the database that there may be.", nil, func(p Pool) float64 { return float64(p.Most) })
	gauge("avow_changes_waiting", "Changes that wait for a transaction; at 1024 further ones are refused.", nil, func(p Pool) float64 { return float64(p.Changes) })
	counter("avow_database_waits_total", "How often somebody had to wait for a connection to the database.", func(p Pool) float64 { return float64(p.Waits) })
	counter("avow_database_wait_seconds_total", "Time that was spent waiting for a connection to the database.", func(p Pool) float64 { return p.Waited.Seconds() })
}
