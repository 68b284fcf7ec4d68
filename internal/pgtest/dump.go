package pgtest

import (
	"os/exec"
	"path/filepath"
	"testing"
)

// Dump is the whole database at a URL as pg_dump writes it, by the program that came with the server.
func Dump(t testing.TB, url string) string {
	t.Helper()
	p, err := findPrograms(debianRoot)
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	dump := exec.CommandContext(t.Context(), filepath.Join(filepath.Dir(p.postgres), "pg_dump"), "--dbname="+url)
	text, err := dump.Output()
	if err != nil {
		t.Fatalf("pgtest: pg_dump: %v", err)
	}
	return string(text)
}
