package redistest

import (
	"strings"
	"testing"
)

func TestMissingProgramIsTold(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	err := (&node{dir: t.TempDir()}).restart()
	if want := "apt-get install --no-install-recommends redis-server"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got error %v, want one with %q", err, want)
	}
}
