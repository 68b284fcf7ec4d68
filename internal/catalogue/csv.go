package catalogue

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxSkills is how many skills a list may have; ESCO's has some 14 000.
const MaxSkills = 100_000

const (
	maxText     = 255 // bytes of an id or name
	maxProblems = 20  // told of one list
	tellEvery   = 1000
	esco        = "esco"  // category of ESCO's skills, whose export names none
	other       = "other" // category of skills that were given none
)

// Read reads a list of skills: a header with the columns id and name and, if there are any, category and aliases, in any order among others. ESCO's export is read as
// it comes: its columns conceptUri, preferredLabel and altLabels are id, name and aliases. What stands behind aliases as the last column are aliases too. Told hears now
// and then how many skills have been read. ErrList tells what is wrong in which lines; then nothing is returned.
func Read(from io.Reader, told func(read int)) ([]Skill, error) {
	l := list{seen: map[string]int{}}
	l.csv = csv.NewReader(withoutMark(from))
	l.csv.FieldsPerRecord, l.csv.ReuseRecord = -1, true
	if header := l.next(); header != nil {
		l.columns(header)
	}
	for l.at != nil {
		record := l.next()
		if record == nil {
			break
		}
		l.take(record)
		if n := len(l.skills); n > 0 && n%tellEvery == 0 {
			told(n)
		}
	}
	return l.skills, l.err()
}

// withoutMark passes over the byte order mark that spreadsheets write.
func withoutMark(from io.Reader) io.Reader {
	b := bufio.NewReader(from)
	if mark, err := b.Peek(3); err == nil && string(mark) == "\uFEFF" {
		_, _ = b.Discard(len(mark))
	}
	return b
}

// list is a list that is being read.
type list struct {
	csv      *csv.Reader
	at       map[string]int // the columns, by our names
	width    int            // of the header
	category string         // of skills that name none
	skills   []Skill
	seen     map[string]int // the line of each id
	problems []string
}

func (l *list) problem(line int, format string, args ...any) {
	l.problems = append(l.problems, fmt.Sprintf("line %d: ", line)+fmt.Sprintf(format, args...))
}

// err tells all problems, or the first of many.
func (l *list) err() error {
	if len(l.problems) == 0 {
		return nil
	}
	l.skills = nil
	told := l.problems[:min(len(l.problems), maxProblems)]
	if more := len(l.problems) - len(told); more > 0 {
		told = append(slices.Clip(told), fmt.Sprintf("and %d more", more))
	}
	return ErrList.Saying("the list of skills is not usable, nothing was imported:\n" + strings.Join(told, "\n"))
}

// next returns the next record; nil: there is none, or none can be found any more.
func (l *list) next() []string {
	record, err := l.csv.Read()
	var broken *csv.ParseError
	switch {
	case err == nil:
		return record
	case errors.As(err, &broken):
		l.problem(broken.Line, "%v", broken.Err)
	case !errors.Is(err, io.EOF):
		l.problem(1, "%v", err)
	case l.at == nil:
		l.problem(1, "the file is empty, it must begin with a header: id,name,category,aliases")
	}
	return nil
}

// names are what a column may be called.
var names = map[string][]string{"id": {"id", "conceptUri"}, "name": {"name", "preferredLabel"}, "category": {"category"}, "aliases": {"aliases", "altLabels"}}

func (l *list) columns(header []string) {
	at, kept := map[string]int{}, slices.Clone(header)
	for column, called := range names {
		i := slices.IndexFunc(kept, func(h string) bool {
			return slices.ContainsFunc(called, func(name string) bool { return strings.EqualFold(name, strings.TrimSpace(h)) })
		})
		if i >= 0 {
			at[column] = i
		}
	}
	for _, column := range []string{"id", "name"} {
		if _, ok := at[column]; !ok {
			l.problem(1, "the header has no column %s; columns are separated by commas", strings.Join(names[column], " or "))
			return
		}
	}
	l.at, l.width, l.category = at, len(kept), other
	if _, given := at["category"]; !given && strings.EqualFold(strings.TrimSpace(kept[at["id"]]), "concepturi") {
		l.category = esco
	}
}

// take reads one record, and keeps what is wrong with it.
func (l *list) take(record []string) {
	line, _ := l.csv.FieldPos(0)
	s := Skill{ID: l.text(record, "id"), Name: l.text(record, "name"), Category: l.text(record, "category"), Aliases: l.aliases(record)}
	if s.Category == "" {
		s.Category = l.category
	}
	switch first, repeated := l.seen[s.ID]; {
	case !utf8.ValidString(strings.Join(record, "")):
		l.problem(line, "it is not UTF-8")
	case s.ID == "" || s.Name == "":
		l.problem(line, "the id or the name is missing")
	case len(s.ID) > maxText || len(s.Name) > maxText || len(s.Category) > maxText:
		l.problem(line, "the id, the name or the category is longer than %d bytes", maxText)
	case strings.ContainsFunc(strings.Join(record, ""), unprintable):
		l.problem(line, "it holds a control character")
	case strings.Contains(s.ID, " "):
		l.problem(line, "the id %q holds white space", s.ID)
	case repeated:
		l.problem(line, "the id %q was used in line %d", s.ID, first)
	case len(l.skills) == MaxSkills:
		l.problem(line, "there are more than %d skills", MaxSkills)
	default:
		l.skills, l.seen[s.ID] = append(l.skills, s), line
	}
}

func unprintable(r rune) bool { return unicode.IsControl(r) && !unicode.IsSpace(r) }

// text is a column's text with single spaces; empty: there is none.
func (l *list) text(record []string, column string) string {
	if i, ok := l.at[column]; ok && i < len(record) {
		return spaced(record[i])
	}
	return ""
}

func spaced(text string) string { return strings.Join(strings.Fields(text), " ") }

// aliases are one a line of their column, and one in each column behind the header's last.
func (l *list) aliases(record []string) []string {
	i, ok := l.at["aliases"]
	if !ok || i >= len(record) {
		return nil
	}
	texts := strings.Split(record[i], "\n")
	if i == l.width-1 {
		texts = append(texts, record[i+1:]...)
	}
	var aliases []string
	for _, text := range texts {
		if alias := spaced(text); alias != "" && !slices.Contains(aliases, alias) {
			aliases = append(aliases, alias)
		}
	}
	return aliases
}

// Write writes a list in the form that Read reads.
func Write(to io.Writer, skills []Skill) error {
	w := csv.NewWriter(to)
	_ = w.Write([]string{"id", "name", "category", "aliases"}) // Flush tells
	for _, s := range skills {
		_ = w.Write(append([]string{s.ID, s.Name, s.Category}, s.Aliases...))
	}
	w.Flush()
	return w.Error()
}
