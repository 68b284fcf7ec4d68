package main

import (
	"encoding/json"
	"slices"
	"testing"
)

func TestSessionHasFourKilobytes(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(newSession(1234))
	if err != nil {
		t.Fatal(err)
	}
	if len(text) < 3900 || len(text) > 4300 {
		t.Errorf("got %d bytes, want about 4 KB", len(text))
	}
}

func TestSelectionsAlternate(t *testing.T) {
	t.Parallel()
	tokens := []string{"a", "b", "c"}
	lines, err := selections(tokens)
	if err != nil {
		t.Fatal(err)
	}
	sizes := map[string][]int{}
	for i, line := range lines {
		var s selection
		if err := json.Unmarshal([]byte(line), &s); err != nil {
			t.Fatal(err)
		}
		if s.Token != tokens[i%len(tokens)] {
			t.Errorf("line %d: got session %s, want %s", i, s.Token, tokens[i%len(tokens)])
		}
		all := slices.Concat(s.Projects, s.Jobs, s.Certificates)
		sizes[s.Token] = append(sizes[s.Token], len(all))
		slices.Sort(all)
		if len(slices.Compact(all)) != sizes[s.Token][len(sizes[s.Token])-1] {
			t.Errorf("line %d: got an item twice: %s", i, line)
		}
	}
	for token, got := range sizes {
		slices.Sort(got)
		if want := []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}; !slices.Equal(got, want) {
			t.Errorf("session %s: got sizes %v, want %v", token, got, want)
		}
	}
}
