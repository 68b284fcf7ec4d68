package ownapi

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"avow/internal/outbox"
)

// delivery is a webhook as its owner sees it. What was sent and what was answered is not shown: the receiver may be a host that only the server can reach.
type delivery struct {
	ID         string          `json:"id"`
	URL        string          `json:"url"`
	Status     outbox.Standing `json:"status"`
	Attempts   int             `json:"attemptCount"`
	LastCode   *int            `json:"lastCode"`
	CreatedAt  *string         `json:"createdAt"`
	NextAt     *string         `json:"nextAttemptAt"`
	FinishedAt *string         `json:"finishedAt"`
	DisabledAt *string         `json:"endpointDisabledAt,omitempty"`
}

type attempt struct {
	Number     int            `json:"number"`
	StartedAt  *string        `json:"startedAt"`
	DurationMS *int64         `json:"durationMs"`
	Outcome    outbox.Outcome `json:"outcome"`
	Code       *int           `json:"code"`
}

type deliveryWithAttempts struct {
	delivery
	Attempts []attempt `json:"attempts"`
}

// page is the body of a list.
type page struct {
	envelope
	NextCursor *string `json:"nextCursor"`
}

const (
	defaultLimit = 50
	maxLimit     = 100
)

// list is GET /deliveries.
func (a api) list(c call) (any, error) {
	filter, err := readFilter(c.URL.Query())
	if err != nil {
		return nil, err
	}
	found, more, err := a.o.Deliveries.List(c.Context(), c.reader, filter)
	if err != nil {
		return nil, err
	}
	shown := make([]delivery, len(found))
	for i, r := range found {
		shown[i] = a.delivery(r)
	}
	body := page{envelope: envelope{Success: true, Data: shown}}
	if more {
		body.NextCursor = cursorBehind(found[len(found)-1])
	}
	return body, nil
}

// show is GET /deliveries/{id}.
func (a api) show(c call) (any, error) {
	found, attempts, err := a.o.Deliveries.Show(c.Context(), c.reader, c.PathValue("id"))
	if err != nil {
		return nil, err
	}
	shown := deliveryWithAttempts{delivery: a.delivery(found), Attempts: make([]attempt, len(attempts))}
	for i, t := range attempts {
		shown.Attempts[i] = attempt{Number: t.Number, StartedAt: stamp(t.Began), DurationMS: duration(t), Outcome: t.Outcome, Code: code(t.Code)}
	}
	return envelope{Success: true, Data: shown}, nil
}

// retry is POST /deliveries/{id}/retry.
func (a api) retry(c call) (any, error) {
	due, err := a.o.Deliveries.Retry(c.Context(), c.reader, c.PathValue("id"))
	if err != nil {
		return nil, err
	}
	return envelope{Success: true, Data: a.delivery(due), Message: "The delivery is due now"}, nil
}

func (a api) delivery(r outbox.Record) delivery {
	status := r.Standing(a.o.Now())
	shown := delivery{
		ID: r.ID, URL: r.Target, Status: status, Attempts: r.Attempts, LastCode: code(r.Code), CreatedAt: stamp(r.Created), FinishedAt: stamp(r.Finished),
		DisabledAt: stamp(r.Endpoint.Off),
	}
	if r.State == outbox.Queued && status != outbox.Sending {
		shown.NextAt = stamp(r.Due)
	}
	return shown
}

// readFilter reads the query of a list. A parameter that is empty counts as absent.
func readFilter(query url.Values) (f outbox.Filter, err error) {
	f.Limit = defaultLimit
	for name, read := range map[string]func(text string) error{
		"status": func(text string) error {
			f.Standing = outbox.Standing(text)
			return ofWebhooks(f.Standing)
		},
		"since": func(text string) error {
			f.Since, err = time.Parse(time.RFC3339, text)
			return err
		},
		"limit": func(text string) error {
			f.Limit, err = strconv.Atoi(text)
			if err == nil && (f.Limit < 1 || f.Limit > maxLimit) {
				err = fmt.Errorf("want 1 to %d", maxLimit)
			}
			return err
		},
		"cursor": func(text string) error {
			f.Behind, err = readCursor(text)
			return err
		},
	} {
		if text := query.Get(name); text != "" && read(text) != nil {
			return f, errParameter.On(name).Saying(sayings[name])
		}
	}
	return f, nil
}

// statuses are those that a webhook can have.
var statuses = []outbox.Standing{outbox.Waiting, outbox.Deferred, outbox.Sending, outbox.Unclear, outbox.Arrived, outbox.GivenUp, outbox.Superseded}

func ofWebhooks(s outbox.Standing) error {
	if !slices.Contains(statuses, s) {
		return errParameter
	}
	return nil
}

// sayings tell what a parameter must be.
var sayings = map[string]string{
	"status": "The status must be queued, deferred, sending, unknown, delivered, failed or cancelled.",
	"since":  "The parameter since must be an instant such as 2025-04-09T10:00:00Z.",
	"limit":  fmt.Sprintf("The limit must be a number from 1 to %d.", maxLimit),
	"cursor": "The cursor must be one that a list has returned.",
}

// cursorBehind names the place behind a delivery. What it is made of is nobody's business.
func cursorBehind(r outbox.Record) *string {
	text := base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(r.Created.UnixMicro(), 10) + " " + r.ID))
	return &text
}

func readCursor(text string) (outbox.Place, error) {
	plain, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return outbox.Place{}, err
	}
	created, id, _ := strings.Cut(string(plain), " ")
	us, err := strconv.ParseInt(created, 10, 64)
	if err != nil || id == "" {
		return outbox.Place{}, errParameter
	}
	return outbox.Place{Created: time.UnixMicro(us), ID: id}, nil
}

// stamp is how an instant is written (skills-api.md 2); none is null.
func stamp(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	text := t.UTC().Format("2006-01-02T15:04:05.000Z")
	return &text
}

// code is null where the other side gave none.
func code(c int) *int {
	if c == 0 {
		return nil
	}
	return &c
}

// duration is null for an attempt of which nobody knows when it ended.
func duration(t outbox.Attempt) *int64 {
	if t.Outcome == outbox.Unknown && t.Took == 0 {
		return nil
	}
	ms := t.Took.Milliseconds()
	return &ms
}
