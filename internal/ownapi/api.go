// Package ownapi is everything of our own for integrators on the wire: what is below /avow/v1, which neither contract knows (interfaces.md 4). Its answers have the skill
// contract's envelope.
package ownapi

import (
	"context"
	"net/http"
	"time"

	"avow/internal/fault"
	"avow/internal/outbox"
	"avow/internal/skill"
	"avow/internal/web"
)

// base is where these calls begin.
const base = "/avow/v1"

// Deliveries is what the calls about deliveries need of the rules. Every call refuses a reader whose key is not good before anything else.
type Deliveries interface {
	// Holder is the reader who shows an API key.
	Holder(apiKey string) outbox.Reader
	// Authenticate only says whether a reader's key is good.
	Authenticate(ctx context.Context, r outbox.Reader) error
	// List returns deliveries, newest first, and whether there are more.
	List(ctx context.Context, r outbox.Reader, f outbox.Filter) (page []outbox.Record, more bool, err error)
	// Show returns one delivery with its attempts.
	Show(ctx context.Context, r outbox.Reader, id string) (outbox.Record, []outbox.Attempt, error)
	// Retry makes a delivery due at once.
	Retry(ctx context.Context, r outbox.Reader, id string) (outbox.Record, error)
	// ReplayOne has a delivery that has come to an end sent once more.
	ReplayOne(ctx context.Context, r outbox.Reader, id string) (outbox.Record, error)
	// ReplaySome has many of them sent once more, as many as one call may, and says how far it has come.
	ReplaySome(ctx context.Context, r outbox.Reader, what outbox.Selection, from outbox.Progress) (outbox.Progress, error)
	// Enable has an endpoint that is disabled called again.
	Enable(ctx context.Context, r outbox.Reader, at outbox.Watched) error
}

// People is what the calls about persons need of the rules.
type People interface {
	// Export returns everything that is kept of a person, to whoever signed the request.
	Export(ctx context.Context, by skill.Asker, id string) (skill.Dossier, error)
	// Erase removes a person and returns what is left.
	Erase(ctx context.Context, by skill.Asker, id string) (skill.Erasure, error)
}

// Options is what the calls need of the rules.
type Options struct {
	TestMails   outbox.TestMails
	Deliveries  Deliveries
	Assessments Assessments
	Bounces     Bounces
	People      People
	Now         func() time.Time // deliveries are shown as they stand at now
}

type api struct{ o Options }

// New returns the family of our own calls.
func New(o Options) web.Family {
	a := api{o: o}
	return web.Family{Prefixes: []string{base + "/"}, Render: renderError, Routes: []web.Route{
		{Method: http.MethodGet, Path: base + "/test/mails", Handle: a.testMails},
		{Method: http.MethodGet, Path: base + "/test/assessments/{id}", Handle: a.rightAnswers},
		{Method: http.MethodGet, Path: base + "/deliveries", Handle: a.keyed(a.list)},
		{Method: http.MethodGet, Path: base + "/deliveries/{id}", Handle: a.keyed(a.show)},
		{Method: http.MethodPost, Path: base + "/deliveries/{id}/retry", Handle: a.keyed(a.retry)},
		{Method: http.MethodPost, Path: base + "/mail/bounces", Handle: a.keyed(a.bounce)},
		{Method: http.MethodPost, Path: base + "/deliveries/{id}/replay", Handle: a.keyed(a.replayOne)},
		{Method: http.MethodPost, Path: base + "/deliveries/replay", Handle: a.keyed(a.replay), Draws: replays},
		{Method: http.MethodPost, Path: base + "/webhooks/enable", Handle: a.keyed(a.enable), Draws: replays},
		{Method: http.MethodGet, Path: base + "/people/{id}", Handle: a.exportPerson},
		{Method: http.MethodDelete, Path: base + "/people/{id}", Handle: a.erasePerson},
	}}
}

// envelope is the body of every answer (skills-api.md 2).
type envelope struct {
	Success bool   `json:"success"`
	Data    any    `json:"data"`
	Message string `json:"message,omitempty"`
}

func answer(w http.ResponseWriter, data any) error {
	return web.WriteJSON(w, http.StatusOK, envelope{Success: true, Data: data})
}

// call is one request with who makes it.
type call struct {
	*http.Request
	reader outbox.Reader
}

// keyed makes a handler of a call that an API key opens. The key is looked up by the load of the call itself. Only when the request is bad is it looked up alone,
// because 401 wins over every 400 (skills-api.md 18.1).
func (a api) keyed(answer func(call) (any, error)) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		c := call{Request: r, reader: a.o.Deliveries.Holder(web.APIKey(r))}
		body, err := answer(c)
		if err != nil && fault.From(err).Kind == fault.Invalid {
			if refused := a.o.Deliveries.Authenticate(r.Context(), c.reader); refused != nil {
				return refused
			}
		}
		if err != nil {
			return err
		}
		return web.WriteJSON(w, http.StatusOK, body)
	}
}
