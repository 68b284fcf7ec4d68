package outbox

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"avow/internal/access"
	"avow/internal/fault"
)

// shelf is a Ledger that shows the same to everybody and notes what it was asked.
type shelf struct {
	view  View
	err   error
	asked Filter
	due   bool
}

// Deliveries implements Ledger.
func (s *shelf) Deliveries(_ context.Context, _ Reader, f Filter) (View, error) {
	s.asked = f
	return s.view, s.err
}

// DeliveryByID implements Ledger.
func (s *shelf) DeliveryByID(context.Context, Reader, string) (View, error) { return s.view, s.err }

// RetryDelivery implements Ledger.
func (s *shelf) RetryDelivery(_ context.Context, _ Reader, _ string, _ time.Time, decide func(View) error) error {
	if s.err != nil {
		return s.err
	}
	err := decide(s.view)
	s.due = err == nil
	return err
}

func desk(t *testing.T, s *shelf) *Service {
	t.Helper()
	keys, err := access.NewKeyring([][]byte{[]byte(strings.Repeat("k", 32))})
	if err != nil {
		t.Fatal(err)
	}
	return &Service{Ledger: s, Keys: keys, Now: func() time.Time { return start }}
}

// all makes every call.
func (s *Service) all(r Reader) map[string]error {
	ctx := context.Background()
	_, _, list := s.List(ctx, r, Filter{Limit: 10})
	_, _, show := s.Show(ctx, r, "a")
	_, retry := s.Retry(ctx, r, "a")
	return map[string]error{"list": list, "show": show, "retry": retry, "authenticate": s.Authenticate(ctx, r)}
}

func TestReadersAreAuthenticated(t *testing.T) {
	t.Parallel()
	failed := []Record{{ID: "a", State: Failed, Content: true}}
	good, revoked := &access.Key{ID: "k"}, &access.Key{ID: "k", RevokedAt: start}
	for name, tt := range map[string]struct {
		reader Reader
		key    *access.Key
		want   error
	}{
		"good":     {Reader{}, good, nil},
		"revoked":  {Reader{}, revoked, access.ErrKeyUnknown},
		"unknown":  {Reader{}, nil, access.ErrKeyUnknown},
		"operator": {Reader{Operator: true}, nil, nil},
	} {
		s := &shelf{view: View{Key: tt.key, Records: failed}}
		for call, err := range desk(t, s).all(tt.reader) {
			if !errors.Is(err, tt.want) || (err == nil) != (tt.want == nil) {
				t.Errorf("%s, %s: got %v, want %v", name, call, err, tt.want)
			}
		}
		if s.due != (tt.want == nil) {
			t.Errorf("%s: got retried %t, want %t", name, s.due, tt.want == nil)
		}
	}
}

func TestUnknownDelivery(t *testing.T) {
	t.Parallel()
	for call, err := range desk(t, &shelf{view: View{Key: &access.Key{}}}).all(Reader{}) {
		if unknown := call == "show" || call == "retry"; errors.Is(err, ErrDeliveryUnknown) != unknown {
			t.Errorf("%s: got %v, want %v: %t", call, err, ErrDeliveryUnknown, unknown)
		}
	}
}

func TestLedgerErrorsAreTold(t *testing.T) {
	t.Parallel()
	for call, err := range desk(t, &shelf{err: errBroken}).all(Reader{}) {
		if !errors.Is(err, errBroken) {
			t.Errorf("%s: got %v, want %v", call, err, errBroken)
		}
	}
}

// A list asks for one more than it shows, to know whether there is more.
func TestListKnowsWhetherThereIsMore(t *testing.T) {
	t.Parallel()
	for have, more := range map[int]bool{0: false, 1: false, 2: false, 3: true} {
		s := &shelf{}
		for i := range have {
			s.view.Records = append(s.view.Records, Record{ID: fmt.Sprint(i)})
		}
		got, gotMore, err := desk(t, s).List(t.Context(), Reader{Operator: true}, Filter{Limit: 2})
		if err != nil || len(got) != min(have, 2) || gotMore != more || s.asked.Limit != 3 || !s.asked.Now.Equal(start) {
			t.Errorf("of %d: got %d, more %t (%v) for %+v, want %d, %t", have, len(got), gotMore, err, s.asked, min(have, 2), more)
		}
	}
}

// Retry tells how the delivery stands then, and refuses what must not be sent again.
func TestRetry(t *testing.T) {
	t.Parallel()
	s := &shelf{view: View{Records: []Record{{ID: "a", State: Failed, Outcome: Refused, Attempts: 13, Finished: start.Add(-time.Hour), Content: true}}}}
	got, err := desk(t, s).Retry(t.Context(), Reader{Operator: true}, "a")
	if want := (Record{ID: "a", State: Queued, Attempts: 13, Due: start, Content: true}); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	s.view.Records[0].State = Delivered
	if _, err := desk(t, s).Retry(t.Context(), Reader{Operator: true}, "a"); !errors.Is(err, ErrRetryDelivered) || fault.From(err).Kind != fault.Conflict {
		t.Errorf("got %v, want %v", err, ErrRetryDelivered)
	}
}
