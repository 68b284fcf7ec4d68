package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"avow/internal/access"
	"avow/internal/catalogue"
	"avow/internal/skill"
)

func skillCatalogue(t *testing.T, open Open) {
	cases := map[string]func(*world){
		"imported skills are kept whole":            (*world).importKept,
		"an import takes the place of the last":     (*world).importAgain,
		"a known stamp brings nothing":              (*world).importKnown,
		"an import is done whole or not at all":     (*world).importWhole,
		"a large import":                            (*world).importLarge,
		"the names of claimed skills come with it":  (*world).namesLoaded,
		"changes that share a group keep to theirs": (*world).namesOfMany,
	}
	for name, check := range cases {
		t.Run(name, func(t *testing.T) { t.Parallel(); check(newWorld(t, open)) })
	}
}

const noStamp = -1

func imported(id, name string, aliases ...string) catalogue.Skill {
	return catalogue.Skill{ID: id, Name: name, Category: "sport.water", Aliases: aliases}
}

func (w *world) importAll(skills ...catalogue.Skill) {
	w.Helper()
	w.must(w.ImportSkills(w.ctx, catalogue.Change{Put: skills}))
}

// wantImported returns the stamp.
func (w *world) wantImported(want ...catalogue.Skill) int64 {
	w.Helper()
	stamp, got, err := w.ImportedSkills(w.ctx, noStamp)
	w.must(err)
	slices.SortFunc(got, func(a, b catalogue.Skill) int { return strings.Compare(a.ID, b.ID) })
	if diff := cmp.Diff(want, got); diff != "" {
		w.Errorf("imported skills: got +, want -:\n%s", diff)
	}
	return stamp
}

func (w *world) importKept() {
	if stamp := w.wantImported(); stamp != 0 {
		w.Errorf("got stamp %d before the first import, want 0", stamp)
	}
	kayak, esco := imported("kayak", `"Kayak" & co`, "a, b", "ü"), imported("http://data.europa.eu/esco/skill/1", "steer")
	w.importAll(kayak, esco)
	if stamp := w.wantImported(esco, kayak); stamp == 0 {
		w.Error("got stamp 0 after an import, want another")
	}
}

func (w *world) importAgain() {
	w.importAll(imported("a", "A", "x"), imported("b", "B"), imported("c", "C"))
	before := w.wantImported(imported("a", "A", "x"), imported("b", "B"), imported("c", "C"))
	w.must(w.ImportSkills(w.ctx, catalogue.Change{Put: []catalogue.Skill{imported("a", "A2"), imported("d", "D")}, Remove: []string{"b", "nobody"}}))
	if after := w.wantImported(imported("a", "A2"), imported("c", "C"), imported("d", "D")); after == before {
		w.Errorf("got stamp %d again, want another", after)
	}
}

func (w *world) importKnown() {
	w.importAll(imported("a", "A"))
	stamp := w.wantImported(imported("a", "A"))
	got, skills, err := w.ImportedSkills(w.ctx, stamp)
	w.must(err)
	if got != stamp || skills != nil {
		w.Errorf("got stamp %d and %d skills, want %d and none", got, len(skills), stamp)
	}
	w.must(w.ImportSkills(w.ctx, catalogue.Change{Remove: []string{"a"}}))
	if got, skills, err := w.ImportedSkills(w.ctx, stamp); err != nil || got == stamp || skills != nil {
		w.Errorf("got stamp %d and %d skills (%v), want another and none", got, len(skills), err)
	}
}

// importWhole has a list whose last skill no database takes.
func (w *world) importWhole() {
	w.importAll(imported("a", "A"))
	before := w.wantImported(imported("a", "A"))
	var many []catalogue.Skill
	for i := range 100 {
		many = append(many, imported(fmt.Sprint(i), "many"))
	}
	if err := w.ImportSkills(w.ctx, catalogue.Change{Put: append(many, imported("", "no id"))}); err == nil {
		w.Error("got no error for a skill without id, want one")
	}
	if after := w.wantImported(imported("a", "A")); after != before {
		w.Error("got another stamp after an import that failed, want the same")
	}
}

func (w *world) importLarge() {
	var many []catalogue.Skill
	for i := range 5000 {
		many = append(many, imported(fmt.Sprintf("%05d", i), "many", strings.Repeat("alias ", 20)))
	}
	w.importAll(many...)
	w.wantImported(many...)
}

// names opens a verification and asks for the names of skills.
func (w *world) namesOf(apiKey string, ids ...string) map[string]string {
	w.Helper()
	var names map[string]string
	subject := skill.Subject{Keyed: true, Secret: w.keys.Lookup(access.ForAPIKey, apiKey), Skills: ids}
	w.must(w.ChangeVerification(w.ctx, subject, func(s skill.State) (skill.Next, error) {
		names = s.Names
		return skill.Next{}, nil
	}))
	return names
}

func (w *world) namesLoaded() {
	w.importAll(imported("kayak", "Kayak"), imported("ski", "Ski"))
	apiKey, _ := w.key(w.two, access.Live)
	if diff := cmp.Diff(map[string]string{"kayak": "Kayak", "ski": "Ski"}, w.namesOf(apiKey, "kayak", "go", "ski", "Kayak", "kayak")); diff != "" {
		w.Errorf("got +, want -:\n%s", diff)
	}
	if got := w.namesOf(apiKey); len(got) != 0 {
		w.Errorf("got %v for no ids, want none", got)
	}
}

func (w *world) namesOfMany() {
	var many []catalogue.Skill
	for i := range 20 {
		many = append(many, imported(fmt.Sprint(i), fmt.Sprint("name of ", i)))
	}
	w.importAll(many...)
	apiKey, _ := w.key(w.one, access.Live)
	done := make(chan string)
	for _, k := range many {
		go func() { done <- cmp.Diff(map[string]string{k.ID: k.Name}, w.namesOf(apiKey, k.ID)) }()
	}
	for range many {
		if diff := <-done; diff != "" {
			w.Errorf("got +, want -:\n%s", diff)
		}
	}
}
