package pages

import (
	"html/template"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"avow/internal/assess"
)

func TestPieces(t *testing.T) {
	t.Parallel()
	text := func(s string) piece { return piece{Text: s} }
	code := func(s string) piece { return piece{Text: s, Code: true} }
	for given, want := range map[string][]piece{
		"":                       nil,
		"plain & <b>bold</b>":    {text("plain & <b>bold</b>")},
		"`go vet`":               {code("go vet")},
		"What does `x` do?":      {text("What does "), code("x"), text(" do?")},
		"`a`, `b`":               {code("a"), text(", "), code("b")},
		"`a``b`":                 {code("a``b")},
		"a ` b":                  {text("a ` b")},
		"one `` two ` three":     {text("one `` two ` three")},
		"``a ` b`` and `c`":      {code("a ` b"), text(" and "), code("c")},
		"`` ` ``":                {code("`")},
		"` `":                    {code(" ")},
		"`` a ` then `b`":        {text("`` a "), code("then"), text("b`")},
		"` unclosed, then ``a``": {text("` unclosed, then "), code("a")},
	} {
		if d := cmp.Diff(want, piecesOf(given)); d != "" {
			t.Errorf("%q (-want +got):\n%s", given, d)
		}
	}
}

func TestProse(t *testing.T) {
	t.Parallel()
	paragraph := func(s string) block { return block{Pieces: []piece{{Text: s}}} }
	for given, want := range map[string]prose{
		"":                                       nil,
		"one\n\ntwo":                             {paragraph("one"), paragraph("two")},
		"one\nline\n\n\n\ntwo\n":                 {paragraph("one\nline"), paragraph("two")},
		"What?\n\n```go\na := 1\n\n  b `c`\n```": {paragraph("What?"), {Code: "a := 1\n\n  b `c`"}},
		"What?\n```\n# no *Markdown*\n```\nAnd?": {paragraph("What?"), {Code: "# no *Markdown*"}, paragraph("And?")},
		"What?\r\n\r\n```\r\nx\r\n```":           {paragraph("What?"), {Code: "x"}},
		"```\nnot closed":                        {{Code: "not closed"}},
		"```":                                    {{}},
	} {
		if d := cmp.Diff(want, proseOf(given)); d != "" {
			t.Errorf("%q (-want +got):\n%s", given, d)
		}
	}
}

// Nothing that stands in a question is lost, and nothing but the delimiters of code.
func TestProseKeepsEveryLetter(t *testing.T) {
	t.Parallel()
	letters := func(s string) string { return strings.NewReplacer("`", "", " ", "", "\n", "").Replace(s) }
	rapid.Check(t, func(r *rapid.T) {
		given := rapid.StringOf(rapid.SampledFrom([]rune("ab `\n"))).Draw(r, "text")
		var got strings.Builder
		for _, p := range piecesOf(given) {
			got.WriteString(p.Text)
		}
		if letters(got.String()) != letters(given) {
			r.Fatalf("got %q, want the letters of %q", got.String(), given)
		}
		proseOf(given)
	})
}

// The bank is shown without a back-tick that was meant for code.
func TestBankIsShownWhole(t *testing.T) {
	t.Parallel()
	for _, s := range assess.Builtin().Skills {
		for _, q := range s.Questions {
			var all []piece
			for _, b := range proseOf(q.Text) {
				all = append(all, b.Pieces...)
			}
			for _, o := range q.Options {
				all = append(all, piecesOf(o)...)
			}
			for _, p := range all {
				if !p.Code && strings.Contains(p.Text, "`") {
					t.Errorf("%s:%d: got the text %q, want no back-tick in it", s.File, q.Line, p.Text)
				}
			}
		}
	}
}

func TestMarkupIsEscaped(t *testing.T) {
	t.Parallel()
	hostile := "<script>alert(1)</script> `<img src=x onerror=alert(1)>` {{.}}\n\n```html\n</pre><script>alert(2)</script>\n```\n\n[x](javascript:alert(3)) **b**"
	var b strings.Builder
	if err := New(Options{}).templates["questions"].ExecuteTemplate(&b, "prose", proseOf(hostile)); err != nil {
		t.Fatal(err)
	}
	want := "<p>" + template.HTMLEscapeString("<script>alert(1)</script> ") + "<code>" + template.HTMLEscapeString("<img src=x onerror=alert(1)>") + "</code> {{.}}</p>\n<pre tabindex=\"0\"><code>" +
		template.HTMLEscapeString("</pre><script>alert(2)</script>") + "</code></pre>\n<p>[x](javascript:alert(3)) **b**</p>\n"
	if d := cmp.Diff(want, b.String()); d != "" {
		t.Errorf("got (+), want (-):\n%s", d)
	}
}
