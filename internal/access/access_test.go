package access

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"avow/internal/fault"
)

// start is the instant at which the tests begin.
var start = time.Date(2024, 1, 14, 12, 0, 0, 0, time.UTC)

const (
	meRead  = "/external/me/r"
	meWrite = "/external/me/w"
)

func goodToken() Token {
	return Token{Kind: AccessToken, Org: "org_1", Client: "client_1", Account: "5c6291d537c2ed78a11518b7", Scopes: []string{meRead, meWrite}, ExpiresAt: start.Add(time.Hour)}
}

// accounts-api.md 2.6: unknown and revoked are one case, then expired, then the scope, then the identity.
func TestAuthorizeToken(t *testing.T) {
	t.Parallel()
	plain, me := Need{Scope: meWrite}, Need{Scope: meWrite, Identity: true}
	tests := map[string]struct {
		token  func(*Token)
		client func(*Client)
		need   Need
		want   error
	}{
		"good":                         {need: me},
		"good without identity":        {need: plain, token: func(t *Token) { t.Account = "" }},
		"identity where none is asked": {need: plain},
		"last instant":                 {need: me, token: func(t *Token) { t.ExpiresAt = start.Add(time.Nanosecond) }},
		"at its expiry":                {need: me, token: func(t *Token) { t.ExpiresAt = start }, want: ErrTokenExpired},
		"after its expiry":             {need: me, token: func(t *Token) { t.ExpiresAt = start.Add(-time.Hour) }, want: ErrTokenExpired},
		"without expiry":               {need: me, token: func(t *Token) { t.ExpiresAt = time.Time{} }, want: ErrTokenExpired},
		"revoked":                      {need: me, token: func(t *Token) { t.RevokedAt = start.Add(-time.Second) }, want: ErrTokenUnknown},
		"refresh token":                {need: me, token: func(t *Token) { t.Kind = RefreshToken }, want: ErrTokenUnknown},
		"disabled client":              {need: me, client: func(c *Client) { c.DisabledAt = start.Add(-time.Second) }, want: ErrTokenUnknown},
		"no scopes":                    {need: me, token: func(t *Token) { t.Scopes = nil }, want: ErrScopeMissing},
		"read does not imply write":    {need: me, token: func(t *Token) { t.Scopes = []string{meRead} }, want: ErrScopeMissing},
		"write does not imply read":    {need: Need{Scope: meRead}, token: func(t *Token) { t.Scopes = []string{meWrite} }, want: ErrScopeMissing},
		"scope in another case":        {need: me, token: func(t *Token) { t.Scopes = []string{"/external/me/W"} }, want: ErrScopeMissing},
		"scope with a tail":            {need: me, token: func(t *Token) { t.Scopes = []string{meWrite + "/"} }, want: ErrScopeMissing},
		"scope of the parent path":     {need: me, token: func(t *Token) { t.Scopes = []string{"/external/me", "/external"} }, want: ErrScopeMissing},
		"scope below the asked one":    {need: me, token: func(t *Token) { t.Scopes = []string{"/external/me/w/x"} }, want: ErrScopeMissing},
		"scopes in one string":         {need: me, token: func(t *Token) { t.Scopes = []string{meRead + " " + meWrite} }, want: ErrScopeMissing},
		"no identity":                  {need: me, token: func(t *Token) { t.Account = "" }, want: ErrNoIdentity},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			token, client := goodToken(), Client{ID: "client_1"}
			if tt.token != nil {
				tt.token(&token)
			}
			if tt.client != nil {
				tt.client(&client)
			}
			if got := AuthorizeToken(&token, &client, tt.need, start); !errors.Is(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestAuthorizeTokenOfNobody(t *testing.T) {
	t.Parallel()
	token, client := goodToken(), Client{ID: "client_1"}
	tests := map[string]struct {
		token  *Token
		client *Client
	}{
		"neither": {}, "no token": {client: &client}, "no client": {token: &token},
	}
	for name, tt := range tests {
		if got := AuthorizeToken(tt.token, tt.client, Need{Scope: meRead}, start); !errors.Is(got, ErrTokenUnknown) {
			t.Errorf("%s: got %v, want %v", name, got, ErrTokenUnknown)
		}
	}
}

// One fault is mended after the other: each time the next one in order must be told.
func TestAuthorizeTokenOrder(t *testing.T) {
	t.Parallel()
	token := Token{Kind: RefreshToken, RevokedAt: start.Add(-time.Minute), ExpiresAt: start.Add(-time.Minute)}
	client := Client{DisabledAt: start.Add(-time.Minute)}
	steps := []struct {
		mend func()
		want error
	}{
		{func() {}, ErrTokenUnknown},
		{func() { token.Kind = AccessToken }, ErrTokenUnknown},
		{func() { token.RevokedAt = time.Time{} }, ErrTokenUnknown},
		{func() { client.DisabledAt = time.Time{} }, ErrTokenExpired},
		{func() { token.ExpiresAt = start.Add(time.Minute) }, ErrScopeMissing},
		{func() { token.Scopes = []string{meWrite} }, ErrNoIdentity},
		{func() { token.Account = "5c6291d537c2ed78a11518b7" }, nil},
	}
	for i, step := range steps {
		step.mend()
		if got := AuthorizeToken(&token, &client, Need{Scope: meWrite, Identity: true}, start); !errors.Is(got, step.want) {
			t.Errorf("step %d: got %v, want %v", i, got, step.want)
		}
	}
}

// The challenge of a 403 names the scope that is missing.
func TestMissingScopeIsNamed(t *testing.T) {
	t.Parallel()
	token := goodToken()
	token.Scopes = []string{meRead}
	got := fault.From(AuthorizeToken(&token, &Client{}, Need{Scope: meWrite}, start)).Detail
	if got != meWrite {
		t.Errorf("got detail %v, want %s", got, meWrite)
	}
	if ErrScopeMissing.Detail != nil {
		t.Errorf("got detail %v in the shared refusal, want none", ErrScopeMissing.Detail)
	}
}

func TestAuthenticateKey(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		key  *Key
		want error
	}{
		"unknown": {nil, ErrKeyUnknown},
		"good":    {&Key{ID: "key_1"}, nil},
		"revoked": {&Key{ID: "key_1", RevokedAt: start}, ErrKeyUnknown},
	}
	for name, tt := range tests {
		if got := AuthenticateKey(tt.key); !errors.Is(got, tt.want) {
			t.Errorf("%s: got %v, want %v", name, got, tt.want)
		}
	}
}

// The lists that the wire's tables are held against must not forget a refusal.
func TestRefusalsAreListed(t *testing.T) {
	t.Parallel()
	got := map[fault.Reason]fault.Kind{}
	for _, e := range append(TokenRefusals, KeyRefusals...) {
		got[e.Reason] = e.Kind
	}
	want := map[fault.Reason]fault.Kind{
		"no_credential": fault.Unauthenticated, "token_unknown": fault.Unauthenticated, "token_expired": fault.Unauthenticated,
		"scope_missing": fault.Forbidden, "no_identity": fault.Forbidden, "key_unknown": fault.Unauthenticated,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("got +, want -:\n%s", diff)
	}
}

func TestParseScopes(t *testing.T) {
	t.Parallel()
	tests := map[string][]string{
		"":                                    nil,
		"   ":                                 nil,
		meRead:                                {meRead},
		meRead + " " + meWrite:                {meRead, meWrite},
		"  " + meWrite + "   " + meRead + " ": {meWrite, meRead},
		meRead + " " + meWrite + " " + meRead: {meRead, meWrite},
		meRead + "," + meWrite:                {meRead + "," + meWrite},
		meRead + "\t" + meWrite:               {meRead + "\t" + meWrite},
		meRead + "\n":                         {meRead + "\n"},
		meRead + "\u00a0" + meWrite:           {meRead + "\u00a0" + meWrite},
	}
	for text, want := range tests {
		if diff := cmp.Diff(want, ParseScopes(text)); diff != "" {
			t.Errorf("%q: got +, want -:\n%s", text, diff)
		}
	}
}

func TestWithin(t *testing.T) {
	t.Parallel()
	held := []string{meRead, "/external/account/w"}
	tests := []struct {
		asked []string
		want  bool
	}{
		{nil, true},
		{[]string{meRead}, true},
		{[]string{"/external/account/w", meRead}, true},
		{[]string{meWrite}, false},
		{[]string{"/external/account/r"}, false},
		{[]string{meRead, meWrite}, false},
		{[]string{"/external/me"}, false},
		{[]string{"/external/me/R"}, false},
		{[]string{""}, false},
	}
	for _, tt := range tests {
		if got := Within(tt.asked, held); got != tt.want {
			t.Errorf("%q: got %t, want %t", tt.asked, got, tt.want)
		}
	}
}
