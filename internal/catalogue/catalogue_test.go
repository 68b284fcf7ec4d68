package catalogue

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	idForm       = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	categoryForm = regexp.MustCompile(`^[a-z]+\.[a-z]+(-[a-z]+)*$`)
)

// TestOwnList holds our own list to its form: sorted, every id and every label once.
func TestOwnList(t *testing.T) {
	t.Parallel()
	skills := Own()
	if len(skills) < 300 {
		t.Errorf("got %d skills, want at least 300", len(skills))
	}
	if ids := idsOf(skills); !slices.IsSorted(ids) {
		t.Error("got skills.csv out of order, want it sorted by id")
	}
	called := map[string]string{}
	for _, s := range skills {
		if !idForm.MatchString(s.ID) || !categoryForm.MatchString(s.Category) {
			t.Errorf("got id %q in category %q, want small letters, digits and hyphens, and a category like software.web", s.ID, s.Category)
		}
		for _, label := range append([]string{s.Name}, s.Aliases...) {
			if of, twice := called[strings.ToLower(label)]; twice {
				t.Errorf("%s: got %q, which is what %s is called, want each label once", s.ID, label, of)
			}
			called[strings.ToLower(label)] = s.ID
		}
	}
}

// TestIDsAreForGood compares our list with the ids that were ever given out. Add a line for a new skill; never take one away.
func TestIDsAreForGood(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/ids.txt")
	if err != nil {
		t.Fatal(err)
	}
	given, ids := strings.Fields(string(text)), idsOf(Own())
	for _, id := range given {
		if !slices.Contains(ids, id) {
			t.Errorf("got no skill %s, want every id that was given out to stay", id)
		}
	}
	for _, id := range ids {
		if !slices.Contains(given, id) {
			t.Errorf("got no line %s in testdata/ids.txt, want one, so that the id stays for good", id)
		}
	}
}

// TestOwnSkillsAreFound asks for each skill by each of its labels.
func TestOwnSkillsAreFound(t *testing.T) {
	t.Parallel()
	x := NewIndex(Own())
	for _, s := range Own() {
		for _, label := range append([]string{s.Name}, s.Aliases...) {
			if CheckKeyword(label) != nil {
				continue
			}
			if got := x.Search(label); len(got) == 0 || got[0].ID != s.ID {
				t.Errorf("%q: got %q, want %s first", label, idsOf(got), s.ID)
			}
		}
	}
}

func TestNamesAndCategories(t *testing.T) {
	t.Parallel()
	if got := OwnName("javascript") + "," + OwnName("skill_001"); got != "JavaScript," {
		t.Errorf("got %q, want the one name there is", got)
	}
	for category, want := range map[string]string{"software.web": "software", "esco": "esco", "a.b.c": "a"} {
		if got := (Skill{Category: category}).Master(); got != want {
			t.Errorf("%s: got master skill %q, want %q", category, got, want)
		}
	}
}
