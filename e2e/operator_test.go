//go:build e2e

package e2e

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
)

// operator runs commands on one database, as somebody does at a shell.
type operator struct {
	data string
	env  []string
}

// newOperator has a database of its own that is up to date and empty, with a master key like a production server's.
func newOperator(t *testing.T) operator {
	t.Helper()
	key := make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		t.Fatal(err)
	}
	o := operator{data: t.TempDir(), env: []string{"AVOW_SECRET_KEY=" + base64.StdEncoding.EncodeToString(key)}}
	o.must(t, "migrate", "up")
	return o
}

// run runs a command with --json. It fails no test itself.
func (o operator) run(stdin string, args ...string) (result, error) {
	return command(o.env, stdin, append(args, "--json", "--data", o.data)...)
}

// try runs a command that may end in any way.
func (o operator) try(t *testing.T, args ...string) result {
	t.Helper()
	got, err := o.run("", args...)
	if err != nil {
		t.Fatalf("avow %v: %v", args, err)
	}
	return got
}

// must runs a command that has to succeed and returns what it printed, without the last line break.
func (o operator) must(t *testing.T, args ...string) string {
	t.Helper()
	got := o.try(t, args...)
	if got.code != 0 {
		t.Fatalf("avow %v: got exit code %d with %q on stderr, want 0", args, got.code, got.stderr)
	}
	return strings.TrimSuffix(got.stdout, "\n")
}

// The answers of the commands that make things.
type (
	madeOrg    struct{ Org, Name string }
	madeKey    struct{ KeyID, APIKey, SecretKey, WebhookSecret, Mode, Name string }
	madeClient struct {
		ID     string `json:"client_id"`
		Secret string `json:"client_secret"`
		Scopes string `json:"scopes"`
	}
	madeAccount struct {
		ID, Email, Status string
		Verified          bool
	}
	madeToken struct {
		Token     string `json:"access_token"`
		ExpiresIn int    `json:"expires_in"`
		Scope     string `json:"scope"`
	}
)

const (
	meScopes  = "/external/me/r /external/me/w"
	someEmail = "anna@example.com"
)

// person is an account with a token of its own.
type person struct{ id, email, token string }

// person makes an account and a token for it. It fails no test itself.
func (o operator) person(org, client, email string) (person, error) {
	account, err := made[madeAccount](o, "account", "create", "--org", org, "--email", email)
	if err != nil {
		return person{}, err
	}
	token, err := made[madeToken](o, "token", "issue", "--client", client, "--account", account.ID, "--scopes", meScopes)
	return person{account.ID, email, token.Token}, err
}

func made[T any](o operator, args ...string) (T, error) {
	got, err := o.run("", args...)
	if err == nil && got.code != 0 {
		err = fmt.Errorf("avow %v: got exit code %d with %q on stderr, want 0", args, got.code, got.stderr)
	}
	if err != nil {
		return *new(T), err
	}
	return decode[T](got.stdout)
}

func mustMake[T any](t *testing.T, o operator, args ...string) T {
	t.Helper()
	v, err := made[T](o, args...)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
