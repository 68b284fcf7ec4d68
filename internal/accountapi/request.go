package accountapi

import (
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"avow/internal/web"
)

// body reads the JSON body of a call and refuses members that the call does not know, naming all of them in the order sent.
func (c call) body(known ...string) (web.Object, error) {
	o, err := web.ReadObject(c.Request, true)
	if err != nil {
		return o, err
	}
	return o, refuseUnknown(o.Names(), known)
}

// noQuery refuses every query parameter of a GET (accounts-api.md 13.4).
func (c call) noQuery() error { return refuseUnknown(queryNames(c.URL.RawQuery), nil) }

func refuseUnknown(names, known []string) error {
	unknown := slices.DeleteFunc(slices.Clone(names), func(n string) bool { return slices.Contains(known, n) })
	if len(unknown) == 0 {
		return nil
	}
	return errUnknownParameter.Saying("Unknown parameters: " + strings.Join(unknown, ", "))
}

// queryNames returns the names of a query in the order sent, each once.
func queryNames(raw string) []string {
	var names []string
	for pair := range strings.SplitSeq(raw, "&") {
		name, _, _ := strings.Cut(pair, "=")
		if decoded, err := url.QueryUnescape(name); err == nil {
			name = decoded
		}
		if pair != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// text is a string parameter of at most limit characters; 0 sets no limit. Null counts as absent, an empty string is refused (accounts-api.md 13.3).
func text(o web.Object, field string, required bool, limit int) (string, error) {
	value, present, ok := o.String(field)
	switch {
	case !present && required:
		return "", errParameter.On(field).Saying("Parameter is required")
	case !present:
		return "", nil
	case !ok:
		return "", errParameter.On(field).Saying("Parameter must be a string")
	case value == "":
		return "", errParameter.On(field).Saying("Parameter must not be empty")
	case limit > 0 && utf8.RuneCountInString(value) > limit:
		return "", errParameter.On(field).Saying("Parameter is too long")
	}
	return value, nil
}
