package mail

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"avow/internal/outbox"
)

const testLink = "https://id.example.org/confirm?id=65a3d2c00123456789abcdef&confirmation_code=6f1c2a34-5b6d-4e7f-8a9b-0c1d2e3f4a5b"

var testCreated = time.Date(2024, time.January, 14, 12, 0, 0, 0, time.UTC)

// confirmation is valid data of the confirmation mail, with changes.
func confirmation(changes map[string]any) map[string]any {
	data := map[string]any{
		"brand": "Acme News", "email": "anna@example.com", "link": testLink, "expires": "2024-01-15T12:00:00Z",
	}
	for name, value := range changes {
		data[name] = value
	}
	return data
}

func delivery(to string, data any) outbox.Delivery {
	return outbox.NewMail("dlv_abc123", "org_1", to, "confirm_email", data, testCreated)
}

// payload is a delivery whose payload is the given text.
func payload(text string) outbox.Delivery {
	return outbox.Delivery{ID: "dlv_abc123", Kind: outbox.Mail, Payload: []byte(text), Created: testCreated}
}

// memory is a Mailbox.
type memory struct {
	mu   sync.Mutex
	kept []outbox.Captured
	err  error
}

func (m *memory) Keep(_ context.Context, c outbox.Captured) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.kept = append(m.kept, c)
	return m.err
}

func (m *memory) Mails(context.Context, string, int) ([]outbox.Captured, error) { return m.kept, nil }

func (m *memory) MailByID(context.Context, string) (outbox.Captured, error) {
	return outbox.Captured{}, outbox.ErrMailUnknown
}

func (m *memory) ClearMails(context.Context) error { return nil }

func TestCaptureKeepsTheRenderedMail(t *testing.T) {
	t.Parallel()
	box := &memory{}
	d := delivery("anna@example.com", confirmation(nil))
	d.Test = true
	answer, err := NewCapture(NewRenderer(), box, "Acme <verify@example.org>").Send(t.Context(), d)
	if err != nil || answer.Text != "captured" {
		t.Fatalf("Send: got %q, %v, want captured, nil", answer.Text, err)
	}
	got := box.kept[0]
	if got.ID != d.ID || got.Org != d.Org || !got.Test || got.To != "anna@example.com" || got.From != "Acme <verify@example.org>" || !got.CreatedAt.Equal(testCreated) {
		t.Errorf("envelope: got %+v, want that of the delivery", got)
	}
	if !slices.Contains(strings.Split(got.Text, "\n"), testLink) || got.Subject == "" || !strings.Contains(got.HTML, "Acme News") {
		t.Errorf("content: got %+v, want a rendered mail", got)
	}
}

func TestCaptureFailures(t *testing.T) {
	t.Parallel()
	broken := errors.New("disk full")
	for name, c := range map[string]struct {
		d         outbox.Delivery
		kept      error
		permanent bool
	}{
		"payload is no JSON": {d: payload("no"), permanent: true},
		"template unknown":   {d: payload(`{"to":"anna@example.com","template":"nothing","data":{}}`)},
		"data missing":       {d: delivery("anna@example.com", map[string]any{}), permanent: true},
		"mailbox broken":     {d: delivery("anna@example.com", confirmation(nil)), kept: broken},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := NewCapture(NewRenderer(), &memory{err: c.kept}, "").Send(t.Context(), c.d)
			if err == nil || errors.Is(err, outbox.ErrPermanent) != c.permanent {
				t.Errorf("error: got %v, want one with permanent = %v", err, c.permanent)
			}
			if c.kept != nil && !errors.Is(err, c.kept) {
				t.Errorf("error: got %v, want %v in it", err, c.kept)
			}
		})
	}
}

// named is a Sender that answers with its name.
type named string

func (n named) Send(context.Context, outbox.Delivery) (outbox.Answer, error) {
	return outbox.Answer{Text: string(n)}, nil
}

func TestRouterKeepsTestModeFromTheRelay(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		relay outbox.Sender
		test  bool
		want  string
	}{
		"live with relay":    {relay: named("relay"), want: "relay"},
		"live without relay": {want: "captured"},
		"test with relay":    {relay: named("relay"), test: true, want: "captured"},
		"test without relay": {test: true, want: "captured"},
	} {
		got, err := NewRouter(named("captured"), c.relay).Send(t.Context(), outbox.Delivery{Test: c.test})
		if got.Text != c.want || err != nil {
			t.Errorf("%s: got %q, %v, want %q, nil", name, got.Text, err, c.want)
		}
	}
}
