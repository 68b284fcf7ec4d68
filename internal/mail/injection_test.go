package mail

import (
	"encoding/json"
	"errors"
	"maps"
	netmail "net/mail"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"avow/internal/outbox"
)

// fieldsOfALetter are all the header fields that a mail may have, whatever its data holds.
var fieldsOfALetter = []string{"Auto-Submitted", "Content-Type", "Date", "From", "Message-Id", "Mime-Version", "Subject", "To"}

// taken are addresses that are sent to as they stand.
var taken = map[string]string{
	"plain":                      "anna@example.com",
	"plus":                       "anna+news@example.com",
	"capitals":                   "Anna.O'Hara@Example.COM",
	"every atom character":       "!#$%&'*+-/?=^_`{|}~@example.com",
	"looks like an option":       "-oQ/tmp@example.com",
	"punycode":                   "anna@xn--exmple-cua.com",
	"international domain":       "anna@exämple.com",
	"international name":         "ånna@example.com",
	"another script":             "用户@例子.广告",
	"254 bytes":                  strings.Repeat("a", 242) + "@example.com",
	"quoted blank":               `"anna smith"@example.com`,
	"quoted parameter":           `"a> NOTIFY=NEVER"@example.com`,
	"quoted second address":      `"a>,<eve@evil.example"@example.com`,
	"quoted at":                  `"eve@evil.example,"@example.com`,
	"quoted quote and backslash": `"a\"b\\c"@example.com`,
	"quoted markup":              `"<script>alert(1)</script>"@example.com`,
	"quoted command":             `"anna@example.com DATA"@example.com`,
	"address literal":            "anna@[192.0.2.1]",
	"host without a dot":         "anna@localhost",
	"looks like a template":      "{{.link}}@example.com",
}

// refusedAddresses never reach a relay.
var refusedAddresses = map[string]string{
	"encoded word":                  "=?utf-8?q?anna=0D=0A?=@example.com",
	"encoded word with a colon":     "=?utf-8?q?anna=0D=0ABcc:eve?=@example.com",
	"dot at the end":                "anna@example.com.",
	"nothing":                       "",
	"address literal, version six":  "anna@[IPv6:2001:db8::1]",
	"no at":                         "anna",
	"no name":                       "@example.com",
	"no host":                       "anna@",
	"two":                           "anna@example.com, eve@evil.example",
	"two in brackets":               "<anna@example.com>,<eve@evil.example>",
	"display name":                  "Anna <anna@example.com>",
	"brackets":                      "<anna@example.com>",
	"comment":                       "anna@example.com (Anna)",
	"group":                         "group: anna@example.com;",
	"source route":                  "@evil.example:anna@example.com",
	"blank before":                  " anna@example.com",
	"blank behind":                  "anna@example.com ",
	"blank inside":                  "an na@example.com",
	"parameter":                     "anna@example.com> SIZE=1",
	"line break and field":          "anna@example.com\r\nBcc: eve@evil.example",
	"line feed":                     "anna@example.com\n",
	"carriage return":               "anna@example.com\rBcc: eve@evil.example",
	"folded line":                   "anna@example.com\r\n eve@evil.example",
	"command":                       "anna@example.com>\r\nRCPT TO:<eve@evil.example",
	"line break in quotes":          "\"a\r\nb\"@example.com",
	"null":                          "anna@example.com\x00",
	"null inside":                   "an\x00na@example.com",
	"delete":                        "an\x7fna@example.com",
	"next line":                     "an\u0085na@example.com",
	"line separator":                "an\u2028na@example.com",
	"paragraph separator in domain": "anna@exa\u2029mple.com",
	"right to left":                 "anna\u202e@example.com",
	"tab in quotes":                 "\"a\tb\"@example.com",
	"quotes without need":           `"anna"@example.com`,
	"255 bytes":                     strings.Repeat("a", 243) + "@example.com",
	"very long":                     strings.Repeat("a", 1<<20) + "@example.com",
	"end of data":                   "anna@example.com\r\n.\r\nMAIL FROM:<eve@evil.example>",
}

// brands are names that an organisation could give itself, or somebody give to it.
var brands = map[string]string{
	"plain":                         "Acme News",
	"nothing":                       "",
	"line break and field":          "Acme\r\nBcc: eve@evil.example",
	"line feed and field":           "Acme\nBcc: eve@evil.example",
	"carriage return and field":     "Acme\rBcc: eve@evil.example",
	"end of the header":             "Acme\r\n\r\nDear Anna, send money",
	"folded line":                   "Acme\r\n\tX-Evil: 1",
	"end of data":                   "Acme\r\n.\r\nMAIL FROM:<eve@evil.example>\r\n",
	"end of data by line feeds":     "Acme\n.\nMAIL FROM:<eve@evil.example>\n",
	"end of data by returns":        "Acme\r.\rMAIL FROM:<eve@evil.example>\r",
	"half an end of data":           "Acme\r\n.\r",
	"a dot":                         ".",
	"dots":                          "..\n.",
	"encoded word":                  "=?utf-8?q?Acme=0D=0ABcc:_eve@evil.example?=",
	"encoded word in base 64":       "=?utf-8?B?QWNtZQ0KQmNjOiBldmVAZXZpbC5leGFtcGxl?=",
	"encoded word, unknown":         "=?x-evil?q?a?=",
	"next line and separators":      "Acme\u0085Bcc: a\u2028Bcc: b\u2029Bcc: c\x0bBcc: d\x0cBcc: e",
	"null":                          "Ac\x00me",
	"escape":                        "Ac\x1b[2Jme",
	"right to left":                 "Acme \u202egnitset\u2066",
	"boundary":                      "--part_dlv_abc123--",
	"boundary on its line":          "\r\n--part_dlv_abc123\r\nContent-Type: text/html\r\n\r\n<h1>evil</h1>",
	"address":                       `"Acme" <eve@evil.example>`,
	"quotes and backslashes":        `Ac"me\" \\ 'x'`,
	"markup":                        `</title><script>alert(1)</script><img src=x onerror=alert(1)>`,
	"template":                      `{{.link}}{{template "letter" .}}`,
	"markdown and link":             "[click](https://evil.example/)",
	"letters beyond ASCII":          "Blåbär & Söner – ß",
	"emoji":                         "🦊 Fuchs 👩‍👩‍👧",
	"another script":                "例え",
	"very long":                     strings.Repeat("Acme ", 2000),
	"very long without a blank":     strings.Repeat("x", 5000),
	"very long beyond ASCII":        strings.Repeat("å", 3000),
	"long, with fields in it":       strings.Repeat("a", 60) + "\r\nBcc: " + strings.Repeat("b", 60),
	"soft break of quoted text":     "Acme=\r\nBcc: eve@evil.example",
	"quoted-printable":              "=0D=0ABcc: eve@evil.example",
	"from line":                     "\nFrom eve@evil.example Mon Jan  1 00:00:00 2024",
	"tabs and blanks":               "\t Acme \t News \t",
	"what the text engine could do": "%!s(MISSING) %d",
}

func TestAddressesAreSentToAsTheyStand(t *testing.T) {
	t.Parallel()
	for name, to := range taken {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			relay := startRelay(t, script{})
			data := confirmation(map[string]any{"email": to})
			if _, err := newSMTP(t, relay.url("smtp", ""), SMTPOptions{}).Send(t.Context(), delivery(to, data)); err != nil {
				t.Fatalf("%q: got %v, want no error", to, err)
			}
			got := relay.only(t)
			parsed, err := netmail.ParseAddress(got.header(t)["To"])
			if err != nil || parsed.Address != unquoted(to) || parsed.Name != "" {
				t.Errorf("To: got %+v, %v, want %s and nothing else", parsed, err, to)
			}
			if got.to != unquoted(to) || got.utf8 != international(to) {
				t.Errorf("envelope: got %s, SMTPUTF8 %t, want %s, %t", got.to, got.utf8, to, international(to))
			}
			wantLetter(t, got, render(t, data))
		})
	}
}

// unquoted is an address as programs hold it.
func unquoted(address string) string {
	parsed, err := netmail.ParseAddress(address)
	if err != nil {
		return address
	}
	return parsed.Address
}

func TestOtherAddressesNeverReachARelay(t *testing.T) {
	t.Parallel()
	relay := startRelay(t, script{})
	s := newSMTP(t, relay.url("smtp", ""), SMTPOptions{})
	for name, to := range refusedAddresses {
		raw, err := json.Marshal(outbox.Message{To: to, Template: "confirm_email", Data: json.RawMessage(`{}`)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Send(t.Context(), payload(string(raw))); !errors.Is(err, ErrPayload) || !errors.Is(err, outbox.ErrPermanent) {
			t.Errorf("%s: got %v, want ErrPayload, permanent", name, err)
		}
	}
	if len(relay.got) != 0 {
		t.Errorf("mails: got %d, want none", len(relay.got))
	}
}

func TestBrandsStayData(t *testing.T) {
	t.Parallel()
	for name, brand := range brands {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			relay := startRelay(t, script{})
			data := confirmation(map[string]any{"brand": brand})
			if _, err := newSMTP(t, relay.url("smtp", ""), SMTPOptions{}).Send(t.Context(), delivery("anna@example.com", data)); err != nil {
				t.Fatal(err)
			}
			got := relay.only(t)
			if got.to != "anna@example.com" || got.from != "verify@example.org" {
				t.Errorf("envelope: got %s to %s, want verify@example.org to anna@example.com", got.from, got.to)
			}
			wantLetter(t, got, render(t, data))
		})
	}
}

// wantLetter fails unless a mail has the fields that every mail has, once each, and the two parts that were rendered, byte for byte.
func wantLetter(t *testing.T, got received, want Content) {
	t.Helper()
	header := got.header(t)
	if diff := cmp.Diff(fieldsOfALetter, slices.Sorted(maps.Keys(header))); diff != "" {
		t.Errorf("header fields (-want +got):\n%s", diff)
	}
	if header["Subject"] != want.Subject {
		t.Errorf("subject: got %q, want %q", header["Subject"], want.Subject)
	}
	parts := []part{
		{"text/plain", "utf-8", "", strings.ReplaceAll(want.Text, "\n", "\r\n")},
		{"text/html", "utf-8", "", strings.ReplaceAll(want.HTML, "\n", "\r\n")},
	}
	if diff := cmp.Diff(parts, got.parts(t), cmp.AllowUnexported(part{})); diff != "" {
		t.Errorf("parts (-want +got):\n%s", diff)
	}
	for line := range strings.SplitSeq(got.raw, "\r\n") {
		if len(line) > 998 || strings.ContainsAny(line, "\r\n\x00") {
			t.Errorf("got a line of %d bytes, %.80q, want at most 998 and no bare line break", len(line), line)
		}
	}
	if strings.ContainsAny(want.Subject, "\r\n") || strings.Contains(want.Subject, "=?") {
		t.Errorf("subject: got %q, want one line that nobody decodes", want.Subject)
	}
}
