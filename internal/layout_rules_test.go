package internal_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// sampleText is an ARCHITECTURE.md with every form that a cell may have.
const sampleText = "# Sample\n" +
	"```\n" +
	"    rank 0, values    fault  metrics\n" +
	"    rank 1, rules     access\n" +
	"    rank 2, outside   store\n" +
	"    rank 4            app  storetest\n" +
	"```\n" +
	"rank 3 is spoken of with access here.\n\n" +
	"| Other | May import |\n|---|---|\n| x | y |\n\n" +
	"| Package | Holds | May import (standard library always) | Outside modules |\n" +
	"|---|---|---|---|\n" +
	"| `fault` | errors | – | – |\n" +
	"| metrics | names | - | Prometheus |\n" +
	"| access | callers | fault | golang.org/x/crypto/argon2 |\n" +
	"| store | SQL | ranks 0–1 | modernc SQLite, goose (migrations) |\n" +
	"| storetest | suite | rank 0, access | go-cmp |\n" +
	"| app | all | everything | – |\n" +
	"| cmd/avow | commands | app | kong |\n"

// sampleTree is a module with the given files that follows every rule itself.
func sampleTree(t *testing.T, files map[string]string) tree {
	t.Helper()
	all := fstest.MapFS{
		"go.mod":          {Data: []byte("module sample\n\ngo 1.26\n")},
		"ARCHITECTURE.md": {Data: []byte(sampleText)},
	}
	for name, text := range files {
		all[name] = &fstest.MapFile{Data: []byte(text)}
	}
	sample, err := loadTree(all)
	if err != nil {
		t.Fatal(err)
	}
	return sample
}

func TestParseLayout(t *testing.T) {
	t.Parallel()
	got, unclear := parseLayout(sampleText)
	if len(unclear) > 0 {
		t.Fatalf("got problems %q, want none", unclear)
	}
	wantRanks := map[string]int{"fault": 0, "metrics": 0, "access": 1, "store": 2, "app": 4, "storetest": 4}
	if d := cmp.Diff(wantRanks, got.ranks); d != "" {
		t.Errorf("ranks: got (+), want (-):\n%s", d)
	}
	want := map[string]row{
		"fault":     {},
		"metrics":   {outside: []string{"github.com/prometheus"}},
		"access":    {internal: []string{"fault"}, outside: []string{"golang.org/x/crypto/argon2"}},
		"store":     {internal: []string{"access", "fault", "metrics"}, outside: []string{"modernc.org/sqlite", "github.com/pressly/goose"}},
		"storetest": {internal: []string{"access", "fault", "metrics"}, outside: []string{"github.com/google/go-cmp"}},
		"app":       {everything: true},
		"cmd/avow":  {internal: []string{"app"}, outside: []string{"github.com/alecthomas/kong"}},
	}
	for _, r := range got.rows {
		slices.Sort(r.internal)
	}
	if d := cmp.Diff(want, got.rows, cmp.AllowUnexported(row{})); d != "" {
		t.Errorf("rows: got (+), want (-):\n%s", d)
	}
}

func TestParseLayoutRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"": "got no table",
		strings.ReplaceAll(sampleText, "rank ", "level "):                                         "got no table of packages or no ranks",
		strings.Replace(sampleText, "| access | callers | fault", "| access | callers | falt", 1): `row access: got "falt" among the imports`,
		strings.Replace(sampleText, "| kong |", "| cobra |", 1):                                   `row cmd/avow: got outside module "cobra"`,
	}
	for text, want := range tests {
		_, got := parseLayout(text)
		if len(got) != 1 || !strings.Contains(got[0], want) {
			t.Errorf("got %q, want one problem with %q", got, want)
		}
	}
}

func TestRulesFindViolations(t *testing.T) {
	t.Parallel()
	const (
		access = "internal/access/a.go"
		store  = "internal/store/a.go"
	)
	long := "package store\n\nfunc f() {\n" + strings.Repeat("\tg()\n", 79) + "}\n"
	table := "package store\n\nfunc f() {\n\t_ = []int{\n" + strings.Repeat("\t\t1,\n", 90) + "\t}\n}\n"
	tests := map[string]struct {
		rule func(tree) []string
		path string
		text string
		want string
	}{
		"no row":                  {packagesWithoutRow, "internal/odd/a.go", "package odd", "internal/odd: got no row"},
		"no row below a package":  {packagesWithoutRow, "internal/store/sub/a.go", "package sub", "internal/store/sub: got no row"},
		"no row for a command":    {packagesWithoutRow, "cmd/odd/main.go", "package main", "cmd/odd: got no row"},
		"no row for internal":     {packagesWithoutRow, "internal/a.go", "package internal", "internal: got no row"},
		"tests of internal":       {packagesWithoutRow, "internal/a_test.go", "package internal_test", ""},
		"elsewhere":               {packagesWithoutRow, "contract/a.go", "package contract", ""},
		"testdata":                {packagesWithoutRow, "internal/testdata/odd/a.go", "package odd", ""},
		"allowed package":         {forbiddenImports, access, `package access; import "sample/internal/fault"`, ""},
		"forbidden package":       {forbiddenImports, access, `package access; import "sample/internal/store"`, "got import sample/internal/store"},
		"forbidden in any tag":    {forbiddenImports, access, "//go:build windows\n\n" + `package access; import "sample/internal/store"`, "got import sample/internal/store"},
		"command":                 {forbiddenImports, access, `package access; import "sample/cmd/avow"`, "got import sample/cmd/avow"},
		"everything":              {forbiddenImports, "internal/app/a.go", `package app; import "sample/internal/store"`, ""},
		"everything is ours":      {forbiddenImports, "internal/app/a.go", `package app; import "modernc.org/sqlite"`, "got import modernc.org/sqlite"},
		"standard library":        {forbiddenImports, access, `package access; import "crypto/rand"`, ""},
		"allowed module":          {forbiddenImports, store, `package store; import "modernc.org/sqlite/lib"`, ""},
		"module of like name":     {forbiddenImports, store, `package store; import "modernc.org/sqlite2"`, "got import modernc.org/sqlite2"},
		"major version":           {forbiddenImports, store, `package store; import "github.com/pressly/goose/v3"`, ""},
		"forbidden module":        {forbiddenImports, access, `package access; import "github.com/google/go-cmp/cmp"`, "got import github.com/google/go-cmp/cmp"},
		"testing library":         {forbiddenImports, "internal/access/a_test.go", `package access; import "github.com/google/go-cmp/cmp"`, ""},
		"own package":             {forbiddenImports, "internal/access/a_test.go", `package access_test; import "sample/internal/access"`, ""},
		"suite":                   {forbiddenImports, "internal/store/a_test.go", `package store_test; import "sample/internal/storetest"`, ""},
		"suite in the product":    {forbiddenImports, store, `package store; import "sample/internal/storetest"`, "got import sample/internal/storetest"},
		"test beyond its row":     {forbiddenImports, "internal/access/a_test.go", `package access_test; import "sample/internal/store"`, "got import sample/internal/store"},
		"network in rules":        {impureRules, access, `package access; import "net/http"`, "got import net/http"},
		"addresses in rules":      {impureRules, access, `package access; import "net/netip"`, ""},
		"files in tests of rules": {impureRules, "internal/access/a_test.go", `package access; import "os"`, ""},
		"clock in rules":          {impureRules, access, "package access\n\n" + `import "time"` + "\n\nvar t = time.Now()", "a.go:5: got time.Now"},
		"hidden clock in rules":   {impureRules, access, `package access; import clock "time"; var now = clock.Now`, "got time.Now"},
		"dotted clock in rules":   {impureRules, access, `package access; import . "time"; var t = Now()`, "got a dot import"},
		"instants in rules":       {impureRules, access, `package access; import "time"; var t = time.Unix(0, 0)`, ""},
		"other Now in rules":      {impureRules, access, `package access; var t = clock.Now()`, ""},
		"clock outside":           {impureRules, store, `package store; import "time"; var t = time.Now()`, ""},
		"long function":           {longFunctions, store, long, "a.go:3: got 81 lines in f"},
		"long table":              {longFunctions, store, table, ""},
		"long file":               {longFiles, store, "package store\n" + strings.Repeat("\n", 400), "a.go: got 401 lines"},
		"long generated file":     {longFiles, store, "// Code generated by x. DO NOT EDIT.\n\npackage store\n" + strings.Repeat("\n", 400), ""},
		"empty name":              {emptyNames, "internal/utils/a_test.go", "package utils_test", "got package utils"},
		"empty directory name":    {emptyNames, "sdk/common/a.go", "package x", "got package x"},
		"package comment":         {undocumentedPackages, store, "// Package store stores.\npackage store", ""},
		"no package comment":      {undocumentedPackages, store, "package store", "internal/store: got no package comment"},
		"bare function":           {undocumented, store, "package store\n\nfunc F() {}", "a.go:3: got no comment on F"},
		"bare method":             {undocumented, store, "package store\n\nfunc (s *S[T]) F() {}", "got no comment on F"},
		"method of private type":  {undocumented, store, "package store\n\nfunc (s *s) F() {}", ""},
		"bare type":               {undocumented, store, "package store\n\ntype T int", "got no comment on T"},
		"bare type in a group":    {undocumented, store, "package store\n\n// Types.\ntype (\n\tT int\n)", "got no comment on T"},
		"bare port method":        {undocumented, store, "package store\n\n// P is a port.\ntype P interface {\n\tM()\n}", "a.go:5: got no comment on M"},
		"directive is no comment": {undocumented, store, "package store\n\n//go:embed x\nvar X string", "got no comment on X"},
		"values with comments":    {undocumented, store, "package store\n\n// All.\nconst A, B = 1, 2\n\nvar (\n\tC int // c\n\t// D is d.\n\tD int\n)", ""},
		"tests need none":         {undocumented, "internal/store/a_test.go", "package store\n\nfunc F() {}", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := tt.rule(sampleTree(t, map[string]string{tt.path: tt.text}))
			if found := strings.Join(got, "\n"); !strings.Contains(found, tt.want) || (tt.want == "") != (found == "") {
				t.Errorf("got %q, want %q", found, tt.want)
			}
		})
	}
}

func TestNestedModulesAreLeftOut(t *testing.T) {
	t.Parallel()
	sample := sampleTree(t, map[string]string{
		"bench/go.mod": "module bench\n", "bench/a.go": "package common", "_old/a.go": "package common", ".x/a.go": "package common",
		"internal/fault/fault.go": "package fault",
	})
	paths := map[string]bool{}
	for _, s := range sample.sources {
		paths[s.path] = true
	}
	if d := cmp.Diff([]string{"internal/fault/fault.go"}, slices.Collect(maps.Keys(paths))); d != "" {
		t.Errorf("got (+), want (-):\n%s", d)
	}
}
