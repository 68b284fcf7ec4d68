package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"

	"github.com/anishathalye/porcupine"

	"avow/internal/event"
	"avow/internal/outbox"
)

// reviewKind is about one verification and its reviewer: items, reviewer, tokens and answers race. An answer counts once, only by the token that is out, and what it
// counts for is exactly what was sent with that token.
var reviewKind = kind{
	name:    "review",
	clients: fewClients,
	model: porcupine.Model{
		Hash: hashState,
		Init: func() any { return reviewModel{items: 1} },
		Step: func(state, input, output any) (bool, any) {
			return state.(reviewModel).step(input.(reviewCall), output.(reviewAnswer))
		},
	},
	begin: beginReview,
	class: func(input, output any) string { return input.(reviewCall).verb + ": " + output.(reviewAnswer).word },
	wanted: []string{
		"select: done", "select: ALREADY_VERIFIED", "reviewer: done", "reviewer: ALREADY_VERIFIED", "send: done", "send: ALREADY_VERIFIED",
		"endorse: done", "endorse: INVALID_REVIEWER_TOKEN", "endorse: ALREADY_VERIFIED", "look: pending", "look: expired", "look: completed", "result: done",
	},
}

// reviewCall is select (step 3, a bit for each project), reviewer (of a number), send, endorse by a token, look at the status, or at the result in the end.
type reviewCall struct {
	verb string
	set  uint16
	who  int
	with int // token, by the number that it got when it came
}

// reviewAnswer is done, a status or an error's code; and what the answer speaks of: how many items or which, the reviewer, the token.
type reviewAnswer struct {
	word  string
	items int
	who   int
	token int
}

// reviewModel is one verification. Numbers of reviewers and tokens begin at 1.
type reviewModel struct {
	items          uint16
	who, out, done int // done is the token that was answered with
	sent           bool
}

func (m reviewModel) step(c reviewCall, a reviewAnswer) (bool, reviewModel) {
	after := m
	switch c.verb {
	case "look":
		return a.word == m.status(), m
	case "result":
		return m.done != 0 && a == reviewAnswer{"done", int(m.items), m.who, 0}, m
	case "endorse":
		return m.endorse(c, a)
	}
	if m.done != 0 {
		return a.word == "ALREADY_VERIFIED", m
	}
	switch c.verb {
	case "select":
		after.items = c.set
	case "reviewer":
		after.who = c.who
	case "send":
		if m.who == 0 {
			return a.word == "REVIEWER_NOT_FOUND", m
		}
		after.out, after.sent = a.token, true
		return a.word == "done" && a.who == m.who, after
	}
	if after.items != m.items || after.who != m.who {
		after.out = 0
	}
	return a.word == "done", after
}

func (m reviewModel) endorse(c reviewCall, a reviewAnswer) (bool, reviewModel) {
	switch {
	case m.done != 0 && m.done == c.with:
		return a.word == "ALREADY_VERIFIED", m
	case m.out != c.with:
		return a.word == "INVALID_REVIEWER_TOKEN", m
	}
	after := m
	after.done, after.out = c.with, 0
	return a.word == "done" && a.items == bits.OnesCount16(m.items) && a.who == m.who, after
}

func (m reviewModel) status() string {
	switch {
	case m.done != 0:
		return "completed"
	case m.out != 0:
		return "pending"
	case m.sent:
		return "expired"
	}
	return "NOT_FOUND"
}

// told is what webhooks have said, by verification.
type told struct {
	mu        sync.Mutex
	evidence  map[string][]string // of what was sent
	completed map[string]event.Completed
	attempts  map[string][]int // numbers of attempts that were told
}

func newTold() *told {
	return &told{evidence: map[string][]string{}, completed: map[string]event.Completed{}, attempts: map[string][]int{}}
}

// Send implements outbox.Sender. Names and ids are all that is read of a body: instants are not there to be parsed.
func (w *told) Send(_ context.Context, d outbox.Delivery) (outbox.Answer, error) {
	var hook outbox.Hook
	if err := json.Unmarshal(d.Payload, &hook); err != nil {
		return outbox.Answer{}, outbox.Permanent(err)
	}
	var body struct {
		Event          event.Name
		Verification   string `json:"recordVerificationId"`
		EvidenceDigest string
		Sources        struct {
			Projects []struct{ ExternalProjectID string }
		}
		Reviewer   struct{ Email string }
		Assessment *struct{ AttemptNumber int }
	}
	if err := json.Unmarshal(hook.Body, &body); err != nil {
		return outbox.Answer{}, outbox.Permanent(err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if body.Event == event.VerificationInitiated {
		w.evidence[body.Verification] = append(w.evidence[body.Verification], body.EvidenceDigest)
		return outbox.Answer{}, nil
	}
	if body.Assessment != nil {
		w.attempts[body.Verification] = append(w.attempts[body.Verification], body.Assessment.AttemptNumber)
		return outbox.Answer{}, nil
	}
	c := event.Completed{Evidence: body.EvidenceDigest, Reviewer: &event.Reviewer{Email: body.Reviewer.Email}}
	for _, p := range body.Sources.Projects {
		c.Sources.Projects = append(c.Sources.Projects, event.Project{ID: p.ExternalProjectID})
	}
	w.completed[body.Verification] = c
	return outbox.Answer{}, nil
}

type reviewScene struct {
	*stage
	opened opened
	mu     sync.Mutex
	tokens []string
	eager  bool // answers come as often as anything else
}

const (
	reviewProjects  = 3
	reviewersToName = 3
)

func reviewerMail(n int) string { return fmt.Sprintf("reviewer-%d@work.example", n) }

// beginReview works in test mode, where the answer to send has the token that endorses. In every other history answers are rare, so that much is voided before.
func beginReview(s *stage, n int) scene {
	r := &reviewScene{stage: s, eager: n%2 == 0}
	got := s.must200(s.ask(http.MethodPost, "/api/v1/verify", fmt.Sprintf(`{"studentId":"s","callbackWebhookUrl":"https://hooks-%d.example.com/in","name":"Alex",
		"email":"reviewed-%d@example.com","projects":%s}`, n, n, each(projectFmt, 0, reviewProjects)), "X-Api-Key", s.vars["t.api"]))
	var answer struct{ Data opened }
	s.must(json.Unmarshal([]byte(got.body), &answer))
	r.opened = answer.Data
	id := r.opened.RecordVerificationID
	s.must200(s.ask(http.MethodPost, "/api/v1/step1/storeskills/store", claimsBody(id, "go"), "X-Api-Key", s.vars["t.api"]))
	s.must200(s.ask(http.MethodPost, "/api/v1/step2/verification-method", `{"verificationMethod":"human","recordVerificationId":"`+id+`"}`, "X-Api-Key", s.vars["t.api"]))
	s.must200(s.ask(http.MethodPost, "/api/v1/step3/store-verification-items/store", r.selection(1), "X-Api-Key", s.vars["t.api"]))
	return r
}

func (s *stage) must200(got outcome, err error) outcome {
	s.Helper()
	s.must(err)
	if got.status/100 != 2 {
		s.Fatalf("got %d %s, want it done", got.status, got.body)
	}
	return got
}

func (r *reviewScene) draw(random *rand.Rand) deed {
	r.mu.Lock()
	known := len(r.tokens)
	r.mu.Unlock()
	answers := 3
	if r.eager {
		answers = 25
	}
	switch at := random.IntN(100); {
	case at < answers && known > 0:
		return r.endorse(known)
	case at < answers+8 && known > 1:
		return r.endorse(1 + random.IntN(known-1))
	case at < 50:
		return r.send()
	case at < 65:
		return r.choose(uint16(1 + random.IntN(1<<reviewProjects-1)))
	case at < 80:
		return r.name(1 + random.IntN(reviewersToName))
	}
	return r.look()
}

// last brings the review to its end by one more token, tries every token again, and compares the result.
func (r *reviewScene) last() []deed {
	fresh := len(r.tokens) + 1
	deeds := []deed{r.look(), r.name(1), r.send(), r.endorse(fresh)}
	for n := range fresh {
		deeds = append(deeds, r.endorse(n+1))
	}
	return append(deeds, r.choose(2), r.name(2), r.send(), r.look(), r.result())
}

func (r *reviewScene) selection(set uint16) string {
	return fmt.Sprintf(`{"sessionToken":%q,"projectIds":%s}`, r.opened.SessionToken, chosen(set, 0, reviewProjects))
}

func (r *reviewScene) deed(c reviewCall, path, body string, read func(got outcome) (reviewAnswer, error)) deed {
	return deed{c, func() (any, error) {
		method := http.MethodPost
		if c.verb == "look" {
			method = http.MethodGet
		}
		got, err := r.ask(method, "/api/v1"+path, body, "X-Api-Key", r.vars["t.api"])
		if err != nil {
			return nil, err
		}
		var refusal struct{ Error struct{ Code string } }
		if got.status >= 400 && got.status < 500 && json.Unmarshal([]byte(got.body), &refusal) == nil {
			return reviewAnswer{word: refusal.Error.Code}, nil
		}
		if got.status/100 != 2 {
			return nil, got.unexplained()
		}
		return read(got)
	}}
}

func done(outcome) (reviewAnswer, error) { return reviewAnswer{word: "done"}, nil }

func (r *reviewScene) choose(set uint16) deed {
	return r.deed(reviewCall{verb: "select", set: set}, "/step3/store-verification-items/store", r.selection(set), done)
}

func (r *reviewScene) name(n int) deed {
	return r.deed(reviewCall{verb: "reviewer", who: n}, "/storereviewerdetails/store", reviewerBody(r.opened.RecordVerificationID, reviewerMail(n)), done)
}

func reviewerNumber(email string) (n int) {
	_, _ = fmt.Sscanf(email, "reviewer-%d@", &n) // another address is none: 0
	return n
}

// send numbers the token that it gets.
func (r *reviewScene) send() deed {
	return r.deed(reviewCall{verb: "send"}, "/humanverification/send-email?recordVerificationId="+r.opened.RecordVerificationID, "", func(got outcome) (reviewAnswer, error) {
		var answer struct {
			Data struct{ ReviewerEmail, ReviewLink string }
		}
		link := reviewLink.FindStringSubmatch(got.body)
		if err := json.Unmarshal([]byte(got.body), &answer); err != nil || link == nil {
			return reviewAnswer{}, got.unexplained()
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.tokens = append(r.tokens, link[2])
		return reviewAnswer{word: "done", who: reviewerNumber(answer.Data.ReviewerEmail), token: len(r.tokens)}, nil
	})
}

// endorse answers by the token of a number, or by none that was ever sent when there is no such token.
func (r *reviewScene) endorse(n int) deed {
	return deed{reviewCall{verb: "endorse", with: n}, func() (any, error) {
		r.mu.Lock()
		token := "none"
		if n <= len(r.tokens) {
			token = r.tokens[n-1]
		}
		r.mu.Unlock()
		return r.deed(reviewCall{verb: "endorse"}, "/humanverification/verify?reviewerToken="+token, `{"skillIds":["go"]}`, readEndorsed).call()
	}}
}

func readEndorsed(got outcome) (reviewAnswer, error) {
	var answer struct {
		Data struct {
			ReviewerEmail string
			Summary       struct{ TotalProjects int }
		}
	}
	err := json.Unmarshal([]byte(got.body), &answer)
	return reviewAnswer{word: "done", items: answer.Data.Summary.TotalProjects, who: reviewerNumber(answer.Data.ReviewerEmail)}, err
}

func (r *reviewScene) look() deed {
	return r.deed(reviewCall{verb: "look"}, "/humanverification/status/"+r.opened.RecordVerificationID, "", func(got outcome) (reviewAnswer, error) {
		var answer struct{ Status string }
		err := json.Unmarshal([]byte(got.body), &answer)
		return reviewAnswer{word: answer.Status}, err
	})
}

// result is what the webhook says in the end; its evidence is that of a webhook of a send.
func (r *reviewScene) result() deed {
	return deed{reviewCall{verb: "result"}, func() (any, error) {
		if err := r.delivered(outbox.Webhook); err != nil {
			return nil, err
		}
		r.told.mu.Lock()
		defer r.told.mu.Unlock()
		id := r.opened.RecordVerificationID
		c, ok := r.told.completed[id]
		if !ok || !slices.Contains(r.told.evidence[id], c.Evidence) {
			return nil, fmt.Errorf("got result %+v (%v), want one about evidence that was sent: %v", c, ok, r.told.evidence[id])
		}
		set := 0
		for _, p := range c.Sources.Projects {
			var n int
			if _, err := fmt.Sscanf(p.ID, "%02d", &n); err != nil {
				return nil, err
			}
			set |= 1 << n
		}
		return reviewAnswer{"done", set, reviewerNumber(c.Reviewer.Email), 0}, nil
	}}
}
