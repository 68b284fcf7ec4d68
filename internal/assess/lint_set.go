package assess

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"
)

// Figures from which on a set is not fair. A set that is made well is found at fault about once in a hundred.
const (
	minSet   = 8    // below this many questions chance explains everything
	unlikely = 0.01 // probability of what was counted, had nothing but chance been at work
)

// Keys tells where the right options of a set stand.
type Keys struct {
	Places  [Options]int // how many right options stand first, second, …
	Longest int          // in how many questions the right option is longer than each other
}

// CountKeys counts them.
func CountKeys(questions []Question) Keys {
	var k Keys
	for _, q := range questions {
		k.Places[q.Right]++
		if isLongest(q) {
			k.Longest++
		}
	}
	return k
}

func isLongest(q Question) bool {
	right := utf8.RuneCountInString(q.Options[q.Right])
	for i, option := range q.Options {
		if i != q.Right && utf8.RuneCountInString(option) >= right {
			return false
		}
	}
	return true
}

// lintKeys finds habits of an author that somebody who knows nothing could pass by.
func lintKeys(questions []Question) []string {
	n, k := len(questions), CountKeys(questions)
	if n < minSet {
		return nil
	}
	var found []string
	if p := binomialTail(n, k.Longest); p < unlikely {
		found = append(found, fmt.Sprintf("the right option is the longest in %d of %d questions (p = %.4f): lengthen wrong ones or shorten right ones", k.Longest, n, p))
	}
	if p := EvenPlaces(k.Places); p < unlikely {
		found = append(found, fmt.Sprintf("the right options stand first to fourth %v times (chi-square p = %.4f): move some", k.Places, p))
	}
	return found
}

// EvenPlaces is the chi-square test of places against even chances: the probability of counts at least as uneven as these. It has three degrees of freedom, for which the
// distribution can be written down.
func EvenPlaces(places [Options]int) float64 {
	total := 0
	for _, n := range places {
		total += n
	}
	if total == 0 {
		return 1
	}
	expected, x := float64(total)/Options, 0.0
	for _, n := range places {
		x += (float64(n) - expected) * (float64(n) - expected) / expected
	}
	return math.Erfc(math.Sqrt(x/2)) + math.Sqrt(2*x/math.Pi)*math.Exp(-x/2)
}

// similar is the share of three-letter pieces that two questions must have in common to be found at fault.
const similar = 0.8

// lintRepeats finds questions that stand in the files twice, word for word or nearly.
func lintRepeats(skills []Skill) []Finding {
	type asked struct {
		skill  Skill
		line   int
		pieces map[string]bool
	}
	var found []Finding
	var before []asked
	for _, s := range skills {
		for _, q := range s.Questions {
			a := asked{s, q.Line, pieces(q)}
			for _, b := range before {
				if alike(a.pieces, b.pieces) >= similar {
					found = append(found, at(s, q.Line, fmt.Sprintf("the question is nearly the one at %s:%d", b.skill.File, b.line))...)
				}
			}
			before = append(before, a)
		}
	}
	return found
}

const pieceLength = 3

// pieces are all three-letter pieces of a question and its right option, without white space.
func pieces(q Question) map[string]bool {
	text := []rune(strings.Join(strings.Fields(strings.ToLower(q.Text+" "+q.Options[q.Right])), " "))
	set := map[string]bool{}
	for i := range max(0, len(text)-pieceLength+1) {
		set[string(text[i:i+pieceLength])] = true
	}
	return set
}

// alike is the number of pieces in both over the number of pieces in either (Jaccard), from 0 to 1.
func alike(a, b map[string]bool) float64 {
	if len(a) > len(b) {
		a, b = b, a
	}
	if float64(len(a)) < similar*float64(len(b)) || len(b) == 0 {
		return 0 // cannot reach it
	}
	both := 0
	for piece := range a {
		if b[piece] {
			both++
		}
	}
	return float64(both) / float64(len(a)+len(b)-both)
}
