package app_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"avow/internal/account"
)

const strangerSetup = `trust 127.0.0.1/32
org acme
org other
client web org=acme scopes="/external/me/r /external/me/w"
client sys org=acme scopes="/external/account/w"
token s client=sys
account anna org=acme email=anna@example.com password=secret1
account bare org=acme email=bare@example.com
account done org=acme email=done@example.com password=secret1 verified
account idle org=acme email=idle@example.com password=secret1 status=inactive
account gone org=acme email=gone@example.com password=secret1 status=archived
account kept org=acme email=kept@example.com password=secret1 verified login_disabled
account olga org=other email=olga@example.com password=secret1 verified
account cold org=acme email=cold@example.com password=secret1 verified
`

// TestStrangersSeeOneAnswer compares whole answers, headers included: who holds no token of a system cannot tell by them whether an address or an id has an account
// (accounts-api.md 13.13). How many statements they take is counted where the statements are.
func TestStrangersSeeOneAnswer(t *testing.T) {
	t.Parallel()
	onEngines(t, strangersSeeOneAnswer)
}

func strangersSeeOneAnswer(t *testing.T, database string) {
	b := newBench(t, familyClocks["accounts"], database)
	b.setup(strangerSetup)
	b.send(b.post("/external/api/v1/accounts/create_verification_request", `{"account_id":"`+b.vars["anna.id"]+`"}`, "Authorization", "Bearer "+b.vars["s"]))
	if b.answer.StatusCode != http.StatusCreated {
		t.Fatalf("got %d %s, want a request", b.answer.StatusCode, b.body)
	}
	b.must(b.app.Store.Change(t.Context(), account.KeyOfID(b.vars["cold.id"]), func(s account.State) (account.Next, error) {
		frozen := *s.Account
		frozen.Attempts = account.Attempts{Wrong: account.MaxAttempts, Until: b.clock.Now().Add(account.FreezeTime)}
		return account.Next{Account: &frozen}, nil
	}))
	signIns := map[string]func() string{}
	for who, password := range map[string]string{"anna": "wrong1", "bare": "secret1", "done": "wrong1", "idle": "secret1", "gone": "secret1", "kept": "secret1", "olga": "secret1", "cold": "secret1", "nobody": "secret1"} {
		network := fmt.Sprintf("203.0.113.%d", len(signIns)) // of each its own: how often one has failed tells of it alone
		signIns[who] = func() string { return b.signIn(network, who, password) }
	}
	sameAnswer(t, "sign in", "nobody", signIns)
	buttons, pages := map[string]func() string{}, map[string]func() string{}
	for _, who := range []string{"anna", "bare", "done", "idle", "gone", "kept", "olga", "nobody"} {
		id := b.vars[who+".id"]
		if id == "" {
			id = "65a3ccc0ffffffffffffffff"
		}
		buttons[who] = func() string {
			return b.form("203.0.113.1", "/confirm", "id", id, "confirmation_code", "2c5ea4c0-4067-41fe-8d3b-7a1f0c9b1e55")
		}
		pages[who] = func() string {
			r, err := http.NewRequest(http.MethodGet, b.base+"/confirm?id="+id+"&confirmation_code=2c5ea4c0-4067-41fe-8d3b-7a1f0c9b1e55", nil)
			b.must(err)
			return strings.ReplaceAll(b.whole(r), id, "<id>")
		}
	}
	sameAnswer(t, "the page's button", "nobody", buttons)
	sameAnswer(t, "the page", "nobody", pages)
}

// signIn returns the whole answer to a sign-in.
func (b *bench) signIn(network, who, password string) string {
	b.Helper()
	return b.form(network, "/api/authorization/access_token", "grant_type", "password", "client_id", b.vars["web.id"], "client_secret", b.vars["web.secret"],
		"username", b.vars["acme.id"]+"^"+who+"@example.com", "password", password)
}

// sameAnswer wants every answer to be the one that somebody gets.
func sameAnswer(t *testing.T, what, somebody string, answers map[string]func() string) {
	t.Helper()
	want := answers[somebody]()
	for who, answer := range answers {
		if who == somebody {
			continue
		}
		if diff := cmp.Diff(want, answer()); diff != "" {
			t.Errorf("%s, %s: got +, want as %s -:\n%s", what, who, somebody, diff)
		}
	}
}

// form posts a form from a network and returns the whole answer.
func (b *bench) form(network, path string, pairs ...string) string {
	b.Helper()
	values := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		values.Set(pairs[i], pairs[i+1])
	}
	return b.whole(b.post(path, values.Encode(), "Content-Type", "application/x-www-form-urlencoded", "X-Forwarded-For", network))
}

// whole returns status, headers and body of an answer but for what every answer has of its own.
func (b *bench) whole(r *http.Request) string {
	b.Helper()
	b.send(r)
	b.answer.Header.Del("Date")
	b.answer.Header.Del("X-Request-Id")
	var headers bytes.Buffer
	b.must(b.answer.Header.Write(&headers))
	return fmt.Sprintf("%d\n%s\n%s", b.answer.StatusCode, headers.String(), b.body)
}
