package outbox

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"avow/internal/access"
	"avow/internal/fault"
)

// heard is a subject that tells what it was told.
type heard struct{ bounces []Bounce }

// Bounced implements Subject.
func (h *heard) Bounced(b Bounce) []Delivery {
	h.bounces = append(h.bounces, b)
	return []Delivery{{ID: "hook"}}
}

// noted are reports about one view.
type noted struct {
	view BounceView
	next BounceNext
	id   string
}

// NoteReport implements Reports.
func (n *noted) NoteReport(_ context.Context, _ Reader, id string, decide func(BounceView) (BounceNext, error)) (err error) {
	n.id = id
	n.next, err = decide(n.view)
	return err
}

var handed = Record{ID: "dlv_a", Kind: Mail, Target: "Anna@example.com", State: Delivered, Code: 250, Attempts: 1}

func reported(a Action, addresses ...string) Report {
	return Report{Delivery: "dlv_a", Fates: []Fate{
		{Addresses: []string{"other@example.com"}, Action: BouncedAction},
		{Addresses: addresses, Action: a, Status: "5.1.1", Diagnostic: "no such user"},
	}}
}

func take(n *noted, r Report, unread error) (Taken, error) {
	s := Bounces{Reports: n, Read: func([]byte) (Report, error) { return r, unread }, Random: access.Random{Source: rand.NewChaCha8([32]byte{})}, Now: func() time.Time { return start }}
	return s.Take(context.Background(), Reader{Operator: true}, access.Signed{}, nil)
}

func TestTakeBounce(t *testing.T) {
	t.Parallel()
	note := Note{Action: BouncedAction, Status: "5.1.1", Diagnostic: "no such user", At: start}
	for name, c := range map[string]struct {
		record Record
		want   Standing
	}{
		"handed over":         {handed, CameBack},
		"being sent":          {Record{ID: "dlv_a", Kind: Mail, Target: "anna@example.com", State: Queued, Leased: true, Due: start.Add(time.Second), Attempts: 1}, CameBack},
		"unknown":             {Record{ID: "dlv_a", Kind: Mail, Target: "anna@example.com", State: Queued, Outcome: Unknown, Attempts: 2}, CameBack},
		"cancelled, but sent": {Record{ID: "dlv_a", Kind: Mail, Target: "anna@example.com", State: Cancelled, Attempts: 1}, CameBack},
		"given up as unknown": {Record{ID: "dlv_a", Kind: Mail, Target: "anna@example.com", State: Failed, Outcome: Unknown, Attempts: 13}, CameBack},
		"address in any case": {Record{ID: "dlv_a", Kind: Mail, Target: "ANNA@example.com", State: Delivered, Code: 251, Attempts: 1}, CameBack},
	} {
		h := &heard{}
		n := &noted{view: BounceView{View: View{Records: []Record{c.record}}, Subject: h}}
		got, err := take(n, reported(BouncedAction, "x@example.com", "anna@example.com"), nil)
		if err != nil || got.Record.Standing(start) != c.want || got.Again || n.id != "dlv_a" {
			t.Errorf("%s: got %+v, %v, want it %s", name, got, err, c.want)
		}
		if !n.next.Bounced || cmp.Diff(&note, n.next.Note) != "" || len(n.next.Hooks) != 1 || len(h.bounces) != 1 {
			t.Errorf("%s: got %+v, want it noted and told", name, n.next)
			continue
		}
		if b := h.bounces[0]; b.Delivery != "dlv_a" || b.Recipient != c.record.Target || b.Note != note || len(b.EventID) < 20 {
			t.Errorf("%s: got %+v told, want what was noted, and an id of its own", name, b)
		}
	}
}

func TestOtherActionsAreOnlyNoted(t *testing.T) {
	t.Parallel()
	for _, a := range Actions[1:] {
		n := &noted{view: BounceView{View: View{Records: []Record{handed}}, Subject: &heard{}}}
		got, err := take(n, reported(a, "anna@example.com"), nil)
		if err != nil || n.next.Bounced || n.next.Note == nil || n.next.Note.Action != a || len(n.next.Hooks) != 0 || got.Record.Standing(start) != HandedOver {
			t.Errorf("%s: got %+v, %v, want it noted and nothing else", a, n.next, err)
		}
	}
}

func TestReportsCountOnce(t *testing.T) {
	t.Parallel()
	bounced := handed
	bounced.State = Bounced
	n := &noted{view: BounceView{View: View{Records: []Record{bounced}, Notes: []Note{{Action: DelayedAction}, {Action: BouncedAction}}}, Subject: &heard{}}}
	got, err := take(n, reported(BouncedAction, "anna@example.com"), nil)
	if err != nil || !got.Again || n.next.Note != nil || n.next.Bounced || len(n.next.Hooks) != 0 {
		t.Errorf("got %+v, %+v, %v, want nothing new", got, n.next, err)
	}
	n.view.Notes, n.view.Subject = nil, nil
	if _, err := take(n, reported(BouncedAction, "anna@example.com"), nil); err != nil || len(n.next.Hooks) != 0 {
		t.Errorf("about nobody: got %+v, %v, want it noted and nobody told", n.next, err)
	}
}

func TestForgedReports(t *testing.T) {
	t.Parallel()
	with := func(change func(*Record)) []Record {
		r := handed
		change(&r)
		return []Record{r}
	}
	fits := reported(BouncedAction, "anna@example.com")
	for name, c := range map[string]struct {
		records []Record
		report  Report
		unread  error
		want    *fault.Error
	}{
		"another recipient": {[]Record{handed}, reported(BouncedAction, "eve@example.com"), nil, ErrDeliveryUnknown},
		"no recipient":      {[]Record{handed}, reported(BouncedAction), nil, ErrDeliveryUnknown},
		"no such mail":      {nil, fits, nil, ErrDeliveryUnknown},
		"a webhook":         {with(func(r *Record) { r.Kind = Webhook }), fits, nil, ErrDeliveryUnknown},
		"test mode":         {with(func(r *Record) { r.Test = true }), fits, nil, ErrDeliveryUnknown},
		"captured":          {with(func(r *Record) { r.Code = 0 }), fits, nil, ErrDeliveryUnknown},
		"never tried":       {with(func(r *Record) { r.State, r.Attempts = Queued, 0 }), fits, nil, ErrDeliveryUnknown},
		"unread":            {[]Record{handed}, Report{}, ErrReportUnread, ErrReportUnread},
	} {
		n := &noted{view: BounceView{View: View{Records: c.records}, Subject: &heard{}}}
		if _, err := take(n, c.report, c.unread); !errors.Is(err, c.want) || n.next.Note != nil {
			t.Errorf("%s: got %v, %+v, want %v and nothing noted", name, err, n.next, c.want)
		}
	}
}
