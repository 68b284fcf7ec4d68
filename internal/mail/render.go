package mail

import (
	"encoding/json"
	"errors"
	"fmt"
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

// Renderer renders mails from the embedded templates.
type Renderer struct{ languages map[string]language }

// NewRenderer parses every template of every language. It panics when one is broken, which is a fault of the build.
func NewRenderer() *Renderer {
	r := &Renderer{languages: map[string]language{}}
	for _, name := range languageNames() {
		r.languages[name] = parseLanguage(name)
	}
	return r
}

// Templates returns the names of all templates.
func (r *Renderer) Templates() []string {
	return slices.Sorted(maps.Keys(r.languages[fallback].letters))
}

// Render makes the mail's content; nothing else goes into it than the message. The data's member "language", when there is one, asks for a language.
func (r *Renderer) Render(m outbox.Message) (Content, error) {
	data, err := decode(m.Data)
	if err != nil {
		return Content{}, err
	}
	wanted, _ := data["language"].(string)
	name, found, ok := r.letter(wanted, m.Template)
	if !ok {
		return Content{}, fmt.Errorf("%w: %q", ErrTemplate, m.Template)
	}
	data["language"] = name
	return found.render(data)
}

// letter picks a template in the wanted language, else in the one that it is a variant of, else in English.
func (r *Renderer) letter(wanted, template string) (name string, found letter, ok bool) {
	base, _, _ := strings.Cut(wanted, "-")
	for _, name := range []string{wanted, base, fallback} {
		if found, ok := r.languages[name].letters[template]; ok {
			return name, found, true
		}
	}
	return "", letter{}, false
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
