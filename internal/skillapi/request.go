package skillapi

import (
	"encoding/json"

	"avow/internal/fault"
	"avow/internal/skill"
	"avow/internal/web"
)

// body reads the JSON body of a call. Members that the call does not know are no error (skills-api.md 18.2).
func (c call) body() (web.Object, error) { return web.ReadObject(c.Request, false) }

// text returns a string member; one that is absent, blank or of another type is empty, which its caller takes for missing (skills-api.md 18.3).
func text(o web.Object, name string) string {
	value, _, _ := o.String(name)
	if skill.Blank(value) {
		return ""
	}
	return value
}

// id is text for ids of the caller's choice.
func id(o web.Object, name string) string { return skill.CallerID(text(o, name)) }

// ids returns a list of such ids; absent and null count as empty, and anything but a list of strings is refused.
func ids(raw json.RawMessage, refusal *fault.Error) ([]string, error) {
	texts, ok := texts(raw)
	if !ok {
		return nil, refusal
	}
	for i := range texts {
		texts[i] = skill.CallerID(texts[i])
	}
	return texts, nil
}

func texts(raw json.RawMessage) (values []string, ok bool) {
	if raw == nil {
		return []string{}, true
	}
	return web.ParseStrings(raw)
}

// carriers collects everything that names the verification of a call (skills-api.md 18.5).
func (c call) carriers(o web.Object) skill.Carriers {
	query := c.URL.Query()
	return skill.Carriers{
		Tokens: given(append([]string{c.Header.Get("X-Session-Token"), text(o, "sessionToken")}, query["sessionToken"]...)),
		IDs:    given(append([]string{c.PathValue("id"), text(o, "recordVerificationId")}, query["recordVerificationId"]...)),
	}
}

func given(texts []string) []string {
	var kept []string
	for _, t := range texts {
		if !skill.Blank(t) {
			kept = append(kept, skill.CallerID(t))
		}
	}
	return kept
}
