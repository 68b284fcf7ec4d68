package redisstore

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"avow/internal/access"
	"avow/internal/limit"
	"avow/internal/metrics"
	"avow/internal/skill"
)

// start is the instant at which the tests begin.
var start = time.Date(2025, 4, 9, 10, 0, 0, 0, time.UTC)

var errSick = errors.New("sick")

// fake is a server in memory. A hanging one does not even hear that its caller has given up.
type fake struct {
	mu      sync.Mutex
	values  map[string][]byte
	lasts   map[string]time.Duration
	budgets *limit.Memory
	sick    error
	hang    chan struct{} // calls wait for its end; nil: they do not wait
	down    error         // dialling fails with it
	calls   int
	closed  int
}

func newFake() *fake {
	return &fake{values: map[string][]byte{}, lasts: map[string]time.Duration{}, budgets: limit.NewMemory(1000)}
}

func (f *fake) change(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

func (f *fake) dial() (server, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f, f.down
}

func (f *fake) call() error {
	f.mu.Lock()
	f.calls++
	hang := f.hang
	f.mu.Unlock()
	if hang != nil {
		<-hang
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.sick
}

func (f *fake) get(_ context.Context, keys []string) (values [][]byte, err error) {
	err = f.call()
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, key := range keys {
		if v, ok := f.values[key]; ok {
			values = append(values, v)
		}
	}
	return values, err
}

func (f *fake) set(_ context.Context, pairs []pair, last time.Duration) error {
	err := f.call()
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range pairs {
		f.values[p.key], f.lasts[p.key] = p.value, last
	}
	return err
}

func (f *fake) keep(ctx context.Context, pairs []pair, last time.Duration) error {
	f.mu.Lock()
	pairs = slices.DeleteFunc(pairs, func(p pair) bool { return string(f.values[p.key]) == forgotten })
	f.mu.Unlock()
	return f.set(ctx, pairs, last)
}

func (f *fake) step(ctx context.Context, now int64, moves []limit.Move) (step, error) {
	if err := f.call(); err != nil {
		return step{}, err
	}
	levels, moved, err := f.budgets.Step(ctx, now, moves)
	return step{levels, moved}, err
}

func (f *fake) close() { f.change(func() { f.closed++ }) }

func (f *fake) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls
}

func ring(t *testing.T, masters ...byte) *access.Keyring {
	t.Helper()
	var keys [][]byte
	for _, b := range masters {
		keys = append(keys, bytes.Repeat([]byte{b}, 32))
	}
	k, err := access.NewKeyring(keys)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// bed is a cache in front of a fake.
type bed struct {
	*Cache
	*fake
	t   *testing.T
	log *bytes.Buffer
}

func newBed(t *testing.T, f *fake, keys *access.Keyring) *bed {
	t.Helper()
	b := &bed{fake: f, t: t, log: &bytes.Buffer{}}
	b.Cache = open(Options{Keys: keys, Now: func() time.Time { return start }, Metrics: metrics.New(), Log: slog.New(slog.NewTextHandler(b.log, nil))}, f.dial)
	return b
}

// outcomes are the counters by outcome.
func (b *bed) outcomes() map[string]int {
	b.t.Helper()
	answer := httptest.NewRecorder()
	b.o.Metrics.Handler().ServeHTTP(answer, httptest.NewRequest("GET", "/metrics", nil))
	counted := map[string]int{}
	for _, match := range regexp.MustCompile(`avow_session_cache_total\{outcome="(\w+)"\} (\d+)`).FindAllStringSubmatch(answer.Body.String(), -1) {
		counted[match[1]], _ = strconv.Atoi(match[2])
	}
	return counted
}

// told counts the log lines with a text, once nobody is writing one.
func (b *bed) told(text string) int {
	synctest.Wait()
	return strings.Count(b.log.String(), text)
}

const token = "5bf0f7c6-8f0f-4f1e-9f5e-0d6b3a7d9c11"

// session is one with this token, of which the list of projects would not survive as JSON in JSON.
func session(keys *access.Keyring) skill.Session {
	return skill.Session{
		Hash: keys.Hash(access.ForSession, token), Owner: access.Owner{Org: "org_1", Mode: access.Test}, Verification: "ver_test_1",
		Lists:    skill.NewLists([]byte(`[ {"projectId":"p1","name":"<Shop> & more","n":1.50} ]`), nil, nil),
		SkillIDs: []string{"go"}, CreatedAt: start, ExpiresAt: start.Add(time.Hour),
	}
}

func lookup(keys *access.Keyring) access.Lookup { return keys.Lookup(access.ForSession, token) }
