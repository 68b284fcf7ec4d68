package limit

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestDocsShowTheTable compares the table of docs/limits.md with the policies.
func TestDocsShowTheTable(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "limits.md"))
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- policies -->\n", "<!-- /policies -->"
	_, rest, _ := strings.Cut(string(text), begin)
	got, _, found := strings.Cut(rest, end)
	if want := table(); !found || got != want {
		t.Errorf("got between %q and %q\n%s\nwant\n%s", begin, end, got, want)
	}
}

func table() string {
	var b strings.Builder
	b.WriteString("| Policy | For each | Counts | Budget | One comes back every | Redis away |\n|---|---|---|---|---|---|\n")
	for _, p := range Policies {
		away := "open"
		if p.Sends {
			away = "503"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %d in %s | %s | %s |\n", p.Name, p.Subject, p.Counts, p.Quota, spoken(p.Window), spoken(p.Window/time.Duration(p.Quota)), away)
	}
	return b.String()
}

// spoken writes a duration for people.
func spoken(d time.Duration) string {
	for _, unit := range []struct {
		of   time.Duration
		name string
	}{{time.Hour, "h"}, {time.Minute, "min"}, {time.Second, "s"}, {time.Millisecond, "ms"}} {
		if d%unit.of == 0 {
			return fmt.Sprintf("%d %s", d/unit.of, unit.name)
		}
	}
	return d.String()
}
