package app_test

import (
	"net/http"
	"net/http/httptest"
	netmail "net/mail"
	"path/filepath"
	"strings"
	"testing"

	"avow/internal/config"
)

// A server whose relays are all away is ready all the same, and tells its operator.
func TestServerIsReadyWithoutItsRelays(t *testing.T) {
	t.Parallel()
	b := newBench(t, familyClocks["accounts"], "sqlite:"+filepath.Join(t.TempDir(), "avow.db"))
	b.config.SMTPURLs = []config.Secret{"smtp://" + nowhere, "smtp://localhost:9"}
	b.config.MailFrom = netmail.Address{Address: "verify@example.org"}
	b.setup(accountSetup)
	b.holders(1)
	if r, _ := b.readiness(); !r.Dependencies["relays"].Ready {
		t.Errorf("got %+v before a mail, want the relays ready: nobody has asked them", r)
	}
	wantCreated(t, b.createFor(0, 1))
	if n, err := b.worker().Once(t.Context()); n != 1 || err != nil {
		t.Fatalf("got %d attempts, %v, want one", n, err)
	}
	r, status := b.readiness()
	if relays := r.Dependencies["relays"]; status != http.StatusOK || !r.Ready || relays.Ready || relays.Required {
		t.Errorf("got %d %+v, want a ready server without its relays", status, r)
	}
	answer := httptest.NewRecorder()
	b.app.Metrics.Handler().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	host, _, _ := strings.Cut(nowhere, ":")
	for _, want := range []string{
		`avow_relay_up{relay="` + host + `"} 0`, `avow_relay_up{relay="localhost"} 0`, `avow_relay_attempts_total{outcome="failed",relay="localhost"} 1`,
	} {
		if !strings.Contains(answer.Body.String(), want+"\n") {
			t.Errorf("metrics: got no %s, want it", want)
		}
	}
}
