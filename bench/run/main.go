// Command run is `make bench`: it starts what is compared, each on data of its own, measures all of it in one interleaved run, and prints how avow stands against its
// targets. Whatever it started and wrote is gone when it ends.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"avow/bench/summary"
)

// Children die with the thread that started them (see box.start), and the main thread lives longest.
func init() { runtime.LockOSThread() }

type options struct {
	avow, out, dir, postgres, only, profile string
	part                                    string
	rounds, people, sessions, rows, claims  int
	embedded                                int
	rate                                    float64
	measured, warm, limit                   time.Duration
	disturbed                               float64
	conns                                   []int
	quick                                   bool
}

func main() {
	o, err := readOptions()
	if err == nil {
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
		err = bench(ctx, o)
		stop()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func readOptions() (options, error) {
	var o options
	self, err := os.Executable()
	if err != nil {
		return o, err
	}
	flag.StringVar(&o.avow, "avow", filepath.Join(filepath.Dir(self), "..", "avow"), "the avow that is measured")
	flag.StringVar(&o.out, "o", "", "write the result into this file too, below its line "+resultsLine)
	flag.StringVar(&o.dir, "dir", os.TempDir(), "where the databases go for the time of the run; must be a disk, not memory")
	flag.StringVar(&o.postgres, "postgres", "", "directory of initdb and postgres; the newest installed one when left out")
	flag.StringVar(&o.only, "only", "", "regular expression: measure only what has such a label")
	flag.StringVar(&o.profile, "profile", "", "write CPU profiles of avow under each call at the most connections into this directory")
	flag.IntVar(&o.rounds, "rounds", 3, "rounds")
	flag.IntVar(&o.people, "accounts", 1000, "accounts with a token each; they take longest to make")
	flag.IntVar(&o.sessions, "sessions", 2000, "sessions")
	flag.DurationVar(&o.measured, "for", 2*time.Second, "measured time of one run")
	flag.DurationVar(&o.warm, "warm", 500*time.Millisecond, "warm-up before it")
	flag.DurationVar(&o.limit, "limit", 9*time.Minute, "time for everything; what does not fit is left out and said")
	flag.Float64Var(&o.disturbed, "disturbed", 0.35, "CPUs that anything else may keep busy during a run; above, it is repeated up to twice")
	flag.BoolVar(&o.quick, "quick", false, "about a minute: one short round of the main things, no figures to publish")
	flag.StringVar(&o.part, "part", "", "measure something else: queue (claims of few and of many deliveries) or purge (the API's p99 while rows go)")
	flag.IntVar(&o.rows, "rows", 1_000_000, "with -part: deliveries")
	flag.IntVar(&o.embedded, "embedded-rows", 2_000_000, "with -part purge: deliveries in the embedded database, at most -rows; 0: leave it out")
	flag.Float64Var(&o.rate, "rate", 500, "with -part purge: calls a second")
	flag.IntVar(&o.claims, "claims", 300, "with -part queue: claims of each kind")
	conns := flag.String("conns", "1,16,64", "connections")
	flag.Parse()
	if flag.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", flag.Arg(0))
	}
	if o.quick {
		o.rounds, o.people, o.sessions, o.measured, o.warm = 1, min(o.people, 300), min(o.sessions, 300), time.Second, 300*time.Millisecond
	}
	for text := range strings.SplitSeq(*conns, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 1000 {
			return o, fmt.Errorf("-conns %s: want numbers from 1 to 1000, comma-separated", *conns)
		}
		o.conns = append(o.conns, n)
	}
	return o, nil
}

// parts are what is measured apart from the rest, by -part.
var parts = map[string]func(context.Context, *box, options) error{"queue": benchQueue, "purge": benchPurge}

// bench does everything; what it leaves behind is the report alone.
func bench(ctx context.Context, o options) (err error) {
	b, err := newBox(o.dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	if part, other := parts[o.part]; other {
		return interrupted(ctx, part(ctx, b, o))
	}
	begun := time.Now()
	m, err := lookAtMachine(b.dir)
	if err != nil {
		return err
	}
	say("flush of the disk: %v (median), %v (p99)", m.flush, m.flushSlow)
	s, err := build(ctx, b, o)
	if err != nil {
		return interrupted(ctx, err)
	}
	say("ready after %v", time.Since(begun).Round(time.Second))
	measurer := &measurer{options: o, box: b, end: begun.Add(o.limit), summary: &summary.Summary{Disturbed: o.disturbed}}
	if err := measurer.all(ctx, s.loads); err != nil {
		return interrupted(ctx, err)
	}
	if o.profile != "" {
		if err := measurer.profiles(ctx, s.loads); err != nil {
			return interrupted(ctx, err)
		}
	}
	text := report{options: o, machine: m, summary: measurer.summary, notes: append(s.notes, measurer.notes...), took: time.Since(begun)}.text()
	fmt.Print(text)
	if o.out != "" {
		err = writeBelow(o.out, text)
	}
	if s.failed {
		err = errors.Join(err, errors.New("not everything that is there could be measured; see the notes above"))
	}
	return err
}

// interrupted says in one word what a stopped run would else say in many.
func interrupted(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return errors.New("interrupted")
	}
	return err
}

// say shows progress; the report alone goes to stdout.
func say(format string, values ...any) { fmt.Fprintf(os.Stderr, format+"\n", values...) }
