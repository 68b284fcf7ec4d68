package egress

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// public is a server of this machine that a spy takes for one of the internet; it keeps what it was asked.
type public struct {
	*httptest.Server
	mu    sync.Mutex
	asked []string
	last  http.Header
}

func newPublic(t *testing.T, answer http.HandlerFunc) *public {
	t.Helper()
	p := &public{}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.asked, p.last = append(p.asked, r.Method+" "+r.URL.Path), r.Header
		p.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *public) address() string { return p.Listener.Addr().String() }

// spyOn makes a spy that takes servers for public ones.
func spyOn(servers ...*public) *spy {
	s := &spy{}
	for _, p := range servers {
		s.public = append(s.public, p.address())
	}
	return s
}

func (p *public) wantAsked(t *testing.T, want ...string) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if got := strings.Join(p.asked, ", "); got != strings.Join(want, ", ") {
		t.Errorf("got the requests %s, want %s", got, strings.Join(want, ", "))
	}
}

func TestProbeAsksByHead(t *testing.T) {
	t.Parallel()
	for _, want := range []int{200, 204, 304, 401, 403, 404, 410, 429, 500, 503} {
		p := newPublic(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(want) })
		got, err := newProbe(spyOn(p).dialer(nil, nil)).Probe(t.Context(), p.URL+"/a?b")
		if err != nil || got != want {
			t.Errorf("got %d, %v, want %d", got, err, want)
		}
		p.wantAsked(t, "HEAD /a")
	}
}

// TestProbeFallsBackToGet has servers that know no HEAD. One byte is asked for, and no compression.
func TestProbeFallsBackToGet(t *testing.T) {
	t.Parallel()
	for _, unknown := range []int{405, 501} {
		p := newPublic(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodHead {
				w.WriteHeader(unknown)
				return
			}
			w.WriteHeader(http.StatusPartialContent)
			fmt.Fprint(w, "a")
		})
		got, err := newProbe(spyOn(p).dialer(nil, nil)).Probe(t.Context(), p.URL)
		if err != nil || got != http.StatusPartialContent {
			t.Errorf("got %d, %v, want 206", got, err)
		}
		p.wantAsked(t, "HEAD /", "GET /")
		want := http.Header{"Range": {"bytes=0-0"}, "User-Agent": {probeAgent}, "Connection": {"close"}}
		if fmt.Sprint(p.last) != fmt.Sprint(want) {
			t.Errorf("got the headers %v, want %v", p.last, want)
		}
	}
}

// TestProbeFollowsFiveRedirects counts down: /n leads to /n-1.
func TestProbeFollowsFiveRedirects(t *testing.T) {
	t.Parallel()
	p := newPublic(t, func(w http.ResponseWriter, r *http.Request) {
		var n int
		if _, err := fmt.Sscanf(r.URL.Path, "/%d", &n); err == nil && n > 0 {
			http.Redirect(w, r, fmt.Sprintf("/%d?secret", n-1), http.StatusFound)
		}
	})
	probe := newProbe(spyOn(p).dialer(nil, nil))
	for from, want := range map[string]int{"/0": 200, "/1": 200, "/5": 200, "/6": 302, "/99": 302} {
		if got, err := probe.Probe(t.Context(), p.URL+from); err != nil || got != want {
			t.Errorf("%s: got %d, %v, want %d", from, got, err, want)
		}
		if referer := p.last.Get("Referer"); referer != "" {
			t.Errorf("%s: got the referer %q, want none", from, referer)
		}
	}
}

// TestRedirectsInside has a public server lead to the inside, at once and behind a second hop.
func TestRedirectsInside(t *testing.T) {
	t.Parallel()
	within := newInside(t)
	for _, location := range []string{
		"http://127.0.0.1:PORT/", "http://[::1]:PORT/", "http://[::ffff:127.0.0.1]:PORT/", "http://localhost:PORT/", "http://inside.example:PORT/", "//inside.example:PORT/",
		"https://127.0.0.1:PORT/", "http://169.254.169.254/latest/meta-data/", "http://0.0.0.0:PORT/", "http://user@127.0.0.1:PORT/", "file:///etc/passwd", "gopher://127.0.0.1:PORT/",
		"http://127。0。0。1:PORT/", "http:///", "http://:PORT/",
	} {
		p := newPublic(t, func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/hop":
				http.Redirect(w, r, "/", http.StatusPermanentRedirect)
			default:
				w.Header().Set("Location", strings.ReplaceAll(location, "PORT", within.port()))
				w.WriteHeader(http.StatusTemporaryRedirect)
			}
		})
		for _, path := range []string{"/", "/hop"} {
			s := spyOn(p)
			got, err := newProbe(s.dialer(nil, always("127.0.0.1"))).Probe(t.Context(), p.URL+path)
			if !errors.Is(err, ErrRefused) && !errors.Is(err, ErrURL) || len(s.dialled) != 0 {
				t.Errorf("%s to %s: got %d, %v, dials to %q, want a refusal", path, location, got, err, s.dialled)
			}
		}
	}
	within.untouched(t)
}

// TestWebhooksFollowNothing hands the redirect itself to the caller, wherever it leads.
func TestWebhooksFollowNothing(t *testing.T) {
	t.Parallel()
	p := newPublic(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			http.Redirect(w, r, "/next", http.StatusTemporaryRedirect)
		}
	})
	err := get(t.Context(), newClient(spyOn(p).dialer(nil, nil), 0, webhookTime), p.URL)
	if err == nil || err.Error() != "answered 307 Temporary Redirect" {
		t.Errorf("got %v, want the redirect", err)
	}
	p.wantAsked(t, "GET /")
}

// silent is a dialer to servers that read and never answer.
func silent(context.Context, string, string) (net.Conn, error) {
	near, far := net.Pipe()
	go func() {
		for buffer := make([]byte, 1024); ; {
			if _, err := far.Read(buffer); err != nil {
				return
			}
		}
	}()
	return near, nil
}

func TestTimesAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		probe, webhooks := NewProbe(), NewWebhooks(nil)
		for _, c := range []*Client{probe.client, webhooks} {
			c.http.Transport.(*http.Transport).DialContext = silent
		}
		for name, call := range map[string]struct {
			do   func() error
			want time.Duration
		}{
			"probe":    {func() error { _, err := probe.Probe(t.Context(), "http://a.example/"); return err }, 5 * time.Second},
			"webhooks": {func() error { return get(t.Context(), webhooks, "http://a.example/") }, 10 * time.Second},
		} {
			begin := time.Now()
			if err := call.do(); !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) != call.want {
				t.Errorf("%s: got %v after %v, want %v after %v", name, err, time.Since(begin), context.DeadlineExceeded, call.want)
			}
		}
	})
}

// TestProbeIsOneTime gives HEAD and GET together five seconds.
func TestProbeIsOneTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		probe, dials := NewProbe(), 0
		probe.client.http.Transport.(*http.Transport).DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			if dials++; dials > 1 {
				return silent(ctx, network, address)
			}
			near, far := net.Pipe()
			go func() {
				_, _ = far.Read(make([]byte, 1024))
				<-time.After(4 * time.Second) // of the bubble's clock
				_, _ = far.Write([]byte("HTTP/1.1 405 No\r\nContent-Length: 0\r\n\r\n"))
			}()
			return near, nil
		}
		begin := time.Now()
		if status, err := probe.Probe(t.Context(), "http://a.example/"); !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) != probeTime {
			t.Errorf("got %d, %v after %v, want %v after %v", status, err, time.Since(begin), context.DeadlineExceeded, probeTime)
		}
	})
}
