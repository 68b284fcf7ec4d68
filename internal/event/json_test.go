package event

import (
	"encoding/json"
	"strings"
	"testing"
)

// The right side is what JSON.stringify writes (skills-api.md section 7).
func TestMarshal(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		value any
		want  string
	}{
		"HTML":                       {"<a href='x'>&</a>", `"<a href='x'>&</a>"`},
		"quotes and backslash":       {`"\/`, `"\"\\/"`},
		"control characters":         {"\x00\x01\b\f\n\r\t\x1f", `"\u0000\u0001\b\f\n\r\t\u001f"`},
		"delete and C1":              {"\x7f\u0085", "\"\x7f\u0085\""},
		"beyond ASCII":               {"å日本😀", `"å日本😀"`},
		"line separators":            {"a\u2028b\u2029c", "\"a\u2028b\u2029c\""},
		"bad UTF-8":                  {"a\xffb", "\"a\ufffdb\""},
		"U+FFFD itself":              {"\ufffd", "\"\ufffd\""},
		"its escape as plain text":   {`\ufffd`, `"\\ufffd"`},
		"only a line separator":      {"\u2028", "\"\u2028\""},
		"their neighbours":           {"\u2027\u202a", "\"\u2027\u202a\""},
		"an escape as plain text":    {`\u2028`, `"\\u2028"`},
		"and behind a backslash":     {"\\\u2028", "\"\\\\\u2028\""},
		"both":                       {`\u2029` + "\u2029" + `\\u2028`, `"\\u2029` + "\u2029" + `\\\\u2028"`},
		"a name with a separator":    {map[string]int{"\u2029": 1}, "{\"\u2029\":1}"},
		"in an object":               {struct{ A, B any }{nil, []string{}}, `{"A":null,"B":[]}`},
		"JSON that came in":          {json.RawMessage(`{"a":"\u2028<"}`), "{\"a\":\"\u2028<\"}"},
		"no line break at the end":   {1, `1`},
		"a line break that is meant": {"x\n", `"x\n"`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := Marshal(tt.value)
			if err != nil || string(got) != tt.want {
				t.Errorf("got %q, %v, want %q", got, err, tt.want)
			}
			if !json.Valid(got) {
				t.Errorf("got %q, want valid JSON", got)
			}
		})
	}
}

func FuzzMarshal(f *testing.F) {
	for _, seed := range []string{"", "a\u2028\u2029", `\u2028`, `\\u2029\`, "\u2028\\", "\x00<>&", `"`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		body, err := Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		var got string
		if err := json.Unmarshal(body, &got); err != nil || got != strings.ToValidUTF8(text, "\ufffd") && got != eachByte(text) {
			t.Errorf("%q: got %q from %s (%v), want it back", text, got, body, err)
		}
	})
}

// eachByte replaces every bad byte by itself, as encoding/json does.
func eachByte(text string) string { return string([]rune(text)) }

func TestMarshalRefuses(t *testing.T) {
	t.Parallel()
	if got, err := Marshal(func() {}); err == nil {
		t.Errorf("got %q, want an error", got)
	}
}
