// Package catalogue holds the list of skills by whose ids and names the skill contract speaks (skills-api.md 11): our own list, and what operators import beside it.
package catalogue

import (
	"bytes"
	_ "embed"
	"maps"
	"slices"
	"strings"
	"sync"

	"avow/internal/fault"
)

// Skill is one skill of the catalogue.
type Skill struct {
	ID       string
	Name     string
	Category string // what it stands below: a master skill and, behind a dot, a sub skill of it
	Aliases  []string
}

// Master is the id of the master skill that the skill stands below. Its sub skill is the whole category.
func (s Skill) Master() string {
	master, _, _ := strings.Cut(s.Category, ".")
	return master
}

func (s Skill) same(o Skill) bool {
	return s.ID == o.ID && s.Name == o.Name && s.Category == o.Category && slices.Equal(s.Aliases, o.Aliases)
}

// Refusals of this package.
var (
	ErrKeyword = fault.New(fault.Invalid, "keyword", "The keyword must have at least 3 characters, letters or digits among them.")
	ErrPage    = fault.New(fault.Invalid, "page", "The page must be a whole number from 1 to 5.")
	ErrList    = fault.New(fault.Invalid, "skills_list", "The list of skills cannot be read.")
)

// Refusals lists those that a search can meet, for the test that walks the wire's table.
var Refusals = []*fault.Error{ErrKeyword, ErrPage}

//go:embed skills.csv
var ownText []byte

// Own is our own list, by id. An id never changes its meaning and never leaves it.
var Own = sync.OnceValue(func() []Skill {
	skills, err := Read(bytes.NewReader(ownText), func(int) {})
	if err != nil {
		panic(err)
	}
	return skills
})

var ownNames = sync.OnceValue(func() map[string]string {
	names := map[string]string{}
	for _, s := range Own() {
		names[s.ID] = s.Name
	}
	return names
})

// OwnName is the name of a skill of our own list; empty: it has none with this id.
func OwnName(id string) string { return ownNames()[id] }

// merged is our own list with what was imported, sorted by id. What was imported takes the place of ours of the same id.
func merged(imported []Skill) []Skill {
	all := byID(Own())
	maps.Copy(all, byID(imported))
	return slices.SortedFunc(maps.Values(all), func(a, b Skill) int { return strings.Compare(a.ID, b.ID) })
}

func byID(skills []Skill) map[string]Skill {
	all := make(map[string]Skill, len(skills))
	for _, s := range skills {
		all[s.ID] = s
	}
	return all
}
