package mail

import (
	"errors"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// folder is an operator's folder of templates.
func folder(files map[string]string) fs.FS {
	all := fstest.MapFS{}
	for name, text := range files {
		all[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return all
}

func TestOperatorsFilesComeFirst(t *testing.T) {
	t.Parallel()
	r, err := LoadRenderer(folder(map[string]string{
		"sv/confirm_email.subject.txt": "Hej från {{.brand}}\r\n",
		"en/common.txt":                "{{define \"instead\"}}Else open{{end}}{{define \"automatic\"}}Sent by a robot.{{end}}",
		".git/config":                  "not looked at", "sv/.confirm_email.txt.swp": "not looked at",
	}))
	if err != nil {
		t.Fatal(err)
	}
	swedish, err := r.Render(asMessage(t, confirmation(map[string]any{"language": "sv"})))
	if err != nil {
		t.Fatal(err)
	}
	if swedish.Subject != "Hej från Acme News" || !strings.Contains(swedish.HTML, "<title>Hej från Acme News</title>") || !strings.Contains(swedish.Text, "Stämmer det?") {
		t.Errorf("got %+v, want the operator's subject and avow's own text", swedish)
	}
	english, err := r.Render(asMessage(t, confirmation(nil)))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(english.Text, "\nSent by a robot.\n") || !strings.Contains(english.HTML, "Else open") {
		t.Errorf("got %+v, want the operator's sentences", english)
	}
}

func TestOperatorsLanguage(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		"pt-br/common.txt":                `{{define "instead"}}Ou abra:{{end}}{{define "automatic"}}Automático.{{end}}`,
		"pt-br/dates.txt":                 "2 de January de 2006, 15:04 UTC\njaneiro\nfevereiro\nmarço\nabril\nmaio\njunho\njulho\nagosto\nsetembro\noutubro\nnovembro\ndezembro\n",
		"pt-br/confirm_email.subject.txt": "Confirme",
		"pt-br/confirm_email.txt":         "Até {{date .expires}}:\n{{.link}}\n",
		"pt-br/confirm_email.html":        `{{define "preview"}}{{end}}{{define "action"}}Sim{{end}}{{define "letter"}}{{template "button" .}}{{end}}{{define "reason"}}{{end}}`,
	}
	r, err := LoadRenderer(folder(files))
	if err != nil {
		t.Fatal(err)
	}
	got, err := r.Render(asMessage(t, confirmation(map[string]any{"language": "pt-BR"})))
	if want := "Até 15 de janeiro de 2024, 12:00 UTC:\n" + testLink + "\n"; err != nil || got.Text != want {
		t.Errorf("got %q, %v, want %q", got.Text, err, want)
	}
	delete(files, "pt-br/confirm_email.html")
	delete(files, "pt-br/common.txt")
	refused(t, files, "pt-br/common.txt:1: is missing: a language needs its common sentences")
	files["pt-br/common.txt"] = " "
	refused(t, files, "pt-br/confirm_email.html:1: is missing: a letter has a subject, a text and an HTML part")
}

// refused fails unless the folder is refused with exactly these lines.
func refused(t *testing.T, files map[string]string, want ...string) {
	t.Helper()
	_, err := LoadRenderer(folder(files))
	var broken *TemplateError
	if !errors.As(err, &broken) {
		t.Errorf("got %v, want a TemplateError", err)
		return
	}
	if diff := cmp.Diff("  "+strings.Join(want, "\n  "), broken.Error()); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

const known = "; known are brand, email, expires, language, link"

func TestEveryMistakeIsToldAtOnce(t *testing.T) {
	t.Parallel()
	refused(t, map[string]string{
		"readme.md":                    "",
		"Svenska/confirm_email.txt":    "",
		"sv/deep/confirm_email.txt":    "",
		"sv/confirm_mail.txt":          "",
		"sv/confirm_email.subject.txt": "  \n",
		"sv/confirm_email.txt":         "Hej {{.name}}\n\n{{date .expire}} {{.name}}\nÖppna {{.link}} nu\n{{.nickname}}",
		"en/confirm_email.txt":         "Open {{.link}} now\n",
		"en/confirm_email.html":        "{{define \"preview\"}}{{end}}\n\nLost\n{{define \"letter\"}}{{.brand}}{{end}}\n{{.brand}}\n",
		"en/confirm_email.subject.txt": "a\n{{.brand",
	},
		"Svenska/confirm_email.txt:1: want a folder named by a language in lower case, such as sv or pt-br",
		"en/confirm_email.html:1: {{define \"reason\"}} is missing",
		"en/confirm_email.html:3: this stands outside of every {{define}}, so no mail would show it",
		"en/confirm_email.html:5: this stands outside of every {{define}}, so no mail would show it",
		"en/confirm_email.subject.txt:2: unclosed action",
		"en/confirm_email.txt:1: want {{.link}} on a line of its own",
		"readme.md:1: want frame.html, or a folder for each language",
		"sv/confirm_email.subject.txt:1: the subject is empty",
		"sv/confirm_email.txt:1: there is no key \"name\""+known,
		"sv/confirm_email.txt:3: there is no key \"expire\""+known,
		"sv/confirm_email.txt:4: want {{.link}} on a line of its own",
		"sv/confirm_email.txt:5: there is no key \"nickname\""+known,
		"sv/confirm_mail.txt:1: there is no such file; known are "+everyFile(),
		"sv/deep/confirm_email.txt:1: there is no such file; known are "+everyFile(),
	)
}

// everyFile lists what the folder of a language may hold.
func everyFile() string {
	names := []string{"common.txt", "dates.txt"}
	for _, template := range ownFiles().templates() {
		for _, end := range ends {
			names = append(names, template+end)
		}
	}
	return strings.Join(names, ", ")
}

// inEveryMail is a mistake that every template meets, each with the keys that it knows.
func inEveryMail(mistake string) []string {
	var lines []string
	for _, template := range ownFiles().templates() {
		keys := slices.Sorted(maps.Keys(ownFiles().samples(template).Filled))
		keys = append(keys, "language")
		slices.Sort(keys)
		lines = append(lines, mistake+"; known are "+strings.Join(keys, ", "))
	}
	slices.Sort(lines)
	return slices.Compact(lines) // one mistake is told once
}

func TestMistakes(t *testing.T) {
	t.Parallel()
	const letter, plain, subject = "en/confirm_email.html", "en/confirm_email.txt", "en/confirm_email.subject.txt"
	whole := func(inner string) string {
		return "{{define \"preview\"}}{{end}}\n{{define \"letter\"}}" + inner + "{{end}}\n{{define \"reason\"}}{{end}}\n"
	}
	for name, c := range map[string]struct {
		file, text string
		want       []string
	}{
		"no end":                   {plain, "{{if .brand}}\n{{.link}}\n", []string{plain + ":3: unexpected EOF"}},
		"unknown function":         {plain, "{{.link}}\n{{shout .brand}}", []string{plain + `:2: function "shout" not defined`}},
		"unknown sentence":         {plain, "{{.link}}\n{{template \"bye\" .}}", []string{plain + `:2: template "bye" not defined`}},
		"no link in the text":      {plain, "Hello\n", []string{plain + ":1: want {{.link}} on a line of its own"}},
		"link in a sentence":       {plain, "Hello\nopen {{.link}}\n", []string{plain + ":2: want {{.link}} on a line of its own"}},
		"link with a space behind": {plain, "{{.link}} \n", []string{plain + ":1: want {{.link}} on a line of its own"}},
		"not an instant":           {plain, "{{.link}}\n{{date .brand}}", []string{plain + ":2: error calling date: not an instant"}},
		"empty subject":            {subject, "{{if false}}x{{end}}", []string{subject + ":1: the subject is empty"}},
		"no link in the HTML":      {letter, whole("<p>{{.link}}"), []string{letter + `:2: want a link: href="{{.link}}", or {{template "button" .}}`}},
		"missing key in the HTML":  {letter, whole("\n\n{{.naem}} {{template \"button\" .}}"), []string{letter + `:4: there is no key "naem"` + known}},
		"value in a style":         {letter, whole("<p style=\"color:{{.email}}\">{{template \"button\" .}}"), []string{letter + ":1: a value stands where HTML lets none be safe, such as in a style"}},
		"branches that differ":     {letter, whole("\n<p {{if .brand}}title=\"{{end}}>"), []string{letter + `:3: {{if}} branches end in different contexts`}},
		"blocks missing":           {letter, "{{define \"letter\"}}{{end}}", []string{letter + ":1: {{define \"preview\"}} is missing", letter + ":1: {{define \"reason\"}} is missing"}},
		"text outside":             {letter, whole("{{template \"button\" .}}") + "\n\n  Lost", []string{letter + ":6: this stands outside of every {{define}}, so no mail would show it"}},
		"value outside":            {letter, whole("{{template \"button\" .}}") + "\n{{.brand}}", []string{letter + ":5: this stands outside of every {{define}}, so no mail would show it"}},
		"no months":                {"en/dates.txt", "2 January 2006\n", []string{"en/dates.txt:1: " + errDates.Error()}},
		"frame":                    {"frame.html", strings.Replace(ownFiles()["frame.html"], "<title>", "\n{{.colour}}<title>", 1), inEveryMail(`frame.html:9: there is no key "colour"`)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refused(t, map[string]string{c.file: c.text}, c.want...)
		})
	}
}

// broken is a folder that cannot be read.
type broken struct{}

var errBroken = errors.New("input/output error")

func (broken) Open(string) (fs.File, error) { return nil, errBroken }

func TestFolderThatCannotBeRead(t *testing.T) {
	t.Parallel()
	if _, err := LoadRenderer(broken{}); !errors.Is(err, errBroken) {
		t.Errorf("got %v, want %v", err, errBroken)
	}
}
