package skill

import (
	"encoding/json"
	"testing"
	"time"

	"avow/internal/outbox"
)

func TestBouncedTellsTheCallback(t *testing.T) {
	t.Parallel()
	s := stepState(t)
	now := s.Verification.CreatedAt.Add(time.Hour)
	for status, completed := range map[string]time.Time{"pending": {}, "completed": now} {
		v := *s.Verification
		v.Callback, v.CompletedAt = "https://client.example/hook", completed
		note := outbox.Note{Action: outbox.BouncedAction, Status: "5.1.1", Diagnostic: "no such user", At: now}
		hooks := MailSubject{v}.Bounced(outbox.Bounce{Delivery: "dlv_a", Recipient: "r@work.example", Note: note, EventID: "evt_b"})
		if len(hooks) != 1 || hooks[0].ID != "dlv_b" || hooks[0].Target != v.Callback || hooks[0].Org != v.Owner.Org || !hooks[0].Due.Equal(now) {
			t.Fatalf("%s: got %+v, want one webhook to the callback", status, hooks)
		}
		var hook outbox.Hook
		var body struct {
			Event, Status string
			Bounce        struct{ Mail, Recipient, Status, Diagnostic string }
		}
		if err := json.Unmarshal(hooks[0].Payload, &hook); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(hook.Body, &body); err != nil {
			t.Fatal(err)
		}
		if body.Event != "mail.bounced" || body.Status != status || body.Bounce.Mail != "dlv_a" || body.Bounce.Status != "5.1.1" || hook.Signer.Key != v.Key {
			t.Errorf("%s: got %s signed by %+v, want the bounce", status, hook.Body, hook.Signer)
		}
	}
}

// Without it nobody could be told of a bounce.
func TestEveryMailNamesItsVerification(t *testing.T) {
	t.Parallel()
	s := stepState(t)
	mails := s.mails("dlv_a", "r@work.example", ReviewRequestTemplate, EmailNotice{}, s.Verification.CreatedAt)
	if len(mails) != 1 || mails[0].About != s.Verification.ID {
		t.Errorf("got %+v, want a mail about %s", mails, s.Verification.ID)
	}
}
