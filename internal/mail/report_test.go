package mail

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"avow/internal/outbox"
)

// bounceText is what a mail server sends back; fields are those about the recipient, back the header of the mail that comes back.
func bounceText(fields, back string) string {
	text := `From: Mail Delivery System <MAILER-DAEMON@mx.example>
To: verify@example.org
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b/1"

This is a MIME-encapsulated message.

--b/1
Content-Description: Notification
Content-Type: text/plain; charset=x-strange

I'm sorry to have to inform you that your message could not be delivered.

--b/1
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example
X-Queue-ID: 4711
Arrival-Date: Sun, 14 Jan 2024 12:00:00 +0000

` + fields + `

--b/1
Content-Description: Undelivered Message
Content-Type: message/rfc822

` + back + `

body
--b/1--
`
	return strings.ReplaceAll(text, "\n", "\r\n")
}

const (
	failedFields = `Final-Recipient: rfc822; anna@example.com
Original-Recipient: rfc822;Anna@example.com
Action: failed
Status: 5.1.1
Remote-MTA: dns; mx.example.com
Diagnostic-Code: smtp; 550 5.1.1 <anna@example.com>: no such user,
    see https://mx.example.com/?code=6f1c2a34-5b6d-4e7f-8a9b-0c1d2e3f4a5b`
	backHeader = `Message-ID: <dlv_abc123@example.org>
To: <anna@example.com>
Subject: x`
)

func TestReadReport(t *testing.T) {
	t.Parallel()
	whole := outbox.Report{Delivery: "dlv_abc123", Fates: []outbox.Fate{{
		Addresses: []string{"Anna@example.com", "anna@example.com"}, Action: "failed", Status: "5.1.1",
		Diagnostic: "smtp; 550 5.1.1 <anna@example.com>: no such user, see https://mx.example.com/?code=…",
	}}}
	raw := bounceText(failedFields, backHeader)
	for name, c := range map[string]struct {
		raw  string
		want outbox.Report
	}{
		"as servers write it":        {raw, whole},
		"with bare line feeds":       {strings.ReplaceAll(raw, "\r\n", "\n"), whole},
		"behind an envelope line":    {"From MAILER-DAEMON Sun Jan 14 12:00:00 2024\n" + raw, whole},
		"header alone":               {strings.Replace(raw, "message/rfc822", "text/rfc822-headers", 1), whole},
		"type in capitals":           {strings.Replace(raw, "report-type=delivery-status", `Report-Type="Delivery-Status"`, 1), whole},
		"broken off behind the mail": {raw[:strings.Index(raw, "body")], whole},
		"a delay": {bounceText("Final-Recipient: RFC822;<anna@example.com>\nAction: Delayed (still trying)\nStatus: 4.4.1 (no answer)", backHeader),
			outbox.Report{Delivery: "dlv_abc123", Fates: []outbox.Fate{{Addresses: []string{"anna@example.com"}, Action: "delayed", Status: "4.4.1"}}}},
		"several recipients": {bounceText("Final-Recipient: rfc822; a@example.com\nAction: relayed\n\nFinal-Recipient: utf-8; ånna@example.com\nAction: failed\nStatus: nonsense", backHeader),
			outbox.Report{Delivery: "dlv_abc123", Fates: []outbox.Fate{
				{Addresses: []string{"a@example.com"}, Action: "relayed"}, {Addresses: []string{"ånna@example.com"}, Action: "failed"},
			}}},
	} {
		got, err := ReadReport([]byte(c.raw))
		if err != nil {
			t.Errorf("%s: got %v, want a report", name, err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestReadReportRefuses(t *testing.T) {
	t.Parallel()
	raw := bounceText(failedFields, backHeader)
	nested := strings.Replace(raw, "message/delivery-status", "multipart/mixed; boundary=c", 1)
	for name, text := range map[string]string{
		"nothing":               "",
		"no mail":               "\x00\xff",
		"a plain mail":          "Subject: x\r\n\r\nhello",
		"another report":        strings.Replace(raw, "delivery-status;", "disposition-notification;", 1),
		"no boundary":           strings.Replace(raw, `; boundary="b/1"`, "", 1),
		"no status part":        strings.Replace(raw, "message/delivery-status", "text/plain", 1),
		"status within a part":  nested,
		"no mail comes back":    strings.Replace(raw, "message/rfc822", "text/plain", 1),
		"a mail not of ours":    bounceText(failedFields, "Message-ID: <1234@example.org>"),
		"an id of another form": bounceText(failedFields, "Message-ID: <dlv_x'--@example.org>"),
		"two ids in one":        bounceText(failedFields, "Message-ID: <dlv_a@example.org> <dlv_b@example.org>"),
		"an unknown action":     bounceText("Final-Recipient: rfc822; anna@example.com\nAction: exploded", backHeader),
		"no recipient":          bounceText("Action: failed", backHeader),
		"another kind":          bounceText("Final-Recipient: x400; anna@example.com\nAction: failed", backHeader),
		"too large":             raw + strings.Repeat("x", MaxReport),
		"too large with line":   "From x\n" + raw + strings.Repeat("x", MaxReport-len(raw)),
		"a huge header":         "X: " + strings.Repeat("x", 2*maxHeader) + "\r\n" + raw,
		"too many parts":        strings.Replace(raw, "--b/1\r\n", strings.Repeat("--b/1\r\n\r\nx\r\n", maxParts)+"--b/1\r\n", 1),
	} {
		if got, err := ReadReport([]byte(text)); !errors.Is(err, outbox.ErrReportUnread) {
			t.Errorf("%s: got %+v, %v, want ErrReportUnread", name, got, err)
		}
	}
}

// Whatever comes, it is a report within its bounds or it is refused; never a panic.
func FuzzReadReport(f *testing.F) {
	for _, seed := range []string{
		bounceText(failedFields, backHeader), "", "From x\n", "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\n\n\n--b--",
		"Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n" + strings.Repeat("--b\nContent-Type: multipart/mixed; boundary=b\n\n", 50),
		bounceText(strings.Repeat("\n", 500)+failedFields, backHeader), bounceText(strings.Repeat(failedFields+"\n\n", 150), backHeader),
		strings.Replace(bounceText(failedFields, backHeader), "Content-Type: message/rfc822", "Content-Transfer-Encoding: base64\nContent-Type: message/rfc822", 1),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		report, err := ReadReport(raw)
		if err != nil {
			if !errors.Is(err, outbox.ErrReportUnread) {
				t.Errorf("got %v, want ErrReportUnread", err)
			}
			return
		}
		if !ofOurs.MatchString("<"+report.Delivery+"@x>") || len(report.Fates) == 0 || len(report.Fates) > maxFates*maxParts {
			t.Errorf("got %+v, want a delivery of ours and some fates", report)
		}
		for _, fate := range report.Fates {
			if len(fate.Diagnostic) > maxDiagnostic || len(fate.Addresses) == 0 || len(fate.Status) > 9 {
				t.Errorf("got %+v, want it within its bounds", fate)
			}
		}
	})
}
