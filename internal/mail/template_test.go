package mail

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"avow/internal/outbox"
)

// every calls a test for each template in each language, with its sample data by name.
func every(t *testing.T, test func(t *testing.T, language string, m outbox.Message)) {
	t.Helper()
	r := NewRenderer()
	for _, language := range r.Languages() {
		for _, template := range r.Templates() {
			s := ownFiles().samples(template)
			for name, data := range map[string]map[string]any{"filled": s.Filled, "empty": s.Empty} {
				t.Run(language+"/"+template+"/"+name, func(t *testing.T) {
					t.Parallel()
					data["language"] = language
					test(t, language, asTemplate(t, template, data))
				})
			}
		}
	}
}

func TestEveryMailInEveryLanguageFilledAndEmpty(t *testing.T) {
	t.Parallel()
	every(t, func(t *testing.T, language string, m outbox.Message) {
		got, err := NewRenderer().Render(m)
		if err != nil {
			t.Fatalf("got %v, want a mail", err)
		}
		if !strings.Contains(got.HTML, `<html lang="`+language+`">`) {
			t.Errorf("HTML: got another language, want %s", language)
		}
		for part, text := range map[string]string{"subject": got.Subject, "text": got.Text, "HTML": got.HTML} {
			for _, unwanted := range []string{"<no value>", "{{", "ZgotmplZ", "%!"} {
				if strings.Contains(text, unwanted) {
					t.Errorf("%s: got %q in it, want none", part, unwanted)
				}
			}
			if strings.TrimSpace(text) == "" {
				t.Errorf("%s: got nothing, want something", part)
			}
		}
		for _, unwanted := range []string{"<img", "<script", "<link", "url(", "src=", "@import"} {
			if strings.Contains(got.HTML, unwanted) {
				t.Errorf("HTML: got %q in it, want nothing loaded", unwanted)
			}
		}
		for line := range strings.Lines(got.Text) {
			if len([]rune(line)) > 80 && !strings.Contains(line, "://") {
				t.Errorf("text: got the line %q, want at most 80 characters", line)
			}
		}
	})
}

// languagesOfAvow are those that every template must be written in.
var languagesOfAvow = []string{"en", "sv"}

func TestEveryTemplateIsInEveryLanguage(t *testing.T) {
	t.Parallel()
	all := ownFiles()
	if diff := cmp.Diff(languagesOfAvow, all.languages()); diff != "" {
		t.Errorf("languages (-want +got):\n%s", diff)
	}
	for _, language := range languagesOfAvow {
		for _, template := range all.templates() {
			for _, end := range ends {
				if _, ok := all[language+"/"+template+end]; !ok {
					t.Errorf("%s/%s%s: got no such file, want one: every mail is written in every language", language, template, end)
				}
			}
		}
	}
	for file := range all {
		base := file[strings.Index(file, "/")+1:]
		for _, end := range ends {
			name, isPart := strings.CutSuffix(base, end)
			if isPart && end == subjectEnd && !slices.Contains(all.templates(), name) {
				t.Errorf("%s: got a letter without sample data, want %s.json", file, name)
			}
		}
	}
}

func TestSamplesOfATemplateHaveTheSameKeys(t *testing.T) {
	t.Parallel()
	for _, template := range ownFiles().templates() {
		s := ownFiles().samples(template)
		filled, empty := slices.Sorted(maps.Keys(s.Filled)), slices.Sorted(maps.Keys(s.Empty))
		if diff := cmp.Diff(filled, empty); diff != "" || len(filled) == 0 {
			t.Errorf("%s.json: got keys (-filled +empty):\n%s\nwant the same, and some", template, diff)
		}
	}
}

var (
	tags        = regexp.MustCompile(`(?s)<style>.*?</style>|<[^>]*>`)
	englishWord = regexp.MustCompile(`(?i)\b(the|you|your|this|that|please|with|from|is|of)\b`)
)

// said are the sentences of a mail, a line or an element each.
func said(c Content) map[string]bool {
	all := map[string]bool{}
	for line := range strings.SplitSeq(c.Subject+"\n"+c.Text+"\n"+tags.ReplaceAllString(c.HTML, "\n"), "\n") {
		if line = strings.TrimSpace(line); strings.ContainsFunc(line, isLetter) {
			all[line] = true
		}
	}
	return all
}

func isLetter(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' }

// A sentence that two languages have in common was forgotten in one of them. The data is no part of it: each language gets its own.
func TestNoEnglishIsLeft(t *testing.T) {
	t.Parallel()
	r := NewRenderer()
	for _, template := range r.Templates() {
		english := said(renderSample(t, r, template, "en", "Alfa"))
		for _, language := range r.Languages() {
			if language == "en" {
				continue
			}
			for sentence := range said(renderSample(t, r, template, language, "Beta")) {
				if english[sentence] || englishWord.MatchString(sentence) {
					t.Errorf("%s/%s: got %q, want it in the language", language, template, sentence)
				}
			}
		}
	}
}

// renderSample fills a template with data of which every text is the same word; links and instants stay what they are.
func renderSample(t *testing.T, r *Renderer, template, language, word string) Content {
	t.Helper()
	data := ownFiles().samples(template).Filled
	for key, value := range data {
		if text, ok := value.(string); ok {
			data[key] = otherWord(text, word)
		}
	}
	data["language"] = language
	content, err := r.Render(asTemplate(t, template, data))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

var instantForm = regexp.MustCompile(`^\d{4}-\d\d-\d\dT`)

func otherWord(text, word string) string {
	if strings.Contains(text, "://") {
		return "https://" + word + ".example/"
	}
	if instantForm.MatchString(text) {
		return text
	}
	return word
}

// uses are the keys that each part of a mail depends on: changing the value changes the part.
func uses(t *testing.T, r *Renderer, template, language string) map[string][]string {
	t.Helper()
	used := map[string][]string{}
	before := renderSample(t, r, template, language, "Alfa")
	for _, key := range slices.Sorted(maps.Keys(ownFiles().samples(template).Filled)) {
		after := renderChanged(t, r, template, language, key)
		for part, changed := range map[string]bool{"subject": before.Subject != after.Subject, "text": before.Text != after.Text, "HTML": before.HTML != after.HTML} {
			if changed {
				used[part] = append(used[part], key)
			}
		}
	}
	return used
}

// renderChanged is renderSample with another value for one key.
func renderChanged(t *testing.T, r *Renderer, template, language, key string) Content {
	t.Helper()
	data := ownFiles().samples(template).Filled
	for other, value := range data {
		if text, ok := value.(string); ok {
			data[other] = otherWord(text, "Alfa")
		}
	}
	switch value := data[key].(type) {
	case string:
		data[key] = otherWord(value, "Gamma")
		if instantForm.MatchString(value) {
			data[key] = "1999-12-31T23:59:00Z"
		}
	case bool:
		data[key] = !value
	default:
		data[key] = []any{} // a list
	}
	data["language"] = language
	content, err := r.Render(asTemplate(t, template, data))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func asTemplate(t *testing.T, template string, data any) outbox.Message {
	t.Helper()
	m := asMessage(t, data)
	m.Template = template
	return m
}

func TestEveryLanguageTellsTheSame(t *testing.T) {
	t.Parallel()
	r := NewRenderer()
	for _, template := range r.Templates() {
		want := uses(t, r, template, "en")
		for _, language := range r.Languages() {
			if diff := cmp.Diff(want, uses(t, r, template, language)); diff != "" {
				t.Errorf("%s/%s: keys that the parts use (-en +%s):\n%s", language, template, language, diff)
			}
		}
	}
}
