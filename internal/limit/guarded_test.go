package limit

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"avow/internal/access"
)

var (
	errVerified = errors.New("already verified")
	errDatabase = errors.New("connection lost")
)

// account is the state of the changes below: mails are sent to an address until it is verified.
type account struct {
	address  string
	verified bool
	version  int
}

// house keeps one account; changes of it are guarded by its version.
type house struct {
	*desk
	mu    sync.Mutex
	state account
	mails int
	loads int
	fail  error  // of a save
	after func() // is called once after a decision, before its save
}

func newHouse(t *testing.T, local bool) *house {
	return &house{desk: newDesk(t, local), state: account{address: "anna"}}
}

// carry decides on the state that was seen or on a loaded one, and again as long as the state has become another.
func (h *house) carry(seen *account, decide func(account) (int, error)) error {
	for {
		state := h.load(seen)
		seen = nil
		next, err := decide(state)
		if h.after != nil {
			after := h.after
			h.after = nil
			after()
		}
		if h.save(state, next) {
			return errors.Join(err, h.fail)
		}
	}
}

func (h *house) load(seen *account) account {
	h.mu.Lock()
	defer h.mu.Unlock()
	if seen != nil {
		return *seen
	}
	h.loads++
	return h.state
}

// save reports false when the state has changed since it was loaded.
func (h *house) save(state account, mails int) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if mails == 0 || h.fail != nil {
		return true
	}
	if h.state.version != state.version {
		return false
	}
	h.state.version++
	h.mails += mails
	return true
}

// ask has a mail sent unless the address is verified.
func (h *house) ask(ctx context.Context) error {
	return Guarded(ctx, h.Budgets, Change[account, int]{
		Decide: func(a account) (int, error) {
			if a.verified {
				return 0, errVerified
			}
			return 1, nil
		},
		Costs: func(a account, mails int) []Draw { return []Draw{{hourly, a.address, mails}} },
		Carry: h.carry,
	})
}

// wherever runs a test with a limiter in the process and with one elsewhere.
func wherever(t *testing.T, test func(t *testing.T, h *house)) {
	t.Helper()
	for _, local := range []bool{true, false} {
		t.Run(fmt.Sprintf("local %t", local), func(t *testing.T) { t.Parallel(); test(t, newHouse(t, local)) })
	}
}

func TestGuardedTakesBeforeItSaves(t *testing.T) {
	t.Parallel()
	wherever(t, func(t *testing.T, h *house) {
		for i := range 8 {
			err := h.ask(t.Context())
			if got, want := errors.Is(err, ErrTooMany), i >= 5; got != want || !want && err != nil {
				t.Errorf("call %d: got %v, want it refused: %t", i+1, err, want)
			}
		}
		if h.mails != 5 || h.loads != 8 {
			t.Errorf("got %d mails and %d loads, want 5 and one load a call", h.mails, h.loads)
		}
		if !h.local && h.far.calls != 8 {
			t.Errorf("got the limiter asked %d times, want once a call", h.far.calls)
		}
	})
}

func TestGuardedIsFreeForTheRefused(t *testing.T) {
	t.Parallel()
	wherever(t, func(t *testing.T, h *house) {
		h.state.verified = true
		for range 100 {
			if err := h.ask(t.Context()); !errors.Is(err, errVerified) {
				t.Fatalf("got %v, want %v", err, errVerified)
			}
		}
		if got := h.left(t, hourly, "anna"); got != 5 {
			t.Errorf("got %d left, want all 5", got)
		}
	})
}

// TestGuardedTogether has many ask at once: each of the five is used, and no sixth.
func TestGuardedTogether(t *testing.T) {
	t.Parallel()
	h := newHouse(t, true)
	var group sync.WaitGroup
	for range 64 {
		group.Go(func() { _ = h.ask(context.Background()) })
	}
	group.Wait()
	if h.mails != 5 {
		t.Errorf("got %d mails, want 5", h.mails)
	}
}

// TestGuardedGivesBack has the address be verified between decision and save: the change is decided again, refused, and has cost nothing.
func TestGuardedGivesBack(t *testing.T) {
	t.Parallel()
	wherever(t, func(t *testing.T, h *house) {
		h.after = func() {
			h.after = func() { h.state.verified, h.state.version = true, 7 }
			if h.local {
				h.after()
			}
		}
		if err := h.ask(t.Context()); !errors.Is(err, errVerified) {
			t.Fatalf("got %v, want %v", err, errVerified)
		}
		if got := h.left(t, hourly, "anna"); got != 5 || h.mails != 0 {
			t.Errorf("got %d left and %d mails, want all 5 and none", got, h.mails)
		}
	})
}

// TestGuardedPaysForWhatIsSaved has the address change between decision and save.
func TestGuardedPaysForWhatIsSaved(t *testing.T) {
	t.Parallel()
	wherever(t, func(t *testing.T, h *house) {
		change := func() { h.state = account{address: "bea", version: 7} }
		h.after = change
		if !h.local {
			h.after = func() { h.after = change }
		}
		if err := h.ask(t.Context()); err != nil {
			t.Fatal(err)
		}
		if anna, bea := h.left(t, hourly, "anna"), h.left(t, hourly, "bea"); anna != 5 || bea != 4 || h.mails != 1 {
			t.Errorf("got %d and %d left and %d mails, want 5, 4 and 1", anna, bea, h.mails)
		}
	})
}

// TestGuardedKeepsWhatIsUncertain has the database fail in the save: perhaps there is a mail, so it is paid for. When the database was too busy to begin, there is none.
func TestGuardedKeepsWhatIsUncertain(t *testing.T) {
	t.Parallel()
	wherever(t, func(t *testing.T, h *house) {
		for fail, want := range map[error]int{errDatabase: 4, access.ErrBusy: 5} {
			h.fail, h.state.address = fail, fail.Error()
			if err := h.ask(t.Context()); !errors.Is(err, fail) {
				t.Errorf("got %v, want %v", err, fail)
			}
			if got := h.left(t, hourly, fail.Error()); got != want {
				t.Errorf("%v: got %d left, want %d", fail, got, want)
			}
		}
	})
}

func TestGuardedAway(t *testing.T) {
	t.Parallel()
	h := newHouse(t, false)
	mail := *hourly
	mail.Sends = true
	h.far.sick = true
	err := Guarded(t.Context(), h.Budgets, Change[account, int]{
		Decide: func(account) (int, error) { return 1, nil },
		Costs:  func(a account, _ int) []Draw { return []Draw{mail.Of(a.address)} },
		Carry:  h.carry,
	})
	if !errors.Is(err, ErrAway) || h.mails != 0 {
		t.Errorf("got %v and %d mails, want %v and none", err, h.mails, ErrAway)
	}
}

func TestGuardedOff(t *testing.T) {
	t.Parallel()
	h := newHouse(t, true)
	h.Budgets = nil
	for range 8 {
		if err := h.ask(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if h.mails != 8 {
		t.Errorf("got %d mails with the limits off, want 8", h.mails)
	}
}

// TestGuardedNeverRests has every decision cost something else: that ends, and costs nothing.
func TestGuardedNeverRests(t *testing.T) {
	t.Parallel()
	h := newHouse(t, false)
	n := 0
	err := Guarded(t.Context(), h.Budgets, Change[account, int]{
		Decide: func(account) (int, error) { return 1, nil },
		Costs:  func(account, int) []Draw { n++; return []Draw{hourly.Of(fmt.Sprint(n))} },
		Carry:  h.carry,
	})
	if !errors.Is(err, errAsk) || h.mails != 0 {
		t.Errorf("got %v and %d mails, want %v and none", err, h.mails, errAsk)
	}
	for i := range n {
		if got := h.left(t, hourly, fmt.Sprint(i+1)); got != 5 {
			t.Errorf("got %d left of budget %d, want all 5", got, i+1)
		}
	}
}
