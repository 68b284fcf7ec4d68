package main

import (
	"time"

	"avow/internal/access"
	"avow/internal/account"
	"avow/internal/app"
)

type clientCommand struct {
	Create  clientCreate  `cmd:"" help:"Make an OAuth client; its secret is shown once."`
	List    clientList    `cmd:"" help:"List the clients of an organisation."`
	Rotate  clientRotate  `cmd:"" help:"Give a client another secret; the one before is worthless at once."`
	Disable clientDisable `cmd:"" help:"Make a client and its tokens worthless at once."`
}

type clientCreate struct {
	Org              string   `required:"" help:"An org_… id or the organisation's name."`
	Name             string   `required:"" help:"What the client is."`
	Scopes           string   `required:"" help:"Scopes that it may ask for, separated by spaces."`
	VerificationURLs []string `name:"verification-urls" help:"Prefixes that its verification_url may have, comma-separated; they narrow the server's list."`
	OfflineAccess    bool     `name:"offline-access" help:"Sign-ins get a refresh token."`
}

// Run makes a client.
func (c clientCreate) Run(s *session) error {
	if err := account.CheckPrefixes(c.VerificationURLs); err != nil {
		return err
	}
	return s.with(func(a *app.App) error {
		client, secret, err := a.Admin.CreateClient(s.ctx, access.NewClient{
			Org: c.Org, Name: c.Name, Scopes: access.ParseScopes(c.Scopes), VerificationURLs: c.VerificationURLs, OfflineAccess: c.OfflineAccess,
		})
		if err != nil {
			return err
		}
		return s.print(struct {
			ClientID     string `json:"client_id"`
			ClientSecret string `json:"client_secret"`
			Scopes       string `json:"scopes"`
		}{client.ID, secret, scopeText(client.Scopes)})
	})
}

type clientList struct {
	Org string `help:"An org_… id or the organisation's name; all organisations when left out."`
}

// Run lists clients, never their secrets.
func (c clientList) Run(s *session) error {
	type line struct {
		ClientID      string `json:"client_id"`
		Name          string `json:"name"`
		Org           string `json:"org"`
		Scopes        string `json:"scopes"`
		OfflineAccess bool   `json:"offline_access"`
		CreatedAt     string `json:"created_at"`
		DisabledAt    string `json:"disabled_at,omitempty"`
	}
	return s.with(func(a *app.App) error {
		org, err := orgID(s, a, c.Org)
		if err != nil {
			return err
		}
		clients, err := a.Store.Clients(s.ctx, org)
		if err != nil {
			return err
		}
		var lines []line
		for _, k := range clients {
			lines = append(lines, line{k.ID, k.Name, k.Org, scopeText(k.Scopes), k.OfflineAccess, stamp(k.CreatedAt), stamp(k.DisabledAt)})
		}
		return list(s, lines)
	})
}

type clientRotate struct {
	ClientID string `arg:"" name:"client_id" help:"A client's id."`
}

// Run gives a client another secret.
func (c clientRotate) Run(s *session) error {
	return s.with(func(a *app.App) error {
		secret, err := a.Admin.RotateClient(s.ctx, c.ClientID)
		if err != nil {
			return err
		}
		return s.print(struct {
			ClientID     string `json:"client_id"`
			ClientSecret string `json:"client_secret"`
		}{c.ClientID, secret})
	})
}

type clientDisable struct {
	ClientID string `arg:"" name:"client_id" help:"A client's id."`
}

// Run disables a client.
func (c clientDisable) Run(s *session) error {
	return s.with(func(a *app.App) error {
		if err := a.Store.DisableClient(s.ctx, c.ClientID, time.Now()); err != nil {
			return err
		}
		return s.done(c.ClientID + " is disabled")
	})
}
