package store

import (
	"strings"
	"testing"
)

// TestGuideReadsByIndex looks at the plans for what the guide layer looks up by something else than a key.
func TestGuideReadsByIndex(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *Store) {
		person := loadPerson.post
		if _, lite := s.engine.(*sqliteEngine); lite {
			person = loadPerson.lite
		}
		for index, text := range map[string]string{"verifications_student": person, "reviews_over": reviewsOver} {
			if steps := strings.Join(s.plan(t, text), "\n"); !strings.Contains(steps, index) || strings.Contains(steps, "Seq Scan") {
				t.Errorf("got\n%s\nwant %s used", steps, index)
			}
		}
	})
}
