package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"avow/internal/fault"
)

// mib is the largest body that is read (accounts-api.md 13.3).
const mib = 1 << 20

// members are an object's names and values in order.
func members(o Object) []string {
	all := []string{}
	for _, name := range o.Names() {
		all = append(all, name, string(o.Get(name)))
	}
	return all
}

func TestParseObject(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		body string
		want []string // names and values
	}{
		"empty":                    {`{}`, []string{}},
		"blank":                    {" {\t\r\n} ", []string{}},
		"one":                      {`{"a":1}`, []string{"a", "1"}},
		"order is kept":            {`{"b":1,"a":2,"c":3}`, []string{"b", "1", "a", "2", "c", "3"}},
		"blanks everywhere":        {" { \"a\" : [ 1 , 2 ] , \"b\" : { \"c\" : true } } \n", []string{"a", "[ 1 , 2 ]", "b", `{ "c" : true }`}},
		"values of all kinds":      {`{"a":"x","b":-1.5e+3,"c":true,"d":false,"e":[],"f":{}}`, []string{"a", `"x"`, "b", "-1.5e+3", "c", "true", "d", "false", "e", "[]", "f", "{}"}},
		"null counts as absent":    {`{"a":null}`, []string{"a", ""}},
		"names are case-exact":     {`{"name":1,"Name":2,"NAME":3}`, []string{"name", "1", "Name", "2", "NAME", "3"}},
		"escapes in a name":        {`{"\u0061\"b\\":1}`, []string{`a"b\`, "1"}},
		"escapes in a value stay":  {`{"a":"\u0061\/"}`, []string{"a", `"\u0061\/"`}},
		"brackets in strings":      {`{"a}":"{\"[","b":"]}"}`, []string{"a}", `"{\"["`, "b", `"]}"`}},
		"backslash before the end": {`{"a":"\\","b":"\\\""}`, []string{"a", `"\\"`, "b", `"\\\""`}},
		"empty name":               {`{"":1}`, []string{"", "1"}},
		"same name, other objects": {`{"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}]}`, []string{"a", `{"a":{"a":1}}`, "b", `[{"a":1},{"a":2}]`}},
		"same words in a list":     {`{"a":["a","a"]}`, []string{"a", `["a","a"]`}},
		"beyond ASCII":             {`{"å":"日本 😀"}`, []string{"å", `"日本 😀"`}},
		"composed and decomposed":  {"{\"\u00e5\":1,\"a\u030a\":2}", []string{"\u00e5", "1", "a\u030a", "2"}},
		"number before the brace":  {`{"a":0}`, []string{"a", "0"}},
		"number before a blank":    {"{\"a\":0 ,\"b\":1\n}", []string{"a", "0", "b", "1"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, err := ParseObject([]byte(tt.body))
			if err != nil {
				t.Fatalf("got %v, want no error", err)
			}
			if diff := cmp.Diff(tt.want, members(o)); diff != "" {
				t.Errorf("got +, want -:\n%s", diff)
			}
		})
	}
}

// accounts-api.md 13.3: malformed, not an object, duplicate member, bad UTF-8, anything after the object.
func TestParseObjectRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"nothing":                    ``,
		"blanks":                     " \n",
		"half an object":             `{"a":1`,
		"no value":                   `{"a"}`,
		"no colon":                   `{"a" 1}`,
		"trailing comma":             `{"a":1,}`,
		"bare name":                  `{a:1}`,
		"single quotes":              `{'a':1}`,
		"comment":                    `{"a":1/* one */}`,
		"leading zero":               `{"a":01}`,
		"NaN":                        `{"a":NaN}`,
		"line break in a string":     "{\"a\":\"\n\"}",
		"unknown escape":             `{"a":"\x"}`,
		"array":                      `[{"a":1}]`,
		"string":                     `"{}"`,
		"number":                     `1`,
		"null":                       `null`,
		"two objects":                `{}{}`,
		"an object, then a word":     `{} x`,
		"an object, then a zero":     "{}\x00",
		"an object, then a brace":    `{}}`,
		"byte order mark":            "\ufeff{}",
		"UTF-16":                     "{\x00}\x00",
		"bad UTF-8 in a value":       "{\"a\":\"\xff\"}",
		"bad UTF-8 in a name":        "{\"\xc3(\":1}",
		"half a character":           "{\"a\":\"\xe2\x82\"}",
		"surrogates as bytes":        "{\"a\":\"\xed\xa0\x80\"}",
		"overlong slash":             "{\"a\":\"\xc0\xaf\"}",
		"member twice":               `{"a":1,"a":1}`,
		"member twice, apart":        `{"a":1,"b":2,"c":3,"a":4}`,
		"member twice, null first":   `{"a":null,"a":1}`,
		"member twice, escaped":      `{"a":1,"\u0061":2}`,
		"member twice, in an object": `{"x":{"a":1,"a":2}}`,
		"member twice, in a list":    `{"x":[1,{"b":{"a":1,"a":2}},{}]}`,
		"member twice, then more":    `{"x":{"a":1,"a":2},"y":{}}`,
		"empty name twice":           `{"":1,"":2}`,
	}
	for name, body := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if o, err := ParseObject([]byte(body)); !errors.Is(err, ErrJSON) || len(o.Names()) != 0 {
				t.Errorf("got %v, %v, want no object and %v", members(o), err, ErrJSON)
			}
		})
	}
}

func TestNesting(t *testing.T) {
	t.Parallel()
	nested := func(depth int, open, end string) []byte {
		return []byte(`{"a":` + strings.Repeat(open, depth) + "1" + strings.Repeat(end, depth) + `}`)
	}
	for _, depth := range []int{100, 9_999} {
		for _, body := range [][]byte{nested(depth, "[", "]"), nested(depth, `{"a":`, "}")} {
			if _, err := ParseObject(body); err != nil {
				t.Errorf("depth %d: got %v, want no error", depth, err)
			}
		}
	}
	for _, body := range [][]byte{nested(100_000, "[", "]"), nested(100_000, `{"a":`, "}"), []byte(`{"a":` + strings.Repeat("[", mib-5))} {
		if _, err := ParseObject(body); !errors.Is(err, ErrJSON) {
			t.Errorf("%d bytes: got %v, want %v", len(body), err, ErrJSON)
		}
	}
	if _, err := ParseObject(nested(1000, `{"a":[{"b":1,"c":`, "}]}")); err != nil {
		t.Errorf("got %v, want no error", err)
	}
	if _, err := ParseObject([]byte(`{"a":` + strings.Repeat(`{"a":`, 1000) + `{"b":1,"b":1}` + strings.Repeat("}", 1001))); !errors.Is(err, ErrJSON) {
		t.Errorf("got %v for a member twice far down, want %v", err, ErrJSON)
	}
}

// The body is read before anyone knows who asks, so its worst case must be cheap: the largest body with the most members.
func TestManyMembers(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	b.WriteString("{")
	for i := 0; b.Len() < mib-12; i++ {
		fmt.Fprintf(&b, `"%x":1,`, i)
	}
	b.WriteString(`"":1}`)
	began := time.Now()
	o, err := ParseObject(b.Bytes())
	if err != nil || len(o.Names()) < 90_000 {
		t.Fatalf("got %d members, %v, want over 90000, no error", len(o.Names()), err)
	}
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("got %v for %d members, want at most 3s", took, len(o.Names()))
	}
}

func TestObjectString(t *testing.T) {
	t.Parallel()
	o, err := ParseObject([]byte(`{"text":"a\u0062\n","empty":"","null":null,"number":1,"true":true,"list":["a"],"object":{"a":"b"},"Case":"x"}`))
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		text        string
		present, ok bool
	}{
		"text": {"ab\n", true, true}, "empty": {"", true, true}, "null": {"", false, true}, "absent": {"", false, true}, "case": {"", false, true},
		"number": {"", true, false}, "true": {"", true, false}, "list": {"", true, false}, "object": {"", true, false},
	}
	for name, want := range tests {
		if text, present, ok := o.String(name); text != want.text || present != want.present || ok != want.ok {
			t.Errorf("%s: got %q, %t, %t, want %q, %t, %t", name, text, present, ok, want.text, want.present, want.ok)
		}
	}
	if text, present, ok := (Object{}).String("text"); text != "" || present || !ok {
		t.Errorf("got %q, %t, %t of an empty object, want absent", text, present, ok)
	}
}

func TestParseArray(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		raw  string
		want []string
		ok   bool
	}{
		"empty":   {`[]`, []string{}, true},
		"some":    {` [ 1 , "a" , {"b":[]} , null ] `, []string{"1", `"a"`, `{"b":[]}`, "null"}, true},
		"object":  {`{"a":[]}`, nil, false},
		"string":  {`"[]"`, nil, false},
		"null":    {`null`, nil, false},
		"nothing": {``, nil, false},
	}
	for name, tt := range tests {
		elements, ok := ParseArray(json.RawMessage(tt.raw))
		var got []string
		for _, e := range elements {
			got = append(got, string(e))
		}
		if ok != tt.ok || !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %q, %t, want %q, %t", name, got, ok, tt.want, tt.ok)
		}
	}
}

func TestParseStrings(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		raw  string
		want []string
		ok   bool
	}{
		"empty":          {`[]`, []string{}, true},
		"some":           {` [ "a" , "", "\u00e5" ,"a"] `, []string{"a", "", "å", "a"}, true},
		"a number in it": {`["a",1]`, nil, false},
		"null in it":     {`["a",null]`, nil, false},
		"a list in it":   {`[["a"]]`, nil, false},
		"an object":      {`{"0":"a"}`, nil, false},
		"a string":       {`"a"`, nil, false},
		"null":           {`null`, nil, false},
		"nothing":        {``, nil, false},
	}
	for name, tt := range tests {
		got, ok := ParseStrings(json.RawMessage(tt.raw))
		if diff := cmp.Diff(tt.want, got); diff != "" || ok != tt.ok {
			t.Errorf("%s: got %t, want %t, and got +, want -:\n%s", name, ok, tt.ok, diff)
		}
	}
}

// accounts-api.md 13.1: content type, then size, then JSON; each row has every later fault too.
func TestReadObject(t *testing.T) {
	t.Parallel()
	large := strings.Repeat("a", mib+1)
	full := `{"a":"` + strings.Repeat("a", mib-8) + `"}`
	tests := map[string]struct {
		contentType, body string
		want              error
	}{
		"content type before size":        {"text/plain", large, ErrContentType},
		"no content type":                 {"", `{}`, ErrContentType},
		"form":                            {"application/x-www-form-urlencoded", `{}`, ErrContentType},
		"another JSON":                    {"application/problem+json", `{}`, ErrContentType},
		"a longer name":                   {"application/jsonp", `{}`, ErrContentType},
		"two types":                       {"text/plain, application/json", `{}`, ErrContentType},
		"garbage":                         {";;;", `{}`, ErrContentType},
		"content type before no body":     {"text/plain", ``, ErrContentType},
		"size before syntax":              {"application/json", large, ErrTooLarge},
		"one byte too many":               {"application/json", full + " ", ErrTooLarge},
		"largest":                         {"application/json", full, nil},
		"syntax":                          {"application/json", `{"a"`, ErrJSON},
		"good":                            {"application/json", `{"a":1}`, nil},
		"with a charset":                  {"application/json; charset=utf-8", `{}`, nil},
		"with a charset, no blank":        {"application/json;charset=UTF-8", `{}`, nil},
		"with a semicolon":                {"application/json;", `{}`, nil},
		"with a parameter that is broken": {"application/json; charset", `{}`, nil},
		"in capitals":                     {"Application/JSON", `{}`, nil},
		"with blanks":                     {"  application/json  ", `{}`, nil},
		"no bytes":                        {"application/json", ``, nil},
		"a blank":                         {"application/json", ` `, ErrJSON},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest("POST", "/", strings.NewReader(tt.body))
			r.Header.Set("Content-Type", tt.contentType)
			if _, err := ReadObject(r, true); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func TestReadObjectOfNoBytes(t *testing.T) {
	t.Parallel()
	for emptyIsObject, want := range map[bool]error{true: nil, false: ErrJSON} {
		r := httptest.NewRequest("POST", "/", strings.NewReader(""))
		r.Header.Set("Content-Type", "application/json")
		if o, err := ReadObject(r, emptyIsObject); !errors.Is(err, want) || len(o.Names()) != 0 {
			t.Errorf("empty is object %t: got %v, %v, want %v", emptyIsObject, members(o), err, want)
		}
	}
}

// A body that breaks off is refused as what it is, with the cause for the log.
func TestReadBodyThatBreaksOff(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest("POST", "/", io.MultiReader(strings.NewReader(`{"a"`), iotest.ErrReader(io.ErrUnexpectedEOF)))
	_, err := ReadBody(r)
	if !errors.Is(err, ErrJSON) || !errors.Is(err, io.ErrUnexpectedEOF) || fault.From(err).Kind != fault.Invalid {
		t.Errorf("got %v, want %v because of %v", err, ErrJSON, io.ErrUnexpectedEOF)
	}
}

// endless is a body that never ends; it counts what was read of it.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) {
	e.read += len(p)
	return len(p), nil
}

// A sender who is in the middle of a large body hears the answer; one who never ends is not listened to for ever.
func TestTooLargeIsDrained(t *testing.T) {
	t.Parallel()
	body := strings.NewReader(strings.Repeat("a", 4*mib))
	if _, err := ReadBody(httptest.NewRequest("POST", "/", body)); !errors.Is(err, ErrTooLarge) || body.Len() != 0 {
		t.Errorf("got %v with %d bytes left, want %v with none", err, body.Len(), ErrTooLarge)
	}
	var all endless
	if _, err := ReadBody(httptest.NewRequest("POST", "/", &all)); !errors.Is(err, ErrTooLarge) || all.read > 32*mib {
		t.Errorf("got %v after %d bytes, want %v after at most 32 MiB", err, all.read, ErrTooLarge)
	}
}
