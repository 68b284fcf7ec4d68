package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"text/tabwriter"

	"avow/internal/app"
	"avow/internal/assess"
)

type questionsImport struct {
	Files []string `arg:"" placeholder:"FILE|FOLDER" help:"Files of questions, or folders of them (*.md); docs/assessments.md has their form." type:"path"`
}

type importedQuestionsLine struct {
	Skills    int `json:"skills"`
	Questions int `json:"questions"`
	Added     int `json:"added"`
	Changed   int `json:"changed"`
	Unchanged int `json:"unchanged"`
}

// Run imports questions: all files or, where anything is found wrong with one, none.
func (c questionsImport) Run(s *session) error {
	sources, err := readSources(c.Files)
	if err != nil {
		return err
	}
	return s.with(func(a *app.App) error {
		report, findings, err := a.Questions.Import(s.ctx, sources)
		if err != nil {
			return err
		}
		if len(findings) > 0 {
			return s.findings(findings)
		}
		line := importedQuestionsLine{Skills: len(sources), Added: report.Added, Changed: report.Changed, Unchanged: report.Unchanged}
		for _, source := range sources {
			skill, _ := assess.Parse(source.Name, source.Text)
			line.Questions += len(skill.Questions)
		}
		return s.print(line)
	})
}

// findings tells them and says how many there are.
func (s *session) findings(all []assess.Finding) error {
	for _, f := range all {
		if err := s.tell(f.String(), f); err != nil {
			return err
		}
	}
	if len(all) > 0 {
		return fmt.Errorf("%w: %d", errFindings, len(all))
	}
	return nil
}

var errNoFiles = errors.New("no files of questions: a folder is searched for *.md")

// readSources reads files, and the files of questions in folders.
func readSources(names []string) ([]assess.Source, error) {
	var sources []assess.Source
	for _, name := range names {
		files, err := filesOf(name)
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				return nil, err
			}
			sources = append(sources, assess.Source{Name: file, Text: string(text)})
		}
	}
	if len(sources) == 0 {
		return nil, errNoFiles
	}
	return sources, nil
}

func filesOf(name string) ([]string, error) {
	info, err := os.Stat(name)
	if err != nil || !info.IsDir() {
		return []string{name}, err
	}
	return filepath.Glob(filepath.Join(name, "*.md"))
}

type questionsList struct{}

type bankLine struct {
	Skill     string `json:"skill"`
	Name      string `json:"name"`
	Questions int    `json:"questions"`
	Source    string `json:"source"`
}

// Run lists what papers are drawn from.
func (questionsList) Run(s *session) error {
	return s.with(func(a *app.App) error {
		bank, err := a.Questions.Bank(s.ctx)
		if err != nil {
			return err
		}
		table := tabwriter.NewWriter(s.env.out, 0, 0, 2, ' ', 0)
		for _, skill := range bank.Skills {
			line := bankLine{skill.ID, skill.Name, len(skill.Questions), sourceOf(skill)}
			if s.json {
				err = errors.Join(err, s.print(line))
				continue
			}
			fmt.Fprintf(table, "%s\t%d\t%s\t%s\n", line.Skill, line.Questions, line.Source, line.Name)
		}
		return errors.Join(err, table.Flush())
	})
}

func sourceOf(skill assess.Skill) string {
	if skill.Imported {
		return "imported"
	}
	return "built-in"
}

type questionsRemove struct {
	Skill string `arg:"" help:"The id of an imported skill."`
}

// Run forgets an imported file.
func (c questionsRemove) Run(s *session) error {
	return s.with(func(a *app.App) error {
		if err := a.Questions.Remove(s.ctx, c.Skill); err != nil {
			return err
		}
		return s.done(c.Skill + " is removed")
	})
}
