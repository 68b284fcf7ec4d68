package mail

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"avow/internal/outbox"
)

func render(t *testing.T, data any) Content {
	t.Helper()
	content, err := NewRenderer().Render(asMessage(t, data))
	if err != nil {
		t.Fatalf("Render: got %v, want no error", err)
	}
	return content
}

func asMessage(t *testing.T, data any) outbox.Message {
	t.Helper()
	raw, err := json.Marshal(data)
	if err != nil {
		t.Fatal(err)
	}
	return outbox.Message{To: "anna@example.com", Template: "confirm_email", Data: raw}
}

func TestConfirmationMail(t *testing.T) {
	t.Parallel()
	got := render(t, confirmation(nil))
	if want := "Confirm your e-mail address for Acme News"; got.Subject != want {
		t.Errorf("subject: got %q, want %q", got.Subject, want)
	}
	lines := strings.Split(got.Text, "\n")
	for _, want := range []string{testLink, "anna@example.com", "The link works once, until 15 January 2024, 12:00 UTC."} {
		if !slices.Contains(lines, want) {
			t.Errorf("text: got\n%s\nwant the line %q", got.Text, want)
		}
	}
	for _, want := range []string{
		`href="` + strings.ReplaceAll(testLink, "&", "&amp;") + `"`, ">" + strings.ReplaceAll(testLink, "&", "&amp;") + "</a>",
		"15 January 2024, 12:00 UTC", `lang="en"`, "Acme News", "anna@example.com", "ignore this mail",
	} {
		if !strings.Contains(got.HTML, want) {
			t.Errorf("HTML: got\n%s\nwant %q in it", got.HTML, want)
		}
	}
}

func TestHTMLLoadsNothing(t *testing.T) {
	t.Parallel()
	got := render(t, confirmation(nil)).HTML
	for _, unwanted := range []string{"<img", "<script", "<link", "url(", "src=", "@import", "ZgotmplZ"} {
		if strings.Contains(got, unwanted) {
			t.Errorf("HTML: got %q in it, want none", unwanted)
		}
	}
}

func TestExpiryIsShownInUTC(t *testing.T) {
	t.Parallel()
	got := render(t, confirmation(map[string]any{"expires": "2024-09-01T01:30:00+02:00"})).Text
	if want := "until 31 August 2024, 23:30 UTC."; !strings.Contains(got, want) {
		t.Errorf("text: got\n%s\nwant %q in it", got, want)
	}
}

func TestHostileDataStaysText(t *testing.T) {
	t.Parallel()
	got := render(t, confirmation(map[string]any{
		"brand": "<script>alert(1)</script>\r\nBcc: eve@example.com\n\nhttps://evil.example/\u202e\u2028{{.link}}",
		"email": "anna@example.com\r\n\r\nhttps://evil.example/",
		"link":  "https://id.example.org/?a=\"><b>&c=1\r\nhttps://evil.example/",
	}))
	if strings.ContainsAny(got.Subject, "\r\n") || !strings.Contains(got.Subject, "Bcc: eve@example.com") {
		t.Errorf("subject: got %q, want all of the brand in one line", got.Subject)
	}
	for _, line := range strings.Split(got.Text, "\n") {
		if strings.HasPrefix(line, "https://evil") || strings.HasPrefix(line, "Bcc:") || strings.ContainsAny(line, "\r\u2028\u202e") {
			t.Errorf("text: got the line %q, want no line of the data's making", line)
		}
	}
	for _, unwanted := range []string{"<script", "<b>", "\u202e"} {
		if strings.Contains(got.HTML, unwanted) {
			t.Errorf("HTML: got %q in it, want it escaped", unwanted)
		}
	}
}

func TestLinkThatIsNoAddressIsNotClickable(t *testing.T) {
	t.Parallel()
	got := render(t, confirmation(map[string]any{"link": "javascript:alert(1)"})).HTML
	if strings.Contains(got, `href="javascript`) {
		t.Errorf("HTML: got\n%s\nwant no link that runs", got)
	}
}

func TestBadDataIsRefusedForGood(t *testing.T) {
	t.Parallel()
	without := func(name string) map[string]any {
		data := confirmation(nil)
		delete(data, name)
		return data
	}
	for name, data := range map[string]any{
		"no brand": without("brand"), "no email": without("email"), "no link": without("link"), "no expires": without("expires"),
		"null link": confirmation(map[string]any{"link": nil}), "expires in words": confirmation(map[string]any{"expires": "SECRET tomorrow"}),
		"expires a number": confirmation(map[string]any{"expires": 5}), "an array": []string{"SECRET"}, "null": nil, "a text": "SECRET",
	} {
		content, err := NewRenderer().Render(asMessage(t, data))
		if !errors.Is(err, ErrData) || !errors.Is(err, outbox.ErrPermanent) || content != (Content{}) {
			t.Errorf("%s: got %+v, %v, want nothing and ErrData, permanent", name, content, err)
		}
		if err != nil && strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%s: got %v, want no data in it", name, err)
		}
	}
}

func TestUnknownTemplateMayBeKnownLater(t *testing.T) {
	t.Parallel()
	m := asMessage(t, confirmation(nil))
	m.Template = "of_the_next_version"
	_, err := NewRenderer().Render(m)
	if !errors.Is(err, ErrTemplate) || errors.Is(err, outbox.ErrPermanent) {
		t.Errorf("error: got %v, want ErrTemplate, not permanent", err)
	}
}

func TestLanguageIsTheNearestThatThereIs(t *testing.T) {
	t.Parallel()
	for wanted, want := range map[string]string{
		"": "en", "en": "en", "en-GB": "en", "sv": "sv", "sv-SE": "sv", "sv_FI": "sv", "SV-se-x": "sv", "fi": "en", "svx": "en", "../sv": "en", "sv/..": "en", "-sv": "en",
	} {
		got := render(t, confirmation(map[string]any{"language": wanted}))
		if !strings.Contains(got.HTML, `<html lang="`+want+`">`) {
			t.Errorf("%q: got\n%s\nwant a mail in %s", wanted, got.HTML, want)
		}
	}
}

func TestSwedishConfirmationMail(t *testing.T) {
	t.Parallel()
	got := render(t, confirmation(map[string]any{"language": "sv-SE"}))
	if want := "Bekräfta din e-postadress för Acme News"; got.Subject != want {
		t.Errorf("subject: got %q, want %q", got.Subject, want)
	}
	lines := strings.Split(got.Text, "\n")
	for _, want := range []string{testLink, "anna@example.com", "Länken fungerar en gång och gäller till 15 januari 2024 kl. 12.00 UTC."} {
		if !slices.Contains(lines, want) {
			t.Errorf("text: got\n%s\nwant the line %q", got.Text, want)
		}
	}
}
