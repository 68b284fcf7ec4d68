package accountapi

import (
	"encoding/json"
	"net/http"
	"regexp"
	"time"
	"unicode/utf8"

	"avow/internal/account"
	"avow/internal/web"
)

// newAccountFields are the parameters of a new account (accounts-api.md 5.3).
var newAccountFields = []string{
	"email", "password", "first_name", "last_name", "mobile_phone_number", "birth_date", "company_name", "company_registration_number", "account_origin",
	"external_ids", "created_from_source", "address", "require_verification",
}

// The documented forms of values of a new account.
var (
	phoneNumber        = format{regexp.MustCompile(`\A[+,0]?[0-9]{10,12}\z`).MatchString, `/^[+,0]?[0-9]{10,12}$/`}
	registrationNumber = format{regexp.MustCompile(`\A(\d{6}-\d{4}|\d{7}-\d)\z`).MatchString, `dddddd-dddd or ddddddd-d`}
	date               = format{isDate, `YYYY-MM-DD`}
)

const (
	minSource  = 6  // the shortest created_from_source in characters
	maxMembers = 50 // of an object of texts
)

// createAccount is POST /external/api/v1/accounts and v2 (accounts-api.md 5.3, 13.10).
func (a api) createAccount(w http.ResponseWriter, c call) error {
	body, err := c.body(newAccountFields...)
	if err != nil {
		return err
	}
	n, err := readAccount(body)
	if err != nil {
		return err
	}
	made, err := a.service.Register(c.Context(), c.Call, n)
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusCreated, item{fieldsOfV1(made)})
}

// reader reads parameters one after the other and keeps the first refusal.
type reader struct {
	web.Object
	err error
}

// text reads a text; form nil: any.
func (r *reader) text(field string, form *format) string {
	if r.err != nil {
		return ""
	}
	value, err := text(r.Object, field, false, maxText)
	if err == nil && value != "" && form != nil {
		err = form.check(field, value)
	}
	r.err = err
	return value
}

// readAccount reads the parameters in the documented order.
func readAccount(body web.Object) (account.NewAccount, error) {
	n := account.NewAccount{}
	r := &reader{Object: body}
	n.Email = r.must("email", account.CheckEmail)
	n.Password = r.must("password", account.CheckPassword)
	p := &n.Profile
	p.FirstName, p.LastName = r.text("first_name", nil), r.text("last_name", nil)
	p.MobilePhone, p.BirthDate = r.text("mobile_phone_number", &phoneNumber), r.text("birth_date", &date)
	p.Company, p.RegistrationNumber = r.text("company_name", nil), r.text("company_registration_number", &registrationNumber)
	p.Origin = r.text("account_origin", nil)
	p.ExternalIDs = r.texts("external_ids")
	r.names(n.Profile)
	p.Source = r.text("created_from_source", &format{isSource, "6..1024 characters"})
	p.Address = r.texts("address")
	n.Verified = !r.flag("require_verification")
	return n, r.err
}

// must reads a required text that the rules check.
func (r *reader) must(field string, check func(string) error) string {
	if r.err != nil {
		return ""
	}
	value, err := text(r.Object, field, true, 0)
	if err == nil {
		err = check(value)
	}
	r.err = err
	return value
}

// texts reads an object of texts; members that are null are absent.
func (r *reader) texts(field string) map[string]string {
	raw := r.Get(field)
	if r.err != nil || raw == nil {
		return nil
	}
	values := map[string]*string{}
	if raw[0] != '{' || json.Unmarshal(raw, &values) != nil || len(values) > maxMembers {
		r.err = errParameter.On(field).Saying("Parameter must be an object of at most 50 strings")
		return nil
	}
	texts := map[string]string{}
	for name, value := range values {
		switch {
		case value == nil:
		case *value == "" || name == "" || utf8.RuneCountInString(name) > maxText || utf8.RuneCountInString(*value) > maxText:
			r.err = errParameter.On(field).Saying("Parameter must be an object of strings of 1 to 1024 characters")
		default:
			texts[name] = *value
		}
	}
	return texts
}

// names has the rules check the names among what was read.
func (r *reader) names(p account.Profile) {
	if r.err == nil {
		r.err = p.CheckNames()
	}
}

func (r *reader) flag(field string) (on bool) {
	raw := r.Get(field)
	if r.err == nil && raw != nil && json.Unmarshal(raw, &on) != nil {
		r.err = errParameter.On(field).Saying("Parameter must be true or false")
	}
	return on
}

func isDate(value string) bool {
	_, err := time.Parse(time.DateOnly, value)
	return err == nil && len(value) == len(time.DateOnly)
}

func isSource(value string) bool { return utf8.RuneCountInString(value) >= minSource }
