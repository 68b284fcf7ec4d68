package web

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

// twice reports whether some object of a valid text has two members of one name, by the standard library's tokens alone.
func twice(t *testing.T, body []byte) bool {
	t.Helper()
	type level struct {
		object, value bool // value: the next token of an object is a value
		names         map[string]bool
	}
	d := json.NewDecoder(bytes.NewReader(body))
	levels, found := []level{{}}, false
	for {
		token, err := d.Token()
		if err != nil {
			return found
		}
		top := &levels[len(levels)-1]
		if name, ok := token.(string); ok && top.object && !top.value {
			found = found || top.names[name]
			top.names[name], top.value = true, true
			continue
		}
		switch token {
		case json.Delim('}'), json.Delim(']'):
			levels = levels[:len(levels)-1]
			continue
		}
		top.value = false
		switch token {
		case json.Delim('{'):
			levels = append(levels, level{object: true, names: map[string]bool{}})
		case json.Delim('['):
			levels = append(levels, level{})
		}
	}
}

// ParseObject takes exactly what encoding/json takes as one object, less bad UTF-8 and members given twice, and says the same of it.
func FuzzParseObject(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"a":1}`, ` {"a" : [1,{"b":null}] , "c":"\u0061\\"} `, `{"a":1,"\u0061":2}`, `{"x":[{"a":1,"a":2}]}`, `[]`, `null`, `{"a":1}{}`, "{\"a\":\"\xff\"}", `{"a":"\ud800"}`,
		strings.Repeat(`{"a":`, 50) + "1" + strings.Repeat("}", 50), `{"a":-0.0e-1,"b":true,"c":false}`, `{"":"","b":""}`, "{\"\u2028\":\"\u2029\"}", `{"a":"{\"b\":1}"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		o, err := ParseObject(body)
		var std map[string]json.RawMessage
		stdErr := json.Unmarshal(body, &std)
		valid := stdErr == nil && std != nil && utf8.Valid(body)
		if want := valid && !twice(t, body); (err == nil) != want {
			t.Fatalf("%q: got %v, want taken %t", body, err, want)
		}
		if err != nil {
			return
		}
		if len(o.Names()) != len(std) {
			t.Fatalf("%q: got members %q, want %d", body, o.Names(), len(std))
		}
		for i, name := range o.names {
			if want, ok := std[name]; !ok || !bytes.Equal(o.values[i], want) {
				t.Fatalf("%q: got %q = %q, want %q", body, name, o.values[i], want)
			}
		}
	})
}
