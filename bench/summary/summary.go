// Package summary makes medians and ratios of what the load generator measured.
package summary

import "slices"

// Run is one measurement: one load generator against one server.
type Run struct {
	Label string             `json:"label"`
	Conns int                `json:"conns"`
	Round int                `json:"round"`
	Rate  float64            `json:"rate"` // answers a second
	P50   float64            `json:"p50"`  // milliseconds
	P99   float64            `json:"p99"`
	CPU   map[string]float64 `json:"cpu"`             // microseconds a request, by process
	RSS   map[string]float64 `json:"rss"`             // MiB, by process
	Alien float64            `json:"alien"`           // CPUs kept busy by anything that is not measured
	Bad   map[string]int     `json:"bad,omitempty"`   // unwanted answers by status; -1: no connection
	Wrong string             `json:"wrong,omitempty"` // one of them
}

// Server is the name under which the CPU and memory of the server itself stand.
const Server = "server"

// The figures of a run.
var (
	Rate      = func(r Run) float64 { return r.Rate }
	P50       = func(r Run) float64 { return r.P50 }
	P99       = func(r Run) float64 { return r.P99 }
	Alien     = func(r Run) float64 { return r.Alien }
	RSS       = func(r Run) float64 { return r.RSS[Server] }
	ServerCPU = func(r Run) float64 { return r.CPU[Server] }
	CPU       = func(r Run) float64 { return ServerCPU(r) + OtherCPU(r) }
	OtherCPU  = func(r Run) float64 {
		sum := 0.0
		for name, cpu := range r.CPU {
			if name != Server {
				sum += cpu
			}
		}
		return sum
	}
)

// Summary holds all runs.
type Summary struct {
	Disturbed float64 // a run with more alien CPUs than this is not clean
	runs      []Run
}

// Add takes a run.
func (s *Summary) Add(r Run) { s.runs = append(s.runs, r) }

// Clean says whether nothing else kept the machine busy during a run.
func (s *Summary) Clean(r Run) bool { return r.Alien <= s.Disturbed }

// Runs returns the runs that count: without the disturbed ones where two clean ones remain.
func (s *Summary) Runs(label string, conns int) []Run {
	var all, clean []Run
	for _, r := range s.runs {
		if r.Label != label || r.Conns != conns {
			continue
		}
		all = append(all, r)
		if s.Clean(r) {
			clean = append(clean, r)
		}
	}
	if len(clean) >= 2 {
		return clean
	}
	return all
}

// Bad counts the unwanted answers by label.
func (s *Summary) Bad() map[string]int {
	bad := map[string]int{}
	for _, r := range s.runs {
		for _, n := range r.Bad {
			bad[r.Label] += n
		}
	}
	return bad
}

// Silent counts the runs that got no answer in time, by label.
func (s *Summary) Silent() map[string]int {
	silent := map[string]int{}
	for _, r := range s.runs {
		if r.Rate == 0 {
			silent[r.Label]++
		}
	}
	return silent
}

// Spread is a median and what it lies between; N is 0 when there is nothing.
type Spread struct {
	Median, Min, Max float64
	N                int
}

// Of returns the spread of one figure.
func (s *Summary) Of(label string, conns int, figure func(Run) float64) Spread {
	var values []float64
	for _, r := range s.Runs(label, conns) {
		values = append(values, figure(r))
	}
	return spread(values)
}

// Ratio compares a figure with that of a base, round by round: only runs that were neighbours met the same machine.
func (s *Summary) Ratio(label, base string, conns int, figure func(Run) float64) Spread {
	var values []float64
	bases := s.Runs(base, conns)
	for _, r := range s.Runs(label, conns) {
		i := slices.IndexFunc(bases, func(b Run) bool { return b.Round == r.Round })
		if i >= 0 && figure(bases[i]) > 0 {
			values = append(values, figure(r)/figure(bases[i]))
		}
	}
	if len(values) > 0 {
		return spread(values)
	}
	// No round has a clean run of both: the medians are all there is.
	a, b := s.Of(label, conns, figure), s.Of(base, conns, figure)
	if a.N == 0 || b.N == 0 || b.Median == 0 {
		return Spread{}
	}
	return spread([]float64{a.Median / b.Median})
}

func spread(values []float64) Spread {
	if len(values) == 0 {
		return Spread{}
	}
	slices.Sort(values)
	middle := len(values) / 2
	median := values[middle]
	if len(values)%2 == 0 {
		median = (median + values[middle-1]) / 2
	}
	return Spread{Median: median, Min: values[0], Max: values[len(values)-1], N: len(values)}
}
