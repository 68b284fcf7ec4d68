package main

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"avow/internal/access"
	"avow/internal/app"
	"avow/internal/fault"
	"avow/internal/outbox"
)

type webhookList struct {
	Org string `help:"An org_… id or the organisation's name; all organisations when left out."`
}

// webhookLine is an endpoint, or a callback URL that fails or is disabled: that has neither id nor events.
type webhookLine struct {
	ID            string `json:"id,omitempty"`
	URL           string `json:"url"`
	Events        string `json:"events,omitempty"`
	Org           string `json:"org"`
	Mode          string `json:"mode"`
	CreatedAt     string `json:"created_at,omitempty"`
	DisabledAt    string `json:"disabled_at,omitempty"`
	Reason        string `json:"reason,omitempty"`
	FailingSince  string `json:"failing_since,omitempty"`
	PreviousUntil string `json:"previousValidUntil,omitempty"`
}

// Run lists endpoints, never their secrets.
func (c webhookList) Run(s *session) error {
	return s.with(func(a *app.App) error {
		org, err := orgID(s, a, c.Org)
		if err != nil {
			return err
		}
		all, err := a.Store.Endpoints(s.ctx, org)
		if err != nil {
			return err
		}
		watched, err := a.Store.Watched(s.ctx, org)
		if err != nil {
			return err
		}
		return list(s, webhookLines(all, watched))
	})
}

func webhookLines(all []access.Endpoint, watched []outbox.Watched) []webhookLine {
	var lines []webhookLine
	registered := map[int]bool{}
	for _, e := range all {
		line := webhookLine{
			ID: e.ID, URL: e.URL, Events: eventText(e), Org: e.Org, Mode: string(modeOf(e)), CreatedAt: stamp(e.CreatedAt), PreviousUntil: stamp(e.PreviousUntil),
		}
		if i := slices.IndexFunc(watched, func(w outbox.Watched) bool { return w.Org == e.Org && w.Test == testMode(e) && w.URL == e.URL }); i >= 0 {
			registered[i] = true
			line.tell(watched[i])
		}
		if !e.DisabledAt.IsZero() {
			line.DisabledAt, line.Reason = stamp(e.DisabledAt), "operator"
		}
		lines = append(lines, line)
	}
	for i, w := range watched {
		if registered[i] || w.Since.IsZero() && w.Off.IsZero() {
			continue
		}
		line := webhookLine{URL: w.URL, Org: w.Org, Mode: string(access.Live)}
		line.tell(w)
		lines = append(lines, line)
	}
	return lines
}

// modeOf is the mode whose webhooks an endpoint gets: what happens to accounts is always live.
func modeOf(e access.Endpoint) access.Mode { return cmp.Or(e.Mode, access.Live) }

func testMode(e access.Endpoint) bool { return e.Mode == access.Test }

func (l *webhookLine) tell(w outbox.Watched) {
	l.DisabledAt, l.Reason, l.FailingSince = stamp(w.Off), string(w.Reason), stamp(w.Since)
	if w.Test {
		l.Mode = string(access.Test)
	}
}

type webhookEnable struct {
	ID   string `arg:"" optional:"" help:"An endpoint's id, whe_…"`
	URL  string `help:"Instead of an id: a callback URL."`
	Org  string `help:"With --url: an org_… id or the organisation's name."`
	Mode string `enum:"live,test" default:"live" help:"With --url: live or test."`
}

// Validate wants an id, or a URL with its organisation.
func (c webhookEnable) Validate() error {
	if (c.ID == "") == (c.URL == "") || c.URL != "" && c.Org == "" {
		return errors.New("give either an endpoint's id or --url and --org")
	}
	return nil
}

// Run enables an endpoint, whoever has disabled it.
func (c webhookEnable) Run(s *session) error {
	return s.with(func(a *app.App) error {
		enable := c.byURL
		if c.ID != "" {
			enable = c.byID
		}
		if err := enable(s, a); err != nil {
			return err
		}
		return s.done(c.ID + c.URL + " is called again; avow deliveries replay sends what it has missed")
	})
}

func (c webhookEnable) byURL(s *session, a *app.App) error {
	org, err := orgID(s, a, c.Org)
	if err != nil {
		return err
	}
	return a.Deliveries.Enable(s.ctx, operator, outbox.Watched{Org: org, Test: c.Mode == string(access.Test), URL: c.URL})
}

func (c webhookEnable) byID(s *session, a *app.App) error {
	all, err := a.Store.Endpoints(s.ctx, "")
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(e access.Endpoint) bool { return e.ID == c.ID })
	if i < 0 {
		return access.ErrEndpointGone
	}
	byHand := !all[i].DisabledAt.IsZero()
	if byHand {
		if err := a.Store.EnableEndpoint(s.ctx, c.ID); err != nil {
			return err
		}
	}
	err = a.Deliveries.Enable(s.ctx, operator, outbox.Watched{Org: all[i].Org, Test: testMode(all[i]), URL: all[i].URL})
	if byHand && fault.From(err).Reason == outbox.ErrEndpointOn.Reason {
		return nil
	}
	return err
}

type webhookRotate struct {
	ID      string        `arg:"" help:"An endpoint's id, whe_…"`
	Overlap time.Duration `default:"24h" help:"How long the secret before signs, too."`
}

// Run gives an endpoint another secret.
func (c webhookRotate) Run(s *session) error {
	return s.with(func(a *app.App) error {
		e, err := a.Admin.RotateEndpoint(s.ctx, a.Store, c.ID, c.Overlap)
		if err != nil {
			return err
		}
		return s.print(struct {
			ID            string `json:"id"`
			Secret        string `json:"secret"`
			PreviousUntil string `json:"previousValidUntil"`
		}{e.ID, e.WebhookSecret(), stamp(e.PreviousUntil)})
	})
}
