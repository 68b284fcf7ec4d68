package accountapi

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"avow/internal/account"
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

// query reads the parameters of a GET and refuses those that the call does not know (accounts-api.md 13.4).
func (c call) query(known ...string) (query, error) {
	q := query(c.URL.RawQuery)
	return q, refuseUnknown(q.names(), known)
}

// named are the parameters of a call that may be about any account: the account comes first (accounts-api.md 4).
func (c call) named(others ...string) []string {
	if c.Need.Identity {
		return others
	}
	return append([]string{"account_id"}, others...)
}

// subject is the call about the token's own account, or, where it asks for no identity, about the one that is named.
func (c call) subject(from source) (account.Call, error) {
	if c.Need.Identity {
		return c.Call, nil
	}
	id, err := text(from, "account_id", true, 0)
	if err != nil {
		return account.Call{}, err
	}
	return c.about(account.ByID, id), objectID.check("account_id", id)
}

func refuseUnknown(names, known []string) error {
	unknown := slices.DeleteFunc(slices.Clone(names), func(n string) bool { return slices.Contains(known, n) })
	if len(unknown) == 0 {
		return nil
	}
	return errUnknownParameter.Saying("Unknown parameters: " + strings.Join(unknown, ", "))
}

// source is where parameters come from: a body or a query.
type source interface {
	// String returns a parameter. Present is false when there is none, ok is false when it is no string.
	String(name string) (text string, present, ok bool)
}

// query is the query string of a GET.
type query string

// pairs returns names and values in the order sent; what cannot be decoded stands as it is, and is no good value.
func (q query) pairs() []queryPair {
	var pairs []queryPair
	for one := range strings.SplitSeq(string(q), "&") {
		name, value, _ := strings.Cut(one, "=")
		if decoded, err := url.QueryUnescape(name); err == nil {
			name = decoded
		}
		decoded, err := url.QueryUnescape(value)
		if one != "" {
			pairs = append(pairs, queryPair{name, decoded, err == nil && utf8.ValidString(decoded)})
		}
	}
	return pairs
}

type queryPair struct {
	name, value string
	good        bool
}

// names returns the names in the order sent, each once.
func (q query) names() []string {
	var names []string
	for _, p := range q.pairs() {
		if !slices.Contains(names, p.name) {
			names = append(names, p.name)
		}
	}
	return names
}

// String implements source. A parameter that is given twice is none.
func (q query) String(name string) (text string, present, ok bool) {
	for _, p := range q.pairs() {
		if p.name == name {
			text, ok = p.value, p.good && !present
			present = true
		}
	}
	return text, present, ok || !present
}

// text is a string parameter of at most limit characters; 0 sets no limit. Null counts as absent, an empty string is refused (accounts-api.md 13.3).
func text(from source, field string, required bool, limit int) (string, error) {
	value, present, ok := from.String(field)
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

// format is a documented form of values.
type format struct {
	fits  func(value string) bool
	shown string // as the documentation prints it
}

// The documented forms (accounts-api.md 1.4, 5.1).
var (
	objectID       = format{regexp.MustCompile(`\A[a-fA-F\d]{24}\z`).MatchString, `/^[a-f\d]{24}$/`}
	emailAddress   = format{func(value string) bool { return account.CheckEmail(value) == nil }, `/\A[\w+\-.]+@[a-z\d\-]+(\.[a-z]+)*\.[a-z]+\z/i`}
	customerNumber = format{account.IsCustomerNumber, `/^[a-zA-Z-_0-9]+$/`}
)

// check refuses a value that is not of the form.
func (f format) check(field, value string) error {
	if f.fits(value) {
		return nil
	}
	return errParameter.On(field).Saying("Parameter must match format (" + f.shown + ")")
}
