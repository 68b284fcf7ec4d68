package app_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"avow/internal/outbox"
)

// hooks is what webhooks are posted to: every callback of a case.
type hooks struct {
	real outbox.Sender
	mu   sync.Mutex
	came []outbox.Delivery // not looked at yet, in the order in which they were made
}

// Send implements outbox.Sender. A delivery that is sent again counts once. What goes to a receiver of the case is posted for real.
func (h *hooks) Send(ctx context.Context, d outbox.Delivery) (outbox.Answer, error) {
	if strings.HasPrefix(d.Target, "http://127.0.0.1:") {
		return h.real.Send(ctx, d)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if !slices.ContainsFunc(h.came, func(o outbox.Delivery) bool { return o.ID == d.ID }) {
		h.came = append(h.came, d)
	}
	return outbox.Answer{Code: http.StatusOK}, nil
}

// switched is a mail relay that can be taken away.
type switched struct {
	outbox.Sender
	b *bench
}

// Send implements outbox.Sender.
func (s switched) Send(ctx context.Context, d outbox.Delivery) (outbox.Answer, error) {
	if s.b.relay.Load() {
		return outbox.Answer{}, errors.New("there is no relay")
	}
	return s.Sender.Send(ctx, d)
}

// receive has a worker post its webhooks to the case, unless the case wants them posted for real, and its mail go through the relay that a case can break.
func (b *bench) receive(w *outbox.Worker) {
	if b.hooks != nil {
		b.hooks.real, w.Senders[outbox.Webhook] = w.Senders[outbox.Webhook], b.hooks
	}
	w.Senders[outbox.Mail] = switched{w.Senders[outbox.Mail], b}
}

// hooksTo delivers what is due and returns the webhooks to an address that no section has looked at.
func (b *bench) hooksTo(to string) []outbox.Delivery {
	b.Helper()
	b.deliver()
	b.hooks.mu.Lock()
	defer b.hooks.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(b.hooks.came), func(d outbox.Delivery) bool { return d.Target != to })
}

// webhook compares the first webhook to an address that no section has looked at.
func (b *bench) webhook(text string) {
	b.Helper()
	head, want, _ := strings.Cut(strings.TrimSuffix(text, "\n"), "\n\n")
	to := b.fill(strings.TrimPrefix(strings.TrimSpace(head), "To: "))
	came := b.hooksTo(to)
	if len(came) == 0 {
		b.Fatalf("got no new webhook to %s, want one", to)
	}
	b.match(compact(want), string(bodyOf(b, came[0])))
	b.hooks.mu.Lock()
	defer b.hooks.mu.Unlock()
	b.hooks.came = slices.DeleteFunc(b.hooks.came, func(d outbox.Delivery) bool { return d.ID == came[0].ID })
}

func (b *bench) noWebhook(text string) {
	b.Helper()
	to := b.fill(strings.TrimPrefix(strings.TrimSpace(text), "To: "))
	if came := b.hooksTo(to); len(came) != 0 {
		b.Fatalf("got %d new webhooks to %s, want none", len(came), to)
	}
}

var (
	nowPlace       = regexp.MustCompile(`<now(?::([^<>]+))?>`)
	signaturePlace = regexp.MustCompile(`^<signature:([a-z0-9.]+)>$`)
)

// fillTime writes the case's clock, moved by a duration, in Unix milliseconds.
func (b *bench) fillTime(value string) string {
	b.Helper()
	return nowPlace.ReplaceAllStringFunc(value, func(place string) string {
		at := b.clock.Now()
		if off := nowPlace.FindStringSubmatch(place)[1]; off != "" {
			d, err := time.ParseDuration(off)
			b.must(err)
			at = at.Add(d)
		}
		return strconv.FormatInt(at.UnixMilli(), 10)
	})
}

// sign makes the signature of a request by a key's secret, as skills-api.md 3.4 says, over the headers that stand before it.
func (b *bench) sign(r *http.Request, value string) string {
	b.Helper()
	m := signaturePlace.FindStringSubmatch(value)
	if m == nil {
		return b.fill(value)
	}
	target := r.URL.EscapedPath()
	if r.URL.RawQuery != "" {
		target += "?" + r.URL.RawQuery
	}
	mac := hmac.New(sha256.New, []byte(b.vars[m[1]+".secret"]))
	mac.Write([]byte(r.Method + ":" + target + ":" + r.Header.Get("X-Timestamp") + ":" + b.signedBody(r)))
	return hex.EncodeToString(mac.Sum(nil))
}

// signedBody is the message that a signature covers as it stands.
func (b *bench) signedBody(r *http.Request) string {
	b.Helper()
	if r.Header.Get("Content-Type") != "message/rfc822" {
		return ""
	}
	raw, err := io.ReadAll(r.Body)
	b.must(err)
	r.Body = io.NopCloser(bytes.NewReader(raw))
	return string(raw)
}

// bodyOf is what a webhook says.
func bodyOf(b *bench, d outbox.Delivery) []byte {
	b.Helper()
	var hook outbox.Hook
	b.must(json.Unmarshal(d.Payload, &hook))
	return hook.Body
}
