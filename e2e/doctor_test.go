//go:build e2e

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// line is what avow doctor --json prints for a finding.
type line struct{ Level, Check, Found, Remedy string }

func doctored(t *testing.T, out string) map[string][]line {
	t.Helper()
	found := map[string][]line{}
	for text := range strings.Lines(out) {
		l := mustDecode[line](t, text)
		found[l.Check] = append(found[l.Check], l)
	}
	return found
}

// TestDoctor looks at a fresh database with incomplete settings: all that is missing is told, the rest is looked at, no secret is shown, and the exit code is 1.
func TestDoctor(t *testing.T) {
	t.Parallel()
	o := newOperator(t)
	got := o.try(t, "doctor")
	found := doctored(t, got.stdout)
	if got.code != 1 || len(found["settings"]) < 4 || found["database"][0].Level != "ok" || found["schema"][0].Level != "ok" || found["keys"][0].Level != "ok" {
		t.Errorf("got exit code %d and %v, want 1, each missing setting, and the database well", got.code, found)
	}
	key, _ := strings.CutPrefix(o.env[0], "AVOW_SECRET_KEY=")
	if strings.Contains(got.stdout+got.stderr, key) {
		t.Error("got the master key shown, want it hidden")
	}
	o.must(t, "org", "create", "--name", "acme")
	got = o.try(t, "doctor", "--for", "dev")
	if got.code != 0 {
		t.Errorf("for dev: got exit code %d and %s, want 0", got.code, got.stdout)
	}
	got, err := command(o.env, "", "doctor", "--data", o.data)
	if err != nil || !regexp.MustCompile(`(?m)^fail  settings {4}AVOW_PUBLIC_URL  → required`).MatchString(got.stdout) {
		t.Errorf("for people: got %q (%v), want a line with level, check, what and remedy", got.stdout, err)
	}
}

// TestOperationsCommands runs what docs/operations.md shows between its marks that needs no PostgreSQL: an embedded database is copied while it is used, and served.
func TestOperationsCommands(t *testing.T) {
	t.Parallel()
	o := newOperator(t)
	org := mustMake[madeOrg](t, o, "org", "create", "--name", "acme")
	mustMake[madeKey](t, o, "key", "create", "--org", "acme", "--name", "k", "--mode", "live")
	text, err := os.ReadFile("../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	backup := t.TempDir()
	ran := 0
	for _, block := range regexp.MustCompile("(?s)<!-- run -->\n```sh\n(.*?)```\n<!-- /run -->").FindAllStringSubmatch(string(text), -1) {
		if strings.Contains(block[1], "pg_dump") {
			continue // TestBackupOfPostgreSQL
		}
		ran++
		shell := exec.Command("sh", "-euc", block[1])
		shell.Env = append(environment(o.env...), "AVOW_DATA_DIR="+o.data, "BACKUP="+backup, "ORG="+org.Org, "PATH="+filepath.Dir(binary)+":"+os.Getenv("PATH"))
		if out, err := shell.CombinedOutput(); err != nil {
			t.Errorf("%s: got %v and %s, want it carried out", block[1], err, out)
		}
	}
	if ran < 2 {
		t.Fatalf("got %d blocks of commands, want 2", ran)
	}
	copied := o
	copied.data = backup
	if listed := copied.must(t, "key", "list", "--org", "acme"); !strings.Contains(listed, `"name":"k"`) {
		t.Errorf("got keys %s in the copy, want the one that was made", listed)
	}
}
