package event

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
)

// stringify is JSON.stringify(JSON.parse(text)) after ECMA-262: an oracle that shares nothing with the encoder. It refuses what would come back differently.
func stringify(t *testing.T, text []byte) string {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var out strings.Builder
	writeValue(t, d, &out)
	if d.More() {
		t.Fatalf("got more than one value in %s", text)
	}
	return out.String()
}

func next(t *testing.T, d *json.Decoder) json.Token {
	t.Helper()
	token, err := d.Token()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func writeValue(t *testing.T, d *json.Decoder, out *strings.Builder) {
	t.Helper()
	switch token := next(t, d).(type) {
	case nil:
		out.WriteString("null")
	case string:
		out.WriteString(quote(token))
	case json.Number:
		n, err := strconv.ParseInt(token.String(), 10, 54) // what a double holds exactly
		if err != nil {
			t.Errorf("got the number %s, want whole numbers", token)
		}
		out.WriteString(strconv.FormatInt(n, 10))
	case bool:
		fmt.Fprint(out, token)
	case json.Delim:
		writeInside(t, d, out, token)
	}
}

// writeInside walks over what an opening bracket begins.
func writeInside(t *testing.T, d *json.Decoder, out *strings.Builder, open json.Delim) {
	t.Helper()
	out.WriteString(open.String())
	for first := true; d.More(); first = false {
		if !first {
			out.WriteByte(',')
		}
		if open == '{' {
			name := next(t, d).(string)
			if _, err := strconv.ParseUint(name, 10, 32); err == nil {
				t.Errorf("got the member %q, want none that JavaScript puts in front", name)
			}
			out.WriteString(quote(name) + ":")
		}
		writeValue(t, d, out)
	}
	out.WriteString(next(t, d).(json.Delim).String())
}

// quote is QuoteJSONString of ECMA-262.
func quote(text string) string {
	short := map[rune]string{'\b': `\b`, '\t': `\t`, '\n': `\n`, '\f': `\f`, '\r': `\r`, '"': `\"`, '\\': `\\`}
	var out strings.Builder
	out.WriteByte('"')
	for _, r := range text {
		switch escape, ok := short[r]; {
		case ok:
			out.WriteString(escape)
		case r < 0x20:
			fmt.Fprintf(&out, `\u%04x`, r)
		default:
			out.WriteRune(r)
		}
	}
	out.WriteByte('"')
	return out.String()
}
