// Package catalogueapi is the skill catalogue on the wire: its search, which needs no credential, and the shape of its answers and errors (skills-api.md 11).
package catalogueapi

import (
	"context"
	"net/http"
	"strconv"

	"avow/internal/access"
	"avow/internal/catalogue"
	"avow/internal/fault"
	"avow/internal/limit"
	"avow/internal/web"
)

// base is where the catalogue begins: not below the contract's /api/v1.
const base = "/api/skills"

// Service is what the calls need of the rules.
type Service interface {
	// Search returns a page of the skills that a keyword means, the best first. Pages count from 1.
	Search(ctx context.Context, keyword string, page int) ([]catalogue.Skill, error)
}

type api struct{ service Service }

// New returns the catalogue's family.
func New(s Service) web.Family {
	a := api{s}
	return web.Family{Prefixes: []string{base + "/"}, Render: renderError, Routes: []web.Route{
		{Method: http.MethodGet, Path: base + "/search", Handle: a.search, Public: true, Draws: draws},
	}}
}

// draws is what each search takes of its network's budgets.
func draws(r *http.Request) []limit.Draw {
	network := web.NetworkOf(r)
	return []limit.Draw{limit.Catalogue.Of(network), limit.CatalogueScraping.Of(network), limit.CatalogueSearch.Of(network)}
}

type foundSkill struct {
	ID     string `json:"skill_id"`
	Name   string `json:"Skill"`
	Sub    string `json:"sub_skill_id"`
	Master string `json:"master_skill_id"`
}

type foundSkills struct {
	Data  []foundSkill `json:"data"`
	Page  int          `json:"page"`
	Limit int          `json:"limit"`
	Count int          `json:"count"` // of the page
}

// search is GET /api/skills/search.
func (a api) search(w http.ResponseWriter, r *http.Request) error {
	page, err := pageOf(r.URL.Query().Get("page"))
	if err != nil {
		return err
	}
	skills, err := a.service.Search(r.Context(), r.URL.Query().Get("keyword"), page)
	if err != nil {
		return err
	}
	body := foundSkills{Data: []foundSkill{}, Page: page, Limit: catalogue.PageSize, Count: len(skills)}
	for _, s := range skills {
		body.Data = append(body.Data, foundSkill{ID: s.ID, Name: s.Name, Sub: s.Category, Master: s.Master()})
	}
	return web.WriteJSON(w, http.StatusOK, body)
}

// pageOf reads the page; the first when none is given.
func pageOf(text string) (int, error) {
	if text == "" {
		return 1, nil
	}
	page, err := strconv.Atoi(text)
	if err != nil {
		return 0, catalogue.ErrPage
	}
	return page, nil
}

// statuses is the one place where reasons become statuses; all else is 500.
var statuses = map[fault.Reason]int{
	catalogue.ErrKeyword.Reason: http.StatusBadRequest,
	catalogue.ErrPage.Reason:    http.StatusBadRequest,
	web.ErrRouteUnknown.Reason:  http.StatusNotFound,
	web.ErrMethod.Reason:        http.StatusMethodNotAllowed,
	limit.ErrTooMany.Reason:     http.StatusTooManyRequests,
	access.ErrBusy.Reason:       http.StatusServiceUnavailable,
}

type errorBody struct {
	Error string `json:"error"`
}

func renderError(w http.ResponseWriter, r *http.Request, err error) {
	f := fault.From(err)
	status, known := statuses[f.Reason]
	if !known {
		status = http.StatusInternalServerError
	}
	web.RetryAfter(w, f)
	if err := web.WriteJSON(w, status, errorBody{Error: f.Message}); err != nil {
		web.Note(r, err)
	}
}
