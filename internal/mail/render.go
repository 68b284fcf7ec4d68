package mail

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"unicode"

	"avow/internal/outbox"
)

// Content is a rendered mail.
type Content struct {
	Subject string // one line
	Text    string
	HTML    string
}

// Refusals of messages that cannot be rendered. Their texts, and those of the errors that wrap them, hold no data of the message.
var (
	// ErrTemplate is not permanent: while versions are being exchanged, the next attempt may be made by a process that knows the template.
	ErrTemplate = errors.New("there is no such mail template")
	ErrData     = errors.New("the mail's data does not fit its template")
)

// Renderer renders mails from templates.
type Renderer struct {
	templates []string
	languages map[string]language
}

// NewRenderer takes the templates that avow comes with. It panics when one is broken, which is a fault of the build.
func NewRenderer() *Renderer {
	r, problems := newRenderer(ownFiles())
	if err := errorOf(problems); err != nil {
		panic(err)
	}
	return r
}

// LoadRenderer puts an operator's files before our own, and tries every letter in every language with sample data. A *TemplateError holds all problems at once; any
// other error is one of reading.
func LoadRenderer(operators fs.FS) (*Renderer, error) {
	theirs, err := readFiles(operators)
	if err != nil {
		return nil, err
	}
	all := ownFiles()
	problems := all.overlay(theirs)
	r, more := newRenderer(all)
	return r, errorOf(append(problems, more...))
}

func newRenderer(all files) (*Renderer, []problem) {
	r := &Renderer{templates: all.templates(), languages: map[string]language{}}
	var problems []problem
	for _, name := range all.languages() {
		l, found := parseLanguage(all, name)
		r.languages[name] = l
		problems = append(problems, found...)
	}
	return r, problems
}

// Templates returns the names of all templates.
func (r *Renderer) Templates() []string { return slices.Clone(r.templates) }

// Languages returns the languages that there are templates in.
func (r *Renderer) Languages() []string { return slices.Sorted(maps.Keys(r.languages)) }

// Render makes the mail's content; nothing else goes into it than the message. The data's member "language", when there is one, asks for a language.
func (r *Renderer) Render(m outbox.Message) (Content, error) {
	data, err := decode(m.Data)
	if err != nil {
		return Content{}, err
	}
	wanted, _ := data["language"].(string)
	for _, language := range choices(wanted) {
		if found, ok := r.languages[language].letters[m.Template]; ok {
			data["language"] = language
			return found.render(data)
		}
	}
	return Content{}, fmt.Errorf("%w: %q", ErrTemplate, m.Template)
}

// decode reads a template's data and makes every text in it one line, so that nobody can add a paragraph, a link or a header by the way of a name.
func decode(raw json.RawMessage) (map[string]any, error) {
	var data map[string]any
	if err := json.Unmarshal(raw, &data); err != nil || data == nil {
		return nil, outbox.Permanent(ErrData)
	}
	maps.DeleteFunc(data, func(_ string, value any) bool { return value == nil }) // so that null is missed like an absent member
	return oneLine(data).(map[string]any), nil
}

func oneLine(value any) any {
	switch v := value.(type) {
	case string:
		return strings.Map(visible, v)
	case []any:
		for i := range v {
			v[i] = oneLine(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = oneLine(v[name])
		}
	}
	return value
}

// visible turns what breaks lines or changes the direction of writing into a space.
func visible(r rune) rune {
	if unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp, unicode.Bidi_Control) {
		return ' '
	}
	return r
}
