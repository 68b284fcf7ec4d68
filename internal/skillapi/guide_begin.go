package skillapi

import (
	"encoding/json"
	"net/http"

	"avow/internal/skill"
	"avow/internal/web"
)

type begun struct {
	overview
	SessionToken     string    `json:"sessionToken"`
	SessionExpiresAt *string   `json:"sessionExpiresAt"`
	ReviewLink       *string   `json:"reviewLink"`
	Warnings         []warning `json:"warnings"`
}

// warning tells what was done otherwise than asked.
type warning struct {
	Code    string     `json:"code"`
	Message string     `json:"message"`
	Skills  []skillRef `json:"skills"`
}

// begin is POST /verifications.
func (a api) begin(c call) (answer, error) {
	body, err := c.body()
	if err != nil {
		return answer{}, err
	}
	in, err := readBegin(body)
	if err != nil {
		return answer{}, err
	}
	b, err := a.service.Begin(c.Context(), c.apiKey, in)
	if err != nil {
		return answer{}, err
	}
	data := begun{
		overview: overviewOf(b.Overview, a.now()), SessionToken: b.Token, SessionExpiresAt: stamp(b.Session.ExpiresAt), ReviewLink: orNull(b.Link),
		Warnings: warningsOf(b),
	}
	return answer{status: http.StatusCreated, data: data}, nil
}

func warningsOf(b skill.Begun) []warning {
	if len(b.Dropped) == 0 {
		return []warning{}
	}
	return []warning{{Code: "partial_bundle", Message: "Some skills are verified on this source already and were left out.", Skills: skillRefs(b.Dropped)}}
}

// readBegin checks in the order of the guide's body.
func readBegin(o web.Object) (in skill.BeginInput, err error) {
	in.Init = skill.InitInput{Student: id(o, "userId"), Name: text(o, "name"), Email: text(o, "email")}
	switch {
	case in.Init.Student == "":
		return in, errNoGuideUser
	case skill.EmailKey(in.Init.Email) == "":
		return in, errNoEmail
	case in.Init.Name == "":
		return in, errNoName
	}
	if in.Source, err = skill.ReadGuideSource(o.Get("source")); err != nil {
		return in, err
	}
	if in.Names, err = readNames(o.Get("skills")); err != nil {
		return in, err
	}
	if err = readGuideMethod(o, &in); err != nil {
		return in, err
	}
	in.Reviewer, err = readVerifier(o.Get("verifier"))
	return in, err
}

// readNames takes names of skills.
func readNames(raw json.RawMessage) ([]string, error) {
	if elements, ok := web.ParseArray(raw); !ok || len(elements) == 0 {
		return nil, errNoSkills
	}
	names, ok := web.ParseStrings(raw)
	for _, name := range names {
		ok = ok && !skill.Blank(name)
	}
	if !ok {
		return nil, errNoSkillName
	}
	return names, nil
}

// readGuideMethod takes an endorsement type for people only: a test has none.
func readGuideMethod(o web.Object, in *skill.BeginInput) (err error) {
	word := text(o, "method")
	if word == "" {
		return errNoGuideMethod
	}
	method, known := methods[word]
	if !known {
		return errGuideMethod
	}
	in.Method = method
	if in.EndorsementType, err = readEndorsementType(o); method == skill.Assessment {
		in.EndorsementType = ""
	}
	return err
}

// readVerifier takes who is asked at once, if anybody is, as endpoint 11 takes a reviewer.
func readVerifier(raw json.RawMessage) (*skill.ReviewerInput, error) {
	if raw == nil {
		return nil, nil
	}
	o, err := web.ParseObject(raw)
	if err != nil {
		return nil, skill.ErrDataFormat.On("verifier").Saying("The member verifier must be an object.")
	}
	in, err := readReviewerDetails(o)
	return &in, err
}
