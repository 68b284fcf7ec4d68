package storetest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"avow/internal/assess"
)

func questions(t *testing.T, open Open) {
	cases := map[string]func(*world){
		"imported files are kept whole":                   (*world).questionsKept,
		"a file takes the place of the last of its skill": (*world).questionsAgain,
		"a known stamp brings nothing":                    (*world).questionsKnown,
		"an import is done whole or not at all":           (*world).questionsWhole,
	}
	for name, check := range cases {
		t.Run(name, func(t *testing.T) { t.Parallel(); check(newWorld(t, open)) })
	}
}

func (w *world) importFiles(files ...assess.File) {
	w.Helper()
	w.must(w.ImportQuestions(w.ctx, assess.Change{Put: files}))
}

// wantFiles returns the stamp.
func (w *world) wantFiles(want ...assess.File) int64 {
	w.Helper()
	stamp, got, err := w.ImportedQuestions(w.ctx, noStamp)
	w.must(err)
	if diff := cmp.Diff(want, got); diff != "" {
		w.Errorf("imported files: got +, want -:\n%s", diff)
	}
	return stamp
}

func (w *world) questionsKept() {
	if stamp := w.wantFiles(); stamp != 0 {
		w.Errorf("got stamp %d before the first import, want 0", stamp)
	}
	owls, go2 := assess.File{ID: "owls", Text: "# Öwls & \"co\"\n\n```go\n\t$1 ?\n```\r\n"}, assess.File{ID: "go", Text: strings.Repeat("long ", 100_000)}
	w.importFiles(owls, go2)
	if stamp := w.wantFiles(go2, owls); stamp == 0 {
		w.Error("got stamp 0 after an import, want another")
	}
}

func (w *world) questionsAgain() {
	w.importFiles(assess.File{ID: "a", Text: "A"}, assess.File{ID: "b", Text: "B"}, assess.File{ID: "c", Text: "C"})
	before := w.wantFiles(assess.File{ID: "a", Text: "A"}, assess.File{ID: "b", Text: "B"}, assess.File{ID: "c", Text: "C"})
	w.must(w.ImportQuestions(w.ctx, assess.Change{Put: []assess.File{{ID: "a", Text: "A2"}, {ID: "d", Text: "D"}}, Remove: []string{"b", "nobody"}}))
	if after := w.wantFiles(assess.File{ID: "a", Text: "A2"}, assess.File{ID: "c", Text: "C"}, assess.File{ID: "d", Text: "D"}); after == before {
		w.Errorf("got stamp %d again, want another", after)
	}
}

func (w *world) questionsKnown() {
	w.importFiles(assess.File{ID: "a", Text: "A"})
	stamp := w.wantFiles(assess.File{ID: "a", Text: "A"})
	if got, files, err := w.ImportedQuestions(w.ctx, stamp); err != nil || got != stamp || files != nil {
		w.Errorf("got stamp %d and %d files (%v), want %d and none", got, len(files), err, stamp)
	}
	w.must(w.ImportQuestions(w.ctx, assess.Change{Remove: []string{"a"}}))
	if got, files, err := w.ImportedQuestions(w.ctx, stamp); err != nil || got == stamp || files != nil {
		w.Errorf("got stamp %d and %d files (%v), want another and none", got, len(files), err)
	}
}

// questionsWhole has an import whose last file no database takes.
func (w *world) questionsWhole() {
	w.importFiles(assess.File{ID: "a", Text: "A"})
	before := w.wantFiles(assess.File{ID: "a", Text: "A"})
	var many []assess.File
	for i := range 50 {
		many = append(many, assess.File{ID: fmt.Sprint(i), Text: "many"})
	}
	if err := w.ImportQuestions(w.ctx, assess.Change{Put: append(many, assess.File{Text: "no id"})}); err == nil {
		w.Error("got no error for a file without id, want one")
	}
	if after := w.wantFiles(assess.File{ID: "a", Text: "A"}); after != before {
		w.Error("got another stamp after an import that failed, want the same")
	}
}
