// Command limit serves both centre calls with as little as each design needs, so that its rate is what a real server of that design could reach at best. The path
// picks the design; a server under test is compared with the design that it has.
//
//	/bare                      no work at all
//	/a/{tx,cte,group}          request row and outbox row on PostgreSQL: four round trips, one, one for all who wait
//	/b/{tx,cte,group}          items of a session on PostgreSQL; with r- in front the session is read from Redis and decoded first
//	/s/{single,group}          as /a on SQLite, one commit a request or one for all who wait
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
)

// sessionCount is how many sessions there are; users of the first call are as many.
const sessionCount = 10000

// maxGroup is how many requests one commit carries at most.
const maxGroup = 64

// fixed is every answer: 200 bytes.
var fixed = []byte(`{"id":"0b6f1f0e-7c1b-4a52-9d1e-3f6f4a5f5b11","status":"pending","kind":"email","created_at":"2026-01-01T00:00:00Z","expires_at":"2026-01-01T01:00:00Z","links":{"self":"/v1/me/requests/0b6f1f0e"},"x":1}`)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := serve(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "limit:", err)
		stop()
		os.Exit(1)
	}
}

func serve(ctx context.Context) error {
	addr := flag.String("addr", "127.0.0.1:0", "listening address")
	pool := flag.Int("pool", 16, "connections to PostgreSQL")
	file := flag.String("sqlite", "", "SQLite file for /s")
	redis := flag.String("redis", "", "host:port of Redis for /b/r-…")
	flag.Parse()
	mux := http.NewServeMux()
	mux.HandleFunc("/bare", bare)
	// Passwords come by the environment: a command line can be read by every user of the machine.
	if err := mountPostgres(ctx, mux, os.Getenv("LIMIT_POSTGRES"), *pool, store{*redis, os.Getenv("LIMIT_REDIS_PASSWORD")}); err != nil {
		return err
	}
	if *file != "" {
		w, err := openLite(ctx, *file)
		if err != nil {
			return err
		}
		mux.HandleFunc("/s/{design}", first(map[string]create{"single": w.single, "group": w.group}))
	}
	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: mux}
	go func() {
		<-ctx.Done()
		_ = server.Shutdown(context.WithoutCancel(ctx))
	}()
	fmt.Printf("{\"event\":\"ready\",\"url\":\"http://%s\"}\n", listener.Addr())
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// mountPostgres mounts what needs PostgreSQL; without a database there is nothing to mount.
func mountPostgres(ctx context.Context, mux *http.ServeMux, dsn string, pool int, sessions store) error {
	if dsn == "" {
		return nil
	}
	db, err := openPostgres(ctx, dsn, pool)
	if err != nil {
		return err
	}
	mux.HandleFunc("/a/{design}", first(requestDesigns(ctx, db)))
	read, err := sessions.open(ctx)
	if err != nil {
		return err
	}
	mux.HandleFunc("/b/{design}", second(itemDesigns(ctx, db), read))
	return nil
}

func bare(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	reply(w, http.StatusOK)
}

func reply(w http.ResponseWriter, status int) {
	w.Header()["Content-Type"] = []string{"application/json"}
	w.WriteHeader(status)
	_, _ = w.Write(fixed)
}

// create is the first call: a request for a user.
type create func(ctx context.Context, user int64, kind string) error

// first serves the first call.
func first(designs map[string]create) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		design, ok := designs[r.PathValue("design")]
		if !ok {
			http.NotFound(w, r)
			return
		}
		var body struct {
			Kind string `json:"kind"`
		}
		raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<16))
		if err == nil {
			err = json.Unmarshal(raw, &body)
		}
		if err == nil {
			err = design(r.Context(), number(r)%sessionCount, body.Kind)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		reply(w, http.StatusCreated)
	}
}

// replace is the second call: the items of a session.
type replace func(ctx context.Context, session int64, keys, payloads []string) error

// second serves the second call.
func second(designs map[string]replace, read func(context.Context, int64) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		name, reads := strings.CutPrefix(r.PathValue("design"), "r-")
		design, ok := designs[name]
		if !ok || reads && read == nil {
			http.NotFound(w, r)
			return
		}
		n := number(r)
		session := n * 7919 % sessionCount // a prime, so that neighbours in time are none on the page
		var err error
		if reads {
			err = read(r.Context(), session)
		}
		if err == nil {
			keys, payloads := items(n)
			err = design(r.Context(), session, keys, payloads)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		reply(w, http.StatusOK)
	}
}

// items are three out of four, others on each visit of a session: some rows come, some stay, one goes.
func items(n int64) (keys, payloads []string) {
	for i := range int64(3) {
		keys = append(keys, "item-"+strconv.FormatInt((n/sessionCount+i)%4, 10))
		payloads = append(payloads, payload)
	}
	return keys, payloads
}

func number(r *http.Request) int64 {
	n, _ := strconv.ParseInt(r.URL.RawQuery, 10, 64)
	return n
}
