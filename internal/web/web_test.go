package web

import (
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"avow/internal/fault"
)

func TestWriteJSON(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	if err := WriteJSON(w, 201, map[string]string{"a": "<å>"}); err != nil {
		t.Fatal(err)
	}
	if got, want := w.Body.String(), `{"a":"<å>"}`; got != want || w.Code != 201 {
		t.Errorf("got %d %s, want 201 %s", w.Code, got, want)
	}
	want := map[string][]string{"Content-Type": {"application/json"}, "Content-Length": {"12"}, "Cache-Control": {"no-store"}}
	if diff := cmp.Diff(want, map[string][]string(w.Header())); diff != "" {
		t.Errorf("got +, want -:\n%s", diff)
	}
}

// What cannot be written is told before anything was sent.
func TestWriteJSONRefuses(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	if err := WriteJSON(w, 200, make(chan int)); err == nil || w.Body.Len() != 0 || len(w.Header()) != 0 {
		t.Errorf("got %v with body %q and headers %v, want an error and nothing sent", err, w.Body, w.Header())
	}
}

// Whole seconds, never too early; nothing where nothing is known.
func TestRetryAfter(t *testing.T) {
	t.Parallel()
	for after, want := range map[time.Duration]string{0: "", -time.Second: "", time.Second: "1", time.Millisecond: "1", 1001 * time.Millisecond: "2", 2 * time.Minute: "120"} {
		w := httptest.NewRecorder()
		RetryAfter(w, &fault.Error{After: after})
		if got := w.Header().Get("Retry-After"); got != want {
			t.Errorf("%v: got %q, want %q", after, got, want)
		}
	}
}
