package account

import (
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// NameKind is a way to name an account inside its organisation (accounts-api.md 5.1).
type NameKind string

// The kinds of names, beside those that other systems give.
const (
	ByID                 NameKind = "id"
	ByEmail              NameKind = "email"
	ByAlias              NameKind = "alias"
	ByCustomerNumber     NameKind = "customer_number"
	ByTuloCustomerNumber NameKind = "tulo_customer_number"
)

const externalID = "external_id:"

// ByExternalID is the kind of the names that another system gives; the key tells the system.
func ByExternalID(key string) NameKind { return NameKind(externalID + key) }

// field is the parameter in which a name of the kind is given.
func (k NameKind) field() string {
	if strings.HasPrefix(string(k), externalID) {
		return "external_ids"
	}
	return string(k)
}

// Name names an account. No two accounts of an organisation have the same.
type Name struct {
	Kind  NameKind
	Value string
}

// Named is the name in the form in which names are compared: ids and addresses without regard to case, all others as they are.
func Named(kind NameKind, value string) Name {
	value = storable(value)
	switch kind {
	case ByID:
		value = strings.ToLower(value)
	case ByEmail:
		value = EmailKey(value)
	}
	return Name{kind, value}
}

// storable is a text that may stand in a row. What may not, on some engine, is nobody's: it is empty.
func storable(text string) string {
	if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		return ""
	}
	return text
}

// Names are those that an account has beside its id and its address.
func (p Profile) Names() []Name {
	names := []Name{{ByAlias, p.Alias}, {ByCustomerNumber, p.CustomerNumber}, {ByTuloCustomerNumber, p.TuloCustomerNumber}}
	for _, key := range slices.Sorted(maps.Keys(p.ExternalIDs)) {
		names = append(names, Name{ByExternalID(key), p.ExternalIDs[key]})
	}
	return slices.DeleteFunc(names, func(n Name) bool { return n.Value == "" })
}
