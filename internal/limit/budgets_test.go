package limit

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"avow/internal/access"
	"avow/internal/fault"
)

var errSick = errors.New("sick")

// far is a limiter at the other end of a line that can be cut.
type far struct {
	*Memory
	sick  bool
	calls int
	asked []Key
}

func (f *far) Step(ctx context.Context, now int64, moves []Move) ([]int64, bool, error) {
	f.calls++
	for _, m := range moves {
		f.asked = append(f.asked, m.Key)
	}
	if f.sick {
		return nil, false, errSick
	}
	return f.Memory.Step(ctx, now, moves)
}

// desk is a set of budgets with a clock.
type desk struct {
	*Budgets
	far     *far
	now     time.Time
	refused []string
}

func newDesk(t *testing.T, local bool) *desk {
	t.Helper()
	keys, err := access.NewKeyring([][]byte{bytes.Repeat([]byte{7}, 32)})
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{far: &far{Memory: NewMemory(100)}, now: time.UnixMicro(noon)}
	o := Options{Limiter: d.far, Keys: keys, Now: func() time.Time { return d.now }, Refused: func(policy string) { d.refused = append(d.refused, policy) }}
	if local {
		o.Limiter = d.far.Memory
	}
	d.Budgets = New(o)
	return d
}

// left is what remains of a subject's budget.
func (d *desk) left(t *testing.T, p *Policy, subject string) int {
	t.Helper()
	ctx, notes := WithNotes(t.Context())
	d.Charge(ctx, p.Room(subject))
	return notes.Standings()[0].Remaining
}

func TestTake(t *testing.T) {
	t.Parallel()
	d := newDesk(t, true)
	for i := range 5 {
		if _, err := d.Take(t.Context(), hourly.Of("anna"), Network.Of("anna")); err != nil {
			t.Fatalf("call %d: got %v, want it", i+1, err)
		}
	}
	_, err := d.Take(t.Context(), hourly.Of("anna"), Network.Of("anna"))
	if f := fault.From(err); !errors.Is(err, ErrTooMany) || f.Kind != fault.TooMany || f.After != 12*time.Minute {
		t.Errorf("got %v after %v, want %v after 12m", err, f.After, ErrTooMany)
	}
	if diff := cmp.Diff([]string{"hourly"}, d.refused); diff != "" {
		t.Errorf("told of refusals: got (+), want (-):\n%s", diff)
	}
	if got := d.left(t, Network, "anna"); got != Network.Quota-5 {
		t.Errorf("got %d left of the other budget, want %d: a refused call takes nothing of it", got, Network.Quota-5)
	}
	if ErrTooMany.After != 0 {
		t.Error("got the refusal itself changed, want a copy of it")
	}
}

// TestTheSameBudgetTwice draws twice from one budget in one call.
func TestTheSameBudgetTwice(t *testing.T) {
	t.Parallel()
	d := newDesk(t, true)
	if _, err := d.Take(t.Context(), hourly.Of("anna"), hourly.Of("bea"), hourly.Of("anna")); err != nil {
		t.Fatal(err)
	}
	if anna, bea := d.left(t, hourly, "anna"), d.left(t, hourly, "bea"); anna != 3 || bea != 4 {
		t.Errorf("got %d and %d left, want 3 and 4", anna, bea)
	}
}

func TestRoomTakesNothing(t *testing.T) {
	t.Parallel()
	d := newDesk(t, true)
	for range 10 {
		if _, err := d.Take(t.Context(), hourly.Room("anna")); err != nil {
			t.Fatal(err)
		}
	}
	d.Charge(t.Context(), Draw{hourly, "anna", 5})
	if _, err := d.Take(t.Context(), hourly.Room("anna")); !errors.Is(err, ErrTooMany) {
		t.Errorf("got %v with nothing left, want %v", err, ErrTooMany)
	}
	d.Charge(t.Context(), hourly.Of("anna"))
	if len(d.refused) != 1 {
		t.Errorf("got refusals %v, want the one call's: a charge is none", d.refused)
	}
}

func TestReturn(t *testing.T) {
	t.Parallel()
	d := newDesk(t, true)
	taken, err := d.Take(t.Context(), hourly.Of("anna"), Network.Room("anna"))
	if err != nil || d.left(t, hourly, "anna") != 4 {
		t.Fatalf("got %v and %d left, want 4", err, d.left(t, hourly, "anna"))
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	taken.Return(gone)
	if got := d.left(t, hourly, "anna"); got != 5 {
		t.Errorf("got %d left, want all 5", got)
	}
	taken, _ = d.Take(t.Context(), hourly.Of("bea"))
	d.now = d.now.Add(20 * time.Minute)
	_, _ = d.Take(t.Context(), hourly.Of("bea"))
	taken.Return(t.Context())
	if got := d.left(t, hourly, "bea"); got != 4 {
		t.Errorf("got %d left, want 4: what was given back had come back by itself", got)
	}
}

// TestAway has the limiter fail: mail waits for it, the rest does not.
func TestAway(t *testing.T) {
	t.Parallel()
	d := newDesk(t, false)
	d.far.sick = true
	taken, err := d.Take(t.Context(), Network.Of("anna"))
	if taken != nil || err != nil {
		t.Errorf("got %v, %v, want it to pass", taken, err)
	}
	_, err = d.Take(t.Context(), append(MailTo("anna@example.com"), Network.Of("anna"))...)
	if f := fault.From(err); !errors.Is(err, ErrAway) || !errors.Is(err, errSick) || f.Kind != fault.Unavailable || f.After <= 0 {
		t.Errorf("got %v, want %v because of %v, and when to try again", err, ErrAway, errSick)
	}
}

// TestOff sees that nothing is counted where there are no budgets.
func TestOff(t *testing.T) {
	t.Parallel()
	var off *Budgets
	for range 100 {
		taken, err := off.Take(t.Context(), hourly.Of("anna"))
		if err != nil {
			t.Fatal(err)
		}
		taken.Return(t.Context())
		off.Charge(t.Context(), hourly.Of("anna"))
	}
}

// TestAddressesAreNormalised sees one budget behind all ways to write an address, and another behind another.
func TestAddressesAreNormalised(t *testing.T) {
	t.Parallel()
	if d := cmp.Diff(MailTo("anna@example.com"), MailTo("  Anna@EXAMPLE.com ")); d != "" {
		t.Errorf("got (+), want (-):\n%s", d)
	}
	if cmp.Equal(MailTo("anna@example.com"), MailTo("bea@example.com")) {
		t.Error("got the same budgets for two addresses, want two")
	}
	if d := cmp.Diff([]Draw{{MailHour, "anna@example.com", 1}, {MailDay, "anna@example.com", 1}}, MailTo("anna@example.com")); d != "" {
		t.Errorf("got (+), want (-):\n%s", d)
	}
}

// TestBackendsSeeNoSubject looks at what a backend is told.
func TestBackendsSeeNoSubject(t *testing.T) {
	t.Parallel()
	d := newDesk(t, false)
	_, _ = d.Take(t.Context(), MailHour.Of("anna@example.com"), MailDay.Of("anna@example.com"), MailHour.Of("bea@example.com"))
	seen := map[Key]bool{}
	subjects := map[[16]byte]bool{}
	for _, k := range d.far.asked {
		if bytes.Contains(k.Subject[:], []byte("anna")) || k.Subject == [16]byte{} {
			t.Errorf("got subject %x, want a keyed hash", k.Subject)
		}
		seen[k], subjects[k.Subject] = true, true
	}
	if len(seen) != 3 || len(subjects) != 2 {
		t.Errorf("got %d keys with %d subjects, want 3 with 2", len(seen), len(subjects))
	}
}

func TestNotes(t *testing.T) {
	t.Parallel()
	d := newDesk(t, true)
	ctx, notes := WithNotes(t.Context())
	taken, _ := d.Take(ctx, hourly.Of("anna"), Network.Of("anna"))
	want := []Standing{{hourly, 4, 12 * time.Minute}, {Network, Network.Quota - 1, 10 * time.Millisecond}}
	if diff := cmp.Diff(want, notes.Standings()); diff != "" {
		t.Errorf("got (+), want (-):\n%s", diff)
	}
	taken.Return(ctx)
	d.Charge(ctx, Network.Of("anna"))
	want[0].Remaining = 5
	if diff := cmp.Diff(want, notes.Standings()); diff != "" {
		t.Errorf("after a return and a charge: got (+), want (-):\n%s", diff)
	}
	for range 6 {
		_, _ = d.Take(ctx, hourly.Of("anna"))
	}
	if got := notes.Standings()[0]; got.Remaining != 0 {
		t.Errorf("got %+v after a refusal, want nothing left", got)
	}
}
