package pages

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"avow/internal/web"
)

const webhooksPath = "/dev/webhooks"

// receiveWebhook records a call and answers as it is told to, 200 without being told.
func (p *Pages) receiveWebhook(w http.ResponseWriter, r *http.Request) error {
	status, err := statusIn(r.URL.Query().Get("status"))
	if err != nil {
		return err
	}
	body, err := web.ReadBody(r)
	if err != nil {
		return err
	}
	secrets, err := p.secrets(r.Context())
	if err != nil {
		return err
	}
	id := p.received.record(call{
		at: p.o.Dev.Now(), status: status, Headers: firstValues(r.Header), Body: string(body), Signatures: check(r.Header, body, secrets),
	})
	return answer(w, status, id)
}

func statusIn(text string) (int, error) {
	if text == "" {
		return http.StatusOK, nil
	}
	status, err := strconv.Atoi(text)
	if err != nil || status < 200 || status > 599 {
		return 0, errStatus
	}
	return status, nil
}

func (p *Pages) secrets(ctx context.Context) ([]string, error) {
	if p.o.Dev.Secrets == nil {
		return nil, nil
	}
	return p.o.Dev.Secrets(ctx)
}

// answer leaves the body out where HTTP allows none.
func answer(w http.ResponseWriter, status int, id string) error {
	if status == http.StatusNoContent || status == http.StatusNotModified {
		w.WriteHeader(status)
		return nil
	}
	return web.WriteJSON(w, status, map[string]string{"id": id})
}

func firstValues(h http.Header) map[string]string {
	first := map[string]string{}
	for name, values := range h {
		first[strings.ToLower(name)] = values[0]
	}
	return first
}

// webhookList is what the list's template reads.
type webhookList struct {
	reloading
	Calls []shownCall
}

// shownCall is a call laid out for people.
type shownCall struct {
	call
	Status   int
	Pretty   string // empty: the body is no JSON
	Facts    []fact // of the body and headers
	Event    string
	Delivery int // which call with this event id it is, from 1; 0: it has none
	Checks   []signatureCheck
}

// fact is something that a webhook says of itself.
type fact struct{ Name, Value string }

// told are the members of a body that are shown beside it, in this order.
var told = []string{"webhookEventId", "mode", "status"}

// shownCalls lays out calls, which are newest first.
func shownCalls(calls []call) []shownCall {
	shown := make([]shownCall, len(calls))
	seen := map[string]int{}
	for i := len(calls) - 1; i >= 0; i-- {
		shown[i] = shownCallOf(calls[i])
		if id := calls[i].Headers[idHeader]; id != "" {
			seen[id]++
			shown[i].Delivery = seen[id]
		}
	}
	return shown
}

func shownCallOf(c call) shownCall {
	s := shownCall{call: c, Status: c.status, Pretty: pretty(c.Body), Checks: checksOf(c)}
	var body map[string]json.RawMessage
	if json.Unmarshal([]byte(c.Body), &body) != nil {
		return s
	}
	s.Event = textIn(body, "event")
	for _, name := range told {
		if value := textIn(body, name); value != "" {
			s.Facts = append(s.Facts, fact{name, value})
		}
	}
	return s
}

// textIn returns a member that is text.
func textIn(body map[string]json.RawMessage, name string) string {
	var text string
	_ = json.Unmarshal(body[name], &text) // anything else is not shown here
	return text
}

func (p *Pages) listWebhooks(w http.ResponseWriter, r *http.Request) error {
	calls := p.received.list()
	if wantsJSON(r) {
		return web.WriteJSON(w, http.StatusOK, calls)
	}
	allowScript(w.Header())
	return p.show(w, page{name: "webhooks", status: http.StatusOK, data: webhookList{reloading: reloadingOf(r, webhooksPath, "", ""), Calls: shownCalls(calls)}})
}

// pretty indents JSON; of other text there is nothing.
func pretty(body string) string {
	var b bytes.Buffer
	if json.Indent(&b, []byte(body), "", "  ") != nil {
		return ""
	}
	return b.String()
}

func (p *Pages) deleteWebhooks(w http.ResponseWriter, _ *http.Request) error {
	p.received.clear()
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// clearWebhooks is deleteWebhooks for a form, which cannot send DELETE.
func (p *Pages) clearWebhooks(w http.ResponseWriter, r *http.Request) error {
	p.received.clear()
	http.Redirect(w, r, webhooksPath, http.StatusSeeOther)
	return nil
}
