package assess

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Finding is something in a file of questions that its author should mend.
type Finding struct {
	File string `json:"file"`
	Line int    `json:"line"`
	Text string `json:"finding"`
}

// String tells it as compilers do.
func (f Finding) String() string { return fmt.Sprintf("%s:%d: %s", f.File, f.Line, f.Text) }

// Parse reads a file of questions, Markdown in the form that docs/assessments.md shows. Whatever is not understood is a finding; the rest is read all the same.
func Parse(file, text string) (Skill, []Finding) {
	p := &parser{skill: Skill{File: file}}
	if !utf8.ValidString(text) || strings.Contains(text, "\x00") {
		p.find(1, "the file is no text in UTF-8")
	}
	for line := range strings.Lines(text) {
		p.line++
		p.take(strings.TrimRight(line, " \t\r\n"))
	}
	p.finish()
	p.checkHead()
	for i := range p.skill.Questions {
		p.skill.Questions[i].Skill = p.skill.ID
	}
	return p.skill, p.findings
}

// parser is a walk through the lines of one file.
type parser struct {
	skill    Skill
	findings []Finding
	line     int
	question *draft // under way; nil: still in the file's head
	fenced   bool   // inside a fence of code, where nothing means anything
	hidden   bool   // inside a comment
}

// draft is a question of which not all lines are read yet.
type draft struct {
	Question
	text    []string
	options []string
	ticked  []int // of options
	why     []string
}

// Line starts that mean something.
const (
	titleMark    = "# "
	questionMark = "## "
	rightMark    = "- [x] "
	wrongMark    = "- [ ] "
	whyMark      = ">"
	fenceMark    = "```"
)

func (p *parser) take(line string) {
	switch {
	case p.hidden:
		p.hidden = !strings.HasSuffix(line, "-->")
	case p.fenced || strings.HasPrefix(line, fenceMark):
		p.fenced = p.fenced != strings.HasPrefix(line, fenceMark)
		p.takeText(line)
	case strings.HasPrefix(line, "<!--"):
		p.hidden = !strings.HasSuffix(line, "-->")
	case strings.HasPrefix(line, questionMark):
		p.finish()
		p.open(strings.TrimPrefix(line, questionMark))
	case strings.HasPrefix(line, titleMark):
		p.takeTitle(strings.TrimPrefix(line, titleMark))
	case p.question == nil:
		p.takeHead(line)
	case strings.HasPrefix(strings.ToLower(line), rightMark):
		p.takeOption(line[len(rightMark):], true)
	case strings.HasPrefix(line, wrongMark):
		p.takeOption(line[len(wrongMark):], false)
	case strings.HasPrefix(line, whyMark):
		p.question.why = append(p.question.why, strings.TrimSpace(strings.TrimPrefix(line, whyMark)))
	default:
		p.takeText(line)
	}
}

func (p *parser) find(line int, format string, args ...any) {
	p.findings = append(p.findings, Finding{p.skill.File, line, fmt.Sprintf(format, args...)})
}

func (p *parser) takeTitle(name string) {
	if p.skill.Name != "" {
		p.find(p.line, "the file has a title already; a question's heading starts with ##")
		return
	}
	p.skill.Name = strings.TrimSpace(name)
}

// takeHead reads a field of the file's head, such as `id: python`.
func (p *parser) takeHead(line string) {
	if line == "" {
		return
	}
	name, value, _ := strings.Cut(line, ":")
	value = strings.TrimSpace(value)
	switch name {
	case "id":
		p.skill.ID = value
	case "aliases":
		p.skill.Aliases = splitList(value)
	default:
		p.find(p.line, "unknown field %q; the head of a file has id and aliases", name)
	}
}

func splitList(text string) []string {
	var list []string
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			list = append(list, part)
		}
	}
	return list
}

// open begins a question with its heading, `topic, difficulty`.
func (p *parser) open(heading string) {
	topic, difficulty, _ := strings.Cut(heading, ",")
	p.question = &draft{Question: Question{Topic: strings.TrimSpace(topic), Difficulty: Difficulty(strings.TrimSpace(difficulty)), Line: p.line}}
	if !slices.Contains(Difficulties, p.question.Difficulty) || p.question.Topic == "" {
		p.find(p.line, "the heading is no topic and difficulty, such as \"## loops, easy\"; difficulties are easy, medium and hard")
	}
}

func (p *parser) takeText(line string) {
	switch {
	case p.question == nil:
		p.find(p.line, "text before the first question")
	case len(p.question.options) == 0:
		p.question.text = append(p.question.text, line)
	case line != "":
		p.find(p.line, "unknown line %q; after the text come four options, \"- [ ] wrong\" or \"- [x] right\", then \"> why\"", clip(line))
	}
}

func (p *parser) takeOption(text string, right bool) {
	d := p.question
	if len(d.why) > 0 {
		p.find(p.line, "an option after the explanation")
	}
	if right {
		d.ticked = append(d.ticked, len(d.options))
	}
	d.options = append(d.options, strings.TrimSpace(text))
}

// finish closes the question under way. One that has not four options and one key is left out: nothing may be asked that cannot be scored.
func (p *parser) finish() {
	d := p.question
	if p.question = nil; d == nil {
		return
	}
	if p.fenced {
		p.find(d.Line, "a fence of code is not closed")
		p.fenced = false
	}
	d.Text, d.Why = strings.TrimSpace(strings.Join(d.text, "\n")), strings.TrimSpace(strings.Join(d.why, " "))
	if len(d.options) != Options || len(d.ticked) != 1 {
		p.find(d.Line, "the question has %d options, %d of them marked right; it must have %d and 1", len(d.options), len(d.ticked), Options)
		return
	}
	d.Options, d.Right = [Options]string(d.options), d.ticked[0]
	p.skill.Questions = append(p.skill.Questions, d.Question)
}

func (p *parser) checkHead() {
	if p.skill.Name == "" {
		p.find(1, "no title; the first line is \"# Name of the skill\"")
	}
	if !idForm.MatchString(p.skill.ID) {
		p.find(1, "no usable id; the head needs a line such as \"id: html-css\"")
	}
	if p.hidden {
		p.find(p.line, "a comment is not closed")
	}
}

const clipped = 40

// clip shortens a text that a finding quotes.
func clip(text string) string {
	runes := []rune(strings.Join(strings.Fields(text), " "))
	if len(runes) <= clipped {
		return string(runes)
	}
	return string(runes[:clipped]) + "…"
}
