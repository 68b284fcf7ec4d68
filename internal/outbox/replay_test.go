package outbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"avow/internal/access"
)

// archive is a Replays that holds webhooks, oldest first.
type archive struct {
	*shelf
	records []Record
	events  []string
	queued  []Replayed
	pages   []Selection
	broken  error
}

// ReplayPage implements Replays.
func (a *archive) ReplayPage(_ context.Context, _ Reader, s Selection, behind Place, limit int) (Page, error) {
	a.pages = append(a.pages, s)
	from := 0
	if behind.ID != "" {
		from = 1 + slices.IndexFunc(a.records, func(r Record) bool { return r.ID == behind.ID })
	}
	to := min(from+limit, len(a.records))
	p := Page{View: View{Key: a.view.Key, Records: a.records[from:to]}}
	if a.events != nil {
		p.Events = a.events[from:to]
	}
	return p, a.err
}

// Replay implements Replays.
func (a *archive) Replay(_ context.Context, all []Replayed, _ time.Time) (int, error) {
	if a.broken != nil {
		return 0, a.broken
	}
	a.queued = append(a.queued, all...)
	return len(all), nil
}

// full is an archive of deliveries to one endpoint.
func full(n int) *archive {
	a := &archive{shelf: &shelf{}}
	for i := range n {
		a.records = append(a.records, Record{ID: fmt.Sprint(i), Kind: Webhook, State: Delivered, Content: true, Created: start.Add(time.Duration(i)), Target: "https://a.example/"})
	}
	return a
}

func (a *archive) desk(t *testing.T) *Service {
	t.Helper()
	s := desk(t, a.shelf)
	s.Replays = a
	return s
}

func TestReplayGoesOnUntilItIsDone(t *testing.T) {
	t.Parallel()
	a := full(1203)
	s, p, calls := a.desk(t), Progress{}, 0
	for ; !p.Done; calls++ {
		var err error
		if p, err = s.Replay(t.Context(), Reader{Operator: true}, Selection{Since: start.Add(-day)}, p); err != nil {
			t.Fatal(err)
		}
	}
	if calls != 3 || p.Replayed != 1203 || p.Examined != 1203 || len(a.queued) != 1203 {
		t.Errorf("got %+v after %d calls and %d queued, want all 1203 in three pages", p, calls, len(a.queued))
	}
	for i, d := range a.queued {
		if want := start.Add(time.Duration(i) * time.Second); d.ID != fmt.Sprint(i) || !d.At.Equal(want) {
			t.Fatalf("got %s at %v, want the %dth in the order in which they were made, at %v", d.ID, d.At, i, want)
		}
	}
	for _, asked := range a.pages {
		if !asked.Until.Equal(start) {
			t.Errorf("got until %v, want the beginning of the replay", asked.Until)
		}
	}
}

// One call over HTTP queues at most a thousand and looks at ten thousand at most; the progress that it returns goes on behind them.
func TestReplayOfOneCallIsBounded(t *testing.T) {
	t.Parallel()
	a := full(2600)
	s, p := a.desk(t), Progress{}
	for i, want := range []int{1000, 2000, 2600} {
		var err error
		if p, err = s.ReplaySome(t.Context(), Reader{Operator: true}, Selection{}, p); err != nil || p.Replayed != want || p.Done != (i == 2) {
			t.Errorf("call %d: got %+v, %v, want %d", i, p, err, want)
		}
	}
	few := full(25000)
	p, err := few.desk(t).ReplaySome(t.Context(), Reader{Operator: true}, Selection{FailedOnly: true}, Progress{})
	if err != nil || p.Examined != 10000 || p.Done || p.Replayed != 0 {
		t.Errorf("got %+v, %v, want ten thousand looked at and more to come", p, err)
	}
}

// Whoever goes on late has what is left at once, not in the past.
func TestReplaySlotsAreNotInThePast(t *testing.T) {
	t.Parallel()
	a := full(1)
	p := Progress{Began: start.Add(-time.Hour), Replayed: 5}
	if _, err := a.desk(t).Replay(t.Context(), Reader{Operator: true}, Selection{}, p); err != nil || !a.queued[0].At.Equal(start) {
		t.Errorf("got %+v, %v, want it due at %v", a.queued, err, start)
	}
}

func TestWhatIsReplayed(t *testing.T) {
	t.Parallel()
	good := Record{Kind: Webhook, State: Delivered, Content: true, Target: "https://a.example/"}
	with := func(change func(*Record)) Record { r := good; change(&r); return r }
	failed := with(func(r *Record) { r.State = Failed })
	for name, tt := range map[string]struct {
		record  Record
		what    Selection
		sent    bool
		skipped int
		refusal error // of one by its id
	}{
		"delivered":                {good, Selection{}, true, 0, nil},
		"given up":                 {failed, Selection{}, true, 0, nil},
		"failed only, delivered":   {good, Selection{FailedOnly: true}, false, 0, nil},
		"failed only, given up":    {failed, Selection{FailedOnly: true}, true, 0, nil},
		"to this URL":              {good, Selection{URL: "https://a.example/"}, true, 0, nil},
		"to another URL":           {good, Selection{URL: "https://a.example"}, false, 0, nil},
		"this event":               {good, Selection{Event: "told"}, true, 0, nil},
		"another event":            {good, Selection{Event: "other"}, false, 0, nil},
		"only counted":             {good, Selection{DryRun: true}, false, 0, nil},
		"waiting":                  {with(func(r *Record) { r.State = Queued }), Selection{}, false, 0, ErrReplayWaiting},
		"cancelled":                {with(func(r *Record) { r.State = Cancelled }), Selection{}, false, 0, ErrRetryCancelled},
		"without content":          {with(func(r *Record) { r.Content = false }), Selection{}, false, 1, ErrRetryEmpty},
		"to a disabled endpoint":   {with(func(r *Record) { r.Endpoint.Off = start }), Selection{}, false, 1, ErrEndpointOff},
		"a mail, which none holds": {with(func(r *Record) { r.Kind = Mail }), Selection{}, false, 1, ErrReplayMail},
	} {
		a := full(0)
		a.records, a.events, a.view.Records = []Record{tt.record}, []string{"told"}, []Record{tt.record}
		p, err := a.desk(t).Replay(t.Context(), Reader{Operator: true}, tt.what, Progress{})
		if err != nil || len(a.queued) == 1 != tt.sent || p.Skipped != tt.skipped || (p.Replayed == 1) != (tt.sent || tt.what.DryRun) {
			t.Errorf("%s: got %+v, %v and %d queued, want it sent: %t, skipped %d", name, p, err, len(a.queued), tt.sent, tt.skipped)
		}
		due, err := a.desk(t).ReplayOne(t.Context(), Reader{Operator: true}, "a")
		if !errors.Is(err, tt.refusal) || (err == nil) != (tt.refusal == nil) || err == nil && (due.State != Queued || !due.Due.Equal(start)) {
			t.Errorf("%s, by its id: got %+v, %v, want %v", name, due, err, tt.refusal)
		}
	}
}

func TestReplaysAreAuthenticated(t *testing.T) {
	t.Parallel()
	for name, key := range map[string]*access.Key{"unknown": nil, "revoked": {ID: "k", RevokedAt: start}} {
		a := full(3)
		a.view.Key, a.view.Records = key, a.records
		s := a.desk(t)
		_, many := s.ReplaySome(t.Context(), Reader{}, Selection{}, Progress{})
		_, one := s.ReplayOne(t.Context(), Reader{}, "0")
		if !errors.Is(many, access.ErrKeyUnknown) || !errors.Is(one, access.ErrKeyUnknown) || len(a.queued) != 0 {
			t.Errorf("%s: got %v, %v and %d queued, want both refused", name, many, one, len(a.queued))
		}
	}
}

// A page that could not be queued is not counted as done: whoever tries again begins with it.
func TestReplayThatFailsStaysWhereItWas(t *testing.T) {
	t.Parallel()
	a := full(3)
	a.broken = errBroken
	p, err := a.desk(t).Replay(t.Context(), Reader{Operator: true}, Selection{}, Progress{})
	if !errors.Is(err, errBroken) || p.Examined != 0 || p.Behind.ID != "" {
		t.Errorf("got %+v, %v, want nothing done and %v", p, err, errBroken)
	}
}

// gate is Endpoints that holds one.
type gate struct{ view View }

// Watched implements Endpoints.
func (g gate) Watched(context.Context, string) ([]Watched, error) { return g.view.Endpoints, nil }

// EnableURL implements Endpoints.
func (g gate) EnableURL(_ context.Context, _ Reader, _ Watched, _ time.Time, decide func(View) error) error {
	return decide(g.view)
}

func TestEnable(t *testing.T) {
	t.Parallel()
	off, on := []Watched{{Endpoint: Endpoint{Off: start}}}, []Watched{{Endpoint: Endpoint{Since: start}}}
	for name, tt := range map[string]struct {
		view   View
		reader Reader
		want   error
	}{
		"off":         {View{Key: &access.Key{}, Endpoints: off}, Reader{}, nil},
		"operator":    {View{Endpoints: off}, Reader{Operator: true}, nil},
		"failing":     {View{Endpoints: on}, Reader{Operator: true}, ErrEndpointOn},
		"none":        {View{Key: &access.Key{}}, Reader{}, ErrEndpointOn},
		"unknown key": {View{Endpoints: off}, Reader{}, access.ErrKeyUnknown},
	} {
		s := desk(t, &shelf{})
		s.Endpoints = gate{tt.view}
		if err := s.Enable(t.Context(), tt.reader, Watched{}); !errors.Is(err, tt.want) || (err == nil) != (tt.want == nil) {
			t.Errorf("%s: got %v, want %v", name, err, tt.want)
		}
	}
}
