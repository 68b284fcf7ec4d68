package mail

import (
	"encoding/json"
	"fmt"
	"html"
	htmltemplate "html/template"
	"io"
	"maps"
	"slices"
	"strings"
	"text/template/parse"
	"unicode"
)

// samples are the data that a template is tried with: every key, filled as in life, and as empty as a decision may leave it.
type samples struct{ Filled, Empty map[string]any }

func (f files) samples(name string) samples {
	var s samples
	if err := json.Unmarshal([]byte(f[name+sampleEnd]), &s); err != nil {
		panic(name + sampleEnd + ": " + err.Error()) // comes with the program
	}
	return s
}

// check tries each part of a letter with sample data, and says what it cannot do and what its reader would miss. Parts that could not be parsed are nil.
func (w workshop) check(name string, l letter) []problem {
	var problems []problem
	s := w.files.samples(name)
	for _, data := range []map[string]any{s.Filled, s.Empty} {
		data["language"] = w.language
		if l.subject != nil {
			problems = append(problems, w.try(name+subjectEnd, l.subject.Execute, data, readSubject)...)
		}
		if l.text != nil {
			problems = append(problems, w.try(name+textEnd, l.text.Execute, data, readText)...)
		}
		if l.html != nil && len(w.shape(name, l)) == 0 {
			problems = append(problems, w.try(name+htmlEnd, l.html.Execute, data, readHTML)...)
		}
	}
	if l.html != nil {
		problems = append(problems, w.shape(name, l)...)
	}
	return problems
}

// blocks are what the frame takes from the HTML part of every letter.
var blocks = []string{"preview", "letter", "reason"}

// shape finds blocks that are missing, and text that stands in none and so would be lost.
func (w workshop) shape(name string, l letter) []problem {
	file := w.file(name + htmlEnd)
	var problems []problem
	for _, block := range blocks {
		if l.html.Lookup(block) == nil {
			problems = append(problems, problem{file, 1, fmt.Sprintf("{{define %q}} is missing", block)})
		}
	}
	for _, at := range outside(l.html.Lookup(file)) {
		line := 1 + strings.Count(w.files[file][:at], "\n")
		problems = append(problems, problem{file, line, "this stands outside of every {{define}}, so no mail would show it"})
	}
	return problems
}

// outside returns where a file of definitions says something beside them.
func outside(t *htmltemplate.Template) []int {
	if t == nil || t.Tree == nil {
		return nil
	}
	var found []int
	for _, node := range t.Tree.Root.Nodes {
		text, isText := node.(*parse.TextNode)
		switch {
		case !isText:
			found = append(found, int(node.Position()))
		case strings.TrimSpace(string(text.Text)) != "":
			before := len(text.Text) - len(strings.TrimLeftFunc(string(text.Text), unicode.IsSpace))
			found = append(found, int(text.Pos)+before)
		}
	}
	return found
}

// anyInstant takes the place of a missing key: it is text, and date takes it, too.
const anyInstant = "2024-01-15T12:00:00Z"

// try executes a part until it has nothing more to say: each missing key is noted and then given, so that all are found at once. What comes out is read at last.
func (w workshop) try(base string, execute func(io.Writer, any) error, data map[string]any, read reader) []problem {
	known := strings.Join(slices.Sorted(maps.Keys(data)), ", ")
	data = maps.Clone(data)
	var problems []problem
	for {
		var out strings.Builder
		err := execute(&out, data)
		if err == nil {
			return append(problems, w.wants(w.file(base), read(out.String(), data))...)
		}
		p := problemOf(err)
		key, missing := missingKey(err)
		if !missing {
			return append(problems, p)
		}
		p.text = fmt.Sprintf("there is no key %q; known are %s", key, known)
		problems, data[key] = append(problems, p), anyInstant
	}
}

// want is what a reader misses, and the text beside which it belongs.
type want struct{ text, beside string }

func (w workshop) wants(file string, all []want) []problem {
	var problems []problem
	for _, one := range all {
		problems = append(problems, problem{file, lineWith(w.files[file], one.beside), one.text})
	}
	return problems
}

// reader looks at a part as a person does.
type reader func(out string, data map[string]any) []want

func readSubject(out string, _ map[string]any) []want {
	if strings.TrimSpace(out) == "" {
		return []want{{"the subject is empty", ""}}
	}
	return nil
}

// readText wants a link to stand on a line of its own: that is where people, and programs, take it from.
func readText(out string, data map[string]any) []want {
	link, ok := data["link"].(string)
	if ok && !slices.Contains(strings.Split(out, "\n"), link) {
		return []want{{"want {{.link}} on a line of its own", ".link"}}
	}
	return nil
}

func readHTML(out string, data map[string]any) []want {
	var wants []want
	if strings.Contains(out, "ZgotmplZ") {
		wants = append(wants, want{"a value stands where HTML lets none be safe, such as in a style", ""})
	}
	link, ok := data["link"].(string)
	if ok && !strings.Contains(html.UnescapeString(out), `href="`+link+`"`) {
		wants = append(wants, want{`want a link: href="{{.link}}", or {{template "button" .}}`, ".link"})
	}
	return wants
}

// lineWith is the first line that holds a text, else the first of all.
func lineWith(text, part string) int {
	before, _, found := strings.Cut(text, part)
	if !found {
		return 1
	}
	return 1 + strings.Count(before, "\n")
}
