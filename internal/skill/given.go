package skill

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// Given holds the items of a session's lists as the steps need them, copied out when they came in (18.12): an item a line, its source in front, so that a selection of a
// few reads these few alone.
type Given string

// given is an item behind its source. Instants are Unix microseconds; nil: none was given, for 1970 is a date like any other.
type given struct {
	Title        string `json:"title"`
	Organisation string `json:"organisation,omitempty"`
	Description  string `json:"description,omitempty"`
	Start        *int64 `json:"start,omitempty"`
	End          *int64 `json:"end,omitempty"`
	Current      bool   `json:"current,omitempty"`
	Metadata     string `json:"metadata,omitempty"`
}

// Given copies the items out of the lists. Of two with one source the first counts. It refuses lists as Check does.
func (l Lists) Given() (Given, error) {
	items, err := l.items()
	if err != nil {
		return "", err
	}
	var lines strings.Builder
	seen := map[Source]bool{}
	for _, i := range items {
		if !seen[i.Source] {
			lines.WriteString(i.line() + "\n")
		}
		seen[i.Source] = true
	}
	return Given(lines.String()), nil
}

func (i Item) line() string {
	text, err := json.Marshal(given{i.Title, i.Organisation, i.Description, toMicros(i.Start), toMicros(i.End), i.Current, i.Metadata})
	if err != nil {
		panic(err) // texts and numbers always encode
	}
	return i.Source.head() + string(text)
}

// head is what a line begins with. A quoted id holds neither tabs nor ends of lines.
func (s Source) head() string { return string(s.Kind) + " " + strconv.Quote(s.ID) + "\t" }

// given returns those of the sources that were given at init.
func (s *Session) given(sources []Source) (map[Source]Item, error) {
	if s.Given == "" {
		items, err := s.Lists.items()
		return bySource(items), err
	}
	return s.Given.find(sources)
}

// find returns those of the sources that were given.
func (g Given) find(sources []Source) (map[Source]Item, error) {
	wanted := make(map[string]Source, len(sources))
	for _, s := range sources {
		wanted[s.head()] = s
	}
	found := make(map[Source]Item, len(sources))
	for line := range strings.Lines(string(g)) {
		head := line[:strings.IndexByte(line, '\t')+1]
		source, ok := wanted[head]
		if !ok {
			continue
		}
		item, err := source.item(line[len(head):])
		if err != nil {
			return nil, err
		}
		found[source] = item
	}
	return found, nil
}

func (s Source) item(text string) (Item, error) {
	var g given
	err := json.Unmarshal([]byte(text), &g)
	return Item{
		Source: s, Title: g.Title, Organisation: g.Organisation, Description: g.Description, Start: fromMicros(g.Start), End: fromMicros(g.End),
		Current: g.Current, Metadata: g.Metadata,
	}, err
}

func toMicros(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	us := t.UnixMicro()
	return &us
}

func fromMicros(us *int64) time.Time {
	if us == nil {
		return time.Time{}
	}
	return time.UnixMicro(*us).UTC()
}
