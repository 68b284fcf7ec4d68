package egress

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

// discard is for servers whose clients are meant to hang up.
var discard = log.New(io.Discard, "", 0)

func webhooksTo(p *public) *Client { return newClient(spyOn(p).dialer(nil, nil), 0, webhookTime) }

func TestBodiesAreBounded(t *testing.T) {
	t.Parallel()
	p := newPublic(t, func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil { // without end
			if _, err := io.WriteString(w, strings.Repeat("a", 4096)); err != nil {
				return
			}
		}
	})
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.URL, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := webhooksTo(p).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil || len(body) != maxBody {
		t.Errorf("got %d bytes, %v, want %d", len(body), err, maxBody)
	}
	if err := answer.Body.Close(); err != nil {
		t.Errorf("close: got %v, want none", err)
	}
	if taken := p.last.Get("Accept-Encoding"); taken != "" {
		t.Errorf("got %q accepted, want no compression: a small answer could unpack to a large one", taken)
	}
}

func TestHeadersAreBounded(t *testing.T) {
	t.Parallel()
	p := newPublic(t, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X-Long", strings.Repeat("a", maxHeader)) })
	if err := get(t.Context(), webhooksTo(p), p.URL); err == nil || !strings.Contains(err.Error(), "exceeded") {
		t.Errorf("got %v, want the header refused", err)
	}
}

// TestOldTLSIsRefused speaks to servers that know only one version.
func TestOldTLSIsRefused(t *testing.T) {
	t.Parallel()
	for version, good := range map[uint16]bool{tls.VersionTLS10: false, tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		server := httptest.NewUnstartedServer(http.NotFoundHandler())
		server.Config.ErrorLog = discard
		server.TLS = &tls.Config{MinVersion: version, MaxVersion: version}
		server.StartTLS()
		t.Cleanup(server.Close)
		c := webhooksTo(&public{Server: server})
		pool := x509.NewCertPool()
		pool.AddCert(server.Certificate())
		c.http.Transport.(*http.Transport).TLSClientConfig.RootCAs = pool
		if err := get(t.Context(), c, server.URL); (err.Error() == "answered 404 Not Found") != good {
			t.Errorf("%s: got %v, want an answer: %t", tls.VersionName(version), err, good)
		}
	}
}

// TestUnknownCertificateIsRefused needs nobody's trust in the test server.
func TestUnknownCertificateIsRefused(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = discard
	server.StartTLS()
	t.Cleanup(server.Close)
	var unknown x509.UnknownAuthorityError
	if err := get(t.Context(), webhooksTo(&public{Server: server}), server.URL); !errors.As(err, &unknown) {
		t.Errorf("got %v, want %T", err, unknown)
	}
}

// TestNoProxies keeps the environment's proxies away: the guard would be asked about the proxy, not about the target.
func TestNoProxies(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]*Client{"webhooks": NewWebhooks(nil), "probe": NewProbe().client} {
		if c.http.Transport.(*http.Transport).Proxy != nil {
			t.Errorf("%s: got a proxy, want none", name)
		}
	}
}

// TestEveryRequestIsDialled finds no connection kept for a second request.
func TestEveryRequestIsDialled(t *testing.T) {
	t.Parallel()
	within := newInside(t)
	c := NewWebhooks([]netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")})
	for range 3 {
		if err := get(t.Context(), c, "http://127.0.0.1:"+within.port()); err == nil || err.Error() != "answered 404 Not Found" {
			t.Errorf("got %v, want the answer", err)
		}
	}
	if n := within.connections.Load(); n != 3 {
		t.Errorf("got %d connections for 3 requests, want one each", n)
	}
}

// TestErrorsQuoteNoURL has a secret in the URL.
func TestErrorsQuoteNoURL(t *testing.T) {
	t.Parallel()
	p := newPublic(t, func(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) })
	for _, url := range []string{p.URL + "/?secret", "http://127.0.0.2/?secret", "ftp://a.example/?secret"} {
		if err := get(t.Context(), webhooksTo(p), url); err == nil || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "127.0.0.2") {
			t.Errorf("got %v, want an error without the URL", err)
		}
	}
}
