package catalogue

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// shelf is the simplest Imports there can be.
type shelf struct {
	stamp  int64
	skills map[string]Skill
	loads  int // of all skills
	err    error
}

func newShelf() *shelf { return &shelf{skills: map[string]Skill{}} }

func (s *shelf) ImportedSkills(_ context.Context, known int64) (int64, []Skill, error) {
	if known == s.stamp {
		return s.stamp, nil, s.err
	}
	s.loads++
	var all []Skill
	for _, one := range s.skills {
		all = append(all, one)
	}
	return s.stamp, all, s.err
}

func (s *shelf) ImportSkills(_ context.Context, c Change) error {
	for _, one := range c.Put {
		s.skills[one.ID] = one
	}
	for _, id := range c.Remove {
		delete(s.skills, id)
	}
	s.stamp++
	return s.err
}

func TestSearchPages(t *testing.T) {
	t.Parallel()
	s := NewService(newShelf())
	var all []string
	for page := 1; page <= Pages; page++ {
		got, err := s.Search(t.Context(), "design", page)
		if err != nil || len(got) > PageSize {
			t.Fatalf("page %d: got %d skills (%v), want at most 10", page, len(got), err)
		}
		all = append(all, idsOf(got)...)
	}
	if want := idsOf(NewIndex(Own()).Search("design")); len(want) < 15 || !slices.Equal(all, want) {
		t.Errorf("got %q on all pages, want %q", all, want)
	}
	for _, page := range []int{-1, 0, 6} {
		if _, err := s.Search(t.Context(), "design", page); !errors.Is(err, ErrPage) {
			t.Errorf("page %d: got %v, want %v", page, err, ErrPage)
		}
	}
	if _, err := s.Search(t.Context(), "de", 1); !errors.Is(err, ErrKeyword) {
		t.Errorf("got %v, want %v", err, ErrKeyword)
	}
}

func TestImportsAreFoundAtOnce(t *testing.T) {
	t.Parallel()
	kept := newShelf()
	server, command := NewService(kept), NewService(kept)
	want := func(keyword string, ids ...string) {
		t.Helper()
		got, err := server.Search(t.Context(), keyword, 1)
		if err != nil || !slices.Equal(idsOf(got), ids) {
			t.Errorf("%s: got %q (%v), want %q", keyword, idsOf(got), err, ids)
		}
	}
	want("kayaking")
	if kept.loads != 0 {
		t.Errorf("got %d loads before the first import, want none", kept.loads)
	}
	imported := []Skill{{"k", "Sea kayaking", "sport", nil}, {"javascript", "Javascript scripting", "software.web", nil}}
	if _, err := command.Import(t.Context(), imported, false); err != nil {
		t.Fatal(err)
	}
	loads := kept.loads
	want("kayaking", "k")
	want("ecmascript") // ours is called so, what took its place is not
	want("javascript", "javascript")
	if kept.loads != loads+1 {
		t.Errorf("got %d loads for three searches, want 1", kept.loads-loads)
	}
}

func TestImport(t *testing.T) {
	t.Parallel()
	s := NewService(newShelf())
	a, b, changed := Skill{"a", "A", other, nil}, Skill{"b", "B", other, nil}, Skill{"a", "A", other, []string{"X"}}
	own := Own()[0]
	for i, c := range []struct {
		skills  []Skill
		replace bool
		want    Report
		imports int // beside our own
	}{
		{[]Skill{a, b}, false, Report{Added: 2}, 2},
		{[]Skill{a, b}, false, Report{Unchanged: 2}, 2},
		{[]Skill{changed}, false, Report{Changed: 1}, 2},
		{[]Skill{changed}, true, Report{Unchanged: 1, Removed: 1}, 1},
		{[]Skill{own}, false, Report{Unchanged: 1}, 1},
		{nil, true, Report{Removed: 1}, 0},
	} {
		got, err := s.Import(t.Context(), c.skills, c.replace)
		if diff := cmp.Diff(c.want, got); err != nil || diff != "" {
			t.Errorf("import %d: %v, got +, want -:\n%s", i, err, diff)
		}
		all, err := s.All(t.Context())
		if err != nil || len(all) != len(Own())+c.imports || !slices.IsSorted(idsOf(all)) {
			t.Errorf("import %d: got %d skills (%v), want our own and %d, by id", i, len(all), err, c.imports)
		}
	}
}

func TestFaultsAreToldOn(t *testing.T) {
	t.Parallel()
	broken := newShelf()
	broken.err = errors.New("broken")
	s := NewService(broken)
	_, search := s.Search(t.Context(), "java", 1)
	_, all := s.All(t.Context())
	_, imported := s.Import(t.Context(), nil, false)
	for i, err := range []error{search, all, imported} {
		if !errors.Is(err, broken.err) {
			t.Errorf("%d: got %v, want %v", i, err, broken.err)
		}
	}
}
