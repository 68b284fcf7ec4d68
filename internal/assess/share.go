package assess

// maxLuck bounds what knowing every question that a model wrote may be worth: the chance, from 0 to 1, of passing when the rest is guessed.
const maxLuck = 0.25

// Share is how many of a paper's questions may be a model's: half at most, and never so many that somebody who knew them all and guessed the others would pass more often than
// one time in four. Where blind guessing alone passes as often, and without a pass mark, it is none.
func Share(questions, passMark int) int {
	for share := questions / 2; share > 0; share-- {
		if luck(questions, share, passMark) <= maxLuck {
			return share
		}
	}
	return 0
}

// luck is the chance of passing for somebody who knows some answers and guesses the others.
func luck(questions, known, passMark int) float64 {
	return binomialTail(questions-known, max(needed(questions, passMark)-known, 0))
}
