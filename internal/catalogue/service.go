package catalogue

import (
	"context"
	"sync/atomic"
)

// Imports is where imported skills are kept. They belong to no organisation.
type Imports interface {
	// ImportedSkills returns the stamp of the last import, 0 before the first, and, unless it is the one that is known, all imported skills in no order.
	ImportedSkills(ctx context.Context, known int64) (stamp int64, skills []Skill, err error)
	// ImportSkills makes a change, all of it or nothing, under a stamp that no other import has.
	ImportSkills(ctx context.Context, change Change) error
}

// Change is what an import does. No id stands in it twice.
type Change struct {
	Put    []Skill // new, or in the place of what has their id
	Remove []string
}

// Report counts what an import did.
type Report struct{ Added, Changed, Unchanged, Removed int }

// Service answers searches and carries out imports.
type Service struct {
	imports Imports
	held    atomic.Pointer[snapshot]
}

// snapshot is the whole catalogue as it was after an import.
type snapshot struct {
	stamp int64
	index *Index
}

// NewService makes a service.
func NewService(imports Imports) *Service {
	s := &Service{imports: imports}
	s.held.Store(&snapshot{index: NewIndex(Own())})
	return s
}

// Search returns a page of the skills that a keyword means, the best first. Pages count from 1.
func (s *Service) Search(ctx context.Context, keyword string, page int) ([]Skill, error) {
	if err := CheckKeyword(keyword); err != nil {
		return nil, err
	}
	if page < 1 || page > Pages {
		return nil, ErrPage
	}
	index, err := s.index(ctx)
	if err != nil {
		return nil, err
	}
	skills := index.Search(keyword)
	from := min((page-1)*PageSize, len(skills))
	return skills[from:min(from+PageSize, len(skills))], nil
}

// index is that of the catalogue as it is now: an import by another process counts at once.
func (s *Service) index(ctx context.Context) (*Index, error) {
	held := s.held.Load()
	stamp, imported, err := s.imports.ImportedSkills(ctx, held.stamp)
	if err != nil || stamp == held.stamp {
		return held.index, err
	}
	fresh := &snapshot{stamp, NewIndex(merged(imported))}
	s.held.Store(fresh)
	return fresh.index, nil
}

// never is a stamp that no import has.
const never = -1

// All returns the whole catalogue, by id.
func (s *Service) All(ctx context.Context) ([]Skill, error) {
	_, imported, err := s.imports.ImportedSkills(ctx, never)
	return merged(imported), err
}

// Import brings skills into the catalogue, or new names, categories and aliases to those that have their ids. With replace, what was imported before and is not among
// them is forgotten; our own list stays. To import the same again changes nothing.
func (s *Service) Import(ctx context.Context, skills []Skill, replace bool) (Report, error) {
	_, before, err := s.imports.ImportedSkills(ctx, never)
	if err != nil {
		return Report{}, err
	}
	change, report := plan(before, skills, replace)
	if len(change.Put)+len(change.Remove) == 0 {
		return report, nil
	}
	return report, s.imports.ImportSkills(ctx, change)
}

// plan says what there is to do. A skill that is as the catalogue has it, imported or our own, needs nothing.
func plan(before, skills []Skill, replace bool) (change Change, report Report) {
	known, wanted := byID(merged(before)), byID(skills)
	for _, s := range skills {
		was, there := known[s.ID]
		switch {
		case !there:
			report.Added++
		case !was.same(s):
			report.Changed++
		default:
			report.Unchanged++
			continue
		}
		change.Put = append(change.Put, s)
	}
	for _, s := range before {
		if _, stays := wanted[s.ID]; replace && !stays {
			change.Remove = append(change.Remove, s.ID)
		}
	}
	report.Removed = len(change.Remove)
	return change, report
}
