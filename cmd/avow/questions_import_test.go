package main

import (
	"bytes"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// onDatabase returns what runs command lines on a new database.
func onDatabase(t *testing.T) func(args ...string) (code int, out, errs string) {
	t.Helper()
	vars := []string{"AVOW_DATA_DIR=" + t.TempDir(), "AVOW_SECRET_KEY=" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32))}
	return func(args ...string) (int, string, string) {
		t.Helper()
		var stdout, stderr bytes.Buffer
		code := run(t.Context(), args, environment{vars: vars, in: strings.NewReader(""), out: &stdout, err: &stderr})
		return code, stdout.String(), stderr.String()
	}
}

func TestQuestionsImport(t *testing.T) {
	t.Parallel()
	avow, file := onDatabase(t), write(t, owls)
	expect := func(wantCode int, wantOut string, args ...string) {
		t.Helper()
		if code, out, errs := avow(args...); code != wantCode || out != wantOut {
			t.Errorf("%v: got %d, %q, %q, want %d and %q", args, code, out, errs, wantCode, wantOut)
		}
	}
	if code, _, errs := avow("migrate", "up"); code != exitOK {
		t.Fatal(errs)
	}
	expect(exitOK, `{"skills":1,"questions":1,"added":1,"changed":0,"unchanged":0}`+"\n", "--json", "questions", "import", file)
	expect(exitOK, `{"skills":1,"questions":1,"added":0,"changed":0,"unchanged":1}`+"\n", "--json", "questions", "import", filepath.Dir(file))
	if _, out, _ := avow("--json", "questions", "list"); !strings.HasPrefix(out, `{"skill":"owls","name":"Owls","questions":1,"source":"imported"}`+"\n") || !strings.Contains(out, `{"skill":"sql","name":"SQL","questions":34,"source":"built-in"}`) {
		t.Errorf("list: got %s, want imported and built-in skills", out)
	}
	if _, out, _ := avow("--json", "questions", "stats"); !strings.Contains(out, `"skill":"owls"`) || !strings.Contains(out, `"source":"imported"`) || !strings.Contains(out, `"skill":"sql"`) {
		t.Errorf("stats: got %s, want imported and built-in skills", out)
	}
	if _, out, _ := avow("questions", "list"); !strings.Contains(out, "owls           1   imported  Owls\n") {
		t.Errorf("list: got %s, want a table with owls", out)
	}
	expect(exitOK, "owls is removed\n", "questions", "remove", "owls")
	expect(exitFailure, "", "questions", "remove", "owls")
	if _, out, _ := avow("questions", "list"); strings.Contains(out, "owls") {
		t.Errorf("removed: got %s, want no owls", out)
	}
}

// One bad file among good ones: it is told as lint tells it, and none is imported.
func TestQuestionsImportRefuses(t *testing.T) {
	t.Parallel()
	avow, file := onDatabase(t), write(t, owls)
	bad := filepath.Join(filepath.Dir(file), "bad.md")
	if err := os.WriteFile(bad, []byte(strings.Replace(owls, "- [ ] Seeds", "- [ ] All of the above", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := avow("migrate", "up"); code != exitOK {
		t.Fatal(errs)
	}
	code, out, errs := avow("questions", "import", filepath.Dir(file))
	if code != exitFailure || !strings.Contains(out, bad+":4: option 3 points at other options") || !strings.Contains(errs, "the questions have findings") {
		t.Errorf("got %d, %q, %q, want the finding", code, out, errs)
	}
	if _, out, _ := avow("--json", "questions", "list"); strings.Contains(out, "imported") {
		t.Errorf("got %s, want nothing imported", out)
	}
	if code, _, errs := avow("questions", "import", t.TempDir()); code != exitFailure || !strings.Contains(errs, "no files of questions") {
		t.Errorf("an empty folder: got %d and %q, want a word", code, errs)
	}
}
