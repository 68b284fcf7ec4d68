package web

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"avow/internal/fault"
)

// shape renders errors as one word of the family and the reason.
func shape(family string) Renderer {
	statuses := map[fault.Reason]int{ErrRouteUnknown.Reason: 404, ErrMethod.Reason: 405, ErrJSON.Reason: 400}
	return func(w http.ResponseWriter, _ *http.Request, err error) {
		f := fault.From(err)
		status, ok := statuses[f.Reason]
		if !ok {
			status = 500
		}
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, "%s says %s: %s", family, f.Reason, f.Message)
	}
}

// says is a handler that answers with a word, its method and the id in its path.
func says(word string) Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		_, err := fmt.Fprintf(w, "%s %s%s", word, r.Method, r.PathValue("id"))
		return err
	}
}

// town is a site of two families and a page.
func town() *Site {
	s := NewSite(shape("site"))
	s.Mount(Family{Prefixes: []string{"/x/", "/also/"}, Render: shape("x"), Origins: []string{"https://a.example"}, Routes: []Route{
		{Method: "GET", Path: "/x/a", Handle: says("read")},
		{Method: "POST", Path: "/x/a", Handle: says("write")},
		{Method: "POST", Path: "/x/only", Handle: says("post")},
		{Method: "GET", Path: "/x/items/{id}", Handle: says("item "), Public: true},
		{Method: "GET", Path: "/x/refused", Handle: func(http.ResponseWriter, *http.Request) error { return ErrJSON }},
		{Method: "GET", Path: "/x/broken", Handle: func(http.ResponseWriter, *http.Request) error { return errors.New("secret of the store") }},
		{Method: "GET", Path: "/x/panic", Handle: func(http.ResponseWriter, *http.Request) error { panic("secret of the program") }},
	}})
	s.Mount(Family{Prefixes: []string{"/y/"}, Render: shape("y"), Routes: []Route{
		{Method: "DELETE", Path: "/y/b", Handle: says("gone")},
		{Method: "GET", Path: "/y/panic", Handle: func(http.ResponseWriter, *http.Request) error { panic("secret") }},
	}})
	s.HandleFunc("GET /page", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "page") })
	s.HandleFunc("GET /page/panic", func(http.ResponseWriter, *http.Request) { panic("secret of the page") })
	return s
}

func ask(h http.Handler, method, target string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "/", nil)
	r.URL, r.RequestURI = parse(target), target
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestRouting(t *testing.T) {
	t.Parallel()
	tests := []struct {
		method, target string
		status         int
		want           string
	}{
		{"GET", "/x/a", 200, "read GET"},
		{"GET", "/x/a/", 200, "read GET"},
		{"POST", "/x/a", 200, "write POST"},
		{"POST", "/x/a/", 200, "write POST"},
		{"POST", "/x/a?q=1", 200, "write POST"},
		{"GET", "/x/items/7", 200, "item  GET7"},
		{"GET", "/x/items/7/", 200, "item  GET7"},
		{"GET", "/x/items/a%2Fb", 200, "item  GETa/b"},
		{"HEAD", "/x/a", 200, "read HEAD"},
		{"GET", "/page", 200, "page"},
		{"GET", "/x/refused", 400, "x says malformed_json"},
		{"GET", "/x/broken", 500, "x says internal"},
		{"GET", "/x/", 404, "x says route_unknown"},
		{"GET", "/x/A", 404, "x says route_unknown"},
		{"POST", "/x/a/b", 404, "x says route_unknown"},
		{"GET", "/x/items", 404, "x says route_unknown"},
		{"GET", "/x/items/", 404, "x says route_unknown"},
		{"GET", "/x/items/7/8", 404, "x says route_unknown"},
		{"GET", "/x/a%2f", 404, "x says route_unknown"},
		{"BREW", "/also/nothing", 404, "x says route_unknown"},
		{"GET", "/y/nothing", 404, "y says route_unknown"},
		{"GET", "/y/b/a", 404, "y says route_unknown"},
		{"GET", "/nowhere", 404, "404 page not found"},
	}
	site := town()
	for _, tt := range tests {
		w := ask(site, tt.method, tt.target)
		if got := w.Body.String(); w.Code != tt.status || !strings.HasPrefix(got, tt.want) {
			t.Errorf("%s %s: got %d %q, want %d %q", tt.method, tt.target, w.Code, got, tt.status, tt.want)
		}
	}
}

// A redirected POST would lose its body with many clients; and no path may look like another to those who stand in front.
func TestUncleanPathsAreUnknown(t *testing.T) {
	t.Parallel()
	site := town()
	for _, target := range []string{
		"/x//a", "/x/a//", "/x/./a", "/x/b/../a", "/x/a/.", "/x/a/..", "/x/../x/a", "/x/../page", "/x/%2e%2e/page", "/x/%2e/a", "/x//nothing",
		"//x/a", "///x/a", "/./x/a", "/page/../x/a", "/page/..//x/a/", "/%2e/x/a", "//x",
	} {
		for _, method := range []string{"GET", "POST", "OPTIONS"} {
			w := ask(site, method, target)
			if got, want := w.Body.String(), "x says route_unknown"; w.Code != 404 || !strings.HasPrefix(got, want) || w.Header().Get("Location") != "" {
				t.Errorf("%s %s: got %d %q to %q, want 404 %q", method, target, w.Code, got, w.Header().Get("Location"), want)
			}
		}
	}
}

func TestMethodNotAllowed(t *testing.T) {
	t.Parallel()
	tests := []struct{ method, target, allow, want string }{
		{"PUT", "/x/a", "GET, HEAD, POST", "x says method_not_allowed"},
		{"PUT", "/x/a/", "GET, HEAD, POST", "x says method_not_allowed"},
		{"GET", "/x/only", "POST", "x says method_not_allowed"},
		{"HEAD", "/x/only", "POST", "x says method_not_allowed"},
		{"OPTIONS", "/x/only", "POST", "x says method_not_allowed"},
		{"get", "/x/a", "GET, HEAD, POST", "x says method_not_allowed"},
		{"BREW", "/x/items/7", "GET, HEAD", "x says method_not_allowed"},
		{"GET", "/y/b", "DELETE", "y says method_not_allowed"},
	}
	site := town()
	for _, tt := range tests {
		w := ask(site, tt.method, tt.target)
		if got := w.Body.String(); w.Code != 405 || !strings.HasPrefix(got, tt.want) {
			t.Errorf("%s %s: got %d %q, want 405 %q", tt.method, tt.target, w.Code, got, tt.want)
		}
		if got := w.Header().Get("Allow"); got != tt.allow {
			t.Errorf("%s %s: got Allow %q, want %q", tt.method, tt.target, got, tt.allow)
		}
	}
}

// Over the wire HEAD is GET without the body.
func TestHead(t *testing.T) {
	t.Parallel()
	s := NewSite(shape("site"))
	s.Mount(Family{Prefixes: []string{"/x/"}, Render: shape("x"), Routes: []Route{
		{Method: "GET", Path: "/x/a", Handle: func(w http.ResponseWriter, _ *http.Request) error { return WriteJSON(w, 200, "four") }},
	}})
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	for method, want := range map[string]string{"GET": `"four"`, "HEAD": ""} {
		r, err := http.NewRequestWithContext(t.Context(), method, server.URL+"/x/a", nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if string(body) != want || answer.StatusCode != 200 || answer.ContentLength != 6 {
			t.Errorf("%s: got %d, length %d, %q, want 200, length 6, %q", method, answer.StatusCode, answer.ContentLength, body, want)
		}
	}
}

func TestAllow(t *testing.T) {
	t.Parallel()
	tests := map[string][]string{"GET, HEAD": {"GET"}, "POST": {"POST"}, "DELETE, GET, HEAD, POST": {"POST", "GET", "DELETE"}, "": nil}
	for want, methods := range tests {
		handlers := map[string]int{}
		for _, m := range methods {
			handlers[m] = 1
		}
		if got := Allow(handlers); got != want {
			t.Errorf("%v: got %q, want %q", methods, got, want)
		}
	}
}
