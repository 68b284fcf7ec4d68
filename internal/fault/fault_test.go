package fault

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var errTeapot = New(Conflict, "teapot", "The pot is short and stout.")

func TestUnclassifiedIsInternal(t *testing.T) {
	t.Parallel()
	var zero Kind
	if zero != Internal {
		t.Errorf("got zero kind %d, want Internal (%d)", zero, Internal)
	}
}

func TestNew(t *testing.T) {
	t.Parallel()
	want := &Error{Kind: Conflict, Reason: "teapot", Message: "The pot is short and stout."}
	if diff := cmp.Diff(want, New(Conflict, "teapot", "The pot is short and stout.")); diff != "" {
		t.Errorf("got +, want -:\n%s", diff)
	}
}

func TestErrorText(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		err  *Error
		want string
	}{
		"reason":                 {errTeapot, "teapot"},
		"reason and field":       {errTeapot.On("spout"), "teapot (spout)"},
		"reason and cause":       {errTeapot.Because(io.EOF), "teapot: EOF"},
		"reason, field, cause":   {errTeapot.On("spout").Because(io.EOF), "teapot (spout): EOF"},
		"the sentence stays out": {errTeapot.Saying("secret"), "teapot"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := tt.err.Error(); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// Each way to add something changes one thing, and a copy: the refusals are package variables that all requests share.
func TestCopies(t *testing.T) {
	t.Parallel()
	plain := Error{Kind: Conflict, Reason: "teapot", Message: "The pot is short and stout."}
	tests := map[string]struct {
		got  func(*Error) *Error
		want func(*Error)
	}{
		"On":      {func(e *Error) *Error { return e.On("spout") }, func(e *Error) { e.Field = "spout" }},
		"Saying":  {func(e *Error) *Error { return e.Saying("No tea.") }, func(e *Error) { e.Message = "No tea." }},
		"With":    {func(e *Error) *Error { return e.With(7) }, func(e *Error) { e.Detail = 7 }},
		"Because": {func(e *Error) *Error { return e.Because(io.EOF) }, func(e *Error) { e.Cause = io.EOF }},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			original, want := plain, plain
			tt.want(&want)
			if got := *tt.got(&original); got != want {
				t.Errorf("got %#v, want %#v", got, want)
			}
			if original != plain {
				t.Errorf("got original %#v, want %#v", original, plain)
			}
		})
	}
}

func TestIs(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		err, target error
		want        bool
	}{
		"itself":                       {errTeapot, errTeapot, true},
		"with everything added":        {errTeapot.On("spout").Saying("x").With(1).Because(io.EOF), errTeapot, true},
		"wrapped":                      {fmt.Errorf("brewing: %w", errTeapot.On("spout")), errTeapot, true},
		"against one with more":        {errTeapot, errTeapot.On("spout"), true},
		"its cause":                    {errTeapot.Because(io.EOF), io.EOF, true},
		"another reason":               {errTeapot, New(Conflict, "kettle", errTeapot.Message), false},
		"another cause":                {errTeapot.Because(io.EOF), io.ErrUnexpectedEOF, false},
		"a foreign error of the words": {errTeapot, errors.New("teapot"), false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := errors.Is(tt.err, tt.target); got != tt.want {
				t.Errorf("got %t, want %t", got, tt.want)
			}
		})
	}
}

func TestFromFindsTheFault(t *testing.T) {
	t.Parallel()
	given := errTeapot.On("spout")
	given.After = time.Second
	for name, err := range map[string]error{"bare": given, "wrapped": fmt.Errorf("brewing: %w", given), "joined": errors.Join(io.EOF, given)} {
		if got := From(err); got != given {
			t.Errorf("%s: got %#v, want %#v", name, got, given)
		}
	}
}

func TestFromHidesWhatNobodyClassified(t *testing.T) {
	t.Parallel()
	cause := errors.New("dial 10.0.0.7: password=hunter2")
	got := From(fmt.Errorf("store: %w", cause))
	if got.Kind != Internal {
		t.Errorf("got kind %d, want Internal (%d)", got.Kind, Internal)
	}
	if !errors.Is(got, cause) {
		t.Errorf("got %v without its cause, want %v in it", got, cause)
	}
	if got.Message == "" || strings.Contains(got.Message, "10.0.0.7") {
		t.Errorf("got public sentence %q, want one that tells nothing of the cause", got.Message)
	}
}
