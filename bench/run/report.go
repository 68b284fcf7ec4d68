package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"avow/bench/summary"
)

// report tells what was found, in Markdown.
type report struct {
	options
	machine machine
	summary *summary.Summary
	notes   []string
	took    time.Duration
	b       strings.Builder
}

func (r report) text() string {
	r.printf("## Result of %s\n\n", time.Now().Format(time.DateOnly))
	r.printf("%d cores (%s), Linux %s. A flush of the disk takes %v (median) to %v (p99). ", r.machine.cores, r.machine.cpu, r.machine.kernel, r.machine.flush, r.machine.flushSlow)
	r.printf("Rounds: %d, %v a run; %d accounts, %d sessions; %v in all.\n\n", r.rounds, r.measured, r.people, r.sessions, r.took.Round(time.Second))
	r.caveats()
	for _, c := range chapters {
		for _, label := range c.labels {
			r.chapter(c, label)
		}
	}
	r.everywhere()
	r.compared("Rate of avow against the limits and PocketBase", summary.Rate)
	r.compared("CPU a request of avow against theirs", summary.CPU)
	r.measuredTable()
	return r.b.String()
}

func (r *report) printf(format string, values ...any) { fmt.Fprintf(&r.b, format, values...) }

// caveats are what a reader must know before the figures.
func (r *report) caveats() {
	notes := slices.Clone(r.notes)
	if r.quick {
		notes = append(notes, "A quick run: one short round tells a broken thing from a whole one, not more.")
	}
	if r.machine.flush < 20*time.Microsecond {
		notes = append(notes, "Flushes cost nothing here: the directory is memory, or the disk does not keep what it promises. Durable designs are not told apart from others.")
	}
	if all, noisy := r.counted(); noisy > 0 {
		notes = append(notes, fmt.Sprintf("Of %d runs that count, %d were disturbed by other work on the machine (more than %v CPUs). They are marked ~ below.", all, noisy, r.disturbed))
	}
	for _, n := range notes {
		r.printf("- %s\n", n)
	}
	if len(notes) > 0 {
		r.printf("\n")
	}
}

func (r *report) counted() (all, noisy int) {
	for _, label := range order {
		for _, conns := range r.conns {
			for _, run := range r.summary.Runs(label, conns) {
				all++
				if !r.summary.Clean(run) {
					noisy++
				}
			}
		}
	}
	return all, noisy
}

func (r *report) head(columns ...string) {
	r.printf("| %s |\n|---|%s\n", strings.Join(columns, " | "), strings.Repeat("--:|", len(columns)-1))
}

func (r *report) has(label string) bool {
	return slices.ContainsFunc(r.conns, func(conns int) bool { return len(r.summary.Runs(label, conns)) > 0 })
}

// chapter is a table of targets for one label; without runs it is a line that says so.
func (r *report) chapter(c chapter, label string) {
	r.printf("### %s: `%s`\n\n", c.title, label)
	if !r.has(label) {
		r.printf("Not measured.\n\n")
		return
	}
	r.head("target", "1 connection", "16 connections", "64 connections")
	for _, t := range c.targets {
		r.printf("| %s |", t.name)
		for i, conns := range targetConns {
			r.printf(" %s |", verdict(r.summary.Ratio(label, t.base, conns, t.figure), t.bounds[i]))
		}
		r.printf("\n")
	}
	r.printf("\n")
}

// verdict shows target, figure and whether it is met.
func verdict(s summary.Spread, b bound) string {
	sign := "≥"
	if b.atMost {
		sign = "≤"
	}
	want := fmt.Sprintf("%s %.2f", sign, b.limit)
	if b.wish > 0 {
		want += fmt.Sprintf(" (wish %.2f)", b.wish)
	}
	switch {
	case s.N == 0:
		return want + ": not measured"
	case b.met(s.Median):
		return want + ": " + ratio(s) + " met"
	}
	return want + ": " + ratio(s) + " **missed**"
}

func ratio(s summary.Spread) string {
	if s.N == 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f (%.2f–%.2f)", s.Median, s.Min, s.Max)
}

// everywhere are the targets that hold for the whole run.
func (r *report) everywhere() {
	r.printf("### Everywhere\n\n")
	r.head("target", "figure")
	most := slices.Max(r.conns)
	for _, label := range []string{aPostgres, aBoth} {
		// B ran last in the same process, so its memory is that after everything.
		memory := max(r.summary.Of(label, most, summary.RSS).Max, r.summary.Of("avow B"+strings.TrimPrefix(label, "avow A"), most, summary.RSS).Max)
		if memory > 0 {
			r.printf("| memory of `%s` and B at %d connections ≤ %d MiB | %.0f MiB %s |\n", label, most, maxRSS, memory, metOrMissed(memory <= maxRSS))
		}
	}
	bad, silent := r.summary.Bad(), r.summary.Silent()
	r.printf("| no unwanted answer in any run | %s %s |\n", counts(bad), metOrMissed(len(bad) == 0))
	r.printf("| no run without any answer in its measured time | %s %s |\n\n", counts(silent), metOrMissed(len(silent) == 0))
}

func counts(all map[string]int) string {
	if len(all) == 0 {
		return "none"
	}
	var texts []string
	for _, label := range slices.Sorted(maps.Keys(all)) {
		texts = append(texts, fmt.Sprintf("`%s`: %d", label, all[label]))
	}
	return strings.Join(texts, ", ")
}

func metOrMissed(met bool) string {
	if met {
		return "met"
	}
	return "**missed**"
}

// compared shows ratios of a figure.
func (r *report) compared(title string, figure func(summary.Run) float64) {
	r.printf("### %s\n\n", title)
	columns := []string{"of", "to"}
	for _, conns := range r.conns {
		columns = append(columns, fmt.Sprintf("%d conns", conns))
	}
	r.head(columns...)
	for _, c := range comparisons {
		for _, base := range c.bases {
			if !r.has(c.label) || !r.has(base) {
				continue
			}
			r.printf("| `%s` | `%s` |", c.label, base)
			for _, conns := range r.conns {
				r.printf(" %s |", ratio(r.summary.Ratio(c.label, base, conns, figure)))
			}
			r.printf("\n")
		}
	}
	r.printf("\n")
}

// measuredTable shows everything that was measured.
func (r *report) measuredTable() {
	r.printf("### Everything measured\n\nMedians; CPU is microseconds a request of the server and of its databases.\n\n")
	r.head("conns", "what", "runs", "req/s (min–max)", "p50 ms", "p99 ms", "server CPU", "database CPU", "RSS MiB", "other work, CPUs")
	for _, conns := range r.conns {
		for _, label := range order {
			r.measuredRow(label, conns)
		}
	}
}

func (r *report) measuredRow(label string, conns int) {
	runs := r.summary.Runs(label, conns)
	if len(runs) == 0 {
		return
	}
	of := func(figure func(summary.Run) float64) float64 { return r.summary.Of(label, conns, figure).Median }
	mark := ""
	if slices.ContainsFunc(runs, func(run summary.Run) bool { return !r.summary.Clean(run) }) {
		mark = " ~"
	}
	rate := r.summary.Of(label, conns, summary.Rate)
	r.printf("| %d | `%s`%s | %d | %.0f (%.0f–%.0f) | %.2f | %.1f | %.0f | %.0f | %.0f | %.2f |\n", conns, label, mark, len(runs), rate.Median, rate.Min, rate.Max,
		of(summary.P50), of(summary.P99), of(summary.ServerCPU), of(summary.OtherCPU), of(summary.RSS), of(summary.Alien))
}

// resultsLine stands in a document where results begin.
const resultsLine = "<!-- results -->"

// writeBelow replaces what a document has below its line of results.
func writeBelow(file, text string) error {
	old, err := os.ReadFile(file)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	above, _, found := strings.Cut(string(old), resultsLine)
	if !found && len(old) > 0 {
		return fmt.Errorf("%s has no line %s, so nothing was written into it", file, resultsLine)
	}
	return os.WriteFile(file, []byte(above+resultsLine+"\n\n"+text), 0o644)
}
