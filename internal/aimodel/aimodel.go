// Package aimodel has a language model write some of a paper's questions, behind any server that speaks the OpenAI chat API.
//
// It makes three calls for a paper: the student's items choose among the bank's topics; questions are written for the topics, without a word of the student; what was
// written is solved blind. What may be asked of it package assess says; whatever goes wrong, the bank has a question in its place (docs/decisions/0013).
package aimodel

import (
	"context"
	"errors"
	"maps"
	"sync/atomic"
	"time"

	"avow/internal/assess"
)

// Options is what a Generator is made of.
type Options struct {
	URL     string // base of the API, without a trailing slash
	Key     string // goes as a bearer token; empty: none does
	Model   string
	Library *assess.Library
	Time    time.Duration // for all calls of a paper, or two thirds of what the caller has where that is less; 0: 60 s
	Now     func() time.Time
	Observe func(Report)
}

// Outcome is what came of asking the model for a paper.
type Outcome string

// The outcomes. In all but the first two, the whole paper is the bank's.
const (
	All     Outcome = "all"     // every question that was asked for is on the paper
	Part    Outcome = "part"    // some are
	None    Outcome = "none"    // none was fit to be asked
	Unused  Outcome = "unused"  // the paper leaves no place for a model's questions
	Slow    Outcome = "slow"    // time was over
	Failed  Outcome = "failed"  // no answer, or a refusal
	Rubbish Outcome = "rubbish" // an answer that could not be read
	Busy    Outcome = "busy"    // as many papers are being written as may be at once
	Resting Outcome = "resting" // it failed a moment ago
)

// Report says how asking the model for one paper went.
type Report struct {
	Outcome Outcome
	Places  int // for written questions
	Written int // how many are on the paper
	Flaws   map[assess.Flaw]int
	Err     error // nil unless Slow, Failed or Rubbish; never holds a text of the student, of the model or of a question
}

const (
	defaultTime = 60 * time.Second // of the 90 that a call of the API has
	restTime    = 30 * time.Second
	maxPapers   = 16 // that are written at once by one process
)

// Generator is an assess.Generator that draws a paper from the bank and has the model write some of its questions anew.
type Generator struct {
	o       Options
	chat    *chat
	places  chan struct{}
	resting atomic.Int64 // until then, in Unix microseconds
}

// New makes a Generator.
func New(o Options) *Generator {
	if o.Time == 0 {
		o.Time = defaultTime
	}
	return &Generator{o: o, chat: newChat(o), places: make(chan struct{}, maxPapers)}
}

// Generate returns the questions of a paper. It fails only as the bank does.
func (g *Generator) Generate(ctx context.Context, r assess.Request) ([]assess.Question, error) {
	bank, err := g.o.Library.Bank(ctx)
	if err != nil {
		return nil, err
	}
	drawn, err := bank.Draw(r)
	if err != nil {
		return nil, err
	}
	places := assess.Share(len(drawn), r.PassMark)
	written, report := g.write(ctx, draft{r, bank, drawn[len(drawn)-places:]})
	maps.DeleteFunc(report.Flaws, func(_ assess.Flaw, n int) bool { return n == 0 })
	report.Places, report.Written = places, len(written)
	g.o.Observe(report)
	return assess.Replace(drawn, places, written), nil
}

// draft is a paper under way.
type draft struct {
	assess.Request
	bank *assess.Bank
	free []assess.Question // drawn ones that may be replaced
}

// write asks the model, unless there is a reason not to.
func (g *Generator) write(ctx context.Context, d draft) ([]assess.Written, Report) {
	if len(d.free) == 0 {
		return nil, Report{Outcome: Unused}
	}
	if g.o.Now().UnixMicro() < g.resting.Load() {
		return nil, Report{Outcome: Resting}
	}
	select {
	case g.places <- struct{}{}:
		defer func() { <-g.places }()
	default:
		return nil, Report{Outcome: Busy}
	}
	ctx, cancel := context.WithTimeout(ctx, g.time(ctx))
	defer cancel()
	written, flaws, err := g.ask(ctx, d)
	if err != nil {
		return nil, g.fault(err)
	}
	return written, Report{Outcome: outcome(len(written), len(d.free)), Flaws: flaws}
}

// time is how long a paper may take: a third of what the caller has is left for the rest.
func (g *Generator) time(ctx context.Context) time.Duration {
	deadline, bound := ctx.Deadline()
	if !bound {
		return g.o.Time
	}
	return min(g.o.Time, time.Until(deadline)*2/3)
}

func outcome(written, places int) Outcome {
	switch written {
	case 0:
		return None
	case places:
		return All
	}
	return Part
}

// fault says what an error means. A server that does not answer is left alone for a while: students should not wait for it one after the other.
func (g *Generator) fault(err error) Report {
	r := Report{Outcome: Failed, Err: err}
	switch {
	case errors.Is(err, errRubbish):
		r.Outcome = Rubbish
		return r
	case errors.Is(err, context.Canceled):
		return r // the caller has left
	case errors.Is(err, context.DeadlineExceeded):
		r.Outcome = Slow
	}
	g.resting.Store(g.o.Now().Add(restTime).UnixMicro())
	return r
}

// ask makes the three calls.
func (g *Generator) ask(ctx context.Context, d draft) (written []assess.Written, flaws map[assess.Flaw]int, err error) {
	topics := d.bank.Topics(d.free)
	picked, err := g.chat.pick(ctx, assess.Tidy(d.Items), topics)
	if err != nil {
		return nil, nil, err
	}
	slots := assess.Slots(d.free, topics, picked)
	written, err = g.chat.compose(ctx, slots, d.Seed)
	if err != nil {
		return nil, nil, err
	}
	screen := assess.Screen{Slots: slots, Bank: d.bank, Drawn: d.Drawn, Items: d.Items, Instructions: instructions}
	if written, flaws = screen.Pass(written); len(written) == 0 {
		return nil, flaws, nil
	}
	sheet := assess.Blind(written, d.Seed)
	chosen, err := g.chat.solve(ctx, sheet)
	if err != nil {
		return nil, nil, err
	}
	written, flaws[assess.FlawWrong] = assess.Agreed(written, sheet, chosen)
	return written, flaws, nil
}
