package pages

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"avow/internal/assess"
	"avow/internal/fault"
	"avow/internal/skill"
	"avow/internal/web"
)

const assessPath = "/assess"

// drawingTime bounds the buttons, of which two wait for questions to be made: the contract's 90 seconds (skills-api.md 5.20), and a little for the rest.
const drawingTime = 95 * time.Second

// Assessing lets a student take an assessment; skill.Service does. The token of the student's session stands in the API key's place.
type Assessing interface {
	// AssessmentPage returns what the holder of a session's token may see. It changes nothing.
	AssessmentPage(ctx context.Context, token string) (skill.AssessmentPage, error)
	// GenerateAssessment has the first questions drawn.
	GenerateAssessment(ctx context.Context, apiKey string, c skill.Carriers) (skill.Handed, error)
	// SubmitAssessment scores the answers to the questions that are out.
	SubmitAssessment(ctx context.Context, apiKey string, c skill.Carriers, answers []assess.Answer) (skill.Scored, error)
	// RetakeAssessment has other questions drawn after a failed attempt.
	RetakeAssessment(ctx context.Context, apiKey string, c skill.Carriers) (skill.Handed, error)
}

// hosted names no verification: the token in the key's place does, and it is good here whatever an organisation wants of keys.
var hosted = skill.Carriers{Hosted: true}

// sessionField carries the token, in the link and in the forms.
const sessionField = "sessionToken"

// assessment is what the page's templates read. Right answers never come near it.
type assessment struct {
	Token     string
	Brand     string
	Test      bool
	Skills    []string
	Count     int // of questions, those of the next paper where none is out
	PassMark  int // likewise; per cent
	Last      *result
	RetakeAt  time.Time // zero: now
	Questions []asked   // that wait for answers
	Missing   []asked   // those that were sent without one
	stage     stage
}

// result is how the last attempt ended.
type result struct{ Correct, Total, Score, PassMark int }

// stage is how far the student is. Each has a template of its name.
type stage string

const (
	begin     stage = "assess"
	questions stage = "questions"
	notPassed stage = "notpassed"
	passed    stage = "passed"
)

// asked is a question of the form.
type asked struct {
	Number  int
	Field   string
	Text    prose
	Options []choice
	Missing bool
	id      string
}

// choice is an option of a question.
type choice struct {
	Pieces []piece
	Chosen bool
}

func assessmentOf(p skill.AssessmentPage, token string) assessment {
	v := assessment{Token: token, Brand: p.Brand, Test: p.Test, Count: max(p.Rules.Questions, len(p.Skills)), PassMark: p.Rules.PassMark, Skills: p.Skills, stage: stageOf(p)}
	if last := p.Last; last != nil {
		v.Last = &result{last.Correct, last.Total, last.Score, last.PassMark}
	}
	if !p.RetakeAt.IsZero() { // whoever comes at the minute that is shown must not come too early
		v.RetakeAt = p.RetakeAt.Add(time.Minute - 1).Truncate(time.Minute)
	}
	if p.Open != nil {
		v.Count, v.PassMark, v.Questions = len(p.Open.Questions), p.Open.PassMark, askedOf(*p.Open)
	}
	return v
}

func stageOf(p skill.AssessmentPage) stage {
	switch {
	case p.Locked:
		return passed
	case p.Open != nil:
		return questions
	case p.Last != nil:
		return notPassed
	}
	return begin
}

func askedOf(p assess.Paper) (form []asked) {
	for i, q := range p.Questions {
		a := asked{Number: i + 1, Field: answerPrefix + q.ID, Text: proseOf(q.Text), id: q.ID}
		for _, option := range q.Options {
			a.Options = append(a.Options, choice{Pieces: piecesOf(option)})
		}
		form = append(form, a)
	}
	return form
}

// fill puts what was chosen into the form and returns it as answers. What was chosen for other questions than these is stale: the questions have changed since they were shown.
func (v *assessment) fill(values url.Values) (answers []assess.Answer, stale bool) {
	for i := range v.Questions {
		q := &v.Questions[i]
		place, err := strconv.Atoi(values.Get(q.Field))
		if err != nil || place < 0 || place >= len(q.Options) {
			q.Missing = true
			v.Missing = append(v.Missing, *q)
			continue
		}
		q.Options[place].Chosen = true
		answers = append(answers, assess.Answer{QuestionID: q.id, Selected: place})
	}
	return answers, v.stale(values)
}

func (v *assessment) stale(values url.Values) bool {
	for field := range values {
		known := slices.ContainsFunc(v.Questions, func(q asked) bool { return q.Field == field })
		if strings.HasPrefix(field, answerPrefix) && !known {
			return true
		}
	}
	return false
}

// lookAtAssessment shows how an assessment stands. Whoever looks changes nothing, however often.
func (p *Pages) lookAtAssessment(w http.ResponseWriter, r *http.Request) error {
	v, err := p.assessment(r, r.URL.Query().Get(sessionField))
	if err != nil {
		return p.noAssessment(w, r, err)
	}
	return p.show(w, page{name: string(v.stage), status: http.StatusOK, data: v})
}

func (p *Pages) assessment(r *http.Request, token string) (assessment, error) {
	if token == "" {
		return assessment{}, skill.ErrNoCarrier
	}
	shown, err := p.o.Assessments.AssessmentPage(r.Context(), token)
	return assessmentOf(shown, token), err
}

// takeAssessment is any button of the page. What it leads to is looked at by another request, so that going back and loading again send nothing twice; a button that comes too late
// leads there, too.
func (p *Pages) takeAssessment(w http.ResponseWriter, r *http.Request) error {
	values, err := formIn(w, r)
	if err != nil {
		return err
	}
	v, err := p.assessment(r, values.Get(sessionField))
	if err != nil {
		return p.noAssessment(w, r, err)
	}
	if values.Get("step") == "submit" && v.stage == questions {
		return p.submitAssessment(w, r, v, values)
	}
	return p.lookAgain(w, r, v, p.draw(r.Context(), v, values.Get("step")))
}

// submitAssessment has the answers scored when there is one for every question; else it shows them again, with the missing ones marked.
func (p *Pages) submitAssessment(w http.ResponseWriter, r *http.Request, v assessment, values url.Values) error {
	answers, stale := v.fill(values)
	switch {
	case stale:
		return p.lookAgain(w, r, v, nil)
	case len(v.Missing) > 0:
		return p.show(w, page{name: string(questions), status: http.StatusBadRequest, data: v})
	}
	_, err := p.o.Assessments.SubmitAssessment(r.Context(), v.Token, hosted, answers)
	return p.lookAgain(w, r, v, err)
}

// lookAgain sends the browser to look at what a button has led to, or tells why it has led to nothing.
func (p *Pages) lookAgain(w http.ResponseWriter, r *http.Request, v assessment, err error) error {
	if err != nil && !overtaken(err) {
		return p.noAssessment(w, r, err)
	}
	if err != nil {
		web.Note(r, err)
	}
	http.Redirect(w, r, assessPath+"?"+url.Values{sessionField: {v.Token}}.Encode(), http.StatusSeeOther)
	return nil
}

// draw has questions drawn where the button is still right.
func (p *Pages) draw(ctx context.Context, v assessment, step string) (err error) {
	switch {
	case step == "begin" && v.stage == begin:
		_, err = p.o.Assessments.GenerateAssessment(ctx, v.Token, hosted)
	case step == "retake" && v.stage == notPassed:
		_, err = p.o.Assessments.RetakeAssessment(ctx, v.Token, hosted)
	}
	return err
}

// overtaken reports whether somebody was faster, most likely the same student: what is to be seen then says all.
func overtaken(err error) bool {
	return slices.ContainsFunc([]error{
		assess.ErrLocked, assess.ErrNotDrawn, assess.ErrIncomplete, assess.ErrSubmitted, assess.ErrNoAttempt, assess.ErrTooSoon, skill.ErrCompleted,
	}, func(known error) bool { return errors.Is(err, known) })
}

// noAssessment tells why there is nothing to be answered, and leaves faults of the server to the page that all share.
func (p *Pages) noAssessment(w http.ResponseWriter, r *http.Request, err error) error {
	why, status := "unknown", http.StatusNotFound
	switch kind := fault.From(err).Kind; {
	case errors.Is(err, skill.ErrGeneration):
		why, status = "unmade", http.StatusInternalServerError
	case kind == fault.Internal || kind == fault.Unavailable || kind == fault.TooMany:
		return err
	case errors.Is(err, skill.ErrMethodHuman):
		why, status = "human", http.StatusConflict
	case errors.Is(err, skill.ErrNoCarrier):
		status = http.StatusBadRequest
	case kind == fault.Conflict || kind == fault.Forbidden:
		why, status = "taken", http.StatusConflict
	case kind == fault.Invalid || errors.Is(err, skill.ErrVerificationUnresolved):
		why, status = "unready", http.StatusConflict
	}
	web.Note(r, err)
	return p.show(w, page{name: "noassess", status: status, data: why})
}
