package skill

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// drawnList is a list of projects with any text in them, ids more than once among them.
func drawnList(t *rapid.T) json.RawMessage {
	text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"a\tb", "line\nline", `"quoted"`, "p1", "p1\t{}", "\u2028"}))
	type project struct {
		ID          string `json:"projectId"`
		Name        string `json:"name"`
		Description string `json:"description"`
		Start       string `json:"startDate"`
	}
	var list []project
	for range rapid.IntRange(1, 12).Draw(t, "projects") {
		start := rapid.SampledFrom([]string{"", "1970-01-01", "2023-06", "2022-06-01T02:30:00.5+02:00"}).Draw(t, "start")
		list = append(list, project{"p" + text.Draw(t, "id"), "n" + text.Draw(t, "name"), text.Draw(t, "description"), start})
	}
	raw, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// TestGivenIsWhatTheListsHold finds in the copy exactly what is in the lists, whatever the texts are.
func TestGivenIsWhatTheListsHold(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l := NewLists(drawnList(t), nil, nil)
		items, err := l.items()
		if err != nil {
			t.Fatal(err)
		}
		given, err := l.Given()
		if err != nil {
			t.Fatal(err)
		}
		want := bySource(items)
		asked := []Source{{Project, "never given"}, {Certificate, items[0].ID}}
		for source := range want {
			asked = append(asked, source)
		}
		got, err := given.find(asked)
		if d := cmp.Diff(want, got); err != nil || d != "" {
			t.Fatalf("%v, got (+), want (-):\n%s", err, d)
		}
	})
}
