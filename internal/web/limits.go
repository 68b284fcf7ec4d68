package web

import (
	"fmt"
	"math"
	"net/http"
	"strings"
	"time"

	"avow/internal/limit"
)

// take has a route's budgets pay for a call.
func (f Family) take(r *http.Request, route Route) error {
	if route.Draws == nil {
		return nil
	}
	_, err := f.Budgets.Take(r.Context(), route.Draws(r)...)
	return err
}

// tellLimits says how the budgets stand that a request has drawn from (draft-ietf-httpapi-ratelimit-headers): what there is, and what is left for how long.
func tellLimits(h http.Header, standings []limit.Standing) {
	if len(standings) == 0 {
		return
	}
	var policies, limits []string
	for _, s := range standings {
		policies = append(policies, fmt.Sprintf("%q;q=%d;w=%d", s.Policy.Name, s.Policy.Quota, seconds(s.Policy.Window)))
		limits = append(limits, fmt.Sprintf("%q;r=%d;t=%d", s.Policy.Name, s.Remaining, seconds(s.Reset)))
	}
	h.Set("RateLimit-Policy", strings.Join(policies, ", "))
	h.Set("RateLimit", strings.Join(limits, ", "))
}

// seconds rounds up: whoever comes back then does not come too early.
func seconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }
