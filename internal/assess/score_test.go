package assess

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestScore(t *testing.T) {
	t.Parallel()
	tests := []struct{ correct, total, want int }{
		{0, 10, 0}, {6, 10, 60}, {10, 10, 100}, {25, 42, 60}, {1, 8, 13}, {1, 200, 1}, {1, 201, 0}, {2, 3, 67}, {1, 3, 33}, {0, 0, 0},
	}
	for _, tt := range tests {
		if got := Score(tt.correct, tt.total); got != tt.want {
			t.Errorf("%d of %d: got %d, want %d", tt.correct, tt.total, got, tt.want)
		}
	}
}

// The score is the nearest whole per cent, the upper one of two that are as near, and never falls with another right answer.
func TestScoreIsNearest(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		total := rapid.IntRange(1, 1000).Draw(r, "total")
		correct := rapid.IntRange(0, total-1).Draw(r, "correct")
		got := Score(correct, total)
		if twice := 2 * (100*correct - got*total); twice < -total || twice >= total {
			r.Fatalf("%d of %d: got %d, want the nearest", correct, total, got)
		}
		if Score(correct+1, total) < got {
			r.Fatalf("%d of %d: got less for one more", correct, total)
		}
	})
}

// The figures are those of the binomial distribution, worked out apart from this program.
func TestGuessProbability(t *testing.T) {
	t.Parallel()
	tests := []struct {
		questions, passMark int
		want                float64
	}{
		{10, 60, 0.019727706909179688},
		{1, 60, 0.25},
		{1, 1, 0.25},
		{4, 100, 1.0 / 256},
		{10, 100, 1.0 / 1048576},
		{10, 1, 1 - math.Pow(0.75, 10)},
		{0, 60, 0},
		{3, 67, 10.0 / 64}, // two of three are 67
		{3, 68, 1.0 / 64},
	}
	for _, tt := range tests {
		if got := GuessProbability(tt.questions, tt.passMark); math.Abs(got-tt.want) > 1e-15 {
			t.Errorf("%d questions at %d: got %.18f, want %.18f", tt.questions, tt.passMark, got, tt.want)
		}
	}
	if got := (Paper{PassMark: 60, Questions: make([]Asked, 10)}).GuessProbability(); math.Abs(got-0.0197) > 0.0001 {
		t.Errorf("got %f for a paper of ten, want 0.0197", got)
	}
}

// Counted by trying every way of guessing.
func TestGuessProbabilityByCounting(t *testing.T) {
	t.Parallel()
	for questions := 1; questions <= 6; questions++ {
		for passMark := 1; passMark <= 100; passMark++ {
			passed, ways := 0, int(math.Pow(Options, float64(questions)))
			for way := range ways {
				correct := 0
				for rest, i := way, 0; i < questions; rest, i = rest/Options, i+1 {
					if rest%Options == 0 {
						correct++
					}
				}
				if Score(correct, questions) >= passMark {
					passed++
				}
			}
			if got, want := GuessProbability(questions, passMark), float64(passed)/float64(ways); math.Abs(got-want) > 1e-15 {
				t.Errorf("%d questions at %d: got %v, want %v", questions, passMark, got, want)
			}
		}
	}
}
