// Package webhook signs webhooks and posts them to callbacks.
package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
	"time"

	"avow/internal/egress"
	"avow/internal/outbox"
)

// Refusals that no later attempt can mend.
var (
	ErrPayload = errors.New("the delivery does not hold a webhook")
	ErrSigner  = errors.New("there is nothing to sign the webhook with: its key or endpoint is unknown, or the endpoint is disabled")
)

// Secrets finds what webhooks are signed with.
type Secrets interface {
	// SigningSecrets returns the secrets that a delivery is signed with at an instant: the signer's current one, and behind it the one before while both are good.
	// A revoked key still signs, for its results were promised. None: the delivery's organisation has no such signer in its mode.
	SigningSecrets(ctx context.Context, d outbox.Delivery, by outbox.Signer, now time.Time) ([][]byte, error)
}

// Options is what a Sender is made of.
type Options struct {
	Client  *egress.Client
	Secrets Secrets
	Now     func() time.Time
}

// Sender is the outbox.Sender of webhooks.
type Sender struct{ o Options }

// New makes a Sender.
func New(o Options) *Sender { return &Sender{o} }

// Send performs one attempt. Only a 2xx is a success; a redirect is not followed.
func (s *Sender) Send(ctx context.Context, d outbox.Delivery) (outbox.Answer, error) {
	var h outbox.Hook
	if json.Unmarshal(d.Payload, &h) != nil || h.Event == "" {
		return outbox.Answer{}, outbox.Permanent(ErrPayload)
	}
	by, err := s.signing(ctx, d, h.Signer)
	if err != nil {
		return outbox.Answer{}, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL, bytes.NewReader(h.Body))
	if err != nil {
		return outbox.Answer{}, outbox.Permanent(egress.ErrURL)
	}
	headers(r.Header, h, by, s.o.Now())
	answer, err := s.post(r)
	if err != nil {
		return outbox.Answer{Asked: !errors.Is(err, egress.ErrURL)}, err
	}
	defer func() { _ = answer.Body.Close() }()
	return outbox.Answer{Code: answer.StatusCode, Text: words(answer.Body), Asked: true}, s.judge(answer)
}

// signing gets the secrets of all who sign.
func (s *Sender) signing(ctx context.Context, d outbox.Delivery, by outbox.Signer) (signing, error) {
	var err error
	var with signing
	if by.Key != "" {
		if with.standard, err = s.secrets(ctx, d, outbox.Signer{Key: by.Key}); err != nil {
			return signing{}, err
		}
		with.svp = with.standard[0]
	}
	if by.Endpoint != "" {
		with.standard, err = s.secrets(ctx, d, outbox.Signer{Endpoint: by.Endpoint})
	}
	return with, err
}

// secrets are those of one signer; it also refuses what nobody signs.
func (s *Sender) secrets(ctx context.Context, d outbox.Delivery, by outbox.Signer) ([][]byte, error) {
	secrets, err := s.o.Secrets.SigningSecrets(ctx, d, by, s.o.Now())
	if err != nil {
		return nil, fmt.Errorf("look up the secret: %w", err)
	}
	if len(secrets) == 0 {
		return nil, outbox.Permanent(ErrSigner)
	}
	return secrets, nil
}

// post tells what can never be called from what may work later, and from what the receiver may have taken all the same: once the whole request is written, a broken
// line or a slow answer says nothing about that.
func (s *Sender) post(r *http.Request) (*http.Response, error) {
	var written atomic.Bool
	trace := &httptrace.ClientTrace{WroteRequest: func(info httptrace.WroteRequestInfo) { written.Store(info.Err == nil) }}
	answer, err := s.o.Client.Do(r.WithContext(httptrace.WithClientTrace(r.Context(), trace)))
	switch {
	case errors.Is(err, egress.ErrURL):
		return nil, outbox.Permanent(err)
	case err != nil && written.Load():
		return nil, outbox.Uncertain(err)
	}
	return answer, err
}

// maxWords is how much of an answer is kept, in bytes.
const maxWords = 512

// words are the beginning of what the receiver said, fit for a database: a receiver may say anything.
func words(body io.Reader) string {
	said, _ := io.ReadAll(io.LimitReader(body, maxWords)) // the status counts, also when the rest breaks off
	return strings.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(string(said), ""))
}
