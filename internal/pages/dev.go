package pages

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// allowScript lets a developer's page have our own script, which copies; more directives may follow.
func allowScript(h http.Header, more ...string) {
	h.Set("Content-Security-Policy", strings.Join(append([]string{contentPolicy, "script-src 'self'"}, more...), "; "))
}

// refreshParameter switches a list on to load itself again every two seconds, without a script.
const refreshParameter = "refresh"

// reloading is what a list needs to be loaded again.
type reloading struct {
	Refresh      bool
	Self, Switch string // addresses: of this page as it is, and with refreshing switched
}

// reloadingOf keeps one parameter of a list, which may be empty.
func reloadingOf(r *http.Request, path, name, value string) reloading {
	on := r.URL.Query().Get(refreshParameter) != ""
	address := func(refresh bool) string {
		query := url.Values{}
		if value != "" {
			query.Set(name, value)
		}
		if refresh {
			query.Set(refreshParameter, "on")
		}
		return (&url.URL{Path: path, RawQuery: query.Encode()}).String()
	}
	return reloading{Refresh: on, Self: address(on), Switch: address(!on)}
}

// copyable is something in a mail that a developer wants to take elsewhere.
type copyable struct{ What, Value, Address string }

var (
	secretName = regexp.MustCompile(`(?i)code|token`)
	codeLine   = regexp.MustCompile(`^[0-9]{4,10}$`)
)

// copyables finds the links of a text, what is secret in their queries, and codes that stand on a line of their own; each once.
func copyables(text string) []copyable {
	var found []copyable
	for _, s := range segments(text) {
		if s.Address != "" {
			found = append(found, copyable{"Link", s.Address, s.Address})
			found = append(found, secretsOf(s.Address)...)
		}
	}
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); codeLine.MatchString(line) {
			found = append(found, copyable{What: "Code", Value: line})
		}
	}
	return unique(found)
}

func secretsOf(address string) []copyable {
	u, err := url.Parse(address)
	if err != nil {
		return nil
	}
	var found []copyable
	for name, values := range u.Query() {
		if secretName.MatchString(name) && values[0] != "" {
			found = append(found, copyable{What: name, Value: values[0]})
		}
	}
	slices.SortFunc(found, func(a, b copyable) int { return strings.Compare(a.What, b.What) })
	return found
}

// unique keeps the first of what comes more than once.
func unique(all []copyable) []copyable {
	var kept []copyable
	for _, c := range all {
		if !slices.ContainsFunc(kept, func(k copyable) bool { return k.Value == c.Value }) {
			kept = append(kept, c)
		}
	}
	return kept
}
