package outbox

import (
	"encoding/json"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// start is the instant at which the tests begin.
var start = time.Date(2024, 1, 14, 12, 0, 0, 0, time.UTC)

func TestNewMail(t *testing.T) {
	t.Parallel()
	data := struct {
		Link string `json:"link"`
	}{"https://a.example/?x=1&y=<2>"}
	d := NewMail("dlv_1", "org_1", "anna@example.com", "confirm_email", data, start)
	var m Message
	if err := json.Unmarshal(d.Payload, &m); err != nil {
		t.Fatal(err)
	}
	want := Message{To: "anna@example.com", Template: "confirm_email"}
	raw := m.Data
	m.Data = nil
	if diff := cmp.Diff(want, m); diff != "" {
		t.Errorf("message: got +, want -:\n%s", diff)
	}
	got := data
	got.Link = ""
	if err := json.Unmarshal(raw, &got); err != nil || got != data {
		t.Errorf("got data %s, %v, want %+v", raw, err, data)
	}
	d.Payload = nil
	rest := Delivery{ID: "dlv_1", Org: "org_1", Kind: Mail, Target: "anna@example.com", Due: start, Created: start}
	if diff := cmp.Diff(rest, d); diff != "" {
		t.Errorf("delivery: got +, want -:\n%s", diff)
	}
}

// Data that cannot be written is a mistake in the program, found by its first test.
func TestNewMailPanics(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("got a delivery, want a panic")
		}
	}()
	NewMail("dlv_1", "org_1", "anna@example.com", "confirm_email", make(chan int), start)
}

// Marks decide; what people read is the error itself.
func TestMarks(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		marked error
		mark   error
	}{
		"permanent": {Permanent(io.ErrUnexpectedEOF), ErrPermanent},
		"uncertain": {Uncertain(io.ErrUnexpectedEOF), ErrUncertain},
	} {
		if !errors.Is(c.marked, c.mark) || !errors.Is(c.marked, io.ErrUnexpectedEOF) || c.marked.Error() != io.ErrUnexpectedEOF.Error() {
			t.Errorf("%s: got %v, want the mark, the cause and the cause's text", name, c.marked)
		}
	}
}
