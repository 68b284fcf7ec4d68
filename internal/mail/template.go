package mail

import (
	"embed"
	"errors"
	htmltemplate "html/template"
	"io/fs"
	"path"
	"strings"
	texttemplate "text/template"
	"time"

	"avow/internal/outbox"
)

//go:embed templates
var files embed.FS

// fallback is the language that has every template.
const fallback = "en"

// The parts of a letter, by the ends of their files' names.
const (
	subjectEnd = ".subject.txt"
	textEnd    = ".txt"
	htmlEnd    = ".html"
)

// language is one folder of templates: letters, and the names of the months in months.txt.
type language struct{ letters map[string]letter }

// letter is one mail in one language.
type letter struct {
	subject, text *texttemplate.Template
	html          *htmltemplate.Template
}

func languageNames() []string {
	entries, err := fs.ReadDir(files, "templates")
	if err != nil {
		panic(err)
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names
}

func parseLanguage(name string) language {
	folder := path.Join("templates", name)
	subjects, err := fs.Glob(files, path.Join(folder, "*"+subjectEnd))
	if err != nil {
		panic(err)
	}
	dates := calendar{months: strings.Fields(read(path.Join(folder, "months.txt")))}
	l := language{letters: map[string]letter{}}
	for _, file := range subjects {
		base := strings.TrimSuffix(file, subjectEnd)
		l.letters[path.Base(base)] = parseLetter(base, map[string]any{"date": dates.date})
	}
	return l
}

func parseLetter(base string, funcs map[string]any) letter {
	return letter{
		subject: parseText(base+subjectEnd, funcs),
		text:    parseText(base+textEnd, funcs),
		html:    parseHTML(base+htmlEnd, funcs),
	}
}

func parseText(file string, funcs map[string]any) *texttemplate.Template {
	return texttemplate.Must(texttemplate.New(path.Base(file)).Option("missingkey=error").Funcs(funcs).Parse(read(file)))
}

// parseHTML joins a letter with the frame that all letters share.
func parseHTML(file string, funcs map[string]any) *htmltemplate.Template {
	t := htmltemplate.New("frame").Option("missingkey=error").Funcs(funcs)
	t = htmltemplate.Must(t.Parse(read("templates/frame.html")))
	return htmltemplate.Must(t.Parse(read(file)))
}

func read(file string) string {
	text, err := files.ReadFile(file)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// render fills the three parts. What a template engine says of an error could quote the data, so it is not passed on.
func (l letter) render(data map[string]any) (Content, error) {
	var subject, text, html strings.Builder
	if l.subject.Execute(&subject, data) != nil || l.text.Execute(&text, data) != nil || l.html.Execute(&html, data) != nil {
		return Content{}, outbox.Permanent(ErrData)
	}
	return Content{Subject: strings.Join(strings.Fields(subject.String()), " "), Text: text.String(), HTML: html.String()}, nil
}

// calendar writes instants for people.
type calendar struct{ months []string }

var errNoDate = errors.New("not an instant")

// date writes an RFC 3339 instant as day, month by name, year and minute, always in UTC: where the reader lives is not known.
func (c calendar) date(value any) (string, error) {
	text, _ := value.(string)
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return "", errNoDate
	}
	at = at.UTC()
	return at.Format("2 ") + c.months[at.Month()-1] + at.Format(" 2006, 15:04 UTC"), nil
}
