package skillapi

import (
	"encoding/json"
	"net/http"

	"avow/internal/assess"
	"avow/internal/skill"
	"avow/internal/web"
)

type assessmentResult struct {
	Score    int    `json:"score"`
	Passed   bool   `json:"passed"`
	Attempt  int    `json:"attemptNumber"`
	Correct  int    `json:"correctAnswers"`
	Total    int    `json:"totalQuestions"`
	Sentence string `json:"message"`
}

type assessedSkill struct {
	ID         string       `json:"skillId"`
	Name       *string      `json:"name"`
	Verified   bool         `json:"verified"`
	Status     skill.Status `json:"status"`
	VerifiedAt *string      `json:"verifiedAt,omitempty"`
	VerifiedBy *string      `json:"verifiedBy,omitempty"`
}

type submitted struct {
	VerificationID string           `json:"recordVerificationId"`
	Result         assessmentResult `json:"result"`
	Skills         []assessedSkill  `json:"verifiedSkills"` // so called after a failure, too
	SkillsUpdated  int              `json:"skillsUpdated"`
	Webhook        struct {
		Sent bool `json:"sent"`
	} `json:"webhook"`
}

// submit is POST /assessment/submit (skills-api.md 5.22).
func (a api) submit(c call) (answer, error) {
	body, err := c.body()
	if err != nil {
		return answer{}, err
	}
	answers, err := readChoices(body.Get("answers"))
	if err != nil {
		return answer{}, err
	}
	s, err := a.service.SubmitAssessment(c.Context(), c.apiKey, c.carriers(body), answers)
	if err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusOK, data: submittedOf(s), message: "Assessment submitted successfully"}, nil
}

func submittedOf(s skill.Scored) submitted {
	t := s.Attempt
	data := submitted{
		VerificationID: s.Verification, Skills: []assessedSkill{}, SkillsUpdated: len(s.Skills),
		Result: assessmentResult{t.Score, t.Passed, t.Number, t.Correct, t.Total, sentence(t)},
	}
	for _, k := range s.Skills {
		data.Skills = append(data.Skills, assessedSkill{k.ID, orNull(k.Name), k.Status == skill.Verified, k.Status, stamp(k.VerifiedAt), orNull(string(k.VerifiedBy))})
	}
	data.Webhook.Sent = s.Told
	return data
}

func sentence(t assess.Attempt) string {
	if t.Passed {
		return "The assessment is passed."
	}
	return "The assessment is not passed. It can be retaken."
}

// notAnOption is where a selectedAnswer that is no whole number is put, so that the rules refuse it in its turn.
const notAnOption = -1

// readChoices leaves it to the rules to say that an answer is to no question, or chooses no option; a list that is empty, or none, is missing.
func readChoices(raw json.RawMessage) ([]assess.Answer, error) {
	elements, ok := web.ParseArray(raw)
	if !ok || len(elements) == 0 {
		return nil, errNoAnswers
	}
	answers := make([]assess.Answer, len(elements))
	for i, element := range elements {
		o, err := web.ParseObject(element)
		if err != nil {
			o = web.Object{}
		}
		answers[i] = assess.Answer{QuestionID: text(o, "questionId"), Selected: readOption(o.Get("selectedAnswer"))}
	}
	return answers, nil
}

// readOption takes a whole number however it is written: 2 and 2.0 are the same to JavaScript.
func readOption(raw json.RawMessage) int {
	var n *float64
	if json.Unmarshal(raw, &n) != nil || n == nil || *n < 0 || *n >= assess.Options || *n != float64(int(*n)) {
		return notAnOption
	}
	return int(*n)
}
