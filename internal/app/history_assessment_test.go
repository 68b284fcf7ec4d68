package app_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"

	"github.com/anishathalye/porcupine"

	"avow/internal/assess"
	"avow/internal/outbox"
)

// assessmentKind is about one verification and its questions: papers, answers, retakes and other items race. A paper is handed out for the items that it was drawn for, is
// answered once, and a pass is the end.
var assessmentKind = kind{
	name:    "assessment",
	clients: fewClients,
	model: porcupine.Model{
		Hash: hashState,
		Init: func() any { return assessmentModel{items: 1} },
		Step: func(state, input, output any) (bool, any) {
			return state.(assessmentModel).step(*input.(*assessmentCall), output.(assessmentAnswer))
		},
	},
	begin: beginAssessment,
	class: func(input, output any) string {
		return input.(*assessmentCall).verb + ": " + output.(assessmentAnswer).word
	},
	wanted: []string{
		"generate: made", "generate: resumed", "generate: ASSESSMENT_LOCKED", "retake: made", "retake: NO_PRIOR_ATTEMPT", "retake: ASSESSMENT_LOCKED",
		"submit: failed", "submit: passed", "submit: NO_QUESTIONS", "submit: INCOMPLETE_ANSWERS", "submit: ATTEMPT_ALREADY_SUBMITTED", "submit: ASSESSMENT_LOCKED",
		"select: done", "select: ALREADY_VERIFIED", "look: seen", "look: NO_QUESTIONS", "result: done",
	},
}

// assessmentCall is generate, retake, submit to a paper, select (step 3, a bit for each project), look at the questions, or at the webhooks in the end.
type assessmentCall struct {
	verb  string
	set   uint16
	paper int // by the number that it got when it came
	right bool
}

// assessmentAnswer is what was done, or an error's code; and what the answer speaks of: the paper, the attempt's number, for the result how many attempts were told.
type assessmentAnswer struct {
	word    string
	paper   int
	attempt int
}

// assessmentModel is one verification. Numbers of papers begin at 1; gone are those that cannot come again, a bit for each.
type assessmentModel struct {
	items    uint16
	paper    int // that is out
	gone     uint64
	answered bool
	attempts int
	passed   bool
}

func (m assessmentModel) step(c assessmentCall, a assessmentAnswer) (bool, assessmentModel) {
	switch c.verb {
	case "generate":
		return m.generate(a)
	case "retake":
		return m.retake(a)
	case "submit":
		return m.submit(c, a)
	case "select":
		return m.choose(c, a)
	case "look":
		if m.paper == 0 {
			return a.word == "NO_QUESTIONS", m
		}
		return a.word == "seen" && a.paper == m.paper, m
	}
	return a == assessmentAnswer{"done", 0, m.attempts}, m
}

func (m assessmentModel) generate(a assessmentAnswer) (bool, assessmentModel) {
	switch {
	case m.passed:
		return a.word == "ASSESSMENT_LOCKED", m
	case m.paper != 0:
		return a.word == "resumed" && a.paper == m.paper, m
	}
	return a.word == "made" && m.fresh(a.paper), m.out(a.paper)
}

// retake brings another paper, or that of a caller who asked at the same moment.
func (m assessmentModel) retake(a assessmentAnswer) (bool, assessmentModel) {
	switch {
	case m.passed:
		return a.word == "ASSESSMENT_LOCKED", m
	case m.attempts == 0:
		return a.word == "NO_PRIOR_ATTEMPT", m
	case a.paper == m.paper:
		return a.word == "made" && a.attempt == m.attempts+1 && !m.answered, m
	}
	return a.word == "made" && a.attempt == m.attempts+1 && m.fresh(a.paper), m.out(a.paper)
}

func (m assessmentModel) fresh(paper int) bool { return paper != 0 && m.gone&(1<<paper) == 0 }

// out puts a paper in the place of the one before; 0 is none.
func (m assessmentModel) out(paper int) assessmentModel {
	if m.paper != 0 {
		m.gone |= 1 << m.paper
	}
	m.paper, m.answered = paper, false
	return m
}

func (m assessmentModel) submit(c assessmentCall, a assessmentAnswer) (bool, assessmentModel) {
	switch {
	case m.passed:
		return a.word == "ASSESSMENT_LOCKED", m
	case m.paper == 0:
		return a.word == "NO_QUESTIONS", m
	case m.answered:
		return a.word == "ATTEMPT_ALREADY_SUBMITTED", m
	case c.paper != m.paper:
		return a.word == "INCOMPLETE_ANSWERS", m
	}
	m.attempts, m.answered, m.passed = m.attempts+1, true, c.right
	return a.word == map[bool]string{true: "passed", false: "failed"}[c.right] && a.attempt == m.attempts, m
}

func (m assessmentModel) choose(c assessmentCall, a assessmentAnswer) (bool, assessmentModel) {
	switch {
	case m.passed:
		return a.word == "ALREADY_VERIFIED", m
	case c.set != m.items:
		m = m.out(0)
	}
	m.items = c.set
	return a.word == "done", m
}

// rightOptions are the texts of the bank's right options, by question: the students of the histories know everything.
var rightOptions = sync.OnceValue(func() map[string]string {
	right := map[string]string{}
	for _, s := range assess.Builtin().Skills {
		for _, q := range s.Questions {
			right[q.Text] = q.Options[q.Right]
		}
	}
	return right
})

// shownPaper is a paper as a client gets it.
type shownPaper []struct {
	QuestionID string
	Question   string
	Options    []string
}

type assessmentScene struct {
	*stage
	opened opened
	mu     sync.Mutex
	papers []shownPaper
	eager  bool // right answers come as often as wrong ones
}

// maxPapers is how many the model's bits can tell apart.
const maxPapers = 60

func beginAssessment(s *stage, n int) scene {
	r := &assessmentScene{stage: s, eager: n%2 == 0}
	got := s.must200(s.ask(http.MethodPost, "/api/v1/verify", fmt.Sprintf(`{"studentId":"s","callbackWebhookUrl":"https://assessed-%d.example.com/in","name":"Alex",
		"email":"assessed-%d@example.com","projects":%s}`, n, n, each(projectFmt, 0, reviewProjects)), "X-Api-Key", s.vars["t.api"]))
	var answer struct{ Data opened }
	s.must(json.Unmarshal([]byte(got.body), &answer))
	r.opened = answer.Data
	id := r.opened.RecordVerificationID
	s.must200(s.ask(http.MethodPost, "/api/v1/step1/storeskills/store", claimsBody(id, "go"), "X-Api-Key", s.vars["t.api"]))
	s.must200(s.ask(http.MethodPost, "/api/v1/step2/verification-method", methodBody(id, "assessment"), "X-Api-Key", s.vars["t.api"]))
	s.must200(s.ask(http.MethodPost, "/api/v1/step3/store-verification-items/store", r.selection(1), "X-Api-Key", s.vars["t.api"]))
	return r
}

func (r *assessmentScene) selection(set uint16) string {
	return fmt.Sprintf(`{"sessionToken":%q,"projectIds":%s}`, r.opened.SessionToken, chosen(set, 0, reviewProjects))
}

func (r *assessmentScene) draw(random *rand.Rand) deed {
	r.mu.Lock()
	known := len(r.papers)
	r.mu.Unlock()
	right := random.IntN(20) == 0
	if r.eager {
		right = random.IntN(2) == 0
	}
	switch at := random.IntN(100); {
	case at < 30 && known > 0:
		return r.submit(known, right)
	case at < 38 && known > 1:
		return r.submit(1+random.IntN(known-1), right)
	case at < 58:
		return r.generate()
	case at < 72 && known < maxPapers/2:
		return r.retake()
	case at < 82:
		return r.choose(uint16(1 + random.IntN(1<<reviewProjects-1)))
	}
	return r.look()
}

// last brings the assessment to its end by one more paper, tries every paper again, and compares what was told.
func (r *assessmentScene) last() []deed {
	deeds := []deed{r.look(), r.choose(1), r.choose(2), r.generate(), r.look(), r.submitLast(false), r.retake(), r.submitLast(true)}
	for n := range len(r.papers) + 2 {
		deeds = append(deeds, r.submit(n+1, true))
	}
	return append(deeds, r.generate(), r.retake(), r.choose(3), r.result())
}

func (r *assessmentScene) deed(c assessmentCall, method, path, body string, read func(got outcome) (assessmentAnswer, error)) deed {
	return deed{&c, func() (any, error) {
		got, err := r.ask(method, "/api/v1"+path, body, "X-Api-Key", r.vars["t.api"])
		if err != nil {
			return nil, err
		}
		var refusal struct{ Error struct{ Code string } }
		if got.status >= 400 && got.status < 500 && json.Unmarshal([]byte(got.body), &refusal) == nil {
			return assessmentAnswer{word: refusal.Error.Code}, nil
		}
		if got.status/100 != 2 {
			return nil, got.unexplained()
		}
		return read(got)
	}}
}

func (r *assessmentScene) generate() deed {
	return r.deed(assessmentCall{verb: "generate"}, http.MethodPost, "/assessment/generate?recordVerificationId="+r.opened.RecordVerificationID, "", r.seen)
}

func (r *assessmentScene) retake() deed {
	return r.deed(assessmentCall{verb: "retake"}, http.MethodPost, "/assessment/retakeassessment?recordVerificationId="+r.opened.RecordVerificationID, "", r.seen)
}

func (r *assessmentScene) look() deed {
	return r.deed(assessmentCall{verb: "look"}, http.MethodGet, "/assessment/"+r.opened.RecordVerificationID, "", func(got outcome) (assessmentAnswer, error) {
		a, err := r.seen(got)
		a.word = "seen"
		return a, err
	})
}

func (r *assessmentScene) choose(set uint16) deed {
	return r.deed(assessmentCall{verb: "select", set: set}, http.MethodPost, "/step3/store-verification-items/store", r.selection(set), func(outcome) (assessmentAnswer, error) {
		return assessmentAnswer{word: "done"}, nil
	})
}

// seen numbers the paper of an answer.
func (r *assessmentScene) seen(got outcome) (assessmentAnswer, error) {
	var answer struct {
		Data struct {
			RetakeAttemptNumber int
			Questions           shownPaper
		}
	}
	if err := json.Unmarshal([]byte(got.body), &answer); err != nil || len(answer.Data.Questions) == 0 {
		return assessmentAnswer{}, got.unexplained()
	}
	a := assessmentAnswer{word: "made", attempt: answer.Data.RetakeAttemptNumber}
	if got.status == http.StatusOK {
		a.word = "resumed"
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	same := func(p shownPaper) bool { return p[0].QuestionID == answer.Data.Questions[0].QuestionID }
	if a.paper = 1 + slices.IndexFunc(r.papers, same); a.paper == 0 {
		r.papers = append(r.papers, answer.Data.Questions)
		a.paper = len(r.papers)
	}
	return a, nil
}

// submit answers the paper of a number, or none that was ever drawn when there is no such paper.
func (r *assessmentScene) submit(n int, right bool) deed {
	return deed{&assessmentCall{verb: "submit", paper: n, right: right}, func() (any, error) {
		answers := []map[string]any{{"questionId": "none", "selectedAnswer": 0}}
		r.mu.Lock()
		if n <= len(r.papers) {
			answers = r.papers[n-1].answers(right)
		}
		r.mu.Unlock()
		body, err := json.Marshal(map[string]any{"recordVerificationId": r.opened.RecordVerificationID, "answers": answers})
		if err != nil {
			return nil, err
		}
		return r.deed(assessmentCall{}, http.MethodPost, "/assessment/submit", string(body), readScored).call()
	}}
}

// submitLast answers the paper that came last, whichever that is by then.
func (r *assessmentScene) submitLast(right bool) deed {
	call := &assessmentCall{verb: "submit", right: right}
	return deed{call, func() (any, error) {
		r.mu.Lock()
		call.paper = len(r.papers)
		r.mu.Unlock()
		return r.submit(call.paper, right).call()
	}}
}

func (p shownPaper) answers(right bool) (all []map[string]any) {
	for _, q := range p {
		selected := slices.Index(q.Options, rightOptions()[q.Question])
		if !right {
			selected = (selected + 1) % assess.Options
		}
		all = append(all, map[string]any{"questionId": q.QuestionID, "selectedAnswer": selected})
	}
	return all
}

func readScored(got outcome) (assessmentAnswer, error) {
	var answer struct {
		Data struct {
			Result struct {
				Passed        bool
				AttemptNumber int
			}
		}
	}
	err := json.Unmarshal([]byte(got.body), &answer)
	word := map[bool]string{true: "passed", false: "failed"}[answer.Data.Result.Passed]
	return assessmentAnswer{word, 0, answer.Data.Result.AttemptNumber}, err
}

// result is what the webhooks have said: the first questions once, and each attempt once.
func (r *assessmentScene) result() deed {
	return deed{&assessmentCall{verb: "result"}, func() (any, error) {
		if err := r.delivered(outbox.Webhook); err != nil {
			return nil, err
		}
		r.told.mu.Lock()
		defer r.told.mu.Unlock()
		id := r.opened.RecordVerificationID
		attempts := slices.Sorted(slices.Values(r.told.attempts[id]))
		for i, n := range attempts {
			if n != i+1 {
				return nil, fmt.Errorf("got attempts %v, want each told once", attempts)
			}
		}
		if n := len(r.told.evidence[id]); n != 1 {
			return nil, fmt.Errorf("got %d first events, want one", n)
		}
		return assessmentAnswer{"done", 0, len(attempts)}, nil
	}}
}
