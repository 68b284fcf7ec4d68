package pages

import (
	"net/http"
	"regexp"
	"strings"

	"avow/internal/outbox"
	"avow/internal/web"
)

const (
	mailsPath = "/dev/mails"
	maxMails  = 500 // listed at once
)

// capturedMail is a captured mail as programs read it (interfaces.md section 4).
type capturedMail struct {
	ID        string `json:"id"`
	To        string `json:"to"`
	From      string `json:"from"`
	Subject   string `json:"subject"`
	Text      string `json:"text"`
	HTML      string `json:"html"`
	CreatedAt string `json:"createdAt"`
}

func capturedMailOf(m outbox.Captured) capturedMail {
	return capturedMail{ID: m.ID, To: m.To, From: m.From, Subject: m.Subject, Text: m.Text, HTML: m.HTML, CreatedAt: iso(m.CreatedAt)}
}

// mailList is what the list's template reads.
type mailList struct {
	reloading
	To    string // the filter; empty: every address
	Mails []outbox.Captured
	Full  bool // there may be more than are shown
}

func (p *Pages) listMails(w http.ResponseWriter, r *http.Request) error {
	to := strings.TrimSpace(r.URL.Query().Get("to"))
	mails, err := p.o.Dev.Mails.Mails(r.Context(), to, maxMails)
	if err != nil {
		return err
	}
	if wantsJSON(r) {
		return writeMails(w, mails)
	}
	allowScript(w.Header())
	return p.show(w, page{name: "mails", status: http.StatusOK, data: mailList{
		reloading: reloadingOf(r, mailsPath, "to", to), To: to, Mails: mails, Full: len(mails) == maxMails,
	}})
}

func writeMails(w http.ResponseWriter, mails []outbox.Captured) error {
	list := make([]capturedMail, len(mails)) // an empty list is [], not null
	for i, m := range mails {
		list[i] = capturedMailOf(m)
	}
	return web.WriteJSON(w, http.StatusOK, list)
}

// mailDetail is what the detail's template reads.
type mailDetail struct {
	Mail   outbox.Captured
	Text   []segment
	Copies []copyable
}

func (p *Pages) showMail(w http.ResponseWriter, r *http.Request) error {
	m, err := p.o.Dev.Mails.MailByID(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	if wantsJSON(r) {
		return web.WriteJSON(w, http.StatusOK, capturedMailOf(m))
	}
	allowScript(w.Header(), "frame-src 'self'") // the HTML part is shown in a frame
	return p.show(w, page{name: "mail", status: http.StatusOK, data: mailDetail{Mail: m, Text: segments(m.Text), Copies: copyables(m.Text)}})
}

// mailPolicy shows a mail as a mail program would: with its own styles, without scripts, in a place that is nobody's origin. Links open beside it.
const mailPolicy = "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"

func (p *Pages) showMailHTML(w http.ResponseWriter, r *http.Request) error {
	m, err := p.o.Dev.Mails.MailByID(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Security-Policy", mailPolicy)
	write(w, http.StatusOK, "text/html; charset=utf-8", []byte(m.HTML))
	return nil
}

func (p *Pages) deleteMails(w http.ResponseWriter, r *http.Request) error {
	if err := p.o.Dev.Mails.ClearMails(r.Context()); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// clearMails is deleteMails for a form, which cannot send DELETE.
func (p *Pages) clearMails(w http.ResponseWriter, r *http.Request) error {
	if err := p.o.Dev.Mails.ClearMails(r.Context()); err != nil {
		return err
	}
	http.Redirect(w, r, mailsPath, http.StatusSeeOther)
	return nil
}

// segment is a stretch of a mail's text; with an address it is a link.
type segment struct{ Text, Address string }

var webAddress = regexp.MustCompile(`https?://[^\s<>"]+`)

// segments finds the links in a text. Nothing is trimmed off their ends: avow writes a link on a line of its own.
func segments(text string) []segment {
	var list []segment
	at := 0
	for _, found := range webAddress.FindAllStringIndex(text, -1) {
		address := text[found[0]:found[1]]
		list = append(list, segment{Text: text[at:found[0]]}, segment{Text: address, Address: address})
		at = found[1]
	}
	return append(list, segment{Text: text[at:]})
}
