//go:build integration

package store

import (
	"strings"
	"testing"

	"avow/internal/pgtest"
)

// TestNothingIsCompiled looks at the dearest statement, which every step of the skill contract loads its state by. What the server
// thinks its plan costs can be beyond all bounds, such as after an analysis of tables that were empty, and it must not take that for a reason to compile it.
func TestNothingIsCompiled(t *testing.T) {
	t.Parallel()
	s := openURL(t, pgtest.URL(t), 1)
	s.raw(t, "SET jit_above_cost = 0; PREPARE decision AS "+keyByID.decision.post)
	steps := s.raw(t, `EXPLAIN ANALYZE EXECUTE decision('{0}', '{"\\x00"}', '{x}')`)
	if text := strings.Join(steps, "\n"); strings.Contains(text, "JIT") || !strings.Contains(text, "Execution Time") {
		t.Errorf("got\n%s\nwant it carried out as it stands", text)
	}
}
