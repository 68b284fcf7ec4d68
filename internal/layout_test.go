// Package internal_test holds the rules of ARCHITECTURE.md against the code. It
// parses the files itself: a test that asks the go tool is answered from the
// test cache, since the cache only sees the files that the test opens.
package internal_test

import (
	"errors"
	"fmt"
	"go/ast"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// ruleRank is the rank of the packages that decide: no clock, no outside world.
const ruleRank = 1

// testRank is the rank whose packages a test file may always import.
const testRank = 4

var (
	bannedInRules = []string{"net", "net/http", "os", "database/sql", "log", "log/slog"}
	clockNames    = []string{"Now", "Since", "Until", "Sleep", "After"}

	// testModules are what test files may import on top of their package's row.
	testModules = []string{"github.com/google/go-cmp", "pgregory.net/rapid", "go.uber.org/goleak", "golang.org/x/tools/txtar", "github.com/emersion", "github.com/chromedp", "github.com/anishathalye/porcupine", "github.com/standard-webhooks", "golang.org/x/oauth2"}
)

// mainTree is the module that this test belongs to, read once for all tests.
var mainTree = sync.OnceValues(func() (tree, error) {
	return loadTree(os.DirFS(".."))
})

// tree is everything that the rules look at.
type tree struct {
	module  string
	layout  layout
	unclear []string
	sources []source
}

func loadTree(files fs.FS) (tree, error) {
	mod, modErr := fs.ReadFile(files, "go.mod")
	text, textErr := fs.ReadFile(files, "ARCHITECTURE.md")
	sources, treeErr := readTree(files)
	l, unclear := parseLayout(string(text))
	_, module, _ := strings.Cut(string(mod), "module ")
	module, _, _ = strings.Cut(module, "\n")
	return tree{strings.TrimSpace(module), l, unclear, sources}, errors.Join(modErr, textErr, treeErr)
}

// expectNone fails for each problem that a rule finds in the main module.
func expectNone(t *testing.T, rule func(tree) []string) {
	t.Helper()
	main, err := mainTree()
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range slices.Sorted(slices.Values(rule(main))) {
		t.Error(problem)
	}
}

func TestLayoutTableIsUnderstood(t *testing.T) {
	t.Parallel()
	expectNone(t, func(main tree) []string { return main.unclear })
}

func TestEveryPackageHasARow(t *testing.T) {
	t.Parallel()
	expectNone(t, packagesWithoutRow)
}

func TestEveryRowHasARank(t *testing.T) {
	t.Parallel()
	expectNone(t, rowsWithoutRank)
}

func TestImportsAreAllowed(t *testing.T) {
	t.Parallel()
	expectNone(t, forbiddenImports)
}

func TestRulesArePure(t *testing.T) {
	t.Parallel()
	expectNone(t, impureRules)
}

func packagesWithoutRow(main tree) []string {
	missing := map[string]bool{}
	for _, s := range main.sources {
		name, ours := rowName(s.dir)
		_, found := main.layout.rows[name]
		// This package is tests only and no part of the product.
		if ours && !found && (s.dir != "internal" || !s.test) {
			missing[s.dir] = true
		}
	}
	var problems []string
	for dir := range missing {
		problems = append(problems, fmt.Sprintf("%s: got no row, want one in the table of ARCHITECTURE.md", dir))
	}
	return problems
}

func rowsWithoutRank(main tree) []string {
	var problems []string
	for name := range main.layout.rows {
		if _, ok := main.layout.ranks[name]; !ok && !strings.Contains(name, "/") {
			problems = append(problems, fmt.Sprintf("row %s: got no rank, want one in the tree of ARCHITECTURE.md", name))
		}
	}
	return problems
}

// rowName is a directory's name in the table, and whether it must be there.
func rowName(dir string) (string, bool) {
	if name, ok := strings.CutPrefix(dir, "internal/"); ok {
		return name, true
	}
	return dir, dir == "internal" || strings.HasPrefix(dir, "cmd/")
}

func forbiddenImports(main tree) []string {
	var problems []string
	for _, s := range main.sources {
		name, _ := rowName(s.dir)
		r, ok := main.layout.rows[name]
		if !ok {
			continue // its own problem, or a directory that the table is not about
		}
		for _, path := range imports(s) {
			if !main.allows(s, r, path) {
				problems = append(problems, fmt.Sprintf("%s: got import %s, want only what the row of %s in ARCHITECTURE.md allows", s.path, path, name))
			}
		}
	}
	return problems
}

func imports(s source) []string {
	var paths []string
	for _, spec := range s.file.Imports {
		path, _ := strconv.Unquote(spec.Path.Value)
		paths = append(paths, path)
	}
	return paths
}

func (main tree) allows(s source, r row, path string) bool {
	if dir, ok := strings.CutPrefix(path, main.module+"/"); ok {
		return main.allowsOurs(s, r, dir)
	}
	first, _, _ := strings.Cut(path, "/")
	if !strings.Contains(first, ".") {
		return true // the standard library
	}
	return startsWithAny(path, r.outside) || (s.test && startsWithAny(path, testModules))
}

// allowsOurs is the rule for packages of this module. An external test imports
// its own package, and the suites of the test rank are there to be used.
func (main tree) allowsOurs(s source, r row, dir string) bool {
	name, _ := rowName(dir)
	rank, ranked := main.layout.ranks[name]
	forTests := dir == s.dir || (ranked && rank == testRank)
	return r.everything || slices.Contains(r.internal, name) || (s.test && forTests)
}

func startsWithAny(path string, starts []string) bool {
	return slices.ContainsFunc(starts, func(start string) bool {
		return path == start || strings.HasPrefix(path, start+"/")
	})
}

// impureRules finds clocks and the outside world in the packages that decide.
// Their tests may read files.
func impureRules(main tree) []string {
	var problems []string
	for _, s := range main.sources {
		name, _ := rowName(s.dir)
		if rank, ok := main.layout.ranks[name]; !ok || rank != ruleRank || s.test {
			continue
		}
		for _, path := range imports(s) {
			if slices.Contains(bannedInRules, path) {
				problems = append(problems, fmt.Sprintf("%s: got import %s, want rules without it", s.path, path))
			}
		}
		problems = append(problems, clocks(s)...)
	}
	return problems
}

// clocks finds every mention of a clock function, called or handed on: a
// default of time.Now is a call that hides.
func clocks(s source) []string {
	clock := timeName(s)
	if clock == "." {
		return []string{s.path + ": got a dot import of time, want it by name"}
	}
	var problems []string
	ast.Inspect(s.file, func(node ast.Node) bool {
		selector, ok := node.(*ast.SelectorExpr)
		if !ok || !slices.Contains(clockNames, selector.Sel.Name) {
			return true
		}
		if x, ok := selector.X.(*ast.Ident); ok && x.Name == clock {
			problems = append(problems, fmt.Sprintf("%s:%d: got time.%s, want the instant as an argument", s.path, s.line(node.Pos()), selector.Sel.Name))
		}
		return true
	})
	return problems
}

// timeName is the name that the file gives to package time; no identifier is
// empty, so neither is a match where the file does not import it.
func timeName(s source) string {
	for _, spec := range s.file.Imports {
		switch {
		case spec.Path.Value != `"time"`:
		case spec.Name != nil:
			return spec.Name.Name
		default:
			return "time"
		}
	}
	return ""
}
