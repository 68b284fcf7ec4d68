package app_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"avow/internal/access"
)

// receiver is where the webhooks of an endpoint arrive.
type receiver struct {
	secret string
	mu     sync.Mutex
	calls  []hookCall // that no section has looked at, oldest first
}

type hookCall struct {
	header http.Header
	body   []byte
}

func (r *receiver) ServeHTTP(_ http.ResponseWriter, request *http.Request) {
	body, _ := io.ReadAll(request.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, hookCall{request.Header, body})
}

// take returns the calls that tell of an event, of any when name is empty, and forgets them.
func (r *receiver) take(name string) (taken []hookCall) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var left []hookCall
	for _, c := range r.calls {
		if name == "" || c.event() == name {
			taken = append(taken, c)
		} else {
			left = append(left, c)
		}
	}
	r.calls = left
	return taken
}

func (c hookCall) event() string {
	var told struct{ Event string }
	_ = json.Unmarshal(c.body, &told)
	return told.Event
}

// receiver starts one that the case registers by itself: its secret is what the case captures as NAME.secret.
func (b *bench) receiver(a arguments) {
	b.Helper()
	b.receives(a.words[0])
}

func (b *bench) receives(name string) *receiver {
	b.Helper()
	r := &receiver{}
	server := httptest.NewServer(r)
	b.Cleanup(server.Close)
	if b.receivers == nil {
		b.receivers = map[string]*receiver{}
	}
	b.receivers[name], b.vars[name+".url"] = r, server.URL
	return r
}

// endpoint registers a receiver.
func (b *bench) endpoint(a arguments) {
	b.Helper()
	r := b.receives(a.words[0])
	var events []string
	if list := a.named["events"]; list != "" {
		events = strings.Split(list, ",")
	}
	made, err := b.app.Admin.CreateEndpoint(context.Background(), b.app.Store, b.app.EndpointPolicy(), access.Endpoint{Org: a.named["org"], URL: b.vars[a.words[0]+".url"], Events: events})
	b.must(err)
	r.secret = made.WebhookSecret()
	b.vars[a.words[0]+".id"] = made.ID
	b.private = append(b.private, made.Secret, r.secret)
}

// event compares the one webhook that tells an endpoint of an event; its signature is checked by the Standard Webhooks library.
func (b *bench) event(text string) {
	b.Helper()
	to, want, _ := strings.Cut(text, "\n\n")
	name := strings.TrimSpace(strings.TrimPrefix(to, "To:"))
	r := b.receivers[name]
	if secret, ok := b.vars[name+".secret"]; ok {
		r.secret = secret
		b.private = append(b.private, secret)
	}
	b.delivered()
	var compact bytes.Buffer
	b.must(json.Compact(&compact, []byte(want)))
	calls := r.take(hookCall{body: compact.Bytes()}.event())
	if len(calls) != 1 {
		b.Fatalf("got %d such events, want one: %s; others are %v", len(calls), want, r.take(""))
	}
	b.match(compact.String(), string(calls[0].body))
	b.signed(r, calls[0])
}

func (b *bench) signed(r *receiver, c hookCall) {
	b.Helper()
	library, err := standardwebhooks.NewWebhook(r.secret)
	b.must(err)
	if err := library.VerifyIgnoringTimestamp(c.body, c.header); err != nil {
		b.Errorf("got %v with %v, want a signature that the library accepts", err, c.header)
	}
	if got, want := c.header.Get("x-svp-signature"), b.svpOf(c); got != want {
		b.Errorf("got x-svp-signature %q, want %q", got, want)
	}
}

// svpOf is the signature by the key that a webhook names; empty where it names none.
func (b *bench) svpOf(c hookCall) string {
	b.Helper()
	var told struct{ KeyID string }
	b.must(json.Unmarshal(c.body, &told))
	for name, value := range b.vars {
		if key, ok := strings.CutSuffix(name, ".id"); ok && told.KeyID != "" && value == told.KeyID {
			mac := hmac.New(sha256.New, []byte(b.vars[key+".secret"]))
			mac.Write(c.body)
			return hex.EncodeToString(mac.Sum(nil))
		}
	}
	return ""
}

// noEvent fails when an endpoint has been told of anything that no section has looked at.
func (b *bench) noEvent(text string) {
	b.Helper()
	b.delivered()
	for _, c := range b.receivers[strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(text), "To:"))].take("") {
		b.Errorf("got the event %s, want none", c.body)
	}
}

// delivered has everything that is due sent.
func (b *bench) delivered() {
	b.Helper()
	for {
		n, err := b.worker().Once(context.Background())
		b.must(err)
		if n == 0 {
			return
		}
	}
}

// TestEventsArrive at the developers' receiver, which checks their signatures, and stop once the endpoint is disabled.
func TestEventsArrive(t *testing.T) {
	t.Parallel()
	b := newCallbackBench(t, "")
	ctx := context.Background()
	policy := b.app.EndpointPolicy()
	made, err := b.app.Admin.CreateEndpoint(ctx, b.app.Store, policy, access.Endpoint{Org: "acme", URL: b.base + "/dev/webhooks"})
	b.must(err)
	b.private = append(b.private, made.Secret)
	b.must(b.app.Accounts.Disable(ctx, b.vars["anna.id"]))
	b.delivered()
	calls := b.calls()
	if len(calls) != 1 || !strings.HasPrefix(calls[0].Body, `{"event":"account_changed",`) {
		t.Fatalf("got %+v, want one account_changed", calls)
	}
	if s := calls[0].Signatures; s.Standard == nil || !*s.Standard || s.SVP != nil {
		t.Errorf("got the signatures %s, want the standard one alone, valid", b.body)
	}
	b.must(b.app.Accounts.Disable(ctx, b.vars["anna.id"])) // queued while the endpoint was good
	b.must(b.app.Store.DisableEndpoint(ctx, made.ID, b.clock.Now()))
	b.must(b.app.Accounts.Disable(ctx, b.vars["anna.id"]))
	b.delivered()
	if calls := b.calls(); len(calls) != 1 {
		t.Errorf("got %d calls, want none to a disabled endpoint", len(calls))
	}
	b.checkLog()
}
