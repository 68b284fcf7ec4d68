package app_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"avow/internal/app"
	"avow/internal/config"
	"avow/internal/outbox"
	"avow/internal/store"
)

// bench plays one case against a server of its own.
type bench struct {
	*testing.T
	clock     *clock
	config    config.Config
	app       *app.App   // the first process
	apps      []*app.App // all of them
	base      string
	vars      map[string]string
	seen      map[string]bool // mails that earlier sections have looked at, by id
	sent      string          // the last request, as its section stands
	wanted    string          // the last response
	answer    *http.Response
	body      []byte
	hooks     *hooks
	relay     *atomic.Bool // mail finds nobody who takes it
	generator *generator
	log       *logBuffer
	receivers map[string]*receiver // by the name of their endpoint
	private   []string             // what must never stand in the log
}

// logBuffer keeps what several goroutines log.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// clock stands still until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func newBench(t *testing.T, start time.Time, database string) *bench {
	t.Helper()
	var environ []string
	if redis, ok := caches.Load(database); ok {
		environ = []string{"AVOW_REDIS_URL=" + redis.(string)}
	}
	c, err := config.Load(config.Dev, map[string]string{"data": t.TempDir()}, environ)
	if err != nil {
		t.Fatal(err)
	}
	c.DatabaseURL = database
	c.SecretKeys = config.Keys{bytes.Repeat([]byte{7}, 32)}
	return &bench{T: t, clock: &clock{now: start}, config: c, vars: map[string]string{}, seen: map[string]bool{}, hooks: &hooks{}, relay: &atomic.Bool{}, generator: &generator{}, log: &logBuffer{}}
}

// play carries out the sections from top to bottom.
func (b *bench) play(a *txtar.Archive) {
	b.Helper()
	for _, s := range a.Files {
		b.section(s.Name, string(s.Data))
	}
	if b.app == nil {
		b.Fatal("got a case that never starts the server")
	}
	b.checkLog()
}

func (b *bench) section(name, text string) {
	b.Helper()
	switch name {
	case "setup":
		b.setup(text)
	case "request":
		b.start()
		b.request(text)
	case "response":
		b.response(text)
	case "again":
		b.again(text)
	case "advance":
		d, err := time.ParseDuration(strings.TrimSpace(text))
		b.must(err)
		b.clock.advance(d)
	case "mail":
		b.mail(text)
	case "no mail":
		b.noMail(text)
	case "webhook":
		b.webhook(text)
	case "no webhook":
		b.noWebhook(text)
	case "event":
		b.event(text)
	case "no event":
		b.noEvent(text)
	default:
		b.Fatalf("got section %q, want one of contract/README.md", name)
	}
}

// start builds the server once, when everything that its settings depend on is known.
func (b *bench) start() {
	b.Helper()
	if b.app != nil {
		return
	}
	ctx := context.Background()
	b.must(store.Migrate(ctx, b.config.DatabaseURL, func(string) {}))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	b.must(err)
	b.base = "http://" + listener.Addr().String()
	b.vars["base"] = b.base
	b.processes()
	b.awaitCache()
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: b.handler()}}
	server.Start()
	b.Cleanup(func() { server.Close(); server = nil })
}

// end closes the servers and lets go of them: the testing package keeps what a cleanup refers to until the last test of all has run.
func (b *bench) end() {
	for _, a := range b.apps {
		_ = a.Close()
	}
	b.app, b.apps, b.hooks, b.receivers = nil, nil, nil, nil
}

// processes starts what serves the case: one process, or, where the engine says so, two that answer requests in turn and one that delivers.
func (b *bench) processes() {
	b.Helper()
	n := 1
	if _, several := replicated.Load(b.config.DatabaseURL); several {
		n = 3
	}
	b.Cleanup(b.end)
	for range n {
		a, err := app.New(context.Background(), app.Options{
			Config: b.config, PublicURL: b.base, Log: slog.New(slog.NewTextHandler(b.log, nil)), Now: b.clock.Now, Random: rand.Reader, Version: "test",
			Generator: b.generator,
		})
		b.must(err)
		b.receive(a.Worker)
		b.apps = append(b.apps, a)
	}
	b.app = b.apps[0]
}

// worker delivers: the last process, which with several answers no requests.
func (b *bench) worker() *outbox.Worker { return b.apps[len(b.apps)-1].Worker }

// handler answers requests by the processes that do, in turn.
func (b *bench) handler() http.Handler {
	handlers := []http.Handler{b.app.Handler()}
	if len(b.apps) > 1 {
		handlers = append(handlers, b.apps[1].Handler())
	}
	var turn atomic.Int64
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handlers[int(turn.Add(1))%len(handlers)].ServeHTTP(w, r)
	})
}

func (b *bench) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// request sends what a section says, as it stands, without a client library's additions.
func (b *bench) request(text string) {
	b.Helper()
	b.sent = text
	head, body, _ := strings.Cut(strings.TrimSuffix(text, "\n"), "\n\n")
	lines := strings.Split(head, "\n")
	method, target, ok := strings.Cut(b.fill(lines[0]), " ")
	if !ok {
		b.Fatalf("got request line %q, want METHOD PATH", lines[0])
	}
	r, err := http.NewRequest(method, b.base+target, nil)
	b.must(err)
	if sent := b.fill(body); sent != "" {
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(sent)), int64(len(sent))
		if len(sent) < 1000 {
			b.private = append(b.private, bodySecrets(sent)...)
		}
	}
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(strings.TrimSuffix(name, ":"), b.sign(r, b.fillTime(value)))
	}
	b.send(r)
}

func (b *bench) send(r *http.Request) {
	b.Helper()
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(r)
	b.must(err)
	b.body, err = io.ReadAll(answer.Body)
	b.must(err)
	b.must(answer.Body.Close())
	b.answer = answer
}

// bodySecrets picks the values of a body that are secrets of somebody.
func bodySecrets(body string) []string {
	var members map[string]any
	if json.Unmarshal([]byte(body), &members) != nil {
		return nil
	}
	var found []string
	for _, name := range []string{"confirmation_code", "sessionToken"} {
		if text, ok := members[name].(string); ok && len(text) > 20 {
			found = append(found, text)
		}
	}
	return found
}

// response compares the whole answer.
func (b *bench) response(text string) {
	b.Helper()
	b.wanted = text
	head, want, _ := strings.Cut(strings.TrimSuffix(text, "\n"), "\n\n")
	lines := strings.Split(head, "\n")
	if status := strconv.Itoa(b.answer.StatusCode); status != strings.TrimSpace(lines[0]) {
		b.Fatalf("got status %s, want %s; body %s", status, lines[0], b.body)
	}
	for _, line := range lines[1:] {
		b.header(line)
	}
	if strings.TrimSpace(want) == "" {
		if len(b.body) != 0 {
			b.Fatalf("got body %s, want none", b.body)
		}
		return
	}
	b.match(compact(want), string(b.body))
}

// again sends the last request that many times more, and wants the last response each time.
func (b *bench) again(text string) {
	b.Helper()
	times, err := strconv.Atoi(strings.TrimSpace(text))
	b.must(err)
	for range times {
		b.request(b.sent)
		b.response(b.wanted)
	}
}

func (b *bench) header(line string) {
	b.Helper()
	name, want, _ := strings.Cut(line, ": ")
	got := b.answer.Header.Values(name)
	if want == "-" {
		if len(got) > 0 {
			b.Fatalf("got header %s: %q, want none", name, got)
		}
		return
	}
	if want = b.fill(want); !slices.Contains(got, want) {
		b.Fatalf("got header %s: %q, want %q", name, got, want)
	}
}

// compact removes the layout of a JSON text, which has placeholders in it.
func compact(text string) string {
	var out bytes.Buffer
	if json.Compact(&out, []byte(text)) == nil {
		return out.String()
	}
	return strings.TrimSpace(text)
}

// mail delivers what is due and looks at the newest mail to an address.
func (b *bench) mail(text string) {
	b.Helper()
	head, body, _ := strings.Cut(strings.TrimSuffix(text, "\n"), "\n\n")
	headers := map[string]string{}
	for line := range strings.SplitSeq(head, "\n") {
		name, value, _ := strings.Cut(line, ": ")
		headers[name] = b.fill(value)
	}
	fresh := b.freshMails(headers["To"])
	if len(fresh) != 1 {
		b.Fatalf("got %d new mails to %s, want one", len(fresh), headers["To"])
	}
	m := fresh[0]
	b.seen[m.ID] = true
	for name, want := range headers {
		if got := map[string]string{"To": m.To, "From": m.From, "Subject": m.Subject}[name]; got != want {
			b.Fatalf("got mail %s: %q, want %q", name, got, want)
		}
	}
	for want := range strings.SplitSeq(body, "\n") {
		if want != "" {
			b.line(want, m.Text)
		}
	}
}

func (b *bench) line(want, text string) {
	b.Helper()
	lines := bufio.NewScanner(strings.NewReader(text))
	for lines.Scan() {
		if b.matches(want, strings.TrimRight(lines.Text(), "\r")) {
			return
		}
	}
	b.Fatalf("got mail text\n%s\nwant the line %s", text, want)
}

func (b *bench) noMail(text string) {
	b.Helper()
	to := b.fill(strings.TrimPrefix(strings.TrimSpace(text), "To: "))
	if fresh := b.freshMails(to); len(fresh) != 0 {
		b.Fatalf("got %d new mails to %s, want none", len(fresh), to)
	}
}

// freshMails are the mails to an address that no section has looked at yet.
func (b *bench) freshMails(to string) []outbox.Captured {
	b.Helper()
	return slices.DeleteFunc(b.mailsTo(to), func(m outbox.Captured) bool { return b.seen[m.ID] })
}

// checkLog fails when a secret of the case stands in the server's log.
func (b *bench) checkLog() {
	b.Helper()
	for _, secret := range b.private {
		if strings.Contains(b.log.String(), secret) {
			b.Errorf("got the secret %s in the log, want it nowhere", secret)
		}
	}
}
