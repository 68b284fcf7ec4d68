package internal_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// layout is what ARCHITECTURE.md says about the packages.
type layout struct {
	// rows are the packages by the name in the table, such as config or cmd/avow.
	rows map[string]row
	// ranks are the ranks of the packages, from the picture of the tree.
	ranks map[string]int
}

type row struct {
	// everything is the right to import any package of this module.
	everything bool
	// internal are the packages of this module that may be imported.
	internal []string
	// outside are the starts of other modules' import paths.
	outside []string
}

// moduleWords gives the import paths for a word of the table's last column.
var moduleWords = map[string]string{
	"argon2":         "golang.org/x/crypto/argon2",
	"env":            "github.com/caarlos0/env",
	"go-cmp":         "github.com/google/go-cmp",
	"go-i18n":        "github.com/nicksnyder/go-i18n",
	"go-isatty":      "github.com/mattn/go-isatty",
	"go-message":     "github.com/emersion/go-message",
	"go-msgauth":     "github.com/emersion/go-msgauth",
	"go-mail":        "github.com/wneessen/go-mail",
	"goleak":         "go.uber.org/goleak",
	"goose":          "github.com/pressly/goose",
	"kong":           "github.com/alecthomas/kong",
	"modernc sqlite": "modernc.org/sqlite",
	"otel":           "go.opentelemetry.io",
	"pgx":            "github.com/jackc/pgx",
	"prometheus":     "github.com/prometheus",
	"rapid":          "pgregory.net/rapid",
	"rueidis":        "github.com/redis/rueidis",
	"ssrf":           "code.dny.dev/ssrf",
	"txtar":          "golang.org/x/tools/txtar",
	"uuid":           "github.com/google/uuid",
	"x/crypto":       "golang.org/x/crypto",
	"x/net":          "golang.org/x/net",
	"x/sync":         "golang.org/x/sync",
	"x/text":         "golang.org/x/text",
	"yaml":           "go.yaml.in/yaml",
}

// The columns are found by their headings, so that others may be added.
const (
	packageColumn = "package"
	importColumn  = "may import"
	outsideColumn = "outside modules"
)

var (
	rankLine  = regexp.MustCompile(`^[^A-Za-z|]*rank (\d+)\b(.*)$`)
	rankCell  = regexp.MustCompile(`^ranks? (\d+)(?:\s*(?:-|–|—|to)\s*(\d+))?$`)
	inParens  = regexp.MustCompile(`\([^)]*\)`)
	wordInRow = regexp.MustCompile(`[A-Za-z][A-Za-z0-9/_-]*`)
)

// parseLayout reads the table and the ranks. The second result says what it
// could not understand.
func parseLayout(text string) (layout, []string) {
	l := layout{rows: map[string]row{}, ranks: map[string]int{}}
	cells := tableCells(text)
	for _, one := range cells {
		l.rows[one[packageColumn]] = row{}
	}
	l.readRanks(text)
	if len(cells) == 0 || len(l.ranks) == 0 {
		return l, []string{"got no table of packages or no ranks, want both in ARCHITECTURE.md"}
	}
	var problems []string
	for _, one := range cells {
		var bad []string
		l.rows[one[packageColumn]], bad = l.readRow(one)
		problems = append(problems, bad...)
	}
	return l, problems
}

// tableCells are the rows of the package table, each by the headings' names.
func tableCells(text string) []map[string]string {
	var rows []map[string]string
	var heads []string
	for line := range strings.Lines(text) {
		fields := splitRow(line)
		switch {
		case len(fields) == 0:
			heads = nil
		case strings.EqualFold(fields[0], packageColumn):
			heads = columnsOf(fields)
		case slices.Contains(heads, importColumn) && strings.Trim(fields[0], ":- ") != "":
			rows = append(rows, byHead(heads, fields))
		}
	}
	return rows
}

// splitRow gives the cells of a Markdown table row without emphasis and code
// marks, none for any other line.
func splitRow(line string) []string {
	line = strings.TrimSpace(line)
	if !strings.HasPrefix(line, "|") {
		return nil
	}
	cells := strings.Split(strings.Trim(line, "|"), "|")
	for i, cell := range cells {
		cells[i] = strings.TrimSpace(strings.NewReplacer("`", "", "**", "").Replace(cell))
	}
	return cells
}

// columnsOf shortens the headings to the names of the columns that are read.
func columnsOf(heads []string) []string {
	var names []string
	for _, head := range heads {
		head = strings.ToLower(head)
		for _, known := range []string{packageColumn, importColumn, outsideColumn} {
			if strings.HasPrefix(head, known) {
				head = known
			}
		}
		names = append(names, head)
	}
	return names
}

func byHead(heads, cells []string) map[string]string {
	named := map[string]string{}
	for i, cell := range cells {
		if i < len(heads) {
			named[heads[i]] = cell
		}
	}
	return named
}

// readRanks finds lines such as "rank 0, values   fault  event" in the picture
// of the tree, which is fenced: prose may speak of ranks as well.
func (l layout) readRanks(text string) {
	fenced := false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "```") {
			fenced = !fenced
		}
		if match := rankLine.FindStringSubmatch(line); fenced && match != nil {
			l.readRank(match[1], match[2])
		}
	}
}

// readRank takes the packages out of a line: what is no package of the table is
// a word of the description.
func (l layout) readRank(number, line string) {
	rank, _ := strconv.Atoi(number)
	for _, word := range wordInRow.FindAllString(line, -1) {
		if _, ok := l.rows[word]; ok {
			l.ranks[word] = rank
		}
	}
}

func (l layout) readRow(cells map[string]string) (row, []string) {
	var r row
	var problems []string
	for _, word := range words(cells[importColumn]) {
		if err := l.readImport(&r, word); err != nil {
			problems = append(problems, fmt.Sprintf("row %s: %v", cells[packageColumn], err))
		}
	}
	for _, word := range words(cells[outsideColumn]) {
		start, ok := importStart(word)
		if !ok {
			problems = append(problems, fmt.Sprintf("row %s: got outside module %q, want one of %v", cells[packageColumn], word, slices.Sorted(maps.Keys(moduleWords))))
			continue
		}
		r.outside = append(r.outside, start)
	}
	return r, problems
}

// importStart takes the word for a module, or an import path as it stands.
func importStart(word string) (string, bool) {
	first, _, isPath := strings.Cut(word, "/")
	if isPath && strings.Contains(first, ".") {
		return word, true
	}
	start, ok := moduleWords[strings.ToLower(word)]
	return start, ok
}

// words are the entries of a cell; a dash is none. What stands in parentheses
// is said to people.
func words(cell string) []string {
	var list []string
	for word := range strings.SplitSeq(inParens.ReplaceAllString(cell, ""), ",") {
		if word = strings.TrimSpace(word); strings.Trim(word, "-–—") != "" {
			list = append(list, word)
		}
	}
	return list
}

func (l layout) readImport(r *row, word string) error {
	if word == "everything" {
		r.everything = true
		return nil
	}
	if match := rankCell.FindStringSubmatch(word); match != nil {
		r.internal = append(r.internal, l.inRanks(match[1], match[2])...)
		return nil
	}
	if _, ok := l.rows[word]; !ok {
		return fmt.Errorf("got %q among the imports, want packages of the table, ranks or everything", word)
	}
	r.internal = append(r.internal, word)
	return nil
}

// inRanks are the packages from one rank to another; an empty last is one rank.
func (l layout) inRanks(first, last string) []string {
	from, _ := strconv.Atoi(first)
	to := from
	if last != "" {
		to, _ = strconv.Atoi(last)
	}
	var names []string
	for name, rank := range l.ranks {
		if from <= rank && rank <= to {
			names = append(names, name)
		}
	}
	return names
}
