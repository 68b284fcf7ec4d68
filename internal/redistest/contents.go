package redistest

import (
	"net/url"
	"strings"
	"testing"
)

// Contents is everything that the server at a URL holds, by key. All values must be texts.
func Contents(t testing.TB, address string) map[string]string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatalf("redistest: %v", err)
	}
	password, _ := u.User.Password()
	tell := func(words ...string) string {
		t.Helper()
		answer, err := ask(t.Context(), u.Host, password, words...)
		if err != nil {
			t.Fatalf("redistest: %v", err)
		}
		return answer
	}
	all := map[string]string{}
	for key := range strings.FieldsSeq(tell("EVAL", `return table.concat(redis.call('KEYS', '*'), ' ')`, "0")) {
		all[key] = tell("GET", key)
	}
	return all
}
