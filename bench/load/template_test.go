package main

import "testing"

func TestTemplate(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"":              "",
		"plain":         "plain",
		"{n}":           "7",
		"a{l}b{n}c{l}":  "axb7cx",
		"{n}{l}{other}": "7x{other}",
	}
	for text, want := range tests {
		if got := string(parse(text).appendTo(nil, 7, "x")); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestMessage(t *testing.T) {
	t.Parallel()
	m := newMessage(options{method: "POST", addr: "h:1", path: "/p?{n}", header: "X: {l}", body: `{"n":{n}}`})
	want := "POST /p?12 HTTP/1.1\r\nHost: h:1\r\nContent-Type: application/json\r\nAccept: application/json\r\nX: line\r\nContent-Length: 8\r\n\r\n" + `{"n":12}`
	for range 2 {
		if got := string(m.bytes(12, "line")); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
