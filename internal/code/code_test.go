package code

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"avow/internal/access"
)

var start = time.Date(2024, 1, 14, 12, 0, 0, 0, time.UTC)

var (
	right = access.Lookup{{1}, {1}, {1}}
	wrong = access.Lookup{{2}, {2}, {2}}
)

// live is a code that can be used; the changes spoil it.
func live(changes ...func(*Code)) *Code {
	c := &Code{ID: "r1", Hash: access.Hash{1}, Delivery: "dlv_1", CreatedAt: start.Add(-time.Minute), ExpiresAt: start.Add(time.Hour)}
	for _, change := range changes {
		change(c)
	}
	return c
}

func tried(n int) func(*Code) { return func(c *Code) { c.Wrong = n } }

// accounts-api.md 9.5, 9.11, 13.7.
func TestTry(t *testing.T) {
	t.Parallel()
	used, untouched := Change{Gone: true, Unsend: []string{"dlv_1"}}, Change{}
	tests := map[string]struct {
		code      *Code
		presented access.Lookup
		right     bool
		want      Change
	}{
		"right":                     {live(), right, true, used},
		"right, after nineteen":     {live(tried(19)), right, true, used},
		"right, the last moment":    {live(func(c *Code) { c.ExpiresAt = start.Add(1) }), right, true, used},
		"right, under an older key": {live(), access.Lookup{{7}, {8}, {1}}, true, used},
		"right, after twenty":       {live(tried(20)), right, false, untouched},
		"right, at the expiry":      {live(func(c *Code) { c.ExpiresAt = start }), right, false, untouched},
		"wrong":                     {live(), wrong, false, Change{Code: live(tried(1))}},
		"wrong for the twentieth":   {live(tried(19)), wrong, false, Change{Code: live(tried(20))}},
		"wrong after twenty":        {live(tried(20)), wrong, false, untouched},
		"wrong at the expiry":       {live(func(c *Code) { c.ExpiresAt = start }), wrong, false, untouched},
		"empty":                     {live(), access.Lookup{}, false, Change{Code: live(tried(1))}},
		"none":                      {nil, right, false, untouched},
		"none, empty":               {nil, access.Lookup{}, false, untouched},
	}
	for name, tt := range tests {
		got, change := Try(tt.code, tt.presented, start)
		if diff := cmp.Diff(tt.want, change); got != tt.right || diff != "" {
			t.Errorf("%s: got right %t, want %t, and got +, want -:\n%s", name, got, tt.right, diff)
		}
	}
}

// accounts-api.md 13.6: the mail of the code before is cancelled, also when that code is dead.
func TestIssueAndWithdraw(t *testing.T) {
	t.Parallel()
	fresh := Code{ID: "r2", Hash: access.Hash{2}, Delivery: "dlv_2", CreatedAt: start, ExpiresAt: start.Add(time.Hour)}
	for name, old := range map[string]*Code{"live": live(), "exhausted": live(tried(20)), "expired": live(func(c *Code) { c.ExpiresAt = start })} {
		if diff := cmp.Diff(Change{Code: &fresh, Unsend: []string{"dlv_1"}}, Issue(old, fresh)); diff != "" {
			t.Errorf("issue after one that is %s: got +, want -:\n%s", name, diff)
		}
		if diff := cmp.Diff(Change{Gone: true, Unsend: []string{"dlv_1"}}, Withdraw(old)); diff != "" {
			t.Errorf("withdraw one that is %s: got +, want -:\n%s", name, diff)
		}
	}
	if diff := cmp.Diff(Change{Code: &fresh}, Issue(nil, fresh)); diff != "" {
		t.Errorf("the first: got +, want -:\n%s", diff)
	}
	if diff := cmp.Diff(Change{}, Withdraw(nil)); diff != "" {
		t.Errorf("withdraw none: got +, want -:\n%s", diff)
	}
}
