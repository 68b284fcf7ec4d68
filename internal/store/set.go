package store

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"time"
)

// A set is a statement over any number of rows, written once for both engines. Its body reads the rows from v, whose first column, unit, says for which of the
// changes that share a transaction a row stands. SQLite is given one row at a time; PostgreSQL the rows of all changes at once, as arrays.
//
// The first column of a look-up's answer is v.unit. A set that guards answers with the key of each row that it changed, which is v's first column after unit.
//
// SQLite carries out a change statement by statement and stops at a guard that does not hold, so a write there is the plain statement, without v and without a join on
// what the guard has just written (plain).
type set struct {
	columns []column
	lite    string
	post    string
	rank    int  // writes are ordered by it
	guard   bool // a change whose row is not in the answer is stale
}

// sets are all of them, for the test that prepares each on both engines.
var sets []*set

type column struct{ name, kind string }

// The kinds of columns.
const (
	text    = "text"
	bigint  = "bigint"
	bytea   = "bytea"
	boolean = "boolean"
)

// newSet makes a set from v's columns, as in "id text, version bigint", and a body.
func newSet(columns, body string) *set {
	s := &set{}
	for one := range strings.SplitSeq(columns, ",") {
		name, kind, _ := strings.Cut(strings.TrimSpace(one), " ")
		s.columns = append(s.columns, column{name, kind})
	}
	s.lite, s.post = s.liteHead()+inOrder.Replace(unlocked.Replace(body)), s.postHead()+body
	sets = append(sets, s)
	return s
}

// writeSet is a set that writes; writes of a lower rank come first.
func writeSet(rank int, columns, body string) *set {
	s := newSet(columns, body)
	s.rank = rank
	if text, ok := s.plain(unlocked.Replace(body)); ok {
		s.lite = text
	}
	return s
}

// guardSet is a set that writes and guards.
func guardSet(rank int, columns, body string) *set {
	s := writeSet(rank, columns, body)
	s.guard = true
	return s
}

func (s *set) names() string {
	names := []string{"unit"}
	for _, c := range s.columns {
		names = append(names, c.name)
	}
	return strings.Join(names, ", ")
}

// Joins are carried out in the order in which they are written: from what a request names, by index, to what belongs to it. Neither engine is left to guess, for a guess
// that was good for a small table may read all of a large one. SQLite takes CROSS JOIN for that, PostgreSQL a setting (planning).
var inOrder = strings.NewReplacer(" LEFT JOIN ", " LEFT JOIN ", "\nLEFT JOIN ", "\nLEFT JOIN ", " JOIN ", " CROSS JOIN ", "\nJOIN ", "\nCROSS JOIN ")

// unlocked leaves out what locks rows: SQLite has one writer.
var unlocked = strings.NewReplacer(" FOR UPDATE OF deliveries", "", " FOR SHARE OF h", "")

func (s *set) liteHead() string {
	values := []string{"0"}
	for i := range s.columns {
		values = append(values, fmt.Sprintf("$%d", i+1))
	}
	return "WITH v (" + s.names() + ") AS (SELECT " + strings.Join(values, ", ") + ") "
}

// guardJoins tie a write to the row that its change's guard wrote.
var guardJoins = []string{ofAccount, ofPerson}

var (
	fromRows  = regexp.MustCompile(`\s+FROM v\b( WHERE TRUE$)?`)
	answer    = regexp.MustCompile(`\s+RETURNING .*$`)
	valueOf   = regexp.MustCompile(`\bv\.(\w+)`)
	joined    = regexp.MustCompile(`FROM v\s+(LEFT )?JOIN`)
	leftAlias = regexp.MustCompile(`\b([vau]\.|v\b)`)
)

// plain turns a body into a statement for one row: its values stand where v's columns stood. It reports false for bodies that need more than that.
func (s *set) plain(body string) (string, bool) {
	for _, join := range guardJoins {
		body = strings.ReplaceAll(body, join, "")
	}
	if joined.MatchString(body) {
		return "", false
	}
	body = answer.ReplaceAllString(fromRows.ReplaceAllString(body, ""), "")
	body = valueOf.ReplaceAllStringFunc(body, func(value string) string {
		at := slices.IndexFunc(s.columns, func(c column) bool { return "v."+c.name == value })
		return fmt.Sprintf("$%d", at+1)
	})
	return body, !leftAlias.MatchString(body)
}

func (s *set) postHead() string {
	arrays := []string{"$1::bigint[]"}
	for i, c := range s.columns {
		arrays = append(arrays, fmt.Sprintf("$%d::%s[]", i+2, c.kind))
	}
	return "WITH v (" + s.names() + ") AS (SELECT * FROM unnest(" + strings.Join(arrays, ", ") + ")) "
}

// arrays turns rows into one array a column, unit first, as PostgreSQL's driver takes them.
func (s *set) arrays(units []int64, rows [][]any) []any {
	args := []any{units}
	for i, c := range s.columns {
		args = append(args, columnArray(c.kind, i, rows))
	}
	return args
}

func columnArray(kind string, i int, rows [][]any) any {
	switch kind {
	case bigint:
		return collect(rows, i, asInt)
	case bytea:
		return collect(rows, i, func(v any) []byte { b, _ := v.([]byte); return b })
	case boolean:
		return collect(rows, i, func(v any) bool { return v.(bool) })
	default:
		return collect(rows, i, asText)
	}
}

func collect[T any](rows [][]any, i int, as func(any) T) []T {
	values := make([]T, len(rows))
	for n, row := range rows {
		values[n] = as(row[i])
	}
	return values
}

func asText(v any) *string {
	if s, ok := v.(string); ok {
		return &s
	}
	s, _ := v.(*string)
	return s
}

func asInt(v any) *int64 {
	switch n := v.(type) {
	case int64:
		return &n
	case int:
		wide := int64(n)
		return &wide
	}
	n, _ := v.(*int64)
	return n
}

// stamp is a version that no other change has: who finds it in a row knows that this change wrote it. Never 0.
func stamp() int64 { return rand.Int64N(1<<62) + 1 }

// jitter spreads a wait between half of it and one and a half.
func jitter(d time.Duration) time.Duration { return d/2 + rand.N(d) }
