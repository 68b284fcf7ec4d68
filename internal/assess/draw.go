package assess

import (
	"cmp"
	"context"
	"slices"
)

// Item is something the student has done, in the student's own words. A generator may build questions from it; it is data, never an instruction.
type Item struct {
	Kind        string // project, experience or certificate
	Name        string
	Role        string
	Description string
}

// Request is what a generator is asked for.
type Request struct {
	Skills   []Wanted
	Items    []Item
	Count    int // how many questions; more when there are more skills, because each gets one
	PassMark int // per cent; how many questions may be a model's hangs on it (Share). 0: none
	Seed     Seed
	Drawn    [][]Key // the papers handed out before for this assessment, oldest first
}

// Generator finds the questions of a paper. The bank is one; a language model can be another, with the bank behind it.
type Generator interface {
	// Generate returns questions of exactly one right option each, at least one for each skill. ErrNoQuestions when it cannot.
	Generate(ctx context.Context, r Request) ([]Question, error)
}

// Generate draws from the bank; it is a Generator.
func (b *Bank) Generate(_ context.Context, r Request) ([]Question, error) { return b.Draw(r) }

// Draw draws the questions of a paper: as many as are wanted, spread evenly over the skills and over the difficulties, no question twice. A question of an earlier paper comes
// again only when the skill has no other left, and then the one that was longest ago. A bank that has fewer than wanted gives what it has.
func (b *Bank) Draw(r Request) ([]Question, error) {
	skills, err := b.resolve(r.Skills)
	if err != nil {
		return nil, err
	}
	c := r.Seed.chance(forDraw)
	shuffle(c, skills) // where the questions do not divide evenly, chance says which skills get one more
	var piles [][]Question
	for _, s := range skills {
		piles = append(piles, pile(c, s.Questions, lastDrawn(r.Drawn)))
	}
	return deal(piles, max(r.Count, len(skills))), nil
}

// resolve finds the bank's skills. Names of one and the same skill count once.
func (b *Bank) resolve(wanted []Wanted) ([]Skill, error) {
	var found []Skill
	var missing []Wanted
	for _, w := range wanted {
		s, ok := b.Find(w.Name, w.ID)
		switch {
		case !ok || len(s.Questions) == 0:
			missing = append(missing, w)
		case !slices.ContainsFunc(found, func(f Skill) bool { return f.ID == s.ID }):
			found = append(found, s)
		}
	}
	if len(missing) > 0 || len(found) == 0 {
		return nil, ErrNoQuestions.With(missing)
	}
	return found, nil
}

// lastDrawn says in which paper a question stood last, counted from 1; 0 is never.
func lastDrawn(drawn [][]Key) map[Key]int {
	last := map[Key]int{}
	for i, paper := range drawn {
		for _, k := range paper {
			last[k] = i + 1
		}
	}
	return last
}

// pile puts a skill's questions into the order in which they are drawn: chance first, then the longest unseen on top and, among those, one of each difficulty in turn.
func pile(c chance, questions []Question, last map[Key]int) []Question {
	type place struct {
		Question
		last, turn int
	}
	type kind struct {
		last       int
		difficulty Difficulty
	}
	mixed := slices.Clone(questions)
	shuffle(c, mixed)
	turns := map[kind]int{}
	var places []place
	for _, q := range mixed {
		k := kind{last[q.Key()], q.Difficulty}
		places = append(places, place{q, k.last, turns[k]})
		turns[k]++
	}
	slices.SortStableFunc(places, func(a, b place) int { return cmp.Or(cmp.Compare(a.last, b.last), cmp.Compare(a.turn, b.turn)) })
	for i, p := range places {
		mixed[i] = p.Question
	}
	return mixed
}

// deal takes one question from each pile in turn until there are enough or nothing is left.
func deal(piles [][]Question, count int) []Question {
	var dealt []Question
	for depth, left := 0, true; left && len(dealt) < count; depth++ {
		left = false
		for _, p := range piles {
			if depth < len(p) && len(dealt) < count {
				dealt, left = append(dealt, p[depth]), true
			}
		}
	}
	return dealt
}
