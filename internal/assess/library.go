package assess

import (
	"context"
	"slices"
	"sync/atomic"

	"avow/internal/fault"
)

// File is a file of questions that an operator has imported, as it was read.
type File struct {
	ID   string // of its skill
	Text string
}

// Imports is where imported files are kept. They belong to no organisation.
type Imports interface {
	// ImportedQuestions returns the stamp of the last import, 0 before the first, and, unless it is the one that is known, all imported files by their ids.
	ImportedQuestions(ctx context.Context, known int64) (stamp int64, files []File, err error)
	// ImportQuestions makes a change, all of it or nothing, under a stamp that no other import has.
	ImportQuestions(ctx context.Context, change Change) error
}

// Change is what an import does. No id stands in it twice.
type Change struct {
	Put    []File // new, or in the place of what has their id
	Remove []string
}

// Source is a file of questions that is to be imported.
type Source struct {
	Name string // of the file, for findings
	Text string
}

// Report counts what an import did, in files.
type Report struct{ Added, Changed, Unchanged int }

// ErrNotImported refuses to remove what was not imported.
var ErrNotImported = fault.New(fault.NotFound, "questions_not_imported", "No questions were imported for a skill of this id.")

// Library is the bank that papers are drawn from: what operators imported, and of the built-in bank what they did not replace. It is a Generator.
type Library struct {
	imports Imports
	held    atomic.Pointer[shelf]
}

// shelf is the bank as it was after an import.
type shelf struct {
	stamp int64
	bank  *Bank
}

// NewLibrary makes a library.
func NewLibrary(imports Imports) *Library {
	l := &Library{imports: imports}
	l.held.Store(&shelf{bank: Builtin()})
	return l
}

// Bank returns the bank as it is now: an import by another process counts at once.
func (l *Library) Bank(ctx context.Context) (*Bank, error) {
	held := l.held.Load()
	stamp, files, err := l.imports.ImportedQuestions(ctx, held.stamp)
	if err != nil || stamp == held.stamp {
		return held.bank, err
	}
	fresh := &shelf{stamp, NewBank(merged(files))}
	l.held.Store(fresh)
	return fresh.bank, nil
}

// Generate draws from the bank.
func (l *Library) Generate(ctx context.Context, r Request) ([]Question, error) {
	bank, err := l.Bank(ctx)
	if err != nil {
		return nil, err
	}
	return bank.Draw(r)
}

// merged is what was imported and then, of our own skills, those whose ids were not. Imported ones come first: where a later release names a skill like one of theirs, theirs
// has the name.
func merged(files []File) []Skill {
	skills := parsed(files)
	for _, ours := range Builtin().Skills {
		if !slices.ContainsFunc(skills, func(s Skill) bool { return s.ID == ours.ID }) {
			skills = append(skills, ours)
		}
	}
	return skills
}

// parsed reads imported files. They were checked when they came; a question that a later release does not understand is left out.
func parsed(files []File) []Skill {
	var skills []Skill
	for _, f := range files {
		s, _ := Parse("imported "+f.ID, f.Text)
		s.Imported = true
		skills = append(skills, s)
	}
	return skills
}

// never is a stamp that no import has.
const never = -1

// Import brings files of questions into the bank; one with the id of a skill that is there, ours or imported, takes its place. Where anything is found wrong with them, they
// and their neighbours considered, nothing is imported.
func (l *Library) Import(ctx context.Context, sources []Source) (Report, []Finding, error) {
	_, before, err := l.imports.ImportedQuestions(ctx, never)
	if err != nil {
		return Report{}, nil, err
	}
	files, findings := examine(sources, before)
	if len(findings) > 0 {
		return Report{}, findings, nil
	}
	change, report := plan(before, files)
	if len(change.Put) == 0 {
		return report, nil, nil
	}
	return report, nil, l.imports.ImportQuestions(ctx, change)
}

// examine parses files and lints them beside the skills that stay as they are.
func examine(sources []Source, before []File) (files []File, findings []Finding) {
	var skills []Skill
	names := map[string]bool{}
	for _, source := range sources {
		s, found := Parse(source.Name, source.Text)
		skills, findings = append(skills, s), append(findings, found...)
		files = append(files, File{s.ID, source.Text})
		names[source.Name] = true
	}
	stay := slices.DeleteFunc(merged(before), func(s Skill) bool {
		return slices.ContainsFunc(skills, func(fresh Skill) bool { return fresh.ID == s.ID })
	})
	for _, f := range Lint(append(stay, skills...)) {
		if names[f.File] {
			findings = append(findings, f)
		}
	}
	return files, findings
}

// plan says what there is to do. A file that was imported before as it is needs nothing.
func plan(before, files []File) (change Change, report Report) {
	for _, f := range files {
		i := slices.IndexFunc(before, func(b File) bool { return b.ID == f.ID })
		switch {
		case i < 0:
			report.Added++
		case before[i].Text != f.Text:
			report.Changed++
		default:
			report.Unchanged++
			continue
		}
		change.Put = append(change.Put, f)
	}
	return change, report
}

// Remove forgets an imported file. Where it had replaced a built-in skill, that one is back. ErrNotImported when there is none.
func (l *Library) Remove(ctx context.Context, id string) error {
	_, before, err := l.imports.ImportedQuestions(ctx, never)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(before, func(f File) bool { return f.ID == id }) {
		return ErrNotImported
	}
	return l.imports.ImportQuestions(ctx, Change{Remove: []string{id}})
}
