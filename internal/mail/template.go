package mail

import (
	htmltemplate "html/template"
	"path"
	"strings"
	texttemplate "text/template"

	"avow/internal/outbox"
)

// The parts of a letter, by the ends of their files' names.
const (
	subjectEnd = ".subject.txt"
	textEnd    = ".txt"
	htmlEnd    = ".html"
)

var ends = []string{subjectEnd, textEnd, htmlEnd}

// Files beside the letters: the design that all share, and what each language has once.
const (
	frameFile  = "frame.html"
	commonFile = "common.txt" // sentences that several letters say
	datesFile  = "dates.txt"  // how an instant is written
)

// titleBlock is the subject where the frame asks for it.
const titleBlock = "subject"

// letter is one mail in one language.
type letter struct {
	subject, text *texttemplate.Template
	html          *htmltemplate.Template
}

// workshop makes the letters of one language out of files.
type workshop struct {
	files    files
	language string
	funcs    map[string]any
}

func (w workshop) file(name string) string { return path.Join(w.language, name) }

// letter parses the three parts of a template; one that cannot be parsed stays nil.
func (w workshop) letter(name string) (l letter, problems []problem) {
	var errs [3]error
	l.subject, errs[0] = w.plain(w.file(name+subjectEnd), "\n")
	l.text, errs[1] = w.plain(w.file(name+textEnd), "")
	l.html, errs[2] = w.html(name, l.subject)
	for _, err := range errs {
		if err != nil {
			problems = append(problems, problemOf(err))
		}
	}
	return l, problems
}

// plain parses a part that is text, with the sentences that it may use and without what is cut off its end. Every template bears the name of its file, so that errors
// do.
func (w workshop) plain(file, cut string) (*texttemplate.Template, error) {
	t := texttemplate.New(w.file(commonFile)).Option("missingkey=error").Funcs(w.funcs)
	if _, err := t.Parse(w.files[w.file(commonFile)]); err != nil {
		return nil, err
	}
	return t.New(file).Parse(strings.TrimRight(w.files[file], cut))
}

// html joins a letter with the frame that all letters share; the subject is the title.
func (w workshop) html(name string, subject *texttemplate.Template) (*htmltemplate.Template, error) {
	t := htmltemplate.New("").Option("missingkey=error").Funcs(w.funcs)
	for _, file := range []string{frameFile, w.file(commonFile), w.file(name + htmlEnd)} {
		if _, err := t.New(file).Parse(strings.TrimRight(w.files[file], "\n")); err != nil {
			return nil, err
		}
	}
	if subject != nil {
		if _, err := t.AddParseTree(titleBlock, subject.Tree.Copy()); err != nil {
			return nil, err
		}
	}
	return t.Lookup(frameFile), nil
}

// render fills the three parts. What a template engine says of an error could quote the data, so it is not passed on.
func (l letter) render(data map[string]any) (Content, error) {
	var subject, text, html strings.Builder
	if l.subject.Execute(&subject, data) != nil || l.text.Execute(&text, data) != nil || l.html.Execute(&html, data) != nil {
		return Content{}, outbox.Permanent(ErrData)
	}
	return Content{Subject: headerLine(subject.String()), Text: text.String(), HTML: html.String()}, nil
}

// longestSubject is in characters. A line of a header has an end (RFC 5322), and nobody reads that far.
const longestSubject = 150

// headerLine makes one line that says to everybody what it says to us: programs that show a mail decode what looks like an encoded word (RFC 2047), even a line break.
func headerLine(text string) string {
	line := []rune(strings.ReplaceAll(strings.Join(strings.Fields(text), " "), "=?", "= ?"))
	if len(line) > longestSubject {
		line = append(line[:longestSubject-1], '…')
	}
	return string(line)
}
