package catalogueapi

import (
	"net/http/httptest"
	"slices"
	"testing"

	"avow/internal/access"
	"avow/internal/catalogue"
	"avow/internal/fault"
	"avow/internal/limit"
	"avow/internal/web"
)

// Every refusal that a search can meet has a status of its own; all else is 500.
func TestEveryRefusalHasAStatus(t *testing.T) {
	t.Parallel()
	for _, e := range slices.Concat(catalogue.Refusals, []*fault.Error{web.ErrRouteUnknown, web.ErrMethod, limit.ErrTooMany, access.ErrBusy}) {
		if status, ok := statuses[e.Reason]; !ok || status < 400 || status == 500 {
			t.Errorf("%s: got %d, want a row in statuses", e.Reason, status)
		}
	}
}

// A search is counted thrice: against all calls, against copying the catalogue, and by itself.
func TestDraws(t *testing.T) {
	t.Parallel()
	want := []*limit.Policy{limit.Catalogue, limit.CatalogueScraping, limit.CatalogueSearch}
	for i, d := range draws(httptest.NewRequest("GET", "/api/skills/search", nil)) {
		if d.Policy != want[i] || d.Units != 1 {
			t.Errorf("got %d of %s, want 1 of %s", d.Units, d.Policy.Name, want[i].Name)
		}
	}
}
