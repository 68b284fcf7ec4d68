package catalogue

import "context"

// Named returns the skills that texts mean, by text: the one that has the text as its id, else the one that is called so in any letters, else the one with such an alias. Of
// several, one of our own list comes first, then the first by id. What means nothing is not among them.
func (s *Service) Named(ctx context.Context, texts []string) (map[string]Skill, error) {
	index, err := s.index(ctx)
	if err != nil {
		return nil, err
	}
	known := map[string]Skill{}
	for _, text := range texts {
		if k, ok := index.named(text); ok {
			known[text] = k
		}
	}
	return known, nil
}

// How a text can mean a skill, the best first.
const (
	meantID = iota
	meantOwnName
	meantName
	meantOwnAlias
	meantAlias
	meantNothing
)

func (x *Index) named(text string) (best Skill, ok bool) {
	key, least := fold(text), meantNothing
	for _, e := range x.entries {
		if how := e.meant(text, key); how < least {
			best, least = e.skill, how
		}
	}
	return best, least < meantNothing
}

func (e entry) meant(text, key string) int {
	if e.skill.ID == text {
		return meantID
	}
	how := meantNothing
	for n, label := range e.labels {
		if label == key && key != "" {
			how = min(how, meantName+min(n, 1)*(meantAlias-meantName))
		}
	}
	if how < meantNothing && OwnName(e.skill.ID) != "" {
		how--
	}
	return how
}

// Page returns a page of the whole catalogue, by id, and how many skills there are. Pages count from 1.
func (s *Service) Page(ctx context.Context, page, size int) (skills []Skill, total int, err error) {
	index, err := s.index(ctx)
	if err != nil {
		return nil, 0, err
	}
	total = len(index.entries)
	from := min((page-1)*size, total)
	for _, e := range index.entries[from:min(from+size, total)] {
		skills = append(skills, e.skill)
	}
	return skills, total, nil
}
