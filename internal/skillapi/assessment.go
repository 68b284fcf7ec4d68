package skillapi

import (
	"net/http"

	"avow/internal/assess"
	"avow/internal/skill"
	"avow/internal/web"
)

// question is a question as students get it: nothing in it tells which option is right.
type question struct {
	ID      string                 `json:"questionId"`
	Text    string                 `json:"question"`
	Options [assess.Options]string `json:"options"`
}

type paper struct {
	VerificationID   string     `json:"recordVerificationId"`
	RetakeAttempt    int        `json:"retakeAttemptNumber,omitempty"`
	TotalQuestions   int        `json:"totalQuestions"`
	Questions        []question `json:"questions"`
	AlreadyGenerated bool       `json:"alreadyGenerated,omitempty"`
}

func paperOf(h skill.Handed) paper {
	p := paper{VerificationID: h.Verification, TotalQuestions: len(h.Paper.Questions)}
	for _, q := range h.Paper.Questions {
		p.Questions = append(p.Questions, question{q.ID, q.Text, q.Options})
	}
	return p
}

// generate is POST /assessment/generate (skills-api.md 5.20).
func (a api) generate(c call) (answer, error) {
	body, err := web.ReadOptionalObject(c.Request)
	if err != nil {
		return answer{}, err
	}
	h, err := a.service.GenerateAssessment(c.Context(), c.apiKey, c.carriers(body))
	if err != nil {
		return answer{}, err
	}
	data := paperOf(h)
	if h.Resumed {
		data.AlreadyGenerated = true
		return answer{status: http.StatusOK, data: data, message: "Resuming existing assessment"}, nil
	}
	return answer{status: http.StatusCreated, data: data, message: "Assessment generated successfully", timed: true}, nil
}

// questions is GET /assessment/{recordVerificationId} (skills-api.md 5.21).
func (a api) questions(c call) (answer, error) {
	h, err := a.service.AssessmentQuestions(c.Context(), c.apiKey, c.carriers(web.Object{}))
	if err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusOK, data: paperOf(h), timed: true}, nil
}

// retake is POST /assessment/retakeassessment (skills-api.md 5.23).
func (a api) retake(c call) (answer, error) {
	body, err := web.ReadOptionalObject(c.Request)
	if err != nil {
		return answer{}, err
	}
	h, err := a.service.RetakeAssessment(c.Context(), c.apiKey, c.carriers(body))
	if err != nil {
		return answer{}, err
	}
	data := paperOf(h)
	data.RetakeAttempt = h.Attempt
	return answer{status: http.StatusCreated, data: data, message: "Retake assessment generated successfully", timed: true}, nil
}
