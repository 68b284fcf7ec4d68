package outbox

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"avow/internal/access"
)

const day = 24 * time.Hour

// The rule of docs/webhooks.md: five days without a success disable an endpoint, a single 410 does, and nothing that the receiver has never heard of counts.
func TestEndpointAfterAnAttempt(t *testing.T) {
	t.Parallel()
	before, asked := start.Add(-5*day), Answer{Asked: true}
	failing, off := Endpoint{Since: before}, Endpoint{Since: before, Off: start, Reason: OffFailing}
	no := errors.New("no")
	tests := map[string]struct {
		was     Endpoint
		d       Delivery // its attempt and patience
		answer  Answer
		err     error
		change  bool
		want    Endpoint
		forward bool
	}{
		"all is well":                     {Endpoint{}, Delivery{}, asked, nil, false, Endpoint{}, false},
		"the first failure":               {Endpoint{}, Delivery{}, asked, no, true, Endpoint{Since: start}, false},
		"a failure with an answer":        {Endpoint{}, Delivery{}, Answer{Code: 500}, no, true, Endpoint{Since: start}, false},
		"a failure of our own":            {Endpoint{}, Delivery{}, Answer{}, no, false, Endpoint{}, false},
		"a further failure":               {Endpoint{Since: start.Add(-day)}, Delivery{}, asked, no, false, Endpoint{}, false},
		"a microsecond before":            {Endpoint{Since: before.Add(time.Microsecond)}, Delivery{Attempt: 13}, asked, no, false, Endpoint{}, false},
		"five days":                       {failing, Delivery{Attempt: 4}, asked, no, true, off, false},
		"five days, tried too little":     {failing, Delivery{Attempt: 3}, asked, no, false, Endpoint{}, false},
		"five days, retried lately":       {failing, Delivery{Attempt: 9, Uncounted: 6}, asked, no, false, Endpoint{}, false},
		"five days, given up":             {failing, Delivery{Attempt: 1}, asked, Permanent(no), true, off, false},
		"five days, our own failure":      {failing, Delivery{Attempt: 9}, Answer{}, no, false, Endpoint{}, false},
		"endless patience":                {failing, Delivery{Attempt: 9, Patience: -1}, asked, no, false, Endpoint{}, false},
		"a success ends it":               {failing, Delivery{Attempt: 9}, asked, nil, true, Endpoint{Back: start}, true},
		"a short failure is no outage":    {Endpoint{Since: start.Add(-time.Minute + 1)}, Delivery{}, asked, nil, true, Endpoint{}, false},
		"a minute is one":                 {Endpoint{Since: start.Add(-time.Minute)}, Delivery{}, asked, nil, true, Endpoint{Back: start}, true},
		"more after the return":           {Endpoint{Back: before}, Delivery{}, asked, nil, true, Endpoint{Back: before}, true},
		"a failure among successes":       {Endpoint{Back: before}, Delivery{}, asked, no, true, Endpoint{Since: start, Back: before}, true},
		"two failures in a row":           {Endpoint{Since: before.Add(day), Back: before}, Delivery{}, asked, no, false, Endpoint{}, false},
		"gone":                            {Endpoint{}, Delivery{}, Answer{Code: 410}, Permanent(ErrGone), true, Endpoint{Since: start, Off: start, Reason: OffGone}, false},
		"gone while catching up":          {Endpoint{Back: before}, Delivery{}, Answer{Code: 410}, Permanent(ErrGone), true, Endpoint{Since: start, Back: before, Off: start, Reason: OffGone}, false},
		"off meanwhile, and a success":    {off, Delivery{}, asked, nil, false, Endpoint{}, false},
		"nobody knows, the receiver hung": {Endpoint{}, Delivery{}, asked, Uncertain(no), true, Endpoint{Since: start}, false},
	}
	for name, tt := range tests {
		d := tt.d
		d.Kind, d.Endpoint = Webhook, tt.was
		switch d.Patience {
		case 0:
			d.Patience = 5 * day
		case -1:
			d.Patience = 0
		}
		o := outcome{answer: tt.answer, err: tt.err}
		got := o.of(d, worker(newQueue(), nil).judge(d, o))
		if (got != nil) != tt.change {
			t.Errorf("%s: got %+v, want a change: %t", name, got, tt.change)
			continue
		}
		if tt.change {
			if diff := cmp.Diff(Change{Was: tt.was, Next: tt.want, Forward: tt.forward}, *got); diff != "" {
				t.Errorf("%s: got +, want -:\n%s", name, diff)
			}
		}
		if off := tt.change && !tt.want.Off.IsZero(); got.Off() != off {
			t.Errorf("%s: got off %t, want %t", name, got.Off(), off)
		}
	}
}

// A worker that is stopped says nothing about the receiver, nor does a mail.
func TestNoWordAboutAnEndpoint(t *testing.T) {
	t.Parallel()
	failed := outcome{answer: Answer{Asked: true}, err: errStopped, cut: true}
	if c := failed.of(Delivery{Kind: Webhook}, Result{Outcome: Unknown, Lost: true, At: start}); c != nil {
		t.Errorf("cut off: got %+v, want nothing", c)
	}
	if c := failed.of(Delivery{Kind: Mail}, Result{Outcome: Refused, At: start}); c != nil {
		t.Errorf("a mail: got %+v, want nothing", c)
	}
}

// What an endpoint is off for fails at once, with the reason, and nobody is called.
func TestOffEndpointIsNotCalled(t *testing.T) {
	t.Parallel()
	q := newQueue()
	q.put(Delivery{ID: "a", Kind: Webhook, Target: "https://a.example/", Due: start, Endpoint: Endpoint{Off: start.Add(-day)}})
	w := worker(q, sender(func(context.Context, Delivery) (Answer, error) {
		t.Error("got a call, want none")
		return Answer{}, nil
	}))
	if _, err := w.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := q.result("a"); got.State != Failed || got.Answer != ErrOff.Error() || got.Endpoint != nil {
		t.Errorf("got %+v, want it given up because of %q", got, ErrOff)
	}
}

func TestNotice(t *testing.T) {
	t.Parallel()
	o := access.Organisation{ID: "org_1", Name: "Acme", Settings: access.Settings{access.ContactEmail: "ops@acme.example", access.Language: "sv"}}
	d := Delivery{ID: "dlv_1", Org: "org_1", Test: true, Kind: Webhook, Target: "https://user:pass@a.example/in?token=hidden#part", Attempt: 7}
	r := Result{At: start, Endpoint: &Change{Next: Endpoint{Since: start.Add(-5 * day), Off: start, Reason: OffFailing}}}
	got, wanted := Notice(o, d, r)
	var message Message
	var data EndpointDisabled
	if err := errors.Join(json.Unmarshal(got.Payload, &message), json.Unmarshal(message.Data, &data)); err != nil {
		t.Fatal(err)
	}
	want := EndpointDisabled{Language: "sv", Brand: "Acme", URL: "https://a.example/in", Mode: "test", Since: "2024-01-09T12:00:00Z", Disabled: "2024-01-14T12:00:00Z"}
	if diff := cmp.Diff(want, data); diff != "" || !wanted {
		t.Errorf("got %t, +, want -:\n%s", wanted, diff)
	}
	if got.Target != "ops@acme.example" || !got.Test || got.Org != "org_1" || got.Kind != Mail || message.Template != EndpointDisabledTemplate {
		t.Errorf("got %+v, want a mail of the organisation to its contact, in the delivery's mode", got)
	}
	if again, _ := Notice(o, d, r); again.ID != got.ID {
		t.Errorf("got ids %s and %s of one attempt, want one", got.ID, again.ID)
	}
	d.Attempt++
	if other, _ := Notice(o, d, r); other.ID == got.ID {
		t.Errorf("got id %s of two attempts, want two", got.ID)
	}
	if _, wanted := Notice(access.Organisation{}, d, r); wanted {
		t.Error("got a mail to nobody, want none")
	}
}
