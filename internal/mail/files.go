package mail

import (
	"embed"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

//go:embed templates
var embedded embed.FS

// files are the texts of templates by path, such as sv/confirm_email.txt.
type files map[string]string

// readFiles reads a folder and the folders in it, and follows links: a container's volume is made of them. Names that begin with a dot are somebody else's.
func readFiles(folder fs.FS) (files, error) {
	all := files{}
	return all, all.read(folder, ".")
}

func (f files) read(folder fs.FS, dir string) error {
	entries, err := fs.ReadDir(folder, dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") {
			if err := f.add(folder, path.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

func (f files) add(folder fs.FS, name string) error {
	info, err := fs.Stat(folder, name)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return f.read(folder, name)
	}
	text, err := fs.ReadFile(folder, name)
	f[name] = strings.TrimPrefix(strings.ReplaceAll(string(text), "\r\n", "\n"), "\ufeff")
	return err
}

// ownFiles are the templates that avow comes with.
func ownFiles() files {
	folder, err := fs.Sub(embedded, "templates")
	if err != nil {
		panic(err)
	}
	all, err := readFiles(folder)
	if err != nil {
		panic(err)
	}
	return all
}

// sampleEnd is the end of the files that hold sample data; their names are the list of templates.
const sampleEnd = ".json"

func (f files) templates() []string {
	var names []string
	for file := range f {
		if name, ok := strings.CutSuffix(file, sampleEnd); ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func (f files) languages() []string {
	found := map[string]bool{}
	for file := range f {
		if language, _, ok := strings.Cut(file, "/"); ok {
			found[language] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// overlay puts an operator's files in the places of our own. A file that would never be looked at is a problem: who misspells a name must not believe that it works.
func (f files) overlay(theirs files) []problem {
	bases := []string{commonFile, datesFile}
	for _, name := range f.templates() {
		bases = append(bases, name+subjectEnd, name+textEnd, name+htmlEnd)
	}
	var problems []problem
	for file, text := range theirs {
		language, base, nested := strings.Cut(file, "/")
		switch {
		case !nested && file != frameFile:
			problems = append(problems, problem{file, 1, "want " + frameFile + ", or a folder for each language"})
		case nested && !tagForm.MatchString(language):
			problems = append(problems, problem{file, 1, "want a folder named by a language in lower case, such as sv or pt-br"})
		case nested && !slices.Contains(bases, base):
			problems = append(problems, problem{file, 1, "there is no such file; known are " + strings.Join(bases, ", ")})
		default:
			f[file] = text
		}
	}
	return problems
}
