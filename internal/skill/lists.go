package skill

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// form says how the items of one list of init look (5.1); a name that is empty does not exist in that list.
type form struct {
	kind                 Kind
	list                 string
	id, title            string
	organisation         string
	organisationRequired bool
	description          string
	start, end           string
}

var forms = []form{
	{kind: Project, list: "projects", id: "projectId", title: "name", description: "description", start: "startDate", end: "endDate"},
	{
		kind: Experience, list: "experience", id: "workExperienceId", title: "role", organisation: "companyName", organisationRequired: true,
		description: "description", start: "startDate", end: "endDate",
	},
	{kind: Certificate, list: "certificates", id: "credentialId", title: "name", organisation: "issuedOrganization", start: "issueDate"},
}

// NewLists takes the lists as they were sent; what is absent or null counts as empty (13.19).
func NewLists(projects, experience, certificates json.RawMessage) Lists {
	return Lists{Projects: orEmpty(projects), Experience: orEmpty(experience), Certificates: orEmpty(certificates)}
}

func orEmpty(list json.RawMessage) json.RawMessage {
	if trimmed := bytes.TrimSpace(list); len(trimmed) == 0 || string(trimmed) == "null" {
		return json.RawMessage("[]")
	}
	return list
}

func (l Lists) of(k Kind) json.RawMessage {
	return map[Kind]json.RawMessage{Project: l.Projects, Experience: l.Experience, Certificate: l.Certificates}[k]
}

// Check refuses lists that are malformed or all empty.
func (l Lists) Check() error {
	items, err := l.items()
	if err == nil && len(items) == 0 {
		return ErrNoData
	}
	return err
}

// items copies out of the lists what the steps need, in the order sent.
func (l Lists) items() ([]Item, error) {
	var items []Item
	for _, f := range forms {
		var list []json.RawMessage
		if err := json.Unmarshal(l.of(f.kind), &list); err != nil {
			return nil, misshapen(f.list)
		}
		for i, raw := range list {
			item, err := f.read(fmt.Sprintf("%s[%d]", f.list, i), raw)
			if err != nil {
				return nil, err
			}
			items = append(items, item)
		}
	}
	return items, nil
}

func misshapen(path string) error {
	return ErrDataFormat.On(path).Saying("The member " + path + " is missing or has another form than it must have.")
}

func (f form) read(path string, raw json.RawMessage) (Item, error) {
	r := record{path: path}
	if json.Unmarshal(raw, &r.members) != nil || r.members == nil {
		return Item{}, misshapen(path)
	}
	item := Item{
		Source:       Source{Kind: f.kind, ID: CallerID(r.required(f.id))},
		Title:        clean(r.required(f.title)),
		Organisation: clean(r.text(f.organisation, f.organisationRequired)),
		Description:  clean(r.text(f.description, false)),
		Start:        r.date(f.start),
		End:          r.date(f.end),
	}
	return item, r.err
}

// record reads the members of an item and keeps the first error. Names are compared exactly: JSON knows no case.
type record struct {
	path    string
	members map[string]json.RawMessage
	err     error
}

func (r *record) required(name string) string { return r.text(name, true) }

// text reads a member; one without a name is never there.
func (r *record) text(name string, required bool) string {
	if name == "" {
		return ""
	}
	var text *string
	if raw, ok := r.members[name]; ok && json.Unmarshal(raw, &text) != nil {
		r.fail(name)
	}
	if text == nil {
		text = new(string)
	}
	if required && Blank(*text) {
		r.fail(name)
	}
	return *text
}

func (r *record) date(name string) time.Time {
	date, ok := parseDate(r.text(name, false))
	if !ok {
		r.fail(name)
	}
	return date
}

func (r *record) fail(name string) {
	if r.err == nil {
		r.err = misshapen(r.path + "." + name)
	}
}
