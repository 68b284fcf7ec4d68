package app_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"

	"avow/internal/assess"
	"avow/internal/skill"
)

// generator is the bank, until it is broken.
type generator struct {
	broken  atomic.Bool
	between atomic.Pointer[func() error] // what happens while questions are made; nil: nothing
}

// during has something happen while questions are made.
func (g *generator) during(between func() error) { g.between.Store(&between) }

func (g *generator) Generate(ctx context.Context, r assess.Request) ([]assess.Question, error) {
	if between := g.between.Load(); between != nil {
		if err := (*between)(); err != nil {
			return nil, err
		}
	}
	if g.broken.Load() {
		return nil, errors.New("the generator is broken")
	}
	return assess.Builtin().Generate(ctx, r)
}

// paperOf is the paper of a verification as the database has it.
func (b *bench) paperOf(verification string) assess.Paper {
	b.Helper()
	state, err := b.app.Store.ViewVerification(context.Background(), skill.Subject{Verification: verification})
	b.must(err)
	if state.Assessment.Paper == nil {
		b.Fatalf("got no paper of %s, want one", verification)
	}
	return *state.Assessment.Paper
}

// paper names the questions of a paper, with an answer that is right and one that is wrong for each. None of it may be logged.
func (b *bench) paper(a arguments) {
	b.Helper()
	for i, q := range b.paperOf(a.words[1]).Questions {
		name := fmt.Sprintf("%s.%%s%d", a.words[0], i+1)
		b.vars[fmt.Sprintf(name, "q")] = q.ID
		b.vars[fmt.Sprintf(name, "right")] = strconv.Itoa(q.Right)
		b.vars[fmt.Sprintf(name, "wrong")] = strconv.Itoa((q.Right + 1) % assess.Options)
		b.private = append(b.private, q.ID, q.Text, q.Why)
	}
}
