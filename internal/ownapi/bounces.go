package ownapi

import (
	"context"
	"errors"
	"mime"

	"avow/internal/access"
	"avow/internal/fault"
	"avow/internal/outbox"
	"avow/internal/web"
)

// Bounces is what the intake of reports needs of the rules.
type Bounces interface {
	// Take notes a report of a mail server. The request must be signed with the secret of the reader's key.
	Take(ctx context.Context, r outbox.Reader, signed access.Signed, raw []byte) (outbox.Taken, error)
}

// errReportType refuses a body of another type.
var errReportType = fault.New(fault.Invalid, "report_type", "The Content-Type header must be message/rfc822.")

// taken is what became of a mail by a report.
type taken struct {
	ID     string          `json:"id"`
	Status outbox.Standing `json:"status"`
	Action outbox.Action   `json:"action"`
	Code   string          `json:"code"`
}

// bounce is POST /mail/bounces. The signature covers the message as it stands.
func (a api) bounce(c call) (any, error) {
	if media, _, err := mime.ParseMediaType(c.Header.Get("Content-Type")); err != nil && !errors.Is(err, mime.ErrInvalidMediaParameter) || media != "message/rfc822" {
		return nil, errReportType
	}
	raw, err := web.ReadBody(c.Request)
	if errors.Is(err, web.ErrJSON) {
		return nil, outbox.ErrReportUnread // it broke off
	}
	if err != nil {
		return nil, err
	}
	t, err := a.o.Bounces.Take(c.Context(), c.reader, c.signed(raw), raw)
	if err != nil {
		return nil, err
	}
	body := envelope{Success: true, Data: taken{ID: t.Record.ID, Status: t.Record.Standing(a.o.Now()), Action: t.Note.Action, Code: t.Note.Status}}
	if t.Again {
		body.Message = "The report was known"
	}
	return body, nil
}

// signed is what a request shows beside its key; the path counts as it was sent, a query with it (skills-api.md 3.4).
func (c call) signed(body []byte) access.Signed {
	path := c.URL.EscapedPath()
	if c.URL.RawQuery != "" {
		path += "?" + c.URL.RawQuery
	}
	return access.Signed{Method: c.Method, Path: path, Timestamp: c.Header.Get("X-Timestamp"), Signature: c.Header.Get("X-Signature"), Body: string(body)}
}
