package config

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
)

const (
	prefix     = "AVOW_"
	fileSuffix = "_FILE"
)

// gatherer finds the text of every setting that was given.
type gatherer struct {
	*problems
	// known are the names of all settings.
	known []string
	// given are the variables that claim to be settings.
	given map[string]string
	// flags are the flags that were given, by the name of their setting.
	flags map[string]string
	// values are the result, by name.
	values map[string]string
}

// gather returns the texts by name; none of them is blank.
func gather(found *problems, flags map[string]string, environ []string) map[string]string {
	g := gatherer{problems: found, given: avowVariables(environ), values: map[string]string{}}
	g.known = settingNames()
	g.flags = g.takeFlags(flags)
	for name, value := range g.given {
		g.takeVariable(name, value)
	}
	maps.Copy(g.values, g.flags)
	maps.DeleteFunc(g.values, func(_, value string) bool { return isBlank(value) })
	return g.values
}

// takeFlags turns flags into settings by name.
func (g *gatherer) takeFlags(flags map[string]string) map[string]string {
	names := map[string]string{}
	for _, s := range Settings() {
		names[s.Flag] = s.Name
	}
	delete(names, "") // the secrets
	values := map[string]string{}
	for flag, value := range flags {
		if name, ok := names[flag]; ok {
			values[name] = value
		} else {
			g.addUnknown("--"+flag, "there is no such flag")
		}
	}
	return values
}

// takeVariable puts one variable into values, or says what is wrong with it.
func (g *gatherer) takeVariable(name, value string) {
	bare, isFile := strings.CutSuffix(name, fileSuffix)
	switch {
	case slices.Contains(g.known, name):
		if !isBlank(value) {
			g.values[name] = value
		}
	case isFile && slices.Contains(g.known, bare):
		g.takeFile(bare, value)
	default:
		g.addUnknown(name, "unknown setting; did you mean %s?", nearestName(name, g.known))
	}
}

// takeFile reads the value of the setting name. The file is not opened when a
// flag has the last word anyway.
func (g *gatherer) takeFile(name, file string) {
	if isBlank(file) {
		return
	}
	if !isBlank(g.given[name]) {
		g.add(name+fileSuffix, "%s is set as well; keep one of the two", name)
		return
	}
	if _, ok := g.flags[name]; ok {
		return
	}
	content, err := os.ReadFile(file)
	if err != nil {
		g.add(name+fileSuffix, "cannot read the file that it names: %v", withoutPath(err))
		return
	}
	g.values[name] = strings.TrimRight(string(content), "\r\n")
}

// withoutPath drops the file name: somebody who mistakes NAME_FILE for NAME
// has put the secret itself there.
func withoutPath(err error) error {
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		return pathError.Err
	}
	return err
}

// avowVariables are the variables that claim to be settings.
func avowVariables(environ []string) map[string]string {
	given := map[string]string{}
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, prefix) && !fromKubernetes(name) {
			given[name] = value
		}
	}
	return given
}

// fromKubernetes says whether a cluster put the variable into every container
// because one of its services is named avow.
func fromKubernetes(name string) bool {
	return strings.HasPrefix(name, prefix+"PORT") || strings.HasPrefix(name, prefix+"SERVICE_")
}

// isBlank says whether a value counts as unset. A list of nothing is blank, so
// that a required list cannot be met by a comma.
func isBlank(value string) bool {
	return strings.Trim(value, " \t\r\n,") == ""
}
