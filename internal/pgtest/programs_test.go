package pgtest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// install makes a program that answers --version as those of PostgreSQL do.
func install(t *testing.T, dir, version string, names ...string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		script := "#!/bin/sh\necho '" + name + " (PostgreSQL) " + version + "'\n"
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

func TestNewestVersionIsTaken(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for _, version := range []string{"9.6", "15", "16"} {
		install(t, filepath.Join(root, version, "bin"), version, "initdb", "postgres")
	}
	install(t, filepath.Join(root, "17", "bin"), "17", "psql")
	got, err := findPrograms(root)
	want := programs{16, filepath.Join(root, "16/bin/initdb"), filepath.Join(root, "16/bin/postgres")}
	if err != nil || got != want {
		t.Errorf("got %v and error %v, want %v", got, err, want)
	}
}

func TestPathIsSearched(t *testing.T) {
	tests := map[string]struct {
		version string
		names   []string
		want    string
	}{
		"new enough":       {"15.14 (Debian 15.14-0+deb12u1)", []string{"initdb", "postgres"}, ""},
		"a beta":           {"18beta1", []string{"initdb", "postgres"}, ""},
		"too old":          {"14.2", []string{"initdb", "postgres"}, "apt-get install --no-install-recommends postgresql"},
		"only the client":  {"15.14", []string{"psql"}, "apt-get install --no-install-recommends postgresql"},
		"no version at it": {"unknown", []string{"initdb", "postgres"}, "version 15 or newer"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			install(t, dir, tt.version, tt.names...)
			t.Setenv("PATH", dir)
			got, err := findPrograms(t.TempDir())
			if tt.want == "" && (err != nil || got.postgres != filepath.Join(dir, "postgres")) {
				t.Errorf("got %v and error %v, want the program in %s", got, err, dir)
			}
			if tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got error %v, want one with %q", err, tt.want)
			}
		})
	}
}
