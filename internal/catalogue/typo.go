package catalogue

// speller counts the typos of a keyword. A typo is a letter too many, one too few, another one, or two in the wrong order.
type speller struct {
	keyword []rune
	most    int // more typos than these are too many

	// Space to work in, kept from label to label.
	label             []rune
	before, last, row []int
}

func newSpeller(keyword string) *speller {
	s := &speller{keyword: []rune(keyword)}
	s.most = mistakes(len(s.keyword))
	width := len(s.keyword) + s.most + 1
	s.before, s.last, s.row = make([]int, width), make([]int, width), make([]int, width)
	return s
}

// mistakes is how many letters of a keyword may be wrong: in a short one each counts for too much.
func mistakes(letters int) int {
	switch {
	case letters < 4:
		return 0
	case letters < 8:
		return 1
	}
	return 2
}

// typos is the fewest with which the keyword is the beginning of a label or of one of its words.
func (s *speller) typos(label string) int {
	s.label = s.label[:0]
	for _, r := range label {
		s.label = append(s.label, r)
	}
	fewest := s.most + 1
	for i := range s.label {
		if i == 0 || s.label[i-1] == ' ' {
			fewest = min(fewest, s.beginning(s.label[i:]))
		}
	}
	return fewest
}

// beginning compares the keyword with all beginnings of a text at once: row i, column j is the distance between the first i letters of one and the first j of the other
// (optimal string alignment).
func (s *speller) beginning(text []rune) int {
	text = text[:min(len(text), len(s.keyword)+s.most)]
	for j := range s.last {
		s.last[j] = j
	}
	least := 0 // of the row before
	for i := range s.keyword {
		fewest := s.next(i, text)
		if min(fewest, least) > s.most {
			return s.most + 1
		}
		least = fewest
		s.before, s.last, s.row = s.last, s.row, s.before
	}
	return least
}

// next works out the row of one more letter of the keyword and returns the least that stands in it.
func (s *speller) next(i int, text []rune) int {
	s.row[0] = i + 1
	fewest := i + 1
	for j, letter := range text {
		d := min(s.row[j], s.last[j+1]) + 1
		if s.keyword[i] == letter {
			d = min(d, s.last[j])
		} else {
			d = min(d, s.last[j]+1)
		}
		if i > 0 && j > 0 && s.keyword[i] == text[j-1] && s.keyword[i-1] == letter {
			d = min(d, s.before[j-1]+1)
		}
		s.row[j+1] = d
		fewest = min(fewest, d)
	}
	return fewest
}
