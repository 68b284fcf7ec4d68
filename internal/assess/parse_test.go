package assess

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const sampleFile = `# Falconry
id: falconry
aliases: hawking, Falcon keeping

<!-- Checked by two falconers. -->

## birds, easy
Which bird is a falcon?

- [ ] Buzzard
- [x] Kestrel
- [ ] Owl
- [ ] Kite

> The kestrel
> is a small falcon.

## code, hard
What does this print?

` + "```sh" + `
# no title
## no heading, hard
- [x] no option
> no explanation
` + "```" + `

- [X] Nothing
- [ ] One line
- [ ] Two lines
- [ ] An error
> All lines are comments or fail.
`

func TestParse(t *testing.T) {
	t.Parallel()
	got, findings := Parse("falconry.md", sampleFile)
	if len(findings) > 0 {
		t.Errorf("got findings %v, want none", findings)
	}
	want := Skill{ID: "falconry", Name: "Falconry", Aliases: []string{"hawking", "Falcon keeping"}, File: "falconry.md", Questions: []Question{
		{Skill: "falconry", Topic: "birds", Difficulty: Easy, Text: "Which bird is a falcon?", Options: [4]string{"Buzzard", "Kestrel", "Owl", "Kite"}, Right: 1,
			Why: "The kestrel is a small falcon.", Line: 7},
		{Skill: "falconry", Topic: "code", Difficulty: Hard, Text: "What does this print?\n\n```sh\n# no title\n## no heading, hard\n- [x] no option\n> no explanation\n```",
			Options: [4]string{"Nothing", "One line", "Two lines", "An error"}, Right: 0, Why: "All lines are comments or fail.", Line: 18},
	}}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("got (+), want (-):\n%s", d)
	}
	windows, findings := Parse("falconry.md", strings.ReplaceAll(sampleFile, "\n", "\r\n"))
	if d := cmp.Diff(want, windows); d != "" || len(findings) > 0 {
		t.Errorf("with CRLF: got findings %v and (+), want (-):\n%s", findings, d)
	}
}

// Every mistake is told with its line, and a question that cannot be scored is left out.
func TestParseFinds(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		old, new  string
		want      string
		questions int
	}{
		"no title":           {"# Falconry\n", "", "f.md:1: no title", 2},
		"two titles":         {"id: falconry\n", "id: falconry\n# Hawks\n", "f.md:3: the file has a title already", 2},
		"no id":              {"id: falconry\n", "", "f.md:1: no usable id", 2},
		"bad id":             {"id: falconry", "id: Falconry!", "f.md:1: no usable id", 2},
		"unknown field":      {"aliases:", "alias:", `f.md:3: unknown field "alias"`, 2},
		"text in the head":   {"id: falconry", "id: falconry\nA word", `f.md:3: unknown field "A word"`, 2},
		"code in the head":   {"id: falconry", "id: falconry\n```\nx: y\n```", `f.md:3: text before the first question`, 2},
		"no difficulty":      {"birds, easy", "birds", "f.md:7: the heading is no topic and difficulty", 2},
		"odd difficulty":     {"birds, easy", "birds, simple", "f.md:7: the heading is no topic and difficulty", 2},
		"no topic":           {"## birds, easy", "## , easy", "f.md:7: the heading is no topic and difficulty", 2},
		"no key":             {"- [x] Kestrel", "- [ ] Kestrel", "f.md:7: the question has 4 options, 0 of them", 1},
		"two keys":           {"- [ ] Owl", "- [x] Owl", "f.md:7: the question has 4 options, 2 of them", 1},
		"three options":      {"- [ ] Owl\n", "", "f.md:7: the question has 3 options, 1 of them", 1},
		"five options":       {"- [ ] Owl\n", "- [ ] Owl\n- [ ] Eagle\n", "f.md:7: the question has 5 options, 1 of them", 1},
		"unticked option":    {"- [ ] Owl\n", "- Owl\n", `f.md:12: unknown line "- Owl"`, 1},
		"option after why":   {"is a small falcon.", "is a small falcon.\n- [ ] Eagle", "f.md:17: an option after the explanation", 1},
		"text after options": {"- [ ] Kite\n", "- [ ] Kite\nlevel: 3\n", `f.md:14: unknown line "level: 3"`, 2},
		"open fence":         {"> no explanation\n```", "> no explanation\n", "f.md:18: a fence of code is not closed", 1},
		"open comment":       {"falconers. -->", "falconers.", "f.md:32: a comment is not closed", 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := strings.Replace(sampleFile, tt.old, tt.new, 1)
			got, findings := Parse("f.md", text)
			if told := fmt.Sprint(findings); !strings.Contains(told, tt.want) || text == sampleFile {
				t.Errorf("got %s, want %q", told, tt.want)
			}
			if len(got.Questions) != tt.questions {
				t.Errorf("got %d questions, want %d", len(got.Questions), tt.questions)
			}
		})
	}
}
