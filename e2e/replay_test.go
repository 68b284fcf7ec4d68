//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// backend is an integrator's, which hears of events.
type backend struct {
	*httptest.Server
	mu     sync.Mutex
	status int
	ids    []string // webhook-id of each call
}

func newBackend(t *testing.T) *backend {
	t.Helper()
	b := &backend{status: http.StatusOK}
	b.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.ids = append(b.ids, r.Header.Get("webhook-id"))
		w.WriteHeader(b.status)
	}))
	t.Cleanup(b.Close)
	return b
}

func (b *backend) answer(status int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.status = status
}

// await returns the ids of the calls once there are so many.
func (b *backend) await(t *testing.T, calls int) (ids []string) {
	t.Helper()
	eventually(t, fmt.Sprintf("%d calls", calls), func() error {
		b.mu.Lock()
		defer b.mu.Unlock()
		if ids = b.ids; len(ids) != calls {
			return fmt.Errorf("got %d calls, want %d", len(ids), calls)
		}
		return nil
	})
	return ids
}

// TestReplayCommand loses what a receiver has taken, has it disabled by its own 410, and gets everything back by the commands.
func TestReplayCommand(t *testing.T) {
	t.Parallel()
	p, b := startDev(t, t.TempDir()), newBackend(t)
	o, org := operator{data: p.ready.Data}, p.ready.Demo.Org
	o.must(t, "org", "set", org, "contact_email", "ops@acme.example")
	o.must(t, "webhook", "create", "--org", org, "--url", b.URL+"/in")
	event := func(email string) { o.must(t, "account", "create", "--org", org, "--email", email, "--verified") }
	event("one@example.com")
	first := b.await(t, 1)[0]
	want(t, "dry run", o.must(t, "deliveries", "replay", "--org", org, "--since", "1h", "--dry-run"), `{"examined":1,"replayed":1,"skipped":0,"dry_run":true}`)
	want(t, "replay", o.must(t, "deliveries", "replay", "--org", org, "--since", "1h"), `{"examined":1,"replayed":1,"skipped":0}`)
	want(t, "the same event", b.await(t, 2)[1], first)

	b.answer(http.StatusGone)
	event("two@example.com")
	b.await(t, 3)
	eventually(t, "the contact is told", func() error {
		mails, err := mailsTo(p.ready.URL, "ops@acme.example")
		if err == nil && (len(mails) != 1 || !strings.Contains(mails[0].Text, b.URL+"/in")) {
			err = fmt.Errorf("got %+v, want one mail that names the endpoint", mails)
		}
		return err
	})
	listed := o.must(t, "webhook", "list", "--org", org)
	if !strings.Contains(listed, `"reason":"gone"`) {
		t.Errorf("got %s, want why it is disabled", listed)
	}
	want(t, "replay to a disabled one", o.must(t, "deliveries", "replay", "--org", org, "--since", "1h", "--failed-only"), `{"examined":2,"replayed":0,"skipped":1}`)
	b.answer(http.StatusOK)
	id := mustDecode[struct{ ID string }](t, listed).ID
	o.must(t, "webhook", "enable", id)
	o.must(t, "deliveries", "replay", "--org", org, "--since", "1h", "--failed-only", "--event", "new_account_registered", "--url", b.URL+"/in", "--mode", "live")
	if ids := b.await(t, 4); ids[3] != ids[2] || ids[3] == first {
		t.Errorf("got %v, want the second event again", ids)
	}
	for args, code := range map[string]int{"": 2, "--org " + org: 2, "--since 1h": 2, "dlv_1 --org " + org: 2, "dlv_none": 1, "--org nobody --since 1h": 1} {
		if got := o.try(t, append([]string{"deliveries", "replay"}, strings.Fields(args)...)...); got.code != code {
			t.Errorf("deliveries replay %s: got %+v, want exit code %d", args, got, code)
		}
	}
}
