package app_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"avow/internal/limit"
)

// mailsMade counts the mails that an address has got or is going to get, whatever has become of them since.
func (b *bench) mailsMade(outcomes []outcome) (made int) {
	b.Helper()
	for _, o := range outcomes {
		switch {
		case o.status == http.StatusCreated:
			made++
		case o.status == http.StatusTooManyRequests && strings.Contains(o.body, `"too_many_requests"`):
		default:
			b.Errorf("got %d %s, want 201 or 429 too_many_requests", o.status, o.body)
		}
	}
	return made
}

// TestMailBudgetTogether has many callers ask at once for mails to one address, for accounts of two organisations: as many as the budget holds are made, and no more.
func TestMailBudgetTogether(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, database string) {
		shareLimits(t, database)
		b := newBench(t, familyClocks["accounts"], database)
		b.setup(accountSetup + `org other
client app org=other scopes="/external/me/r /external/me/w"
account andy org=other email=ANNA@example.com
token u client=app account=andy
`)
		outcomes := b.together(callers, func(i int) *http.Request {
			return b.post("/external/api/v1/me/create_verification_request", "{}", "Authorization", "Bearer "+b.vars[[]string{"t", "u"}[i%2]])
		})
		if made := b.mailsMade(outcomes); made != limit.MailHour.Quota {
			t.Errorf("got %d requests made of %d at once, want %d", made, callers, limit.MailHour.Quota)
		}
	})
}

// TestVerifiedTogether has one caller show the right code while others ask for new ones: those who are told that the account is verified have paid nothing for it.
func TestVerifiedTogether(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, database string) {
		shareLimits(t, database)
		b := newBench(t, familyClocks["accounts"], database)
		b.setup(accountSetup)
		create := func() *http.Request {
			return b.post("/external/api/v1/me/create_verification_request", "{}", "Authorization", "Bearer "+b.vars["t"])
		}
		b.send(create())
		b.mail("To: anna@example.com\n\n<base>/confirm?id=<anna.id>&confirmation_code=<uuid:code>\n")
		outcomes := b.together(callers, func(i int) *http.Request {
			if i == callers/2 {
				return b.post("/external/api/v1/me/verify_account", `{"confirmation_code":"`+b.vars["code"]+`"}`, "Authorization", "Bearer "+b.vars["t"])
			}
			return create()
		})
		made := 1
		for _, o := range outcomes {
			if o.status == http.StatusCreated {
				made++
			}
		}
		if got, want := b.leftOf(limit.MailHour, "anna@example.com"), limit.MailHour.Quota-made; got != want {
			t.Errorf("got %d mails left after %d were made, want %d", got, made, want)
		}
	})
}

// leftOf is what is left of a budget.
func (b *bench) leftOf(p *limit.Policy, subject string) int {
	b.Helper()
	ctx, notes := limit.WithNotes(context.Background())
	b.app.Budgets.Charge(ctx, p.Room(subject))
	standings := notes.Standings()
	if len(standings) != 1 {
		b.Fatalf("got %d budgets, want one", len(standings))
	}
	return standings[0].Remaining
}
