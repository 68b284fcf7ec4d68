package pages

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"avow/internal/fault"
	"avow/internal/skill"
	"avow/internal/web"
)

const reviewPath = "/review"

// Reviewing shows what a reviewer is asked and takes the answer; skill.Service does.
type Reviewing interface {
	// ReviewPage returns what the holder of a reviewer's token may see. It changes nothing.
	ReviewPage(ctx context.Context, verification, token string) (skill.ReviewPage, error)
	// Endorse takes the one answer.
	Endorse(ctx context.Context, token string, in skill.EndorseInput) (skill.Endorsed, error)
}

// ask is what the link of a reviewer's mail carries.
type ask struct{ Verification, Token string }

func askIn(values url.Values) (a ask, whole bool) {
	a = ask{Verification: values.Get("recordVerificationId"), Token: values.Get("reviewerToken")}
	return a, a.Verification != "" && a.Token != ""
}

// answerPrefix begins the name of the field with the answer about a skill; the skill's id follows. Places in the list would not do: the list may be sorted anew
// between the look and the answer.
const answerPrefix = "answer."

// review is what the page's template reads.
type review struct {
	skill.ReviewPage
	Ask      ask
	Relation string // in words; empty: none was given
	Skills   []reviewedSkill
	Missing  bool // the answer that came was not whole
}

// reviewedSkill is a skill with its field and the answer that was chosen before.
type reviewedSkill struct {
	Name   string
	Proofs []segment
	Field  string
	Chosen skill.Answer
}

// relations are the endorsement types in words (skills-api.md 10).
var relations = map[string]string{
	"reporting_manager": "the person's manager", "tech_lead": "the person's technical lead", "client": "a client", "founder_cxo": "a founder or an executive",
	"peer": "a colleague",
}

func reviewOf(p skill.ReviewPage, a ask, chosen map[string]skill.Answer) review {
	v := review{ReviewPage: p, Ask: a, Relation: relations[p.Verification.EndorsementType]}
	for _, s := range p.VerifyPage.Skills {
		shown := reviewedSkill{Name: s.Name, Field: answerPrefix + s.ID, Chosen: chosen[s.ID]}
		if shown.Name == "" {
			shown.Name = s.ID
		}
		for _, proof := range s.ProofURLs {
			shown.Proofs = append(shown.Proofs, proofLink(proof))
		}
		v.Skills = append(v.Skills, shown)
	}
	return v
}

// proofLink makes a link of a web address alone: whatever else a student gave is text.
func proofLink(proof string) segment {
	u, err := url.Parse(proof)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return segment{Text: proof}
	}
	return segment{Text: proof, Address: proof}
}

// askForReview shows what the reviewer is asked. Mail scanners may look as often as they like.
func (p *Pages) askForReview(w http.ResponseWriter, r *http.Request) error {
	a, whole := askIn(r.URL.Query())
	if !whole {
		return p.refuse(w, http.StatusBadRequest)
	}
	shown, err := p.o.Reviews.ReviewPage(r.Context(), a.Verification, a.Token)
	if err != nil {
		return p.refusedReview(w, r, err)
	}
	return p.showReview(w, http.StatusOK, reviewOf(shown, a, nil))
}

// showReview shows an open review, or that it was answered.
func (p *Pages) showReview(w http.ResponseWriter, status int, v review) error {
	if v.Status == skill.ReviewCompleted {
		return p.show(w, page{name: "reviewed", status: status, data: v})
	}
	return p.show(w, page{name: "review", status: status, data: v})
}

// takeReview is either button of the page.
func (p *Pages) takeReview(w http.ResponseWriter, r *http.Request) error {
	values, err := formIn(w, r)
	if err != nil {
		return err
	}
	a, whole := askIn(values)
	if !whole {
		return p.refuse(w, http.StatusBadRequest)
	}
	shown, err := p.o.Reviews.ReviewPage(r.Context(), a.Verification, a.Token)
	if err != nil {
		return p.refusedReview(w, r, err)
	}
	v := reviewOf(shown, a, chosenIn(values))
	in, whole := v.answer(values)
	if !whole {
		v.Missing = true
		return p.showReview(w, http.StatusBadRequest, v)
	}
	said, err := p.o.Reviews.Endorse(r.Context(), a.Token, in)
	if err != nil {
		return p.refusedReview(w, r, err)
	}
	return p.show(w, page{name: "answered", status: http.StatusOK, data: thanks{said, in.Decline != ""}})
}

// thanks is what the page after the answer reads.
type thanks struct {
	skill.Endorsed
	Declined bool
}

func chosenIn(values url.Values) map[string]skill.Answer {
	chosen := map[string]skill.Answer{}
	for name := range values {
		if id, ok := strings.CutPrefix(name, answerPrefix); ok {
			chosen[id] = skill.Answer(values.Get(name))
		}
	}
	return chosen
}

// answer reads what was chosen; it is whole when there is a reason to decline, or an answer for every skill.
func (v review) answer(values url.Values) (in skill.EndorseInput, whole bool) {
	if values.Get("decision") == "decline" {
		in.Decline = skill.Decline(values.Get("reason"))
		return in, slices.Contains(skill.Declines, in.Decline)
	}
	in.Whole, in.Answers = true, chosenIn(values)
	unanswered := func(s reviewedSkill) bool { return !slices.Contains(skill.Answers, s.Chosen) }
	return in, !slices.ContainsFunc(v.Skills, unanswered)
}

// refusedReview tells faults of the link from faults of the server. What is wrong with a link is not told apart, but for one that was answered.
func (p *Pages) refusedReview(w http.ResponseWriter, r *http.Request, err error) error {
	f := fault.From(err)
	switch f.Kind {
	case fault.Internal, fault.Unavailable, fault.TooMany:
		return err
	}
	web.Note(r, err)
	status := map[fault.Kind]int{fault.Conflict: http.StatusConflict, fault.Expired: http.StatusGone, fault.Invalid: http.StatusBadRequest}[f.Kind]
	if status == 0 {
		status = http.StatusNotFound
	}
	name := "noreview"
	if errors.Is(err, skill.ErrCompleted) {
		name = "reviewed"
	}
	return p.show(w, page{name: name, status: status, data: review{}})
}
