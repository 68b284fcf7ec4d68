package ownapi

import (
	"net/http"

	"avow/internal/outbox"
	"avow/internal/web"
)

// testMail is a captured mail, in the form that /dev/mails has (interfaces.md section 4).
type testMail struct {
	ID        string  `json:"id"`
	To        string  `json:"to"`
	From      string  `json:"from"`
	Subject   string  `json:"subject"`
	Text      string  `json:"text"`
	HTML      string  `json:"html"`
	CreatedAt *string `json:"createdAt"`
}

func testMailOf(m outbox.Captured) testMail {
	return testMail{ID: m.ID, To: m.To, From: m.From, Subject: m.Subject, Text: m.Text, HTML: m.HTML, CreatedAt: stamp(m.CreatedAt)}
}

// testMails is GET /avow/v1/test/mails?to=.
func (a api) testMails(w http.ResponseWriter, r *http.Request) error {
	found, err := a.o.TestMails.List(r.Context(), web.APIKey(r), r.URL.Query().Get("to"))
	if err != nil {
		return err
	}
	mails := make([]testMail, len(found)) // an empty list is [], not null
	for i, m := range found {
		mails[i] = testMailOf(m)
	}
	return answer(w, mails)
}
