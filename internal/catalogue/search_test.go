package catalogue

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// skillsOf makes skills of lines like "Name|alias|alias"; the name is the id.
func skillsOf(lines ...string) []Skill {
	var skills []Skill
	for _, line := range lines {
		labels := strings.Split(line, "|")
		skills = append(skills, Skill{ID: labels[0], Name: labels[0], Category: other, Aliases: labels[1:]})
	}
	return skills
}

func idsOf(skills []Skill) []string {
	ids := []string{}
	for _, s := range skills {
		ids = append(ids, s.ID)
	}
	return ids
}

func TestSearchRanks(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		keyword string
		skills  []string
		want    []string
	}{
		"whole, prefix, word, infix, typo": {"data", []string{"Dota play", "Metadata", "Big data", "Data mining", "Data"}, []string{"Data", "Data mining", "Big data", "Metadata", "Dota play"}},
		"a name before an alias":           {"post", []string{"Mailing|Post office", "Postal work"}, []string{"Postal work", "Mailing"}},
		"a whole alias before a prefix":    {"golang", []string{"Golang tools", "Go|Golang"}, []string{"Go", "Golang tools"}},
		"short names before long ones":     {"java", []string{"JavaZoo", "JavaBeans"}, []string{"JavaZoo", "JavaBeans"}},
		"names of one length by alphabet":  {"kilo", []string{"Kilo b", "kilo c", "kilo a"}, []string{"kilo a", "Kilo b", "kilo c"}},
		"one name by id":                   {"kilo", []string{"kilo", "KILO", "Kilo"}, []string{"KILO", "Kilo", "kilo"}},
		"the best of a skill's labels":     {"net", []string{"Internet|Net", "Network"}, []string{"Internet", "Network"}},
		"any case":                         {"JAVASCRIPT", []string{"JavaScript"}, []string{"JavaScript"}},
		"letters of any script":            {"ångst", []string{"Ångström"}, []string{"Ångström"}},
		"dots are nothing":                 {"node.js", []string{"NodeJS"}, []string{"NodeJS"}},
		"hyphens are spaces":               {"e mail", []string{"E-mail"}, []string{"E-mail"}},
		"plus and hash count":              {"c++", []string{"C", "C++", "C#"}, []string{"C++"}},
		"no pattern":                       {".*(a|b)+", []string{"Algebra", "x"}, []string{}},
		"three letters are not mistyped":   {"jva", []string{"Java"}, []string{}},
		"a letter is missing":              {"pyton", []string{"Python"}, []string{"Python"}},
		"a letter too many":                {"pythoon", []string{"Python"}, []string{"Python"}},
		"another letter":                   {"pythen", []string{"Python"}, []string{"Python"}},
		"two letters changed places":       {"pyhton", []string{"Python"}, []string{"Python"}},
		"the first letter":                 {"bython", []string{"Python"}, []string{"Python"}},
		"two typos in a short word":        {"pyhtn", []string{"Python"}, []string{}},
		"two typos in a long word":         {"kuberentse", []string{"Kubernetes"}, []string{"Kubernetes"}},
		"three typos":                      {"kubrentse", []string{"Kubernetes"}, []string{}},
		"a mistyped beginning":             {"kubren", []string{"Kubernetes"}, []string{"Kubernetes"}},
		"a mistyped later word":            {"lerning", []string{"Machine learning"}, []string{"Machine learning"}},
		"a mistyped alias":                 {"postgers", []string{"PostgreSQL DB|Postgres"}, []string{"PostgreSQL DB"}},
		"fewer typos before more":          {"javascript", []string{"jbvbscript", "jzvascript"}, []string{"jzvascript", "jbvbscript"}},
		"nothing":                          {"zzzzzz", []string{"Python"}, []string{}},
	} {
		for range 2 {
			skills := skillsOf(c.skills...)
			if got := idsOf(NewIndex(skills).Search(c.keyword)); !slices.Equal(got, c.want) {
				t.Errorf("%s: got %q, want %q", name, got, c.want)
			}
			slices.Reverse(c.skills) // the list's order is of no account
		}
	}
}

func TestSearchEndsWithThePages(t *testing.T) {
	t.Parallel()
	var lines []string
	for i := range 60 {
		lines = append(lines, fmt.Sprintf("skill %02d", i))
	}
	got := NewIndex(skillsOf(lines...)).Search("skill")
	if len(got) != PageSize*Pages || got[0].ID != "skill 00" || got[49].ID != "skill 49" {
		t.Errorf("got %d skills, want the first 50", len(got))
	}
	if got := NewIndex(Own()).Search(strings.Repeat("skill", 100)); len(got) != 0 {
		t.Errorf("got %d skills for a very long keyword, want none", len(got))
	}
}

func TestKeywords(t *testing.T) {
	t.Parallel()
	for keyword, good := range map[string]bool{
		"": false, "go": false, " go ": false, "   ": false, "***": false, "+-*/": false, "c++": true, "web": true, "åäö": true, "日本語": true, "日本": false, "365": true, ".a.": true,
	} {
		if err := CheckKeyword(keyword); (err == nil) != good || err != nil && !errors.Is(err, ErrKeyword) {
			t.Errorf("%q: got %v, want good to be %v", keyword, err, good)
		}
	}
}

// esco like: 14 000 skills with seven labels of a few words each.
func BenchmarkMistyped(b *testing.B) {
	words := strings.Fields("manage perform technical customer operate maintain develop equipment electrical industrial prepare evaluate surgical textile monitor coordinate")
	var skills []Skill
	for i := range 14000 {
		s := Skill{ID: fmt.Sprint(i), Name: fmt.Sprintf("%s %s %s", words[i%16], words[i/16%16], words[i/256%16])}
		for n := range 6 {
			s.Aliases = append(s.Aliases, fmt.Sprintf("%s %s %s", words[(i+n)%16], words[(i/7+n)%16], words[(i/5+n)%16]))
		}
		skills = append(skills, s)
	}
	x := NewIndex(skills)
	for b.Loop() {
		x.Search("kuberntes")
	}
}
