package skillapi

import (
	"encoding/json"
	"net/http"
	"slices"

	"avow/internal/skill"
	"avow/internal/web"
)

type webhookState struct {
	Sent   bool   `json:"sent"`
	Status string `json:"status"`
}

type endorsedSummary struct {
	Skills       int `json:"totalSkillsVerified"`
	Projects     int `json:"totalProjects"`
	Experience   int `json:"totalExperience"`
	Certificates int `json:"totalCertificates"`
}

type endorsed struct {
	VerificationID string          `json:"recordVerificationId"`
	Verified       int             `json:"skillsVerified"`
	ReviewerEmail  string          `json:"reviewerEmail"`
	Webhook        webhookState    `json:"webhook"`
	Summary        endorsedSummary `json:"summary"`
}

// humanVerify is POST /humanverification/verify (skills-api.md 5.17, 18.16). The reviewer's token is all that it asks for.
func (a api) humanVerify(c call) (answer, error) {
	token := c.URL.Query().Get("reviewerToken")
	if skill.Blank(token) {
		return answer{}, errNoReviewerToken
	}
	body, err := c.body()
	if err != nil {
		return answer{}, err
	}
	in, err := readAnswer(body)
	if err != nil {
		return answer{}, err
	}
	e, err := a.service.Endorse(c.Context(), token, in)
	if err != nil {
		return answer{}, err
	}
	data := endorsed{
		VerificationID: e.Verification, Verified: e.Verified, ReviewerEmail: e.Reviewer.Email, Webhook: webhookStateOf(e.Told),
		Summary: endorsedSummary{e.Summary.Verified, e.Summary.Projects, e.Summary.Experience, e.Summary.Certificates},
	}
	return answer{status: http.StatusOK, data: data, message: said(in), timed: true}, nil
}

func webhookStateOf(told bool) webhookState {
	if !told {
		return webhookState{Status: "none"}
	}
	return webhookState{Sent: true, Status: "sending"}
}

func said(in skill.EndorseInput) string {
	if in.Decline != "" {
		return "Review declined"
	}
	return "Skills verified successfully"
}

// readAnswer takes one of three forms: the documented list of verified skills, our own answers for each skill, or that the reviewer declines.
func readAnswer(o web.Object) (skill.EndorseInput, error) {
	ids, answers, decision := o.Get("skillIds"), o.Get("answers"), o.Get("decision")
	if given := [][]byte{ids, answers, decision}; len(slices.DeleteFunc(given, func(g []byte) bool { return g == nil })) > 1 {
		return skill.EndorseInput{}, errAnswer
	}
	switch {
	case decision != nil:
		return readDecline(o)
	case answers != nil:
		return readAnswers(answers)
	}
	return readVerified(ids)
}

func readDecline(o web.Object) (skill.EndorseInput, error) {
	reason := skill.Decline(text(o, "reason"))
	if text(o, "decision") != "decline" || !slices.Contains(skill.Declines, reason) {
		return skill.EndorseInput{}, errAnswer
	}
	return skill.EndorseInput{Decline: reason}, nil
}

// readVerified leaves it to the rules to say that an id is none of the verification's; a list that is empty, or none, is missing.
func readVerified(raw json.RawMessage) (skill.EndorseInput, error) {
	elements, ok := web.ParseArray(raw)
	if !ok || len(elements) == 0 {
		return skill.EndorseInput{}, errNoSkillIDs
	}
	ids, err := ids(raw, skill.ErrSkillsForeign)
	in := skill.EndorseInput{Answers: map[string]skill.Answer{}}
	for _, id := range ids {
		in.Answers[id] = skill.Confirmed
	}
	return in, err
}

func readAnswers(raw json.RawMessage) (skill.EndorseInput, error) {
	elements, ok := web.ParseArray(raw)
	if !ok {
		return skill.EndorseInput{}, errAnswer
	}
	if len(elements) == 0 {
		return skill.EndorseInput{}, errNoSkillIDs
	}
	in := skill.EndorseInput{Answers: map[string]skill.Answer{}, Whole: true}
	for _, element := range elements {
		o, err := web.ParseObject(element)
		if err != nil {
			return in, errAnswer
		}
		about, given := id(o, "skillId"), skill.Answer(text(o, "answer"))
		if _, twice := in.Answers[about]; twice || !slices.Contains(skill.Answers, given) {
			return in, errAnswer
		}
		in.Answers[about] = given
	}
	return in, nil
}
