package app_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"avow/internal/account"
	"avow/internal/app"
	"avow/internal/config"
	"avow/internal/mail"
	"avow/internal/outbox"
	"avow/internal/skill"
	"avow/internal/store"
)

// mailData is what decisions put into mails, by template, with every member filled.
var mailData = map[string]any{
	account.ConfirmationTemplate: account.Confirmation{Brand: "Acme", Email: "anna@example.com", Link: "https://a.example/", Expires: "2024-01-15T12:00:00Z", Language: "sv"},
	skill.ReviewRequestTemplate: skill.ReviewRequest{
		Language: "sv", Brand: "Acme", Reviewer: "Robin", Student: "Alex", Source: "Shop", Skills: []string{"Go"}, Link: "https://a.example/", Expires: "2024-01-15T12:00:00Z",
	},
	skill.ReviewAnswerTemplate: skill.ReviewAnswer{
		Language: "sv", Brand: "Acme", Student: "Alex", Reviewer: "Robin", Company: "Northwind", Confirmed: []string{"Go"}, Others: []string{}, Declined: true,
	},
	skill.AssessmentResultTemplate: skill.AssessmentResult{
		Language: "sv", Brand: "Acme", Student: "Alex", Passed: true, Score: 80, Correct: 8, Total: 10, Skills: []string{"Go"},
	},
	skill.EmailChangedTemplate: skill.EmailNotice{Language: "sv", Brand: "Acme", Email: "anna@example.com"},
	outbox.EndpointDisabledTemplate: outbox.EndpointDisabled{
		Language: "sv", Brand: "Acme", URL: "https://a.example/", Mode: "live", Since: "2024-01-10T12:00:00Z", Disabled: "2024-01-15T12:00:00Z",
	},
	skill.EmailTakenTemplate: skill.EmailNotice{Language: "sv", Brand: "Acme", Email: "anna@example.com"},

	account.ChangeEmailTemplate:     account.LinkLetter{Letter: swedish, Link: "https://a.example/", Expires: "2024-01-15T12:00:00Z"},
	account.EmailChangedTemplate:    account.ChangedLetter{Letter: swedish, Changed: "2024-01-15T12:00:00Z"},
	account.ResetPasswordTemplate:   account.LinkLetter{Letter: swedish, Link: "https://a.example/", Expires: "2024-01-15T12:00:00Z"},
	account.OneTimePasswordTemplate: account.OnceLetter{Letter: swedish, Login: "https://a.example/", Password: "x", Expires: "2024-01-15T12:00:00Z"},
}

var swedish = account.Letter{Language: "sv", Brand: "Acme", Email: "anna@example.com"}

// A template and the decision that asks for it agree on the names of the data: nothing that a template wants is missing.
func TestDecisionsFillTheirTemplates(t *testing.T) {
	t.Parallel()
	r := mail.NewRenderer()
	for _, template := range r.Templates() {
		data, known := mailData[template]
		if !known {
			t.Errorf("%s: got no data, want that of the decision in this test", template)
			continue
		}
		raw, err := json.Marshal(data)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Render(outbox.Message{Template: template, Data: raw}); err != nil {
			t.Errorf("%s with %s: got %v, want a mail", template, raw, err)
		}
	}
}

// withTemplates starts avow with a folder of mail templates that holds one file.
func withTemplates(t *testing.T, profile config.Profile, file, text string) error {
	t.Helper()
	b := newBench(t, familyClocks["accounts"], engines["sqlite"](t))
	b.config.Profile, b.config.MailTemplates = profile, t.TempDir()
	name := filepath.Join(b.config.MailTemplates, file)
	b.must(os.MkdirAll(filepath.Dir(name), 0o755))
	b.must(os.WriteFile(name, []byte(text), 0o600))
	b.must(store.Migrate(t.Context(), b.config.DatabaseURL, func(string) {}))
	a, err := app.New(context.Background(), app.Options{
		Config: b.config, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Now: b.clock.Now, Random: rand.Reader,
	})
	if err == nil {
		b.must(a.Close())
	}
	return err
}

func TestBrokenMailTemplatesKeepAvowFromStarting(t *testing.T) {
	t.Parallel()
	const file, text = "sv/confirm_email.txt", "Hej\n{{.naem}}\n"
	for profile, refused := range map[config.Profile]bool{config.Dev: true, config.Serve: true, config.Command: false} {
		err := withTemplates(t, profile, file, text)
		if (err != nil) != refused {
			t.Errorf("%s: got %v, want an error: %t", profile, err, refused)
		}
		for _, part := range []string{"AVOW_MAIL_TEMPLATES", file + `:2: there is no key "naem"`, file + ":1: want {{.link}}"} {
			if err != nil && !strings.Contains(err.Error(), part) {
				t.Errorf("%s: got %v, want %q in it", profile, err, part)
			}
		}
	}
	if err := withTemplates(t, config.Serve, "sv/confirm_email.subject.txt", "Hej"); err != nil {
		t.Errorf("a good file: got %v, want no error", err)
	}
}
