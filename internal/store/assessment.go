package store

import (
	"encoding/json"

	"avow/internal/assess"
	"avow/internal/skill"
)

// assessmentDocument is an assessment as its row holds it.
type assessmentDocument struct {
	Paper    *paperDocument    `json:"paper,omitempty"`
	Drawn    [][]assess.Key    `json:"drawn,omitempty"`
	Attempts []attemptDocument `json:"attempts,omitempty"`
}

type paperDocument struct {
	Number    int             `json:"number"`
	Seed      []byte          `json:"seed"`
	PassMark  int             `json:"passMark"`
	Evidence  string          `json:"evidence"`
	Questions []askedDocument `json:"questions"`
	DrawnAt   int64           `json:"drawnAt"`
}

type askedDocument struct {
	ID         string                 `json:"id"`
	Key        assess.Key             `json:"key"`
	Skill      string                 `json:"skill"`
	Difficulty assess.Difficulty      `json:"difficulty"`
	Text       string                 `json:"text"`
	Options    [assess.Options]string `json:"options"`
	Right      int                    `json:"right"`
	Why        string                 `json:"why"`
}

type attemptDocument struct {
	Number    int    `json:"number"`
	Seed      []byte `json:"seed"`
	Answers   []int  `json:"answers"`
	Correct   int    `json:"correct"`
	Total     int    `json:"total"`
	Score     int    `json:"score"`
	PassMark  int    `json:"passMark"`
	Passed    bool   `json:"passed"`
	AnswersAt int64  `json:"answersAt"`
}

func assessmentToJSON(a assess.Assessment) string {
	d := assessmentDocument{Drawn: a.Drawn}
	if p := a.Paper; p != nil {
		d.Paper = &paperDocument{Number: p.Number, Seed: p.Seed[:], PassMark: p.PassMark, Evidence: p.Evidence, DrawnAt: micros(p.DrawnAt)}
		for _, q := range p.Questions {
			d.Paper.Questions = append(d.Paper.Questions, askedDocument(q))
		}
	}
	for _, t := range a.Attempts {
		d.Attempts = append(d.Attempts, attemptDocument{t.Number, t.Seed[:], t.Answers, t.Correct, t.Total, t.Score, t.PassMark, t.Passed, micros(t.AnswersAt)})
	}
	return toJSON(d)
}

// assessmentFromJSON reads what assessmentToJSON wrote; an empty text is that of a verification that nothing was drawn for.
func assessmentFromJSON(text string) (a assess.Assessment, err error) {
	if text == "" {
		return a, nil
	}
	var d assessmentDocument
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		return a, err
	}
	a.Drawn = d.Drawn
	if p := d.Paper; p != nil {
		a.Paper = &assess.Paper{Number: p.Number, Seed: seedFrom(p.Seed), PassMark: p.PassMark, Evidence: p.Evidence, DrawnAt: instant(p.DrawnAt)}
		for _, q := range p.Questions {
			a.Paper.Questions = append(a.Paper.Questions, assess.Asked(q))
		}
	}
	for _, t := range d.Attempts {
		a.Attempts = append(a.Attempts, assess.Attempt{
			Number: t.Number, Seed: seedFrom(t.Seed), Answers: t.Answers, Correct: t.Correct, Total: t.Total, Score: t.Score, PassMark: t.PassMark, Passed: t.Passed,
			AnswersAt: instant(t.AnswersAt),
		})
	}
	return a, nil
}

func seedFrom(bytes []byte) (seed assess.Seed) {
	copy(seed[:], bytes)
	return seed
}

var putAssessment = writeSet(9, ofUser+`verification text, document text`,
	`INSERT INTO assessments (org_id, mode, verification_id, document)
SELECT v.org, v.mode, v.verification, v.document`+ofPerson+` WHERE TRUE
ON CONFLICT (verification_id, mode, org_id) DO UPDATE SET document = excluded.document`)

func (w personWriter) saveAssessment(state skill.State, next skill.Next) {
	if next.Assessment != nil {
		w.dependent(putAssessment, state.Verification.ID, assessmentToJSON(*next.Assessment))
	}
}
