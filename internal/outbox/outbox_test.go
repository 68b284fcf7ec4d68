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

// waits are those of interfaces.md section 5 before each attempt after the first, which is made at once.
var waits = []time.Duration{
	time.Second, 5 * time.Second, 25 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute,
	2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
}

func TestNext(t *testing.T) {
	t.Parallel()
	for i, want := range waits {
		tests := map[float64]time.Duration{0: want * 8 / 10, 0.5: want, 0.25: want * 9 / 10, 1: want * 12 / 10}
		for jitter, want := range tests {
			got, more := Next(i+1, jitter)
			if diff := got - want; diff < -time.Microsecond || diff > time.Microsecond || !more {
				t.Errorf("attempt %d, jitter %v: got %v, %t, want %v, true", i+1, jitter, got, more, want)
			}
		}
	}
}

func TestNoAttemptAfterTheLast(t *testing.T) {
	t.Parallel()
	for _, attempt := range []int{13, 14, 1000, 0, -1} {
		if got, more := Next(attempt, 0.5); more || got != 0 {
			t.Errorf("attempt %d: got %v, %t, want none", attempt, got, more)
		}
	}
}

func TestScheduleLastsMoreThanThreeDays(t *testing.T) {
	t.Parallel()
	attempts, total := 1, time.Duration(0)
	for {
		wait, more := Next(attempts, 0.5)
		if !more {
			break
		}
		attempts, total = attempts+1, total+wait
	}
	if attempts != 13 || total <= 72*time.Hour {
		t.Errorf("got %d attempts in %v, want 13 in more than 72h", attempts, total)
	}
}

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

func TestPermanent(t *testing.T) {
	t.Parallel()
	err := Permanent(io.ErrUnexpectedEOF)
	if !errors.Is(err, ErrPermanent) || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v, want a permanent error that keeps its cause", err)
	}
}
