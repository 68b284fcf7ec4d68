package main

import (
	"fmt"
	"os"

	"avow/internal/app"
	"avow/internal/catalogue"
)

type skillsCommand struct {
	Import skillsImport `cmd:"" help:"Bring a list of skills into the catalogue, beside our own list. All of it or nothing; again changes nothing."`
	Export skillsExport `cmd:"" help:"Print the whole catalogue as CSV, in the form that import reads."`
}

type skillsImport struct {
	File    string `arg:"" placeholder:"FILE.csv" help:"CSV with the columns id,name,category,aliases, or ESCO's export as it comes; - for standard input."`
	Replace bool   `help:"Forget what was imported before and is not in the file."`
}

type importedLine struct {
	Read      int `json:"read"`
	Added     int `json:"added"`
	Changed   int `json:"changed"`
	Unchanged int `json:"unchanged"`
	Removed   int `json:"removed"`
}

// Run imports skills. The list is read, and refused, before the database is opened.
func (c skillsImport) Run(s *session) error {
	skills, err := s.skills(c.File)
	if err != nil {
		return err
	}
	return s.with(func(a *app.App) error {
		s.progress("%d skills read, writing", len(skills))
		r, err := a.Catalogue.Import(s.ctx, skills, c.Replace)
		s.progress("")
		if err != nil {
			return err
		}
		return s.print(importedLine{len(skills), r.Added, r.Changed, r.Unchanged, r.Removed})
	})
}

func (s *session) skills(name string) ([]catalogue.Skill, error) {
	from := s.env.in
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer func() { _ = file.Close() }() // nothing was written
		from = file
	}
	defer s.progress("")
	return catalogue.Read(from, func(read int) { s.progress("%d skills read", read) })
}

// progress takes the place of what it said before, on a terminal alone.
func (s *session) progress(format string, args ...any) {
	if terminal(s.env.err) {
		fmt.Fprintf(s.env.err, "\r\x1b[K"+format, args...)
	}
}

type skillsExport struct{}

type skillLine struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	Category string   `json:"category"`
	Aliases  []string `json:"aliases"`
}

// Run prints the catalogue.
func (skillsExport) Run(s *session) error {
	return s.with(func(a *app.App) error {
		skills, err := a.Catalogue.All(s.ctx)
		if err != nil {
			return err
		}
		if !s.json {
			return catalogue.Write(s.env.out, skills)
		}
		for _, k := range skills {
			if err := s.print(skillLine{k.ID, k.Name, k.Category, append([]string{}, k.Aliases...)}); err != nil {
				return err
			}
		}
		return nil
	})
}
