package webhook

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"avow/internal/outbox"
)

// TestRequest compares a whole request with one that was made by hand.
func TestRequest(t *testing.T) {
	t.Parallel()
	r, w := newReceiver(t, answering(200)), newWorld()
	if _, err := w.send(t.Context(), deliveryTo(r.URL+"/in?a=%3C1%3E")); err != nil {
		t.Fatalf("got %v, want it delivered", err)
	}
	want := received{target: "POST /in?a=%3C1%3E", body: rawBody, header: http.Header{
		"Content-Type": {"application/json"}, "User-Agent": {"avow-webhooks"}, "Webhook-Id": {"evt_1"}, "Webhook-Timestamp": {"1744193100"},
		"Webhook-Signature": {signNew}, "X-Svp-Signature": {svpOfNew}, "Content-Length": {strconv.Itoa(len(rawBody))}, "Connection": {"close"},
	}}
	if diff := cmp.Diff([]received{want}, r.calls, cmp.AllowUnexported(received{})); diff != "" {
		t.Errorf("got +, want -:\n%s", diff)
	}
	if diff := cmp.Diff([]outbox.Signer{{Key: "key_1"}}, w.asked); diff != "" {
		t.Errorf("signers: got +, want -:\n%s", diff)
	}
}

// TestEveryAttemptIsTheSame but for its time and signatures.
func TestEveryAttemptIsTheSame(t *testing.T) {
	t.Parallel()
	r, w := newReceiver(t, answering(500)), newWorld()
	for range 2 {
		_, _ = w.send(t.Context(), deliveryTo(r.URL))
		w.now = w.now.Add(time.Hour)
	}
	first, second := r.calls[0], r.calls[1]
	if first.body != second.body || first.header.Get("webhook-id") != second.header.Get("webhook-id") || first.header.Get("x-svp-signature") != second.header.Get("x-svp-signature") {
		t.Errorf("got %v, then %v, want the same id, body and x-svp-signature", first, second)
	}
	if second.header.Get("webhook-timestamp") != "1744196700" || first.header.Get("webhook-signature") == second.header.Get("webhook-signature") {
		t.Errorf("got %v, want another time and signature", second.header)
	}
}

// TestBothSecretsSign while one takes the place of the other; the contract's own header has the current one.
func TestBothSecretsSign(t *testing.T) {
	t.Parallel()
	r, w := newReceiver(t, answering(200)), newWorld()
	w.secrets = append(w.secrets, []byte(before))
	if _, err := w.send(t.Context(), deliveryTo(r.URL)); err != nil {
		t.Fatal(err)
	}
	header := r.calls[0].header
	if got, want := header.Get("webhook-signature"), signNew+" "+signOld; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := header.Get("x-svp-signature"); got != svpOfNew {
		t.Errorf("got %q, want %q", got, svpOfNew)
	}
	for _, secret := range []string{current, before} {
		if err := standard(t, secret).VerifyIgnoringTimestamp([]byte(r.calls[0].body), header); err != nil {
			t.Errorf("%s: got %v, want it verified", secret, err)
		}
	}
	if err := standard(t, "another").VerifyIgnoringTimestamp([]byte(r.calls[0].body), header); err == nil {
		t.Error("another secret: got it verified, want an error")
	}
}

// standard is the library of Standard Webhooks with a secret in the form that it is handed to integrators.
func standard(t *testing.T, secret string) *standardwebhooks.Webhook {
	t.Helper()
	w, err := standardwebhooks.NewWebhook("whsec_" + base64.StdEncoding.EncodeToString([]byte(secret)))
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// TestTimestampIsOfTheAttempt has the library look at the time as well.
func TestTimestampIsOfTheAttempt(t *testing.T) {
	t.Parallel()
	r, w := newReceiver(t, answering(200)), newWorld()
	w.now = time.Now()
	d := deliveryTo(r.URL)
	d.Created = w.now.AddDate(0, 0, -3)
	if _, err := w.send(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	if err := standard(t, current).Verify([]byte(r.calls[0].body), r.calls[0].header); err != nil {
		t.Errorf("got %v, want it verified", err)
	}
}

// TestAccountWebhooks carry the headers of Standard Webhooks only.
func TestAccountWebhooks(t *testing.T) {
	t.Parallel()
	r, w := newReceiver(t, answering(200)), newWorld()
	h := outbox.Hook{URL: r.URL, Event: "evt_1", Signer: outbox.Signer{Endpoint: "whk_1"}, Body: []byte(rawBody)}
	if _, err := w.send(t.Context(), outbox.NewWebhook("dlv_1", "org_1", false, h, start)); err != nil {
		t.Fatal(err)
	}
	if header := r.calls[0].header; header.Get("webhook-signature") != signNew || header.Values("x-svp-signature") != nil {
		t.Errorf("got %v, want the standard's signature alone", header)
	}
}

// TestGuideWebhooks are signed by their endpoint, and the guide's own header by the key.
func TestGuideWebhooks(t *testing.T) {
	t.Parallel()
	r, w := newReceiver(t, answering(200)), newWorld()
	w.of = map[outbox.Signer][][]byte{{Key: "key_1"}: {[]byte(current), []byte(before)}, {Endpoint: "whe_1"}: {[]byte("avow_whs_1")}}
	h := outbox.Hook{URL: r.URL, Event: "evt_1", Signer: outbox.Signer{Key: "key_1", Endpoint: "whe_1"}, Body: []byte(rawBody)}
	d := outbox.NewWebhook("dlv_1", "org_1", false, h, start)
	if _, err := w.send(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	header := r.calls[0].header
	if err := standard(t, "avow_whs_1").VerifyIgnoringTimestamp([]byte(rawBody), header); err != nil || header.Get("x-svp-signature") != svpOfNew {
		t.Errorf("got %v with %v, want the endpoint's signature and the key's current one in the guide's header", err, header)
	}
	for _, gone := range []outbox.Signer{{Key: "key_1"}, {Endpoint: "whe_1"}} {
		secrets := w.of[gone]
		delete(w.of, gone)
		if _, err := w.send(t.Context(), d); !errors.Is(err, ErrSigner) || len(r.calls) != 1 {
			t.Errorf("without %+v: got %v, want %v and no call", gone, err, ErrSigner)
		}
		w.of[gone] = secrets
	}
}
