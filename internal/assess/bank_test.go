package assess

import (
	"errors"
	"slices"
	"testing"
	"testing/fstest"

	"avow/internal/access"
	"avow/internal/fault"
)

// What the issue asks of the bank that avow brings along.
const (
	wantSkills    = 12
	wantQuestions = 30
)

func TestBuiltinHasNoFindings(t *testing.T) {
	t.Parallel()
	bank, findings := LoadBuiltin()
	for _, f := range append(findings, Lint(bank.Skills)...) {
		t.Errorf("got finding %s, want none", f)
	}
}

func TestBuiltinIsLargeEnough(t *testing.T) {
	t.Parallel()
	skills := Builtin().Skills
	if len(skills) < wantSkills {
		t.Errorf("got %d skills, want %d", len(skills), wantSkills)
	}
	for _, s := range skills {
		count := map[Difficulty]int{}
		for _, q := range s.Questions {
			count[q.Difficulty]++
		}
		if len(s.Questions) < wantQuestions || count[Easy] < 4 || count[Medium] < 4 || count[Hard] < 4 {
			t.Errorf("%s: got %d questions, %v, want %d and 4 of each difficulty", s.ID, len(s.Questions), count, wantQuestions)
		}
		if s.File != "bank/"+s.ID+".md" {
			t.Errorf("got file %s, want it named after its id %s", s.File, s.ID)
		}
	}
}

// What no file alone shows: a habit of the whole bank.
func TestBuiltinHasNoHabits(t *testing.T) {
	t.Parallel()
	var all []Question
	for _, s := range Builtin().Skills {
		all = append(all, s.Questions...)
	}
	if found := lintKeys(all); found != nil {
		t.Errorf("got %q, want nothing", found)
	}
}

// The largest number of questions that an organisation can ask for is one that each skill has.
func TestBuiltinFillsTheLargestPaper(t *testing.T) {
	t.Parallel()
	if err := access.CheckSetting(access.Questions, "30"); err != nil {
		t.Fatalf("got %v, want 30 questions allowed", err)
	}
	for _, s := range Builtin().Skills {
		got, err := Builtin().Draw(Request{Skills: []Wanted{{ID: s.ID}}, Count: 30})
		if err != nil || len(got) != 30 {
			t.Errorf("%s: got %d questions and %v, want 30", s.ID, len(got), err)
		}
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	tests := []struct {
		names []string
		want  string
	}{
		{[]string{"Python"}, "python"},
		{[]string{"  PYTHON   3 "}, "python"},
		{[]string{"", "html-css"}, "html-css"},
		{[]string{"HTML and CSS"}, "html-css"},
		{[]string{"html_css"}, "html-css"},
		{[]string{"Golang"}, "go"},
		{[]string{"unheard of", "go"}, "go"},
		{[]string{"Git", "python"}, "git"},
		{[]string{"Java Script"}, ""},
		{[]string{"", ""}, ""},
		{nil, ""},
	}
	for _, tt := range tests {
		got, ok := Builtin().Find(tt.names...)
		if got.ID != tt.want || ok != (tt.want != "") {
			t.Errorf("%q: got %q, %t, want %q", tt.names, got.ID, ok, tt.want)
		}
	}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	files := fstest.MapFS{
		"q/b.md":  {Data: []byte("# B\nid: b\n")},
		"q/a.md":  {Data: []byte("# A\nid: a\n")},
		"q/c.txt": {Data: []byte("nothing")},
		"q/d.md":  {Data: []byte("")},
	}
	bank, findings := Load(files, "q")
	if len(bank.Skills) != 3 || bank.Skills[0].ID != "a" || bank.Skills[1].ID != "b" {
		t.Errorf("got skills %v, want a, b and one without id", bank.Skills)
	}
	if len(findings) != 2 || findings[0].File != "q/d.md" {
		t.Errorf("got findings %v, want d.md's missing title and id", findings)
	}
}

func TestDrawRefusesUnknownSkills(t *testing.T) {
	t.Parallel()
	unknown := Wanted{ID: "skill_7", Name: "Falconry"}
	_, err := Builtin().Draw(Request{Skills: []Wanted{{ID: "go"}, unknown}, Count: 10})
	if !errors.Is(err, ErrNoQuestions) {
		t.Fatalf("got %v, want %v for the whole paper", err, ErrNoQuestions)
	}
	if missing, _ := fault.From(err).Detail.([]Wanted); !slices.Equal(missing, []Wanted{unknown}) {
		t.Errorf("got missing %v, want %v", missing, unknown)
	}
	if _, err := Builtin().Draw(Request{Count: 10}); !errors.Is(err, ErrNoQuestions) {
		t.Errorf("without skills: got %v, want %v", err, ErrNoQuestions)
	}
	if _, err := NewBank([]Skill{{ID: "empty"}}).Draw(Request{Skills: []Wanted{{ID: "empty"}}, Count: 1}); !errors.Is(err, ErrNoQuestions) {
		t.Errorf("a skill without questions: got %v, want %v", err, ErrNoQuestions)
	}
}
