package accountapi

import (
	"net/http"
	"slices"
	"strings"
	"unicode"

	"avow/internal/account"
	"avow/internal/web"
)

// lookup is how a call lets an account be named in its query (accounts-api.md 5.1).
type lookup struct {
	ways []string // the parameters, of which a call has one
	bare bool     // the documentation prints forms without parentheses
}

// A pair of external id key and value goes by the name of its key.
var (
	anyWay      = lookup{ways: []string{"id", "email", "alias", "customer_number", "tulo_customer_number", externalKey}}
	idOrAddress = lookup{ways: []string{"id", "email"}, bare: true}
)

const externalKey, externalValue = "external_id_key", "external_id_value"

// maxText is the longest value of most parameters in characters (accounts-api.md 5.3).
const maxText = 1024

// forms are those of the ways that have one, and limits how many characters a value may have.
var (
	forms  = map[string]format{"id": objectID, "email": emailAddress, "customer_number": customerNumber}
	limits = map[string]int{"id": 0, "customer_number": 10}
)

// getAccount is GET /external/api/v1/accounts.
func (a api) getAccount(w http.ResponseWriter, c call) error {
	found, err := a.find(c, anyWay)
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, item{fieldsOfV1(found)})
}

// accountStatus is GET /external/api/v1/accounts/status.
func (a api) accountStatus(w http.ResponseWriter, c call) error {
	found, err := a.find(c, idOrAddress)
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, item{map[string]string{"status": string(found.Status)}})
}

func (a api) find(c call, l lookup) (account.Account, error) {
	known := l.ways
	if slices.Contains(known, externalKey) {
		known = append(slices.Clone(known), externalValue)
	}
	q, err := c.query(known...)
	if err != nil {
		return account.Account{}, err
	}
	about, err := l.read(c, q)
	if err != nil {
		return account.Account{}, err
	}
	return a.service.Account(c.Context(), about)
}

// read takes the one name that is given.
func (l lookup) read(c call, q query) (account.Call, error) {
	way, err := l.way(q)
	if err != nil {
		return account.Call{}, err
	}
	value, err := l.value(q, way)
	if err != nil || way != externalKey {
		return c.about(account.NameKind(way), value), err
	}
	key := value
	value, err = l.value(q, externalValue)
	return c.about(account.ByExternalID(key), value), err
}

// way finds the parameter by which the account is named.
func (l lookup) way(q query) (string, error) {
	given := q.names()
	for i, name := range given {
		if name == externalValue {
			given[i] = externalKey
		}
	}
	slices.Sort(given)
	given = slices.Compact(given)
	switch all := "[" + strings.Join(l.ways, ", ") + "]"; {
	case len(given) == 0:
		return "", errParameter.Saying("One of parameters " + all + " is required")
	case len(given) > 1:
		return "", errParameter.Saying("Only one of " + all + " is allowed")
	}
	return given[0], nil
}

// value reads one parameter in its form.
func (l lookup) value(q query, field string) (string, error) {
	limit, own := limits[field]
	if !own {
		limit = maxText
	}
	value, err := text(q, field, true, limit)
	if err != nil {
		return "", err
	}
	form, documented := forms[field]
	switch {
	case !documented && strings.ContainsFunc(value, unicode.IsControl):
		return "", errParameter.On(field).Saying("Parameter must not hold control characters")
	case documented && l.bare && !form.fits(value):
		return "", errParameter.On(field).Saying("Parameter must match format " + form.shown)
	case documented:
		return value, form.check(field, value)
	}
	return value, nil
}
