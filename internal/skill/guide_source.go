package skill

import (
	"bytes"
	"encoding/json"
	"strings"
)

// GuideSource is the one source of a verification that a single call opens (section 10).
type GuideSource struct {
	Item  Item
	Lists Lists // the same as init would have been given it
}

// guideForm is how the guide names the members of a source of any kind.
var guideForm = form{id: "id", title: "title", organisation: "organization", description: "description", start: "startDate", end: "endDate"}

// MaxMetadata is the longest metadata of a source, in bytes: every later decision about the person reads it.
const MaxMetadata = 8 << 10

// ReadGuideSource reads a source. Raw is valid JSON, or empty where there was none.
func ReadGuideSource(raw json.RawMessage) (GuideSource, error) {
	if len(raw) == 0 {
		return GuideSource{}, ErrNoData
	}
	r := record{path: "source"}
	if json.Unmarshal(raw, &r.members) != nil || r.members == nil {
		return GuideSource{}, misshapen(r.path)
	}
	f, ok := formOf(Kind(r.required("type")))
	if !ok {
		r.fail("type")
		return GuideSource{}, r.err
	}
	named := guideForm
	named.kind = f.kind
	item, err := named.read(r.path, raw)
	if err != nil {
		return GuideSource{}, err
	}
	item.Current, item.Metadata = r.flag("current"), r.object("metadata")
	return GuideSource{Item: item, Lists: f.listing(r)}, r.err
}

func formOf(k Kind) (form, bool) {
	for _, f := range forms {
		if f.kind == k {
			return f, true
		}
	}
	return form{}, false
}

// flag reads a truth value; an absent one is false.
func (r *record) flag(name string) (on bool) {
	if raw, ok := r.members[name]; ok && json.Unmarshal(raw, &on) != nil {
		r.fail(name)
	}
	return on
}

// object reads an object of the caller's own, which is kept as it is; empty: there is none.
func (r *record) object(name string) string {
	raw := bytes.TrimSpace(r.members[name])
	switch {
	case len(raw) == 0 || string(raw) == "null":
		return ""
	case raw[0] != '{' || len(raw) > MaxMetadata:
		r.fail(name)
	}
	return string(raw)
}

// listing writes a source of the guide as the list of init that it would stand in, for whoever reads the session (5.8). What that list has no name for is not there.
func (f form) listing(r record) Lists {
	var members []string
	for _, m := range []struct{ as, from string }{
		{f.id, guideForm.id},
		{f.title, guideForm.title},
		{f.organisation, guideForm.organisation},
		{f.description, guideForm.description},
		{f.start, guideForm.start},
		{f.end, guideForm.end},
	} {
		if m.as != "" && r.text(m.from, false) != "" {
			members = append(members, `"`+m.as+`":`+string(r.members[m.from]))
		}
	}
	list := json.RawMessage("[{" + strings.Join(members, ",") + "}]")
	return map[Kind]Lists{Project: NewLists(list, nil, nil), Experience: NewLists(nil, list, nil), Certificate: NewLists(nil, nil, list)}[f.kind]
}
