package catalogue

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"avow/internal/fault"
)

func read(text string) ([]Skill, error) { return Read(strings.NewReader(text), func(int) {}) }

const escoText = "\uFEFFconceptType,conceptUri,skillType,reuseLevel,preferredLabel,altLabels,hiddenLabels,status,modifiedDate,scopeNote,definition,inScheme,description\r\n" +
	`KnowledgeSkillCompetence,http://data.europa.eu/esco/skill/0005c151,skill/competence,sector-specific,manage musical staff,"manage staff of music` + "\n" +
	`coordinate duties of musical staff` + "\n" + `manage staff of music",,released,2023-11-30T15:53:37.136Z,,,"http://data.europa.eu/esco/concept-scheme/skills, x","Assign and manage ` + "\n" + `tasks"` + "\r\n" +
	`KnowledgeSkillCompetence,http://data.europa.eu/esco/skill/00064735,knowledge,,Haskell,,,released,,,,,` + "\r\n"

func TestRead(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		want []Skill
	}{
		"our form": {"id,name,category,aliases\ngo,Go,software.languages,Golang,Go lang\nx,\"A, B\",,\n", []Skill{
			{"go", "Go", "software.languages", []string{"Golang", "Go lang"}}, {"x", "A, B", "other", nil},
		}},
		"the least":               {"ID,Name\na,A\n", []Skill{{"a", "A", "other", nil}}},
		"another order, more":     {"aliases,note,name,id\nB,x,A,a,y\n", []Skill{{"a", "A", "other", []string{"B"}}}},
		"short rows, blank lines": {"id,name,category,aliases\n\na,A\n\n", []Skill{{"a", "A", "other", nil}}},
		"white space":             {"id,name,category,aliases\n a ,\" A\n\tB \",c, D  E ,,D E\n", []Skill{{"a", "A B", "c", []string{"D E"}}}},
		"an id in ESCO's form":    {"id,name\nhttp://data.europa.eu/esco/skill/1,A\n", []Skill{{"http://data.europa.eu/esco/skill/1", "A", "other", nil}}},
		"nothing but a header":    {"id,name\n", nil},
		"ESCO's export as it comes": {escoText, []Skill{
			{"http://data.europa.eu/esco/skill/0005c151", "manage musical staff", "esco", []string{"manage staff of music", "coordinate duties of musical staff"}},
			{"http://data.europa.eu/esco/skill/00064735", "Haskell", "esco", nil},
		}},
	} {
		got, err := read(c.text)
		if diff := cmp.Diff(c.want, got); err != nil || diff != "" {
			t.Errorf("%s: %v, got +, want -:\n%s", name, err, diff)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 256)
	for name, c := range map[string]struct{ text, want string }{
		"an empty file":        {"", "line 1: the file is empty"},
		"no id":                {"name,category\nA,c\n", "line 1: the header has no column id or conceptUri"},
		"semicolons":           {"id;name\na;A\n", "line 1: the header has no column id or conceptUri; columns are separated by commas"},
		"no name":              {"id,label\na,A\n", "line 1: the header has no column name or preferredLabel"},
		"a row without id":     {"id,name\n,A\n", "line 2: the id or the name is missing"},
		"a row without name":   {"id,name\na, \n", "line 2: the id or the name is missing"},
		"an id twice":          {"id,name\na,A\nb,B\na,C\n", `line 4: the id "a" was used in line 2`},
		"lines of a quote":     {"id,name,aliases\na,A,\"B\nC\"\n,D\n", "line 4: the id or the name is missing"},
		"an open quote":        {"id,name\na,\"A\n", `line 2: extraneous or missing " in quoted-field`},
		"a bare quote":         {"id,name\na,A\"B\n", `line 2: bare " in non-quoted-field`},
		"another encoding":     {"id,name\na,\xe5\n", "line 2: it is not UTF-8"},
		"another one in a tag": {"id,name,aliases\na,A,\xe5\n", "line 2: it is not UTF-8"},
		"a control character":  {"id,name\na,A\x00B\n", "line 2: it holds a control character"},
		"an id with a space":   {"id,name\na b,A\n", `line 2: the id "a b" holds white space`},
		"a long id":            {"id,name\n" + long + ",A\n", "line 2: the id, the name or the category is longer than 255 bytes"},
		"a long name":          {"id,name\na," + long + "\n", "line 2: the id, the name or the category is longer than 255 bytes"},
	} {
		got, err := read(c.text)
		if !errors.Is(err, ErrList) || !strings.Contains(fault.From(err).Message, c.want) || got != nil {
			t.Errorf("%s: got %v, %q, want %q and no skills", name, got, fault.From(err).Message, c.want)
		}
	}
}

func TestReadTellsTheFirstOfManyProblems(t *testing.T) {
	t.Parallel()
	_, err := read("id,name\n" + strings.Repeat("a,\n", 25))
	lines := strings.Split(fault.From(err).Message, "\n")
	if len(lines) != 22 || lines[20] != "line 21: the id or the name is missing" || lines[21] != "and 5 more" {
		t.Errorf("got %d lines, ending with %q, want 20 problems and the number of others", len(lines), lines[len(lines)-1])
	}
}

func TestReadBounds(t *testing.T) {
	t.Parallel()
	var text bytes.Buffer
	text.WriteString("id,name\n")
	for i := range MaxSkills {
		fmt.Fprintf(&text, "%d,A\n", i)
	}
	told := 0
	skills, err := Read(bytes.NewReader(text.Bytes()), func(n int) { told = n })
	if err != nil || len(skills) != MaxSkills || told != MaxSkills {
		t.Errorf("got %d skills (%v), the last told %d, want %d", len(skills), err, told, MaxSkills)
	}
	text.WriteString("more,A\n")
	if _, err := read(text.String()); !errors.Is(err, ErrList) {
		t.Errorf("got %v for one more, want %v", err, ErrList)
	}
}

func TestWriteIsReadAgain(t *testing.T) {
	t.Parallel()
	want := append(skillsOf("A, B|\"C\"|D\rE F"), Own()...)
	want[0].Aliases[1] = "D E F"
	want[0].ID = "a"
	var text bytes.Buffer
	if err := Write(&text, want); err != nil {
		t.Fatal(err)
	}
	got, err := read(text.String())
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v, got +, want -:\n%s", err, diff)
	}
}
