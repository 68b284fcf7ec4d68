package internal_test

import (
	"fmt"
	"go/ast"
	"go/token"
	"path"
	"slices"
	"testing"
)

const (
	maxFunctionLines = 80
	maxFileLines     = 400
)

// bannedNames say nothing about what a package holds.
var bannedNames = []string{"util", "utils", "common", "helper", "helpers", "misc", "models", "types"}

func TestFunctionsAreShort(t *testing.T) {
	t.Parallel()
	expectNone(t, longFunctions)
}

func TestFilesAreShort(t *testing.T) {
	t.Parallel()
	expectNone(t, longFiles)
}

func TestPackageNamesMeanSomething(t *testing.T) {
	t.Parallel()
	expectNone(t, emptyNames)
}

func TestExportedNamesAreDocumented(t *testing.T) {
	t.Parallel()
	expectNone(t, undocumented)
}

func TestPackagesAreDocumented(t *testing.T) {
	t.Parallel()
	expectNone(t, undocumentedPackages)
}

func longFunctions(main tree) []string {
	var problems []string
	for _, s := range handWritten(main) {
		for _, decl := range s.file.Decls {
			function, ok := decl.(*ast.FuncDecl)
			if !ok {
				continue
			}
			if got := functionLines(s, function); got > maxFunctionLines {
				problems = append(problems, fmt.Sprintf("%s:%d: got %d lines in %s, want at most %d", s.path, s.line(function.Pos()), got, function.Name, maxFunctionLines))
			}
		}
	}
	return problems
}

// functionLines leaves tables out: a long list of cases is no long thought.
func functionLines(s source, function *ast.FuncDecl) int {
	lines := s.span(function)
	ast.Inspect(function, func(node ast.Node) bool {
		literal, ok := node.(*ast.CompositeLit)
		if !ok || !isTable(literal) {
			return true
		}
		lines -= s.span(literal) - 1
		return false
	})
	return lines
}

func isTable(literal *ast.CompositeLit) bool {
	switch literal.Type.(type) {
	case *ast.ArrayType, *ast.MapType:
		return true
	}
	return false
}

func longFiles(main tree) []string {
	var problems []string
	for _, s := range handWritten(main) {
		if s.lines > maxFileLines {
			problems = append(problems, fmt.Sprintf("%s: got %d lines, want at most %d", s.path, s.lines, maxFileLines))
		}
	}
	return problems
}

func handWritten(main tree) []source {
	return slices.DeleteFunc(slices.Clone(main.sources), func(s source) bool { return ast.IsGenerated(s.file) })
}

func emptyNames(main tree) []string {
	var problems []string
	for _, s := range main.sources {
		if slices.Contains(bannedNames, s.packageName()) || slices.Contains(bannedNames, path.Base(s.dir)) {
			problems = append(problems, fmt.Sprintf("%s: got package %s, want a name that says what is in it", s.path, s.packageName()))
		}
	}
	return problems
}

func undocumentedPackages(main tree) []string {
	documented := map[string]bool{}
	for _, s := range main.sources {
		if !s.test {
			documented[s.dir] = documented[s.dir] || hasText(s.file.Doc)
		}
	}
	var problems []string
	for dir, ok := range documented {
		if !ok {
			problems = append(problems, dir+": got no package comment, want one in one of its files")
		}
	}
	return problems
}

func undocumented(main tree) []string {
	var problems []string
	for _, s := range main.sources {
		if s.test {
			continue
		}
		for _, name := range undocumentedNames(s.file) {
			problems = append(problems, fmt.Sprintf("%s:%d: got no comment on %s, want one", s.path, s.line(name.Pos()), name))
		}
	}
	return problems
}

// undocumentedNames are the exported functions, methods, types, values and
// interface methods of a file that have no comment.
func undocumentedNames(file *ast.File) []*ast.Ident {
	var names []*ast.Ident
	for _, decl := range file.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			if decl.Name.IsExported() && onExportedType(decl) && !hasText(decl.Doc) {
				names = append(names, decl.Name)
			}
		case *ast.GenDecl:
			for _, spec := range decl.Specs {
				names = append(names, undocumentedSpec(decl, spec)...)
			}
		}
	}
	return names
}

// onExportedType says whether a method can be seen from outside; a function can.
func onExportedType(function *ast.FuncDecl) bool {
	return function.Recv == nil || ast.IsExported(typeName(function.Recv.List[0].Type))
}

// typeName is the name of a receiver's type without star and type parameters.
func typeName(receiver ast.Expr) string {
	switch r := receiver.(type) {
	case *ast.StarExpr:
		return typeName(r.X)
	case *ast.IndexExpr:
		return typeName(r.X)
	case *ast.IndexListExpr:
		return typeName(r.X)
	case *ast.Ident:
		return r.Name
	}
	return ""
}

func undocumentedSpec(decl *ast.GenDecl, spec ast.Spec) []*ast.Ident {
	switch spec := spec.(type) {
	case *ast.TypeSpec:
		return undocumentedType(decl, spec)
	case *ast.ValueSpec:
		if hasText(decl.Doc) || hasText(spec.Doc) || hasText(spec.Comment) {
			return nil
		}
		return exportedOf(spec.Names)
	}
	return nil
}

func undocumentedType(decl *ast.GenDecl, spec *ast.TypeSpec) []*ast.Ident {
	if !spec.Name.IsExported() {
		return nil
	}
	var names []*ast.Ident
	alone := decl.Lparen == token.NoPos && hasText(decl.Doc)
	if !alone && !hasText(spec.Doc) {
		names = append(names, spec.Name)
	}
	if port, ok := spec.Type.(*ast.InterfaceType); ok {
		for _, method := range port.Methods.List {
			if !hasText(method.Doc) && !hasText(method.Comment) {
				names = append(names, exportedOf(method.Names)...)
			}
		}
	}
	return names
}

func exportedOf(names []*ast.Ident) []*ast.Ident {
	return slices.DeleteFunc(slices.Clone(names), func(name *ast.Ident) bool { return !name.IsExported() })
}

// hasText is false for directives such as go:embed: they tell nobody anything.
func hasText(comment *ast.CommentGroup) bool { return comment != nil && comment.Text() != "" }
