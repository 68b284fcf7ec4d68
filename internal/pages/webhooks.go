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
		at: p.o.Dev.Now(), Headers: firstValues(r.Header), Body: string(body), Signatures: check(r.Header, body, secrets),
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
type webhookList struct{ Calls []shownCall }

// shownCall is a call laid out for people.
type shownCall struct {
	call
	Pretty        string
	SVP, Standard string // the verdicts on its signatures
}

func shownCallOf(c call) shownCall {
	return shownCall{call: c, Pretty: pretty(c.Body), SVP: verdict(c.Signatures.SVP), Standard: verdict(c.Signatures.Standard)}
}

func verdict(right *bool) string {
	switch {
	case right == nil:
		return "not sent"
	case *right:
		return "valid"
	}
	return "wrong"
}

func (p *Pages) listWebhooks(w http.ResponseWriter, r *http.Request) error {
	calls := p.received.list()
	if wantsJSON(r) {
		return web.WriteJSON(w, http.StatusOK, calls)
	}
	list := webhookList{}
	for _, c := range calls {
		list.Calls = append(list.Calls, shownCallOf(c))
	}
	return p.show(w, page{name: "webhooks", status: http.StatusOK, data: list})
}

// pretty indents JSON; other text stays as it is.
func pretty(body string) string {
	var b bytes.Buffer
	if json.Indent(&b, []byte(body), "", "  ") != nil {
		return body
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
