package webhook

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"testing"
	"time"

	"avow/internal/egress"
	"avow/internal/outbox"
)

// The body is what JSON.stringify writes of it; the signatures at start were made with another program.
const (
	rawBody  = "{\"event\":\"verification.completed\",\"name\":\"<b>Zoë & \\\"Søn\\\"</b>\u2028\u2029\\\\ \\t👩‍🎓 😀\"}"
	current  = "avow_live_sk_new"
	before   = "avow_live_sk_old"
	signNew  = "v1,LjcED9F+g3dqDOugUfuY8B+2NZ8UGMQaxn70RRBd1gY="
	signOld  = "v1,KzAMY1TyBImel+6rl27b6hUEICM+P2r+z0SC4BKoRlM="
	svpOfNew = "5a887ecc3119f08034edd91e1a68525aa9db5bba64186771195988b78d9e642c"
)

var start = time.Date(2025, 4, 9, 10, 5, 0, 123000000, time.UTC)

// received is one call as it came.
type received struct {
	header http.Header
	body   string
	target string
}

// receiver is the other side; it answers by answer.
type receiver struct {
	*httptest.Server
	mu    sync.Mutex
	calls []received
}

func newReceiver(t *testing.T, answer http.HandlerFunc) *receiver {
	t.Helper()
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		r.mu.Lock()
		r.calls = append(r.calls, received{q.Header, string(body), q.Method + " " + q.RequestURI})
		r.mu.Unlock()
		answer(w, q)
	}))
	t.Cleanup(r.Close)
	return r
}

// answering makes a handler of a status and pairs of header names and values.
func answering(status int, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
	}
}

// world is the port and the clock.
type world struct {
	secrets [][]byte
	of      map[outbox.Signer][][]byte // nil: secrets are everybody's
	broken  error
	asked   []outbox.Signer
	now     time.Time
}

func newWorld() *world {
	return &world{secrets: [][]byte{[]byte(current)}, now: start}
}

func (w *world) SigningSecrets(_ context.Context, _ outbox.Delivery, by outbox.Signer, now time.Time) ([][]byte, error) {
	w.asked = append(w.asked, by)
	if !now.Equal(w.now) {
		return nil, nil
	}
	if w.of != nil {
		return w.of[by], w.broken
	}
	return w.secrets, w.broken
}

// loopback is what receivers of these tests live on.
var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

func (w *world) send(ctx context.Context, d outbox.Delivery) (outbox.Answer, error) {
	o := Options{Client: egress.NewWebhooks(loopback), Secrets: w, Now: func() time.Time { return w.now }}
	return New(o).Send(ctx, d)
}

// deliveryTo makes a delivery of the skill contract.
func deliveryTo(url string) outbox.Delivery {
	h := outbox.Hook{URL: url, Event: "evt_1", Signer: outbox.Signer{Key: "key_1"}, Body: []byte(rawBody)}
	return outbox.NewWebhook("dlv_1", "org_1", false, h, start)
}
