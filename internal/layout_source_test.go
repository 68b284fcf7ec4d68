package internal_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// source is one parsed Go file of the main module.
type source struct {
	path string // from the module's root, with slashes
	dir  string
	test bool
	// lines is the number of lines of the file.
	lines int
	set   *token.FileSet
	file  *ast.File
}

// readTree parses every Go file of the module, whatever its build tags: a rule
// that only holds for one set of tags is no rule.
func readTree(tree fs.FS) ([]source, error) {
	var all []source
	err := fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && isForeign(tree, name):
			return fs.SkipDir
		case entry.IsDir() || path.Ext(name) != ".go":
			return nil
		}
		one, err := readSource(tree, name)
		all = append(all, one)
		return err
	})
	return all, err
}

// isForeign says whether a directory is left out: the go tool ignores it, or it
// belongs to a module of its own.
func isForeign(tree fs.FS, dir string) bool {
	if dir == "." {
		return false
	}
	base := path.Base(dir)
	if strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") {
		return true
	}
	_, err := fs.Stat(tree, path.Join(dir, "go.mod"))
	return err == nil || slices.Contains([]string{"testdata", "vendor", "node_modules"}, base)
}

func readSource(tree fs.FS, name string) (source, error) {
	text, err := fs.ReadFile(tree, name)
	if err != nil {
		return source{}, err
	}
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, name, text, parser.ParseComments|parser.SkipObjectResolution)
	return source{
		path:  name,
		dir:   path.Dir(name),
		test:  strings.HasSuffix(name, "_test.go"),
		lines: bytes.Count(text, []byte("\n")),
		set:   set,
		file:  file,
	}, err
}

// line is the line of a position in the file.
func (s source) line(pos token.Pos) int { return s.set.Position(pos).Line }

// span is the number of lines of a node.
func (s source) span(node ast.Node) int { return s.line(node.End()) - s.line(node.Pos()) + 1 }

// packageName is the package under test for a file of an external test package.
func (s source) packageName() string { return strings.TrimSuffix(s.file.Name.Name, "_test") }
