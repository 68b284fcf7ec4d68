// Package skillapi is the skill contract on the wire: routes, requests, answers, the envelope and errors (skills-api.md).
package skillapi

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"avow/internal/access"
	"avow/internal/assess"
	"avow/internal/fault"
	"avow/internal/skill"
	"avow/internal/web"
)

// Service is what the calls need of the rules. An API key that is not good for a call is refused by it before anything else.
type Service interface {
	// Authenticate only says whether the API key is good for a call.
	Authenticate(ctx context.Context, apiKey string, need skill.Need) error
	// Init opens a verification and its session.
	Init(ctx context.Context, apiKey string, in skill.InitInput) (skill.Opened, error)
	// StoreSkills replaces the skills of a verification and returns those asked for, as stored.
	StoreSkills(ctx context.Context, apiKey string, in skill.SkillsInput) ([]skill.Skill, error)
	// ChooseMethod sets how a verification is carried out.
	ChooseMethod(ctx context.Context, apiKey string, in skill.MethodInput) error
	// StoreItems replaces the items of the session's verification.
	StoreItems(ctx context.Context, apiKey, token string, sources []skill.Source) (skill.Selection, error)
	// Skills returns the skills of a verification, for anybody who knows its id.
	Skills(ctx context.Context, verification string) ([]skill.Skill, error)
	// Items returns the items of a verification, for anybody who knows its id.
	Items(ctx context.Context, verification string) ([]skill.Item, error)
	// SessionData returns what init was given, for anybody who knows the token.
	SessionData(ctx context.Context, token string) (skill.SessionData, error)
	Reviews
	Assessments
	Guide
}

// Reviews are the calls of the human path.
type Reviews interface {
	// ChangeEmail changes the e-mail of the session's person.
	ChangeEmail(ctx context.Context, token, email string) error
	// StoreReviewer sets the reviewer of a verification and returns it as stored.
	StoreReviewer(ctx context.Context, apiKey string, in skill.ReviewerInput) (skill.Reviewer, error)
	// Reviewer returns the reviewer of a verification, for anybody who knows its id.
	Reviewer(ctx context.Context, verification string) (skill.Reviewer, error)
	// Company returns the company of a domain that the key's owner knows; empty: none. No key knows nothing.
	Company(ctx context.Context, apiKey, domain string) (string, error)
	// Reviewers suggests reviewers of a domain that the key's owner knows. No key knows nobody.
	Reviewers(ctx context.Context, apiKey, domain, prefix string) ([]skill.Reviewer, error)
	// Send sends a verification to its reviewer.
	Send(ctx context.Context, apiKey string, c skill.Carriers) (skill.Sent, error)
	// SkillsAsked returns the skills that a reviewer is asked about, for anybody who knows the verification's id.
	SkillsAsked(ctx context.Context, verification string) ([]skill.Skill, error)
	// Endorse takes a reviewer's answer.
	Endorse(ctx context.Context, token string, in skill.EndorseInput) (skill.Endorsed, error)
	// VerifyPage returns what a reviewer's page shows, for anybody who knows the verification's id.
	VerifyPage(ctx context.Context, verification string) (skill.VerifyPage, error)
	// ReviewStatus tells how a review stands, for anybody who knows the verification's id.
	ReviewStatus(ctx context.Context, verification string) (skill.ReviewStatus, error)
	// SkillsOfUser returns all skills of a person of the key's owner; the request must be signed.
	SkillsOfUser(ctx context.Context, apiKey string, signed access.Signed, user string) ([]skill.UserSkill, error)
}

// Assessments are the calls of the assessment path.
type Assessments interface {
	// GenerateAssessment hands out the questions of a verification, or resumes those that are out.
	GenerateAssessment(ctx context.Context, apiKey string, c skill.Carriers) (skill.Handed, error)
	// AssessmentQuestions returns the questions that are out.
	AssessmentQuestions(ctx context.Context, apiKey string, c skill.Carriers) (skill.Handed, error)
	// SubmitAssessment scores a student's answers.
	SubmitAssessment(ctx context.Context, apiKey string, c skill.Carriers, answers []assess.Answer) (skill.Scored, error)
	// RetakeAssessment hands out other questions after a failed attempt.
	RetakeAssessment(ctx context.Context, apiKey string, c skill.Carriers) (skill.Handed, error)
}

type api struct {
	service   Service
	catalogue Catalogue
	prober    Prober
	now       func() time.Time
}

// call is one request with what it showed as API key.
type call struct {
	*http.Request
	apiKey string
}

// answer is what an endpoint says when all is well. It goes out in the envelope.
type answer struct {
	status  int
	data    any
	message string
	timed   bool // tells how long it took: some answers of the contract do, others do not (skills-api.md 2)
	flat    any  // a body that has no envelope takes the place of all but the status (skills-api.md 2)
}

// endpoint answers a call.
type endpoint func(c call) (answer, error)

// envelope is the body of every answer (skills-api.md 2).
type envelope struct {
	Success       bool   `json:"success"`
	Data          any    `json:"data,omitempty"`
	Message       string `json:"message,omitempty"`
	ExecutionTime string `json:"executionTime,omitempty"`
}

// patient makes a handler of a row that has all its time.
func (a api) patient(row row) web.Handler {
	if row.patience == 0 {
		return a.handler(row)
	}
	return web.Patient(a.handler(row), row.patience)
}

// handler makes a handler of a row.
func (a api) handler(row row) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		started := a.now()
		said, err := a.answer(row, call{Request: r, apiKey: web.APIKey(r)})
		if err != nil && fault.From(err).Kind == fault.Internal && row.failure != nil {
			return row.failure.Because(err)
		}
		if err != nil {
			return err
		}
		if said.flat != nil {
			return web.WriteJSON(w, said.status, said.flat)
		}
		body := envelope{Success: true, Data: said.data, Message: said.message}
		if said.timed {
			body.ExecutionTime = fmt.Sprintf("%dms", a.now().Sub(started).Milliseconds())
		}
		return web.WriteJSON(w, said.status, body)
	}
}

// answer carries a call out. Its API key is looked up by the load of the call itself. Only when the request is bad is it looked up alone, because 401 wins over
// every 400 (skills-api.md 18.1).
func (a api) answer(row row, c call) (answer, error) {
	said, err := row.endpoint(c)
	if err == nil || row.auth == public || fault.From(err).Kind != fault.Invalid {
		return said, err
	}
	if refused := a.service.Authenticate(c.Context(), c.apiKey, skill.Need{Session: row.auth == session}); refused != nil {
		return answer{}, refused
	}
	return answer{}, err
}

// stamp is how an instant is written (skills-api.md 2); one that was not given is null.
func stamp(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	text := t.UTC().Format("2006-01-02T15:04:05.000Z")
	return &text
}

func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
