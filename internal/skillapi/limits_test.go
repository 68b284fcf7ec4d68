package skillapi

import (
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"avow/internal/limit"
)

// TestEveryRouteHasABudget sees that no route of the contract can be called without end: with a key it is the key's budget, without one the network's.
func TestEveryRouteHasABudget(t *testing.T) {
	t.Parallel()
	for _, route := range New(Options{Service: &fake{}}).Routes {
		r := httptest.NewRequest(route.Method, "/", nil)
		r.Header.Set("Authorization", "Bearer k")
		want := []limit.Draw{limit.APIKey.Of("k")}
		if route.Public {
			want = []limit.Draw{limit.Network.Of("")}
		}
		if route.Path == base+"/step1/storeskills/verify-url" { // it makes calls of its own
			want = append(want, limit.VerifyURL.Of(""))
		}
		if d := cmp.Diff(want, route.Draws(r)); d != "" {
			t.Errorf("%s %s: got (+), want (-):\n%s", route.Method, route.Path, d)
		}
		r.Header.Del("Authorization")
		if got := route.Draws(r); !route.Public && got != nil {
			t.Errorf("%s %s: got %v without a key, want nothing: it is refused for that", route.Method, route.Path, got)
		}
	}
}
