package main

import (
	"avow/internal/access"
	"avow/internal/app"
)

type orgCommand struct {
	Create orgCreate `cmd:"" help:"Make an organisation."`
	List   orgList   `cmd:"" help:"List all organisations."`
	Set    orgSet    `cmd:"" help:"Change a setting of an organisation."`
	Show   orgShow   `cmd:"" help:"Show an organisation and its settings."`
}

type orgLine struct {
	Org  string `json:"org"`
	Name string `json:"name"`
}

type orgCreate struct {
	Name string `required:"" help:"A name that no other organisation has."`
}

// Run makes an organisation.
func (c orgCreate) Run(s *session) error {
	return s.with(func(a *app.App) error {
		o, err := a.Admin.CreateOrganisation(s.ctx, c.Name, false)
		if err != nil {
			return err
		}
		return s.print(orgLine{o.ID, o.Name})
	})
}

type orgList struct{}

// Run lists organisations.
func (orgList) Run(s *session) error {
	return s.with(func(a *app.App) error {
		all, err := a.Store.Organisations(s.ctx)
		if err != nil {
			return err
		}
		var lines []orgLine
		for _, o := range all {
			lines = append(lines, orgLine{o.ID, o.Name})
		}
		return list(s, lines)
	})
}

type orgSet struct {
	Org   string `arg:"" help:"An org_… id or the organisation's name."`
	Name  string `arg:"" help:"The setting; see docs/organisation-settings.md."`
	Value string `arg:"" help:"Its value."`
}

// Run changes a setting.
func (c orgSet) Run(s *session) error {
	return s.with(func(a *app.App) error {
		if _, err := a.Admin.Set(s.ctx, c.Org, c.Name, c.Value); err != nil {
			return err
		}
		return s.done(c.Name + " is " + c.Value)
	})
}

type orgShow struct {
	Org string `arg:"" help:"An org_… id or the organisation's name."`
}

// Run shows an organisation.
func (c orgShow) Run(s *session) error {
	return s.with(func(a *app.App) error {
		o, err := a.Admin.Organisation(s.ctx, c.Org)
		if err != nil {
			return err
		}
		settings := map[string]string{}
		for _, k := range access.KnownSettings {
			settings[k.Name] = o.Settings.Get(k.Name)
		}
		return s.print(struct {
			Org       string            `json:"org"`
			Name      string            `json:"name"`
			CreatedAt string            `json:"created_at"`
			Settings  map[string]string `json:"settings"`
		}{o.ID, o.Name, stamp(o.CreatedAt), settings})
	})
}
