package main

import (
	"strings"
	"time"

	"avow/internal/access"
	"avow/internal/app"
)

type webhookCommand struct {
	Create  webhookCreate  `cmd:"" help:"Register an endpoint; its secret is shown once."`
	List    webhookList    `cmd:"" help:"List the endpoints of an organisation."`
	Disable webhookDisable `cmd:"" help:"Tell an endpoint nothing more, what waits for it included."`
}

type webhookCreate struct {
	Org    string   `required:"" help:"An org_… id or the organisation's name."`
	URL    string   `required:"" help:"Where events are posted: https, or http inside AVOW_EGRESS_ALLOW."`
	Events []string `help:"Names of events, comma-separated; all when left out."`
}

// Run registers an endpoint.
func (c webhookCreate) Run(s *session) error {
	return s.with(func(a *app.App) error {
		e, err := a.Admin.CreateEndpoint(s.ctx, a.Store, a.EndpointPolicy(), access.Endpoint{Org: c.Org, URL: c.URL, Events: c.Events})
		if err != nil {
			return err
		}
		return s.print(struct {
			ID     string `json:"id"`
			URL    string `json:"url"`
			Events string `json:"events"`
			Secret string `json:"secret"`
		}{e.ID, e.URL, eventText(e), e.WebhookSecret()})
	})
}

func eventText(e access.Endpoint) string {
	if len(e.Events) == 0 {
		return "*"
	}
	return strings.Join(e.Events, ",")
}

type webhookList struct {
	Org string `help:"An org_… id or the organisation's name; all organisations when left out."`
}

// Run lists endpoints, never their secrets.
func (c webhookList) Run(s *session) error {
	type line struct {
		ID         string `json:"id"`
		URL        string `json:"url"`
		Events     string `json:"events"`
		Org        string `json:"org"`
		Mode       string `json:"mode,omitempty"` // of those that were registered over HTTP
		CreatedAt  string `json:"created_at"`
		DisabledAt string `json:"disabled_at,omitempty"`
	}
	return s.with(func(a *app.App) error {
		org, err := orgID(s, a, c.Org)
		if err != nil {
			return err
		}
		all, err := a.Store.Endpoints(s.ctx, org)
		if err != nil {
			return err
		}
		var lines []line
		for _, e := range all {
			lines = append(lines, line{e.ID, e.URL, eventText(e), e.Org, string(e.Mode), stamp(e.CreatedAt), stamp(e.DisabledAt)})
		}
		return list(s, lines)
	})
}

type webhookDisable struct {
	ID string `arg:"" help:"An endpoint's id, whe_…"`
}

// Run disables an endpoint.
func (c webhookDisable) Run(s *session) error {
	return s.with(func(a *app.App) error {
		if err := a.Store.DisableEndpoint(s.ctx, c.ID, time.Now()); err != nil {
			return err
		}
		return s.done(c.ID + " is disabled")
	})
}
