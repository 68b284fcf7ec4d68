package catalogue

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNamed(t *testing.T) {
	t.Parallel()
	imported := newShelf()
	s := NewService(imported)
	err := imported.ImportSkills(t.Context(), Change{Put: []Skill{
		{ID: "http://skills.example/1", Name: "Python", Aliases: []string{"JS", "Zymurgy"}},
		{ID: "http://skills.example/2", Name: "Zymurgy"},
		{ID: "http://skills.example/3", Name: "zymurgy", Aliases: []string{"JavaScript"}},
		{ID: "0", Name: "+"},
		{ID: "docker", Name: "Docker of ours"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Named(t.Context(), []string{
		"python", "JS", "Javascript", "http://skills.example/1", "zymurgy", "NODE JS", "node.js", "docker", "Containers", "", "...", "nothing at all", "go",
	})
	ids := map[string]string{}
	for text, k := range got {
		ids[text] = k.ID
	}
	want := map[string]string{
		"python": "python", "JS": "javascript", "Javascript": "javascript", "http://skills.example/1": "http://skills.example/1", "zymurgy": "http://skills.example/2",
		"NODE JS": "node-js", "node.js": "node-js", "docker": "docker", "go": "go", // the imported one has our id, and none of our aliases
	}
	if d := cmp.Diff(want, ids); err != nil || d != "" {
		t.Errorf("%v: got (+), want (-):\n%s", err, d)
	}
	if got["docker"].Name != "Docker of ours" {
		t.Errorf("got %+v, want what was imported in its place", got["docker"])
	}
}

// Every skill of our own list is found by its id and by its name.
func TestNamedKnowsItsOwn(t *testing.T) {
	t.Parallel()
	s := NewService(newShelf())
	for _, k := range Own() {
		got, err := s.Named(t.Context(), []string{k.ID, k.Name})
		if err != nil || got[k.ID].ID != k.ID || got[k.Name].ID != k.ID {
			t.Errorf("got %+v, %v, want %s", got, err, k.ID)
		}
	}
}

func TestPage(t *testing.T) {
	t.Parallel()
	shelf := newShelf()
	s := NewService(shelf)
	all := Own()
	for _, test := range []struct{ page, size, from, to int }{{1, 3, 0, 3}, {2, 3, 3, 6}, {1, 1000000, 0, len(all)}, {2, len(all), len(all), len(all)}, {1000000, 500, len(all), len(all)}} {
		got, total, err := s.Page(t.Context(), test.page, test.size)
		var want []Skill
		want = append(want, all[test.from:test.to]...)
		if d := cmp.Diff(want, got); err != nil || total != len(all) || d != "" {
			t.Errorf("page %d of %d: %d, %v, got (+), want (-):\n%s", test.page, test.size, total, err, d)
		}
	}
	shelf.err = errors.New("broken")
	if _, _, err := s.Page(t.Context(), 1, 1); !errors.Is(err, shelf.err) {
		t.Errorf("got %v, want %v", err, shelf.err)
	}
	if _, err := s.Named(t.Context(), []string{"go"}); !errors.Is(err, shelf.err) {
		t.Errorf("got %v, want %v", err, shelf.err)
	}
}
