package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"avow/internal/account"
	"avow/internal/outbox"
)

// letterBase begins the verification_url of a request; the request's number follows, so that a code is known by its request.
const letterPath, letterBase = "/verify/", "https://app.example" + letterPath

// letterTime bounds the wait for letters; it takes milliseconds.
const letterTime = 20 * time.Second

// letter is a confirmation mail that was sent: the number of its request and the code.
type letter struct {
	number int
	code   string
}

// letters is what the server's mail goes to: codes are learned as their holders learn them, when and if they are mailed. A superseded request whose mail was
// cancelled has a code that nobody knows.
type letters struct {
	mu sync.Mutex
	to map[string][]letter
}

func newLetters() *letters { return &letters{to: map[string][]letter{}} }

// carry has the worker run until the test ends.
func (l *letters) carry(t *testing.T, w *outbox.Worker, webhooks outbox.Sender) {
	t.Helper()
	w.Senders = map[outbox.Kind]outbox.Sender{outbox.Mail: l, outbox.Webhook: webhooks}
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { w.Run(ctx, func(err error) { t.Errorf("worker: %v", err) }) })
	t.Cleanup(func() { stop(); running.Wait() })
}

// Send implements outbox.Sender.
func (l *letters) Send(_ context.Context, d outbox.Delivery) (outbox.Answer, error) {
	var message outbox.Message
	var data account.Confirmation
	if err := json.Unmarshal(d.Payload, &message); err != nil {
		return outbox.Answer{}, outbox.Permanent(err)
	}
	if err := json.Unmarshal(message.Data, &data); err != nil {
		return outbox.Answer{}, outbox.Permanent(err)
	}
	link, err := url.Parse(data.Link)
	if err != nil {
		return outbox.Answer{}, outbox.Permanent(err)
	}
	if !strings.HasPrefix(link.Path, letterPath) { // a notice, or a reviewer's mail: neither brings a code
		return outbox.Answer{Text: "not looked at"}, nil
	}
	number, err := strconv.Atoi(strings.TrimPrefix(link.Path, letterPath))
	if err != nil {
		return outbox.Answer{}, outbox.Permanent(fmt.Errorf("got link %s, want one that ends with a number: %w", data.Link, err))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.to[data.Email] = append(l.to[data.Email], letter{number, link.Query().Get("confirmation_code")})
	return outbox.Answer{Text: "kept"}, nil
}

// of are the letters to an address so far.
func (l *letters) of(email string) []letter {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.to[email])
}

// delivered returns when no mail waits any more: each is sent or cancelled.
func (s *stage) delivered(kind outbox.Kind) error {
	ctx, cancel := context.WithTimeout(context.Background(), letterTime)
	defer cancel()
	again := time.NewTicker(time.Millisecond)
	defer again.Stop()
	for {
		if due, err := s.app.Store.NextDue(ctx, kind); err != nil || due.IsZero() {
			return err
		}
		s.app.Worker.Wake() // another replica may have made it, whose worker does not run
		select {
		case <-again.C:
		case <-ctx.Done():
			return fmt.Errorf("got a %s that still waits after %s, want it sent", kind, letterTime)
		}
	}
}
