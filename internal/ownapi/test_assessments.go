package ownapi

import (
	"context"
	"net/http"

	"avow/internal/skill"
	"avow/internal/web"
)

// Assessments is what the call about right answers needs of the rules.
type Assessments interface {
	// RightAnswers returns the questions that are out, to keys of test mode.
	RightAnswers(ctx context.Context, apiKey, verification string) (skill.Handed, error)
}

// rightAnswer has the form in which a student answers (skills-api.md 5.22).
type rightAnswer struct {
	QuestionID string `json:"questionId"`
	Selected   int    `json:"selectedAnswer"`
}

type rightAnswers struct {
	VerificationID string        `json:"recordVerificationId"`
	Attempt        int           `json:"attemptNumber"`
	Answers        []rightAnswer `json:"answers"`
}

// rightAnswers is GET /avow/v1/test/assessments/{recordVerificationId} (skills-api.md 18.19).
func (a api) rightAnswers(w http.ResponseWriter, r *http.Request) error {
	h, err := a.o.Assessments.RightAnswers(r.Context(), web.APIKey(r), skill.CallerID(r.PathValue("id")))
	if err != nil {
		return err
	}
	data := rightAnswers{VerificationID: h.Verification, Attempt: h.Attempt}
	for _, q := range h.Paper.Questions {
		data.Answers = append(data.Answers, rightAnswer{q.ID, q.Right})
	}
	return answer(w, data)
}
