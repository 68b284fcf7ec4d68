package account

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// What is left of an account names nobody; one that was erased stays so, one that never was is unknown.
func TestErase(t *testing.T) {
	t.Parallel()
	created, now := time.Unix(1, 0), time.Unix(2, 0)
	h := &Holding{Account: Account{ID: "a", Org: "org_1", Email: "secret@example.com", Verified: true, Status: Active, CreatedAt: created, Profile: Profile{FirstName: "secret"}}}
	left, err := Erase(HoldingState{Holding: h}, now)
	if d := cmp.Diff(&Erasure{ID: "a", Org: "org_1", CreatedAt: created, ErasedAt: now}, left); d != "" || err != nil {
		t.Errorf("%v, got +, want -:\n%s", err, d)
	}
	if again, err := Erase(HoldingState{Erased: left}, now.Add(time.Hour)); again != nil || err != nil {
		t.Errorf("got %v (%v), want nothing done", again, err)
	}
	if left, err := Erase(HoldingState{}, now); left != nil || !errors.Is(err, ErrAccountUnknown) {
		t.Errorf("got %v (%v), want %v", left, err, ErrAccountUnknown)
	}
}
