package account

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"avow/internal/access"
	"avow/internal/event"
	"avow/internal/outbox"
)

func TestBouncedTellsWhoWantsToHear(t *testing.T) {
	t.Parallel()
	later := start.Add(time.Hour)
	s := MailSubject{Account: *pending().Account, Endpoints: []access.Endpoint{
		{ID: "whe_1", URL: "https://one.example/"}, {ID: "whe_2", URL: "https://two.example/", Events: []string{"account_changed"}}, {ID: "whe_3", URL: "https://three.example/", Events: []string{"mail_bounced"}},
	}}
	note := outbox.Note{Action: outbox.BouncedAction, Status: "5.1.1", Diagnostic: "no such user", At: later}
	hooks := s.Bounced(outbox.Bounce{Delivery: "dlv_a", Recipient: "old@example.com", Note: note, EventID: "evt_b"})
	var ids, targets []string
	for _, h := range hooks {
		ids, targets = append(ids, h.ID), append(targets, h.Target)
		var hook outbox.Hook
		var body struct {
			Event, Timestamp string
			Payload          struct {
				Account struct{ ID string }
				Data    struct{ Bounce event.Bounce } `json:"event_data"`
			}
		}
		if err := json.Unmarshal(h.Payload, &hook); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(hook.Body, &body); err != nil {
			t.Fatal(err)
		}
		want := event.Bounce{Mail: "dlv_a", Recipient: "old@example.com", Status: "5.1.1", Diagnostic: "no such user"}
		if body.Event != "mail_bounced" || body.Timestamp != "2024-01-14T13:00:00.000Z" || body.Payload.Account.ID != accountID || body.Payload.Data.Bounce != want || hook.Event != "evt_b" {
			t.Errorf("got %s as %s, want the bounce", hook.Body, hook.Event)
		}
		if !h.Due.Equal(later) || h.Org != orgID || h.Test || hook.Signer.Endpoint == "" {
			t.Errorf("got %+v signed by %+v, want it due at once and signed by its endpoint", h, hook.Signer)
		}
	}
	if diff := cmp.Diff([][]string{{"dlv_b_0", "dlv_b_2"}, {"https://one.example/", "https://three.example/"}}, [][]string{ids, targets}); diff != "" {
		t.Errorf("got +, want -:\n%s", diff)
	}
}

// Without it nobody could be told of a bounce.
func TestEveryMailNamesItsAccount(t *testing.T) {
	t.Parallel()
	s := pending()
	a := *s.Account
	for name, m := range map[string]Mail{
		"confirmation": confirmationMail(s, a, createInput()), "change": changeMail(s, a, ChangeEmailInput{}), "changed": changedMail(s, a, VerifyInput{}),
		"reset": resetMail(s, a, ResetInput{}), "once": onceMail(s, a, OnceInput{}),
	} {
		if m.About != a.ID {
			t.Errorf("%s: got a mail about %q, want %q", name, m.About, a.ID)
		}
	}
}
