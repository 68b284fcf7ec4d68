package assess

import (
	"embed"
	"io/fs"
	"path"
	"regexp"
	"strings"
	"sync"
)

//go:embed bank/*.md
var builtin embed.FS

var idForm = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// Bank is a set of skills with their questions. It does not change once it is made.
type Bank struct {
	Skills []Skill
	byName map[string]int // of Skills
}

// Builtin returns the bank that avow brings along. A test holds that nothing is to be found in it.
var Builtin = sync.OnceValue(func() *Bank {
	bank, _ := LoadBuiltin()
	return bank
})

// LoadBuiltin reads it anew and tells what is not understood in it.
func LoadBuiltin() (*Bank, []Finding) { return Load(builtin, "bank") }

// Load reads all files of questions of a folder, in the order of their names. A file that cannot be read is a finding.
func Load(files fs.FS, dir string) (*Bank, []Finding) {
	var skills []Skill
	var findings []Finding
	names, err := fs.Glob(files, path.Join(dir, "*.md"))
	if err != nil {
		return NewBank(nil), []Finding{{dir, 0, err.Error()}}
	}
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			findings = append(findings, Finding{name, 0, err.Error()})
			continue
		}
		skill, more := Parse(name, string(text))
		skills, findings = append(skills, skill), append(findings, more...)
	}
	return NewBank(skills), findings
}

// NewBank makes a bank of skills. Of two that share a name the first one has it.
func NewBank(skills []Skill) *Bank {
	b := &Bank{Skills: skills, byName: map[string]int{}}
	for i, s := range skills {
		for _, name := range s.names() {
			if _, taken := b.byName[name]; !taken {
				b.byName[name] = i
			}
		}
	}
	return b
}

// names are all the names that find a skill, folded.
func (s Skill) names() []string {
	names := []string{fold(s.Name), fold(s.ID)}
	for _, alias := range s.Aliases {
		names = append(names, fold(alias))
	}
	return names
}

// Find returns the skill that goes by one of the names: title, id or alias, whatever the case, with spaces, hyphens and underscores alike.
func (b *Bank) Find(names ...string) (Skill, bool) {
	for _, name := range names {
		if i, ok := b.byName[fold(name)]; ok && name != "" {
			return b.Skills[i], true
		}
	}
	return Skill{}, false
}

var separators = strings.NewReplacer("-", " ", "_", " ")

func fold(name string) string {
	return strings.Join(strings.Fields(separators.Replace(strings.ToLower(name))), " ")
}
