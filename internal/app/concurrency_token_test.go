package app_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// TestParallelGuessesFreeze has many callers guess a password at once: all are refused alike, the account is frozen by them, and the right one comes too late.
func TestParallelGuessesFreeze(t *testing.T) {
	t.Parallel()
	onEngines(t, parallelGuessesFreeze)
}

func parallelGuessesFreeze(t *testing.T, database string) {
	b := newBench(t, familyClocks["accounts"], database)
	b.config.Limits = false
	b.setup(`org acme
client web org=acme scopes="/external/me/r"
client sys org=acme scopes="/external/account/r"
token s client=sys
account anna org=acme email=anna@example.com password=secret1
`)
	guess := func(password string) *http.Request {
		body := url.Values{
			"grant_type": {"password"}, "client_id": {b.vars["web.id"]}, "client_secret": {b.vars["web.secret"]},
			"username": {b.vars["acme.id"] + "^anna@example.com"}, "password": {password},
		}
		return b.post("/api/authorization/access_token", body.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	}
	const guesses = 12
	for i, o := range b.together(guesses, func(int) *http.Request { return guess("wrong") }) {
		if o.status != http.StatusBadRequest || !strings.Contains(o.body, `"invalid_grant"`) {
			t.Errorf("guess %d: got %d %s, want 400 invalid_grant", i, o.status, o.body)
		}
	}
	b.send(guess("secret1"))
	if b.answer.StatusCode != http.StatusBadRequest {
		t.Errorf("the right one: got %d %s, want 400", b.answer.StatusCode, b.body)
	}
	r, err := http.NewRequest(http.MethodGet, b.base+"/external/api/v1/accounts/get_authentication_attempts?email=anna@example.com", nil)
	b.must(err)
	r.Header.Set("Authorization", "Bearer "+b.vars["s"])
	b.send(r)
	const want = `{"item":{"account_frozen":true,"remaining_authentication_attempts":0,"frozen_until":"2024-01-14T12:15:00+00:00"}}`
	if string(b.body) != want {
		t.Errorf("got %s, want %s", b.body, want)
	}
}
