package mail

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"

	gomessage "github.com/emersion/go-message"
	"github.com/emersion/go-message/textproto"

	"avow/internal/outbox"
)

// Bounds of a report. Nothing in it is unpacked: parts within parts are not looked at.
const (
	MaxReport     = 1 << 20 // bytes
	maxHeader     = 64 << 10
	maxParts      = 10
	maxFates      = 100
	maxDiagnostic = 512
)

// ReadReport takes a delivery status notification to pieces (RFC 3464): what became of the mail, and the Message-ID of the mail that comes back with it. ErrReportUnread: it
// is none, or too large, or of a mail that is not ours.
func ReadReport(raw []byte) (outbox.Report, error) {
	if len(raw) > MaxReport {
		return outbox.Report{}, outbox.ErrReportUnread
	}
	whole, err := gomessage.ReadWithOptions(bytes.NewReader(withoutEnvelope(raw)), &gomessage.ReadOptions{MaxHeaderBytes: maxHeader})
	if whole == nil || err != nil && !gomessage.IsUnknownCharset(err) {
		return outbox.Report{}, outbox.ErrReportUnread
	}
	kind, parameters, err := whole.Header.ContentType()
	if err != nil || kind != "multipart/report" || !strings.EqualFold(parameters["report-type"], "delivery-status") {
		return outbox.Report{}, outbox.ErrReportUnread
	}
	report := readParts(whole.MultipartReader())
	if report.Delivery == "" || len(report.Fates) == 0 {
		return outbox.Report{}, outbox.ErrReportUnread
	}
	return report, nil
}

// withoutEnvelope leaves out the line that mail servers put before a message which they pipe into a command.
func withoutEnvelope(raw []byte) []byte {
	if !bytes.HasPrefix(raw, []byte("From ")) {
		return raw
	}
	_, rest, _ := bytes.Cut(raw, []byte("\n"))
	return rest
}

// returned are the types of the part in which the mail comes back, in whole or its header alone.
var returned = []string{"message/rfc822", "message/global", "text/rfc822-headers", "message/rfc822-headers", "message/global-headers"}

// readParts reads what there is until something is wrong.
func readParts(parts gomessage.MultipartReader) (report outbox.Report) {
	for range maxParts {
		part, err := parts.NextPart()
		if part == nil || err != nil && !gomessage.IsUnknownCharset(err) {
			return report
		}
		kind, _, _ := part.Header.ContentType()
		lines := bufio.NewReader(io.MultiReader(part.Body, strings.NewReader("\r\n\r\n")))
		switch {
		case kind == "message/delivery-status" || kind == "message/global-delivery-status":
			report.Fates = append(report.Fates, readFates(lines)...)
		case slices.Contains(returned, kind) && report.Delivery == "":
			header, _ := textproto.ReadHeader(lines) // what was read before an error counts
			report.Delivery = deliveryOf(header.Get("Message-Id"))
		}
	}
	return report
}

// ofOurs is the left side of a Message-ID that we make.
var ofOurs = regexp.MustCompile(`^<(dlv_[0-9A-Za-z_]{1,60})@[^<>@\s]+>$`)

func deliveryOf(messageID string) string {
	found := ofOurs.FindStringSubmatch(strings.TrimSpace(messageID))
	if found == nil {
		return ""
	}
	return found[1]
}

// readFates reads the blocks about recipients; the first block is about the message.
func readFates(lines *bufio.Reader) (fates []outbox.Fate) {
	for range maxFates {
		header, err := textproto.ReadHeader(lines)
		if fate, ok := fateOf(header); ok {
			fates = append(fates, fate)
		}
		if err != nil {
			return fates
		}
		if _, err := lines.Peek(1); errors.Is(err, io.EOF) {
			return fates
		}
	}
	return fates
}

// statusCode begins the value of Status; a comment may follow (RFC 3464, 2.3.4).
var statusCode = regexp.MustCompile(`^[245]\.[0-9]{1,3}\.[0-9]{1,3}`)

func fateOf(h textproto.Header) (f outbox.Fate, ok bool) {
	for _, name := range []string{"Original-Recipient", "Final-Recipient"} {
		if address := addressOf(h.Get(name)); address != "" {
			f.Addresses = append(f.Addresses, address)
		}
	}
	word, _, _ := strings.Cut(strings.TrimSpace(h.Get("Action")), " ")
	f.Action = outbox.Action(strings.ToLower(word))
	f.Status = statusCode.FindString(strings.TrimSpace(h.Get("Status")))
	f.Diagnostic = diagnostic(h.Get("Diagnostic-Code"))
	return f, len(f.Addresses) > 0 && slices.Contains(outbox.Actions, f.Action)
}

// addressOf reads "rfc822; anna@example.com".
func addressOf(recipient string) string {
	kind, address, _ := strings.Cut(recipient, ";")
	if kind = strings.ToLower(strings.TrimSpace(kind)); kind != "rfc822" && kind != "utf-8" {
		return ""
	}
	return strings.Trim(strings.TrimSpace(address), "<>")
}

// diagnostic is a server's words without whatever is long enough to be a secret, for servers quote what they dislike.
func diagnostic(words string) string {
	covered := newMask(words, nil).cover(words)
	return strings.ToValidUTF8(covered[:min(len(covered), maxDiagnostic)], "")
}
