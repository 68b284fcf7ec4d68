package app_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// TestOAuth2Library has golang.org/x/oauth2, as it comes, get tokens from a running server and use them, in both ways in which it authenticates a client.
func TestOAuth2Library(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, database string) {
		b := newBench(t, familyClocks["accounts"], database)
		b.setup(`org acme
client web org=acme scopes="/external/me/r /external/me/w" offline
client sys org=acme scopes="/external/account/r"
account anna org=acme email=anna@example.com password="p&s w%rd+ü"
`)
		endpoint := b.discovered()
		for name, style := range map[string]oauth2.AuthStyle{"found out": oauth2.AuthStyleAutoDetect, "Basic": oauth2.AuthStyleInHeader, "form": oauth2.AuthStyleInParams} {
			t.Run(name, func(t *testing.T) {
				own := *b
				own.T = t
				l := library{&own, endpoint, t.Context()}
				l.endpoint.AuthStyle = style
				l.clientCredentials()
				l.passwordAndRefresh()
				l.refusals()
			})
		}
	})
}

// discovered is the token endpoint that the metadata names.
func (b *bench) discovered() oauth2.Endpoint {
	b.Helper()
	r, err := http.NewRequest(http.MethodGet, b.base+"/.well-known/oauth-authorization-server", nil)
	b.must(err)
	b.send(r)
	var told struct {
		Issuer string `json:"issuer"`
		Token  string `json:"token_endpoint"`
	}
	b.must(json.Unmarshal(b.body, &told))
	if told.Issuer != b.base {
		b.Fatalf("got issuer %q, want %q", told.Issuer, b.base)
	}
	return oauth2.Endpoint{TokenURL: told.Token}
}

// library is a user of the library.
type library struct {
	*bench
	endpoint oauth2.Endpoint
	ctx      context.Context
}

func (l library) config(scopes ...string) *oauth2.Config {
	return &oauth2.Config{ClientID: l.vars["web.id"], ClientSecret: l.vars["web.secret"], Endpoint: l.endpoint, Scopes: scopes}
}

// status asks with the library's client, which puts the token into the request.
func (l library) status(client *http.Client, path string) int {
	l.Helper()
	answer, err := client.Get(l.base + path)
	l.must(err)
	l.must(answer.Body.Close())
	return answer.StatusCode
}

func (l library) clientCredentials() {
	c := clientcredentials.Config{
		ClientID: l.vars["sys.id"], ClientSecret: l.vars["sys.secret"], TokenURL: l.endpoint.TokenURL, AuthStyle: l.endpoint.AuthStyle, Scopes: []string{"/external/account/r"},
	}
	if got := l.status(c.Client(l.ctx), "/external/api/v1/accounts/status?email=anna%40example.com"); got != http.StatusOK {
		l.Errorf("client_credentials: got %d, want 200", got)
	}
}

const mine = "/external/api/v1/me/pending_verification_request"

func (l library) passwordAndRefresh() {
	l.Helper()
	c := l.config("/external/me/r")
	first, err := c.PasswordCredentialsToken(l.ctx, l.vars["acme.id"]+"^anna@example.com", "p&s w%rd+ü")
	l.must(err)
	if left := time.Until(first.Expiry); first.Type() != "Bearer" || first.RefreshToken == "" || left < 59*time.Minute || left > time.Hour || first.Extra("scope") != "/external/me/r" {
		l.Fatalf("password: got type %s, scope %v, for %s, want a bearer token for an hour and one to refresh it", first.Type(), first.Extra("scope"), left)
	}
	if got := l.status(c.Client(l.ctx, first), mine); got != http.StatusOK {
		l.Errorf("password: got %d, want 200", got)
	}
	old := *first
	old.Expiry = time.Now().Add(-time.Minute) // the library refreshes what it takes for expired
	second, err := c.TokenSource(l.ctx, &old).Token()
	l.must(err)
	if second.AccessToken == first.AccessToken || second.RefreshToken == first.RefreshToken || l.status(c.Client(l.ctx, second), mine) != http.StatusOK {
		l.Error("refresh: got the old tokens or one that does not work, want fresh ones")
	}
	l.form("203.0.113.1", "/oauth2/revoke", "token", second.RefreshToken, "client_id", c.ClientID, "client_secret", c.ClientSecret)
	if _, err = c.TokenSource(l.ctx, &oauth2.Token{RefreshToken: second.RefreshToken}).Token(); l.word(err) != "invalid_grant" {
		l.Errorf("revoked: got %v, want invalid_grant", err)
	}
	if got := l.status(c.Client(l.ctx, second), mine); got != http.StatusUnauthorized {
		l.Errorf("revoked: got %d, want 401", got)
	}
}

// word is the error word that the library read.
func (l library) word(err error) string {
	var told *oauth2.RetrieveError
	if !errors.As(err, &told) {
		return ""
	}
	return told.ErrorCode
}

func (l library) refusals() {
	l.Helper()
	name := l.vars["acme.id"] + "^anna@example.com"
	stranger := l.config()
	stranger.ClientSecret = "wrong"
	_, client := stranger.PasswordCredentialsToken(l.ctx, name, "p")
	_, password := l.config().PasswordCredentialsToken(l.ctx, name, "wrong")
	_, scope := l.config("/external/account/w").PasswordCredentialsToken(l.ctx, name, "p")
	got := []string{l.word(client), l.word(password), l.word(scope)}
	if want := []string{"invalid_client", "invalid_grant", "invalid_scope"}; !slices.Equal(got, want) {
		l.Errorf("got %q, want %q", got, want)
	}
	if !strings.Contains(password.Error(), "Username/password do not match") {
		l.Errorf("got %q, want the server's description in it", password)
	}
}
