package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"runtime/debug"
	"time"

	"avow/internal/fault"
	"avow/internal/limit"
	"avow/internal/metrics"
)

// Info is what is known of a request beside its content. One line of the log is written from it.
type Info struct {
	ID          string // X-Request-Id: the caller's when sane, else Correlation
	Correlation string // a version 4 UUID of our own
	network     string
	unbounded   context.Context // of the request, before the Observer's timeout was put on it
	err         error
}

type infoKey struct{}

// InfoOf returns the request's Info; an empty one outside Observe.
func InfoOf(r *http.Request) *Info {
	if i, ok := r.Context().Value(infoKey{}).(*Info); ok {
		return i
	}
	return &Info{}
}

// Note keeps the error that a request ended with for the log line. Only the cause of internal faults is ever written.
func Note(r *http.Request, err error) { InfoOf(r).err = err }

// Observer watches over every request: id, log line, metrics, panics.
type Observer struct {
	Log     *slog.Logger
	Metrics *metrics.Metrics
	Now     func() time.Time
	UUID    func() string
	Panic   Renderer // answers after a panic, when nothing was written yet
	Timeout time.Duration
	Proxies Proxies
}

var saneID = regexp.MustCompile(`^[A-Za-z0-9._:-]{1,128}$`)

// Observe wraps the whole site.
func (o Observer) Observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started := o.Now()
		info := &Info{Correlation: o.UUID(), network: o.Proxies.network(r)}
		info.ID = info.Correlation
		if given := r.Header.Get("X-Request-Id"); saneID.MatchString(given) {
			info.ID = given
		}
		ctx, notes := limit.WithNotes(context.WithValue(r.Context(), infoKey{}, info))
		info.unbounded = ctx
		ctx, cancel := context.WithTimeout(ctx, o.Timeout)
		defer cancel()
		r = r.WithContext(ctx)
		w.Header().Set("X-Request-Id", info.ID)
		watched := &watchedWriter{ResponseWriter: w, notes: notes}
		o.guard(next, watched, r)
		o.finish(r, watched, o.Now().Sub(started))
	})
}

// guard turns a panic into an internal fault.
func (o Observer) guard(next http.Handler, w *watchedWriter, r *http.Request) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		if p == http.ErrAbortHandler {
			panic(p)
		}
		err := fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		Note(r, err)
		if w.status == 0 {
			o.Panic(w, r, err)
		}
	}()
	next.ServeHTTP(w, r)
}

func (o Observer) finish(r *http.Request, w *watchedWriter, took time.Duration) {
	status := w.status
	if status == 0 {
		status = http.StatusOK
	}
	o.Metrics.Request(r.Pattern, status, took)
	info := InfoOf(r)
	attrs := []slog.Attr{
		slog.String("method", methodOf(r)), slog.String("route", r.Pattern), slog.Int("status", status),
		slog.Duration("took", took), slog.String("request_id", info.ID), slog.String("correlation", info.Correlation),
	}
	level := slog.LevelInfo
	if info.err != nil {
		attrs = append(attrs, slog.String("reason", string(fault.From(info.err).Reason)))
	}
	if cause := internalCause(info.err); cause != nil {
		level, attrs = slog.LevelError, append(attrs, slog.String("error", cause.Error()))
	}
	o.Log.LogAttrs(r.Context(), level, "request", attrs...)
}

// methodOf is the method for the log: a caller may send any word, of any length.
func methodOf(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return r.Method
	}
	return "other"
}

// internalCause returns what the log must say of a fault that the caller is told nothing about.
func internalCause(err error) error {
	f := fault.From(err)
	if err == nil || f.Kind != fault.Internal {
		return nil
	}
	if cause := errors.Unwrap(f); cause != nil {
		return cause
	}
	return err
}

// watchedWriter remembers the status, and tells in the head of an answer how the budgets stand.
type watchedWriter struct {
	http.ResponseWriter
	notes  *limit.Notes
	status int
}

// WriteHeader notes the status.
func (w *watchedWriter) WriteHeader(status int) {
	w.begin(status)
	w.ResponseWriter.WriteHeader(status)
}

// Write notes an implicit 200.
func (w *watchedWriter) Write(b []byte) (int, error) {
	w.begin(http.StatusOK)
	return w.ResponseWriter.Write(b)
}

func (w *watchedWriter) begin(status int) {
	if w.status == 0 {
		w.status = status
		tellLimits(w.Header(), w.notes.Standings())
	}
}

// Unwrap serves http.ResponseController.
func (w *watchedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
