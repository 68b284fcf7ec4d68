package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// avow runs one command line.
func avow(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = run(t.Context(), args, environment{in: strings.NewReader(""), out: &stdout, err: &stderr})
	return code, stdout.String(), stderr.String()
}

func write(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "owls.md")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

const owls = `# Owls
id: owls

## food, easy
What do barn owls mostly eat?

- [x] Small mammals
- [ ] Fish and frogs
- [ ] Seeds
- [ ] Fruit

> Their pellets hold the bones of voles and mice.
`

func TestQuestionsLintOfTheBank(t *testing.T) {
	t.Parallel()
	code, out, errs := avow(t, "questions", "lint")
	if code != exitOK || !strings.HasSuffix(out, "questions, no findings\n") || errs != "" {
		t.Errorf("got %d, %q, %q, want no findings", code, out, errs)
	}
	if code, out, _ := avow(t, "--json", "questions", "lint"); code != exitOK || out != "" {
		t.Errorf("JSON: got %d and %q, want silence", code, out)
	}
}

func TestQuestionsLintOfFiles(t *testing.T) {
	t.Parallel()
	if code, out, _ := avow(t, "questions", "lint", write(t, owls)); code != exitOK || out != "1 skills, 1 questions, no findings\n" {
		t.Errorf("got %d and %q, want no findings", code, out)
	}
	bad := write(t, strings.Replace(owls, "[x]", "[ ]", 1)+"level: 3\n")
	code, out, errs := avow(t, "questions", "lint", bad)
	for _, want := range []string{bad + `:13: unknown line "level: 3"`, bad + ":4: the question has 4 options, 0 of them", bad + ":1: the file has no question"} {
		if !strings.Contains(out, want) {
			t.Errorf("got %q, want %q in it", out, want)
		}
	}
	if code != exitFailure || errs != "avow: the questions have findings: 3\n" {
		t.Errorf("got %d and %q, want 1 and the number of findings", code, errs)
	}
	code, out, _ = avow(t, "--json", "questions", "lint", bad)
	if want := `{"file":"` + bad + `","line":13,"finding":"unknown line`; code != exitFailure || !strings.HasPrefix(out, want) {
		t.Errorf("got %d and %q, want 1 and %q", code, out, want)
	}
	if code, _, errs := avow(t, "questions", "lint", bad+".gone"); code != exitFailure || !strings.Contains(errs, "owls.md.gone") {
		t.Errorf("a missing file: got %d and %q, want 1 and its name", code, errs)
	}
}

func TestQuestionsStats(t *testing.T) {
	t.Parallel()
	file := write(t, owls)
	code, out, _ := avow(t, "--json", "questions", "stats", file)
	want := `{"skill":"owls","name":"Owls","questions":1,"easy":1,"medium":0,"hard":0,"topics":{"food":1},"key_places":[1,0,0,0],"key_longest":0,"guess_probability":0.25}` + "\n"
	if code != exitOK || out != want {
		t.Errorf("got %d and %s, want %s", code, out, want)
	}
	code, out, _ = avow(t, "questions", "stats", "--questions", "20", "--pass-mark", "75")
	if code != exitOK || !strings.Contains(out, "python ") || !strings.Contains(out, "0.0004 %") {
		t.Errorf("got %d and %s, want every skill with its guess probability of 0.0004 %%", code, out)
	}
	if code, _, _ := avow(t, "questions", "stats", "--pass-mark", "0"); code != exitUsage {
		t.Errorf("pass mark 0: got %d, want %d", code, exitUsage)
	}
}
