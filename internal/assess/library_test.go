package assess

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fakeImports is a database of imported files.
type fakeImports struct {
	stamp int64
	files []File
	reads int // that brought the files
	fails error
}

func (f *fakeImports) ImportedQuestions(_ context.Context, known int64) (int64, []File, error) {
	if f.fails != nil || known == f.stamp {
		return f.stamp, nil, f.fails
	}
	f.reads++
	return f.stamp, slices.Clone(f.files), nil
}

func (f *fakeImports) ImportQuestions(_ context.Context, c Change) error {
	f.stamp++
	f.files = slices.DeleteFunc(f.files, func(have File) bool {
		return slices.Contains(c.Remove, have.ID) || slices.ContainsFunc(c.Put, func(p File) bool { return p.ID == have.ID })
	})
	f.files = append(f.files, c.Put...)
	return f.fails
}

// owlFile is a file of one skill with one question.
func owlFile(id, name, about string) Source {
	return Source{id + ".md", "# " + name + "\nid: " + id + "\n\n## food, easy\nWhat do " + about +
		" mostly eat?\n\n- [x] Small mammals\n- [ ] Fish and frogs\n- [ ] Seeds\n- [ ] Fruit\n\n> Their pellets hold the bones of voles and mice.\n"}
}

func (l *Library) mustImport(t *testing.T, sources ...Source) Report {
	t.Helper()
	report, findings, err := l.Import(t.Context(), sources)
	if err != nil || len(findings) > 0 {
		t.Fatalf("got %v and %v, want the import", findings, err)
	}
	return report
}

func (l *Library) asks(t *testing.T, skill string) []Question {
	t.Helper()
	got, err := l.Generate(t.Context(), Request{Skills: []Wanted{{ID: skill}}, Count: 1})
	if err != nil {
		t.Fatalf("%s: got %v, want questions", skill, err)
	}
	return got
}

func TestLibraryDrawsFromBuiltInAndImported(t *testing.T) {
	t.Parallel()
	imports := &fakeImports{}
	here, elsewhere := NewLibrary(imports), NewLibrary(imports)
	if _, err := elsewhere.Generate(t.Context(), Request{Skills: []Wanted{{ID: "owls"}}, Count: 1}); !errors.Is(err, ErrNoQuestions) {
		t.Errorf("before: got %v, want ErrNoQuestions", err)
	}
	if report := here.mustImport(t, owlFile("owls", "Owls", "barn owls")); report != (Report{Added: 1}) {
		t.Errorf("got %+v, want one added", report)
	}
	if got := elsewhere.asks(t, "owls")[0]; got.Skill != "owls" || !strings.Contains(got.Text, "barn owls") {
		t.Errorf("another process: got %+v, want the imported question", got)
	}
	if got := elsewhere.asks(t, "python")[0].Skill; got != "python" {
		t.Errorf("got a question of %s, want the built-in python", got)
	}
	if imports.reads != 2 { // one for the import, one for all three papers
		t.Errorf("got %d reads of the files, want 2", imports.reads)
	}
}

func TestImportReplacesASkill(t *testing.T) {
	t.Parallel()
	l := NewLibrary(&fakeImports{})
	l.mustImport(t, owlFile("python", "Python", "rock pythons"), owlFile("owls", "Owls", "barn owls"))
	if report := l.mustImport(t, owlFile("python", "Python", "rock pythons"), owlFile("owls", "Owls", "tawny owls")); report != (Report{Changed: 1, Unchanged: 1}) {
		t.Errorf("again: got %+v, want one changed, one unchanged", report)
	}
	for skill, want := range map[string]string{"python": "rock pythons", "owls": "tawny owls"} {
		if got := l.asks(t, skill); !strings.Contains(got[0].Text, want) {
			t.Errorf("%s: got %q, want a question about %s", skill, got[0].Text, want)
		}
	}
	bank, _ := l.Bank(t.Context())
	if got, want := len(bank.Skills), len(Builtin().Skills)+1; got != want {
		t.Errorf("got %d skills, want %d", got, want)
	}
	if err := l.Remove(t.Context(), "python"); err != nil {
		t.Error(err)
	}
	if got := l.asks(t, "python"); strings.Contains(got[0].Text, "rock pythons") {
		t.Errorf("removed: got %q, want the built-in skill back", got[0].Text)
	}
	if err := l.Remove(t.Context(), "python"); !errors.Is(err, ErrNotImported) {
		t.Errorf("removed twice: got %v, want ErrNotImported", err)
	}
}

// Whatever is wrong with one file, nothing of the import is kept.
func TestImportRefusesWhatLintFinds(t *testing.T) {
	t.Parallel()
	bank := Builtin().Skills
	known := bank[0].Questions[0]
	copied := owlFile("owls", "Owls", "barn owls")
	copied.Text += "\n## x, easy\n" + known.Text + "\n\n"
	for i, option := range known.Options {
		copied.Text += map[bool]string{true: "- [x] ", false: "- [ ] "}[i == known.Right] + option + "\n"
	}
	copied.Text += "\n> An explanation of it.\n"
	unticked := owlFile("owls", "Owls", "barn owls")
	unticked.Text = strings.Replace(unticked.Text, "[x]", "[ ]", 1)
	for name, tt := range map[string]struct {
		bad  Source
		want string
	}{
		"form":                     {unticked, "0 of them marked right"},
		"lint":                     {owlFile("owls", "Owls", strings.Repeat("very ", 200)+"owls"), "the question has"},
		"no text":                  {Source{"owls.md", owlFile("owls", "Owls", "barn owls").Text + "<!-- \xff -->\n"}, "no text in UTF-8"},
		"a name of a built-in":     {owlFile("owls", "Golang", "barn owls"), `the name "golang" is taken`},
		"a name of an imported":    {owlFile("owls", "Falcons", "barn owls"), `the name "falcons" is taken by imported hawks`},
		"a question of a built-in": {copied, "the question is nearly the one at bank/"},
		"an id twice":              {owlFile("kites", "Owls", "barn owls"), `the name "kites" is taken`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			imports := &fakeImports{}
			l := NewLibrary(imports)
			l.mustImport(t, owlFile("hawks", "Falcons", "hawks"))
			before := slices.Clone(imports.files)
			report, findings, err := l.Import(t.Context(), []Source{owlFile("kites", "Kites", "red kites"), tt.bad})
			if err != nil || report != (Report{}) || len(findings) == 0 || !strings.Contains(findings[0].Text, tt.want) {
				t.Errorf("got %+v, %v, %v, want nothing but a finding with %q", report, findings, err, tt.want)
			}
			if diff := cmp.Diff(before, imports.files); diff != "" {
				t.Errorf("kept (+):\n%s", diff)
			}
		})
	}
}

// A built-in skill of a later release that has a name of an imported one does not take it away.
func TestImportedNamesWin(t *testing.T) {
	t.Parallel()
	l := NewLibrary(&fakeImports{stamp: 1, files: []File{{"snakes", owlFile("snakes", "Python", "rock pythons").Text}}})
	if got := l.asks(t, "Python"); got[0].Skill != "snakes" {
		t.Errorf("got a question of %s, want the imported skill", got[0].Skill)
	}
}

func TestLibraryTellsFaults(t *testing.T) {
	t.Parallel()
	gone := errors.New("gone")
	l := NewLibrary(&fakeImports{fails: gone})
	if _, err := l.Generate(t.Context(), Request{Skills: []Wanted{{ID: "python"}}, Count: 1}); !errors.Is(err, gone) {
		t.Errorf("got %v, want the fault", err)
	}
	if _, _, err := l.Import(t.Context(), nil); !errors.Is(err, gone) {
		t.Errorf("import: got %v, want the fault", err)
	}
}
