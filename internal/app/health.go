package app

import (
	"context"
	"net/http"
	"net/http/pprof"
	"sync"
	"time"

	"avow/internal/web"
)

// health knows whether each dependency answers, and since when it does or does not.
type health struct {
	now    func() time.Time
	checks map[string]check

	mu   sync.Mutex
	last map[string]dependency
}

// check asks one dependency. One that is not required does not make the server unready.
type check struct {
	ask      func(context.Context) error
	required bool
}

// dependency is the state of one dependency as /readyz tells it.
type dependency struct {
	Ready    bool      `json:"ready"`
	Since    time.Time `json:"since"`
	Required bool      `json:"required"`
}

func newHealth(now func() time.Time, checks map[string]check) *health {
	return &health{now: now, checks: checks, last: map[string]dependency{}}
}

// check asks every dependency, for at most two seconds each.
func (h *health) check(ctx context.Context) (all map[string]dependency, ready bool) {
	all, ready = map[string]dependency{}, true
	for name, c := range h.checks {
		limited, cancel := context.WithTimeout(ctx, 2*time.Second)
		answers := c.ask(limited) == nil
		cancel()
		all[name] = h.note(name, answers, c.required)
		ready = ready && (answers || !c.required)
	}
	return all, ready
}

func (h *health) note(name string, answers, required bool) dependency {
	h.mu.Lock()
	defer h.mu.Unlock()
	d, known := h.last[name]
	if !known || d.Ready != answers {
		d = dependency{Ready: answers, Since: h.now(), Required: required}
		h.last[name] = d
	}
	return d
}

type readiness struct {
	Ready        bool                  `json:"ready"`
	Dependencies map[string]dependency `json:"dependencies,omitempty"`
}

// brief is /readyz for strangers: without detail.
func (h *health) brief(w http.ResponseWriter, r *http.Request) {
	_, ready := h.check(r.Context())
	answer(w, r, ready, readiness{Ready: ready})
}

// full is /readyz for operators.
func (h *health) full(w http.ResponseWriter, r *http.Request) {
	all, ready := h.check(r.Context())
	answer(w, r, ready, readiness{Ready: ready, Dependencies: all})
}

func answer(w http.ResponseWriter, r *http.Request, ready bool, body any) {
	status := http.StatusOK
	if !ready {
		status = http.StatusServiceUnavailable
	}
	if err := web.WriteJSON(w, status, body); err != nil {
		web.Note(r, err)
	}
}

// alive is /healthz: whoever answers is alive.
func alive(w http.ResponseWriter, r *http.Request) {
	answer(w, r, true, map[string]bool{"alive": true})
}

// AdminHandler serves metrics, health and profiling; it is never public.
func (a *App) AdminHandler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", a.Metrics.Handler())
	mux.HandleFunc("GET /healthz", alive)
	mux.HandleFunc("GET /readyz", a.health.full)
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return mux
}
