package skill

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"avow/internal/access"
	"avow/internal/event"
	"avow/internal/outbox"
)

// MaxEndpoints is how many endpoints can be registered for an organisation in one mode.
const MaxEndpoints = 20

// maxEndpointURL is the longest address of an endpoint, in bytes: every change reads them all.
const maxEndpointURL = 2048

// Registered is what a decision about registered endpoints needs. Whatever is unknown, or another owner's, is nil or empty.
type Registered struct {
	Key       *access.Key
	Endpoints []access.Endpoint // of the key's organisation and mode, oldest first, disabled ones included; without their secrets
}

// Registration is what such a decision wants saved. The zero value saves nothing.
type Registration struct {
	Add    *access.Endpoint
	Remove string // id of an endpoint
}

// RegisterInput registers an endpoint, with what chance and the clock add drawn beforehand.
type RegisterInput struct {
	Endpoint  access.Endpoint // without owner
	Callbacks CallbackPolicy
}

// Register makes an endpoint of the key's organisation and mode (section 10). The same address for the same events is there once: its secret cannot be told again.
func Register(s Registered, in RegisterInput) (Registration, error) {
	if err := access.AuthenticateKey(s.Key); err != nil {
		return Registration{}, err
	}
	e, owner := in.Endpoint, s.Key.Owner
	if len(e.URL) > maxEndpointURL || in.Callbacks.allow(e.URL, owner.Mode) != nil {
		return Registration{}, ErrEndpointURL
	}
	e.Org, e.Mode, e.Events = owner.Org, owner.Mode, distinct(e.Events)
	for _, name := range e.Events {
		if !slices.Contains(event.GuideEvents, event.Name(name)) {
			return Registration{}, ErrEndpointEvents
		}
	}
	if slices.ContainsFunc(s.Endpoints, func(o access.Endpoint) bool { return o.URL == e.URL && equalSets(o.Events, e.Events) }) {
		return Registration{}, ErrEndpointKnown
	}
	if len(s.Endpoints) >= MaxEndpoints {
		return Registration{}, ErrEndpointsFull.With(Overflow{Limit: MaxEndpoints, Current: len(s.Endpoints) + 1})
	}
	return Registration{Add: &e}, nil
}

func equalSets(a, b []string) bool {
	return len(a) == len(b) && !slices.ContainsFunc(a, func(one string) bool { return !slices.Contains(b, one) })
}

// Unregister forgets an endpoint of the key's organisation and mode: what waits for it is not sent.
func Unregister(s Registered, id string) (Registration, error) {
	if err := access.AuthenticateKey(s.Key); err != nil {
		return Registration{}, err
	}
	if !slices.ContainsFunc(s.Endpoints, func(e access.Endpoint) bool { return e.ID == id }) {
		return Registration{}, ErrEndpointUnknown
	}
	return Registration{Remove: id}, nil
}

// guided are the webhooks by which registered endpoints hear of a result, under the name that the guide has for it (13.3). Id is that of the event. The signer is the
// endpoint; the guide's own header is by the key (section 7).
func (s State) guided(body event.Completed, id string, now time.Time) []outbox.Delivery {
	body.Event, body.ID = guideEvent(body), id
	var raw []byte
	var hooks []outbox.Delivery
	v := s.Verification
	for i, e := range s.Endpoints {
		if !e.Hears(string(body.Event)) {
			continue
		}
		if raw == nil {
			raw = encoded(body)
		}
		hook := outbox.Hook{URL: e.URL, Event: id, Signer: outbox.Signer{Key: v.Key, Endpoint: e.ID}, Body: raw}
		delivery := "dlv_" + strings.TrimPrefix(id, "evt_") + "_" + strconv.Itoa(i)
		hooks = append(hooks, outbox.NewWebhook(delivery, v.Owner.Org, v.Owner.Mode == access.Test, hook, now))
	}
	return hooks
}

// guideEvent is what the guide calls a result. A reviewer has approved where a skill is verified.
func guideEvent(c event.Completed) event.Name {
	switch {
	case c.Status == string(ReviewExpired):
		return event.VerificationFailed
	case c.Assessment != nil && c.Assessment.Passed:
		return event.AssessmentPassed
	case c.Assessment != nil:
		return event.AssessmentFailed
	case c.Summary.SkillsVerified > 0:
		return event.VerificationPassed
	}
	return event.VerificationFailed
}
