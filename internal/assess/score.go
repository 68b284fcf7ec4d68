package assess

import "math/big"

// Score is the share of right answers in per cent, rounded half up (6.3).
func Score(correct, total int) int {
	if total == 0 {
		return 0
	}
	return (200*correct + total) / (2 * total)
}

// needed is the smallest number of right answers that passes; total+1 when none does. It is the rounded score that is compared.
func needed(total, passMark int) int {
	for correct := range total + 1 {
		if total > 0 && Score(correct, total) >= passMark {
			return correct
		}
	}
	return total + 1
}

// GuessProbability is the chance of passing by guessing each of so many questions blindly: the upper tail of the binomial distribution with one in four, counted exactly.
func GuessProbability(questions, passMark int) float64 {
	return binomialTail(questions, needed(questions, passMark))
}

// binomialTail is the chance of at least so many hits among n tries that hit one time in four.
func binomialTail(n, least int) float64 {
	sum := new(big.Int)
	for hits := least; hits <= n; hits++ {
		misses := new(big.Int).Exp(big.NewInt(Options-1), big.NewInt(int64(n-hits)), nil)
		sum.Add(sum, misses.Mul(misses, new(big.Int).Binomial(int64(n), int64(hits))))
	}
	all := new(big.Int).Exp(big.NewInt(Options), big.NewInt(int64(n)), nil)
	p, _ := new(big.Rat).SetFrac(sum, all).Float64()
	return p
}
