package main

import (
	"time"

	"avow/internal/app"
	"avow/internal/ownapi"
	"avow/internal/skill"
)

type personCommand struct {
	Export personExport `cmd:"" help:"Print everything that is kept of a person of the skill API, as JSON."`
	Erase  personErase  `cmd:"" help:"Erase a person of the skill API for good: only what names nobody is left."`
}

type personExport struct {
	ID string `arg:"" help:"The person's id, usr_live_… or usr_test_…"`
}

// Run prints a person.
func (c personExport) Run(s *session) error {
	return s.with(func(a *app.App) error {
		found, err := a.Skills.Export(s.ctx, skill.Asker{Operator: true}, c.ID)
		if err != nil {
			return err
		}
		return s.document(ownapi.ExportOf(found, time.Now()))
	})
}

type personErase struct {
	ID string `arg:"" help:"The person's id, usr_live_… or usr_test_…"`
}

// Run erases a person.
func (c personErase) Run(s *session) error {
	return s.with(func(a *app.App) error {
		erased, err := a.ErasePerson(s.ctx, c.ID)
		if err != nil {
			return err
		}
		return s.print(ownapi.ErasureOf(erased))
	})
}
