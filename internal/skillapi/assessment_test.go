package skillapi

import (
	"context"
	"net/http"
	"testing"
	"time"

	"avow/internal/skill"
)

// waiting is a fake that remembers how long it may take.
type waiting struct {
	fake
	left time.Duration
}

func (w *waiting) GenerateAssessment(ctx context.Context, _ string, _ skill.Carriers) (skill.Handed, error) {
	until, _ := ctx.Deadline()
	w.left = time.Until(until)
	return skill.Handed{}, nil
}

func (w *waiting) RetakeAssessment(ctx context.Context, apiKey string, c skill.Carriers) (skill.Handed, error) {
	return w.GenerateAssessment(ctx, apiKey, c)
}

// TestGeneratorsHaveTheirTime looks for the contract's 90 seconds where questions are made (skills-api.md 5.20, 5.23).
func TestGeneratorsHaveTheirTime(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/assessment/generate", "/assessment/retakeassessment"} {
		w := &waiting{}
		status, body := askOf(t, w, http.MethodPost, base+path, "")
		if status != http.StatusCreated || w.left < 90*time.Second || w.left > 100*time.Second {
			t.Errorf("%s: got %d %s with %v left, want a little more than 90 s", path, status, body, w.left)
		}
	}
}
