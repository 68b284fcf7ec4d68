package outbox

import (
	"errors"
	"testing"
	"time"
)

func TestStanding(t *testing.T) {
	t.Parallel()
	soon, past := start.Add(time.Nanosecond), start
	tests := map[Standing][]Record{
		"queued":          {{State: Queued, Due: soon}, {State: Queued, Due: past}},
		"deferred":        {{State: Queued, Outcome: Refused, Due: soon}, {State: Queued, Outcome: Refused, Due: past}},
		"sending":         {{State: Queued, Leased: true, Due: soon}, {State: Queued, Leased: true, Due: soon, Outcome: Refused}, {State: Queued, Leased: true, Due: soon, Outcome: Unknown}},
		"unknown":         {{State: Queued, Leased: true, Due: past}, {State: Queued, Leased: true, Due: past, Outcome: Refused}, {State: Queued, Outcome: Unknown, Due: soon}, {State: Queued, Outcome: Unknown}},
		"handed to relay": {{State: Delivered, Kind: Mail, Code: 250, Outcome: Succeeded}},
		"captured":        {{State: Delivered, Kind: Mail, Outcome: Succeeded}},
		"delivered":       {{State: Delivered, Kind: Webhook, Code: 200, Outcome: Succeeded}, {State: Delivered, Kind: Webhook}},
		"failed":          {{State: Failed, Outcome: Refused}, {State: Failed, Outcome: Unknown, Kind: Mail, Code: 550}},
		"bounced":         {{State: Bounced, Kind: Mail, Code: 250}, {State: Bounced, Leased: true, Due: soon}},
		"cancelled":       {{State: Cancelled}, {State: Cancelled, Leased: true, Due: soon}},
	}
	if len(tests) != len(Standings) {
		t.Errorf("got %d standings tested, want %d", len(tests), len(Standings))
	}
	for want, records := range tests {
		for _, r := range records {
			if got := r.Standing(start); got != want {
				t.Errorf("%+v: got %q, want %q", r, got, want)
			}
		}
	}
}

func TestCheckRetry(t *testing.T) {
	t.Parallel()
	soon := start.Add(time.Second)
	for name, tt := range map[string]struct {
		record Record
		want   error
	}{
		"failed":                {Record{State: Failed, Content: true}, nil},
		"deferred":              {Record{State: Queued, Outcome: Refused, Due: soon, Content: true}, nil},
		"unknown":               {Record{State: Queued, Outcome: Unknown, Due: soon, Content: true}, nil},
		"lease ran out":         {Record{State: Queued, Leased: true, Due: start, Content: true}, nil},
		"not tried yet":         {Record{State: Queued, Due: soon, Content: true}, nil},
		"failed, content gone":  {Record{State: Failed}, ErrRetryEmpty},
		"being sent":            {Record{State: Queued, Leased: true, Due: soon, Content: true}, ErrRetrySending},
		"handed to relay":       {Record{State: Delivered, Kind: Mail, Code: 250}, ErrRetryDelivered},
		"captured":              {Record{State: Delivered, Kind: Mail}, ErrRetryDelivered},
		"delivered":             {Record{State: Delivered, Kind: Webhook}, ErrRetryDelivered},
		"bounced":               {Record{State: Bounced, Kind: Mail, Content: true}, ErrRetryBounced},
		"cancelled":             {Record{State: Cancelled}, ErrRetryCancelled},
		"cancelled, never sent": {Record{State: Cancelled, Content: true}, ErrRetryCancelled},
	} {
		if got := tt.record.CheckRetry(start); !errors.Is(got, tt.want) || (got == nil) != (tt.want == nil) {
			t.Errorf("%s: got %v, want %v", name, got, tt.want)
		}
	}
}
