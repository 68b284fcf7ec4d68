package summary

import "testing"

func of(runs ...Run) *Summary {
	s := &Summary{Disturbed: 0.35}
	for _, r := range runs {
		s.Add(r)
	}
	return s
}

func TestMedian(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		rates []float64
		want  Spread
	}{
		"none": {nil, Spread{}},
		"odd":  {[]float64{3, 1, 2}, Spread{2, 1, 3, 3}},
		"even": {[]float64{4, 1, 2, 3}, Spread{2.5, 1, 4, 4}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := of()
			for i, rate := range test.rates {
				s.Add(Run{Label: "a", Conns: 1, Round: i, Rate: rate})
			}
			if got := s.Of("a", 1, Rate); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestDisturbedRunsAreLeftOut(t *testing.T) {
	t.Parallel()
	clean, noisy := Run{Label: "a", Rate: 10}, Run{Label: "a", Rate: 1, Alien: 1}
	if got := of(clean, clean, noisy).Of("a", 0, Rate); got.N != 2 || got.Min != 10 {
		t.Errorf("got %v, want the two clean runs", got)
	}
	if got := of(clean, noisy).Of("a", 0, Rate); got.N != 2 || got.Min != 1 {
		t.Errorf("got %v, want both runs, one clean one is too few", got)
	}
}

func TestRatioIsTakenRoundByRound(t *testing.T) {
	t.Parallel()
	s := of(
		Run{Label: "base", Round: 0, Rate: 10}, Run{Label: "a", Round: 0, Rate: 20},
		Run{Label: "base", Round: 1, Rate: 100}, Run{Label: "a", Round: 1, Rate: 300},
		Run{Label: "a", Round: 2, Rate: 1},
	)
	if got, want := s.Ratio("a", "base", 0, Rate), (Spread{2.5, 2, 3, 2}); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := s.Ratio("a", "none", 0, Rate); got.N != 0 {
		t.Errorf("got %v, want nothing to compare with", got)
	}
}

func TestRatioWithoutACommonRound(t *testing.T) {
	t.Parallel()
	s := of(Run{Label: "base", Round: 0, Rate: 10}, Run{Label: "a", Round: 1, Rate: 20})
	if got := s.Ratio("a", "base", 0, Rate); got.Median != 2 {
		t.Errorf("got %v, want 2", got)
	}
}

func TestCPUCountsEveryProcess(t *testing.T) {
	t.Parallel()
	r := Run{CPU: map[string]float64{Server: 1, "postgres": 2, "redis": 4}}
	if got := CPU(r); got != 7 {
		t.Errorf("got %v, want 7", got)
	}
}
