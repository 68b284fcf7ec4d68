package assess

import "testing"

func TestShare(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ questions, passMark, want int }{
		{10, 60, 3}, {10, 70, 4}, {10, 80, 5}, {10, 100, 5}, {20, 60, 7}, {20, 80, 10}, {30, 60, 11}, {5, 60, 0}, {5, 80, 2}, {1, 100, 0}, {10, 30, 0}, {10, 0, 0}, {0, 60, 0},
	} {
		if got := Share(tt.questions, tt.passMark); got != tt.want {
			t.Errorf("%d questions, pass mark %d: got %d, want %d", tt.questions, tt.passMark, got, tt.want)
		}
	}
}

// Whatever is settled, who knows the model's questions does not pass by them, and seldom with luck; one question more would be too many.
func TestShareIsBounded(t *testing.T) {
	t.Parallel()
	for questions := range 41 {
		for passMark := range 101 {
			share := Share(questions, passMark)
			if share > 0 && share >= needed(questions, passMark) {
				t.Fatalf("%d questions, pass mark %d: got %d, want less than what passes", questions, passMark, share)
			}
			if share > 0 && luck(questions, share, passMark) > 0.25 || 2*share > questions {
				t.Fatalf("%d questions, pass mark %d: got %d, want at most half, and one pass in four", questions, passMark, share)
			}
			if next := share + 1; 2*next <= questions && luck(questions, next, passMark) <= 0.25 {
				t.Fatalf("%d questions, pass mark %d: got %d, want %d", questions, passMark, share, next)
			}
		}
	}
}

func TestLuckWithoutKnowledgeIsGuessing(t *testing.T) {
	t.Parallel()
	if got, want := luck(10, 0, 60), GuessProbability(10, 60); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}
