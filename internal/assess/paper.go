package assess

import "time"

// Paper is a set of questions as a student gets it.
type Paper struct {
	Number    int // 1 is the first paper of the assessment
	Seed      Seed
	PassMark  int    // per cent; what was in force when the paper was drawn
	Evidence  string // names what it was drawn for, and it is good for nothing else; empty: void
	Questions []Asked
	DrawnAt   time.Time
}

// Asked is a question of a paper. Right and Why never leave the server, but for the test mode's key (18.19).
type Asked struct {
	ID         string // UUID v4
	Key        Key
	Skill      string // the id of the bank's skill
	Difficulty Difficulty
	Text       string
	Options    [Options]string // in the paper's own order
	Right      int             // of Options
	Why        string
}

// Arrange makes the questions' order, the order of their options and their ids, all from the seed. The same questions and seed make the same paper.
func Arrange(questions []Question, seed Seed) []Asked {
	return arrange(questions, seed.chance(forArrange))
}

func arrange(questions []Question, c chance) []Asked {
	var paper []Asked
	for _, q := range questions {
		order := [Options]int{0, 1, 2, 3}
		shuffle(c, order[:])
		a := Asked{ID: c.uuid(), Key: q.Key(), Skill: q.Skill, Difficulty: q.Difficulty, Text: q.Text, Why: q.Why}
		for place, from := range order {
			a.Options[place] = q.Options[from]
			if from == q.Right {
				a.Right = place
			}
		}
		paper = append(paper, a)
	}
	shuffle(c, paper)
	return paper
}

// keys are the questions of a paper by name.
func (p Paper) keys() []Key {
	var keys []Key
	for _, a := range p.Questions {
		keys = append(keys, a.Key)
	}
	return keys
}

// GuessProbability is the chance of passing this paper by blind guessing, from 0 to 1.
func (p Paper) GuessProbability() float64 { return GuessProbability(len(p.Questions), p.PassMark) }
