package catalogue

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
)

// The pages of a search (skills-api.md 11).
const (
	PageSize   = 10
	Pages      = 5
	MinKeyword = 3 // characters
	maxFound   = PageSize * Pages
)

// maxKeyword is the longest keyword, in runes, that is looked for; nothing is called by a longer one.
const maxKeyword = maxText

// CheckKeyword refuses keywords that say too little.
func CheckKeyword(keyword string) error {
	keyword = strings.TrimSpace(keyword)
	if len([]rune(keyword)) < MinKeyword || !strings.ContainsFunc(keyword, wordRune) {
		return ErrKeyword
	}
	return nil
}

func wordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// Index is a list of skills made ready to be searched.
type Index struct{ entries []entry }

type entry struct {
	skill  Skill
	labels []string // as they are compared: the name, then the aliases
	size   int      // of the name
}

// NewIndex makes an index of a list.
func NewIndex(skills []Skill) *Index {
	x := &Index{entries: make([]entry, 0, len(skills))}
	for _, s := range skills {
		labels := []string{fold(s.Name)}
		for _, a := range s.Aliases {
			labels = append(labels, fold(a))
		}
		x.entries = append(x.entries, entry{s, labels, len([]rune(s.Name))})
	}
	return x
}

// fold is the form in which labels and keywords are compared: small letters, digits, + and #, and single spaces for all else. Dots and apostrophes are nothing, so that
// Node.js is nodejs.
func fold(text string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(text) {
		switch {
		case wordRune(r) || unicode.IsMark(r) || r == '+' || r == '#':
			b.WriteRune(r)
		case r != '.' && r != '\'' && r != '’':
			b.WriteByte(' ')
		}
	}
	return spaced(b.String())
}

// How a label can match, the best first.
const (
	whole = iota
	prefix
	wordPrefix
	infix
	typo
	none
)

// match is how well a skill matches. Names come before aliases of the same kind, fewer typos before more, short names before long ones.
type match struct {
	*entry
	kind, alias, typos int
}

func (m match) compare(o match) int {
	return cmp.Or(
		cmp.Compare(m.kind, o.kind), cmp.Compare(m.alias, o.alias), cmp.Compare(m.typos, o.typos), cmp.Compare(m.size, o.size),
		cmp.Compare(m.labels[0], o.labels[0]), cmp.Compare(m.skill.ID, o.skill.ID),
	)
}

// Search returns the skills whose name or alias a keyword means, the best first: those that are called so, those that begin with it, those of which a word does, those
// that hold it anywhere, and those that do when up to two letters are mistyped. There are never more than the pages hold.
func (x *Index) Search(keyword string) []Skill {
	keyword = fold(keyword)
	if len([]rune(keyword)) > maxKeyword || keyword == "" {
		return nil
	}
	matches := x.matches(func(label string) (kind, typos int) { return kindOf(label, keyword), 0 })
	if len(matches) < maxFound {
		matches = append(matches, x.mistyped(keyword, matches)...)
	}
	slices.SortFunc(matches, match.compare)
	skills := []Skill{}
	for _, m := range matches[:min(len(matches), maxFound)] {
		skills = append(skills, m.skill)
	}
	return skills
}

// matches takes the best label of each skill.
func (x *Index) matches(by func(label string) (kind, typos int)) []match {
	var all []match
	for i := range x.entries {
		best := match{kind: none}
		for n, label := range x.entries[i].labels {
			m := match{entry: &x.entries[i], alias: min(n, 1)}
			if m.kind, m.typos = by(label); m.kind != none && (best.kind == none || m.compare(best) < 0) {
				best = m
			}
		}
		if best.kind != none {
			all = append(all, best)
		}
	}
	return all
}

func kindOf(label, keyword string) int {
	switch i := strings.Index(label, keyword); {
	case i < 0:
		return none
	case label == keyword:
		return whole
	case i == 0:
		return prefix
	case strings.Contains(label, " "+keyword):
		return wordPrefix
	}
	return infix
}

// mistyped returns the skills that are not among the matches and that a mistyped keyword may mean.
func (x *Index) mistyped(keyword string, matches []match) []match {
	known := map[*entry]bool{}
	for _, m := range matches {
		known[m.entry] = true
	}
	speller := newSpeller(keyword)
	if speller.most == 0 {
		return nil
	}
	all := x.matches(func(label string) (kind, typos int) {
		if typos = speller.typos(label); typos > speller.most {
			return none, 0
		}
		return typo, typos
	})
	return slices.DeleteFunc(all, func(m match) bool { return known[m.entry] })
}
