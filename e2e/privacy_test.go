//go:build e2e

package e2e

import (
	"strings"
	"testing"
)

// exported is what the two export commands print, as far as it is looked at here.
type exported struct {
	Email         string
	Tokens        []struct{ Kind string }
	Person        struct{ RecordUserID, Name, Email string }
	Verifications []struct{ RecordVerificationID string }
}

// erased is what the two erase commands print.
type erased struct {
	ID, RecordUserID string
	ErasedAt         string `json:"erased_at"`
	PersonErasedAt   string `json:"erasedAt"`
	Verifications    int
}

func TestAccountIsExportedAndErased(t *testing.T) {
	t.Parallel()
	o := newOperator(t)
	o.must(t, "org", "create", "--name", "acme")
	c := mustMake[madeClient](t, o, "client", "create", "--org", "acme", "--name", "web", "--scopes", meScopes)
	anna, err := o.person("acme", c.ID, someEmail)
	if err != nil {
		t.Fatal(err)
	}
	all := mustMake[exported](t, o, "account", "export", strings.ToUpper(anna.id))
	if all.Email != someEmail || len(all.Tokens) != 1 || all.Tokens[0].Kind != "access" {
		t.Errorf("got %+v, want the address and one access token", all)
	}
	first := mustMake[erased](t, o, "account", "erase", anna.id)
	want(t, "erased", first.ID, anna.id)
	want(t, "erased again", mustMake[erased](t, o, "account", "erase", anna.id), first)
	for _, command := range []string{"show", "export", "disable"} {
		if got := o.try(t, "account", command, anna.id); got.code != 1 || !strings.Contains(got.stderr, "account could not be found") {
			t.Errorf("account %s: got %+v, want exit code 1 and the reason", command, got)
		}
	}
	if again := mustMake[madeAccount](t, o, "account", "create", "--org", "acme", "--email", someEmail); again.ID == anna.id || again.Verified {
		t.Errorf("got %+v, want another account, unverified", again)
	}
}

// TestPersonIsExportedAndErased has the commands work on the database of a running server.
func TestPersonIsExportedAndErased(t *testing.T) {
	t.Parallel()
	p := startDev(t, t.TempDir())
	o := operator{data: p.data}
	user := openSession(t, p.ready.URL, p.ready.Demo.APIKey, student{"student_1", "Sam Doe", "sam@example.com"}).Data.RecordUserID
	all := mustMake[exported](t, o, "person", "export", user)
	if all.Person.RecordUserID != user || all.Person.Name != "Sam Doe" || len(all.Verifications) != 1 {
		t.Errorf("got %+v, want the person with one verification", all)
	}
	first := mustMake[erased](t, o, "person", "erase", user)
	if first.RecordUserID != user || first.Verifications != 1 || first.PersonErasedAt == "" {
		t.Errorf("got %+v, want one verification erased", first)
	}
	want(t, "erased again", mustMake[erased](t, o, "person", "erase", user), first)
	if got := o.try(t, "person", "export", user); got.code != 1 || !strings.Contains(got.stderr, "There is no such person") {
		t.Errorf("got %+v, want exit code 1 and the reason", got)
	}
}
