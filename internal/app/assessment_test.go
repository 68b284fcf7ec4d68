package app_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"avow/internal/assess"
	"avow/internal/outbox"
)

const assessmentSetup = reviewSetup + "set acme questions 4\n"

// assessable opens a verification and goes through the steps up to the questions.
func (b *bench) assessable(w whom) asked {
	b.Helper()
	w.skills = []string{"go", "sql"}
	a := b.opens(w)
	b.want(b.call(a.key, http.MethodPost, "/api/v1/step2/verification-method", methodBody(a.id, "assessment")), http.StatusOK)
	b.want(b.storeProject(a, w.or().project), http.StatusCreated)
	return a
}

func methodBody(id, method string) string {
	return fmt.Sprintf(`{"recordVerificationId":%q,"verificationMethod":%q}`, id, method)
}

func (b *bench) assess(a asked, call string) outcome {
	b.Helper()
	return b.call(a.key, http.MethodPost, "/api/v1/assessment/"+call+"?recordVerificationId="+a.id, "")
}

func (b *bench) questions(a asked) outcome {
	b.Helper()
	return b.call(a.key, http.MethodGet, "/api/v1/assessment/"+a.id, "")
}

func (b *bench) submit(a asked, body string) outcome {
	b.Helper()
	return b.call(a.key, http.MethodPost, "/api/v1/assessment/submit", body)
}

// submission answers so many questions rightly, the others wrongly.
func submission(id string, p assess.Paper, right int) string {
	var answers []string
	for i, q := range p.Questions {
		selected := q.Right
		if i >= right {
			selected = (q.Right + 1) % assess.Options
		}
		answers = append(answers, fmt.Sprintf(`{"questionId":%q,"selectedAnswer":%d}`, q.ID, selected))
	}
	return fmt.Sprintf(`{"recordVerificationId":%q,"answers":[%s]}`, id, strings.Join(answers, ","))
}

// events counts the webhooks of each event.
func (b *bench) events() (initiated, completed int) {
	b.Helper()
	for _, body := range b.bodies() {
		if strings.Contains(body, `"event":"verification.initiated"`) {
			initiated++
		} else {
			completed++
		}
	}
	return initiated, completed
}

// bodies are those of all webhooks.
func (b *bench) bodies() (all []string) {
	b.Helper()
	for _, d := range b.hooksTo("https://client.example/hook") {
		var h outbox.Hook
		b.must(json.Unmarshal(d.Payload, &h))
		all = append(all, string(h.Body))
	}
	return all
}

func (b *bench) wantCounted(key string, credits, profiles int) {
	b.Helper()
	org, err := b.app.Admin.Organisation(b.Context(), "acme")
	b.must(err)
	keys, err := b.app.Store.Keys(b.Context(), org.ID)
	b.must(err)
	for _, k := range keys {
		if k.ID == b.vars[key+".id"] && (k.Credits != credits || k.VerifiedProfiles != profiles) {
			b.Errorf("got %d credits and %d profiles, want %d and %d", k.Credits, k.VerifiedProfiles, credits, profiles)
		}
	}
}

// idsOf are the questions of an answer.
func idsOf(o outcome) string {
	var answer struct {
		Data struct{ Questions []struct{ QuestionID string } }
	}
	if err := json.Unmarshal([]byte(o.body), &answer); err != nil {
		return err.Error()
	}
	return fmt.Sprint(answer.Data.Questions)
}

// TestOnePaperIsDrawn has many callers ask for questions at once: one paper is drawn and all get it, and there is one event and one credit.
func TestOnePaperIsDrawn(t *testing.T) {
	t.Parallel()
	onEngines(t, onePaperIsDrawn)
}

func onePaperIsDrawn(t *testing.T, database string) {
	b := newBench(t, familyClocks["skills"], database)
	b.setup(assessmentSetup)
	a := b.assessable(whom{})
	b.generator.during(meet(callers))
	papers, made := map[string]bool{}, 0
	for _, o := range b.together(callers, func(int) *http.Request {
		return b.post("/api/v1/assessment/generate", "", "x-api-key", b.vars["k.api"], "x-session-token", a.session)
	}) {
		papers[idsOf(o)] = true
		if o.status == http.StatusCreated {
			made++
		} else if o.status != http.StatusOK || !strings.Contains(o.body, `"alreadyGenerated":true`) {
			t.Errorf("got %d %s, want 201, or 200 with what was drawn", o.status, o.body)
		}
	}
	if initiated, completed := b.events(); len(papers) != 1 || made != 1 || initiated != 1 || completed != 0 {
		t.Errorf("got %d papers, %d made, %d events, want one of each", len(papers), made, initiated)
	}
	b.wantCounted("k", 1, 0)
}

// TestOneSubmitCounts has many callers submit at once, some of them wrong answers: one counts.
func TestOneSubmitCounts(t *testing.T) {
	t.Parallel()
	onEngines(t, oneSubmitCounts)
}

func oneSubmitCounts(t *testing.T, database string) {
	b := newBench(t, familyClocks["skills"], database)
	b.setup(assessmentSetup)
	a := b.assessable(whom{})
	b.want(b.assess(a, "generate"), http.StatusCreated)
	p, won, passed := b.paperOf(a.id), 0, 0
	for _, o := range b.together(callers, func(i int) *http.Request {
		return b.post("/api/v1/assessment/submit", submission(a.id, p, i%2*4), "x-api-key", b.vars["k.api"])
	}) {
		switch {
		case o.status == http.StatusOK:
			won++
			passed += strings.Count(o.body, `"passed":true`)
		case o.status != http.StatusForbidden && o.status != http.StatusConflict:
			t.Errorf("got %d %s, want 200, 403 or 409", o.status, o.body)
		}
	}
	initiated, completed := b.events()
	if won != 1 || initiated != 1 || completed != 1 || len(b.mailsTo("jane@example.com")) != 1 {
		t.Errorf("got %d that counted, %d and %d events, %d mails, want one of each", won, initiated, completed, len(b.mailsTo("jane@example.com")))
	}
	b.wantCounted("k", 1, passed)
}

// TestRetakesAtOnceGetOnePaper has many callers look at the state before anybody's questions are made: one paper is handed out and all get it, though a second one would have
// to wait.
func TestRetakesAtOnceGetOnePaper(t *testing.T) {
	t.Parallel()
	onEngines(t, retakesAtOnce)
}

func retakesAtOnce(t *testing.T, database string) {
	b := newBench(t, familyClocks["skills"], database)
	b.setup(assessmentSetup + "set acme retake_wait 1h\n")
	a := b.assessable(whom{})
	b.want(b.assess(a, "generate"), http.StatusCreated)
	first := b.paperOf(a.id)
	b.want(b.submit(a, submission(a.id, first, 0)), http.StatusOK)
	b.clock.advance(time.Hour)
	b.generator.during(meet(callers))
	papers := map[string]bool{}
	for _, o := range b.together(callers, func(int) *http.Request {
		return b.post("/api/v1/assessment/retakeassessment", "", "x-api-key", b.vars["k.api"], "x-session-token", a.session)
	}) {
		b.want(o, http.StatusCreated)
		papers[idsOf(o)] = true
	}
	b.generator.between.Store(nil)
	b.refused("a retake behind them", b.assess(a, "retakeassessment"), http.StatusTooManyRequests, "RETAKE_TOO_SOON")
	if now := b.paperOf(a.id); len(papers) != 1 || now.Number != 2 || now.Seed == first.Seed {
		t.Errorf("got %d papers, the last %+v, want one", len(papers), now)
	}
	if initiated, _ := b.events(); initiated != 1 {
		t.Errorf("got %d first events, want one", initiated)
	}
}

// meet holds everybody until so many have come.
func meet(n int64) func() error {
	var came atomic.Int64
	all := make(chan struct{})
	return func() error {
		if came.Add(1) == n {
			close(all)
		}
		<-all
		return nil
	}
}

// TestKilledWhileQuestionsAreMade has the server go away between the making of questions and the change that hands them out: nothing has happened, and it can be done again.
func TestKilledWhileQuestionsAreMade(t *testing.T) {
	t.Parallel()
	onEngines(t, killedWhileQuestionsAreMade)
}

func killedWhileQuestionsAreMade(t *testing.T, database string) {
	b := newBench(t, familyClocks["skills"], database)
	b.setup(assessmentSetup)
	a := b.assessable(whom{})
	b.generator.during(func() error {
		var errs []error
		for _, one := range b.apps {
			errs = append(errs, one.Close())
		}
		return errors.Join(errs...)
	})
	b.want(b.assess(a, "generate"), http.StatusInternalServerError)
	after := newBench(t, b.clock.Now(), database)
	after.config.Limits = false
	after.vars = b.vars
	after.start()
	after.refused("questions", after.questions(a), http.StatusNotFound, "NO_QUESTIONS")
	if initiated, completed := after.events(); initiated+completed != 0 {
		t.Errorf("got %d and %d events, want none", initiated, completed)
	}
	after.wantCounted("k", 0, 0)
	after.want(after.assess(a, "generate"), http.StatusCreated)
	if initiated, _ := after.events(); initiated != 1 {
		t.Errorf("got %d events, want one", initiated)
	}
}

// TestAStudentPassesInTheSecondAttempt goes the whole way in test mode, as a caller's own tests would, with the right answers from /avow/v1/test. Right answers stand there alone:
// in no other answer, log, mail or webhook.
func TestAStudentPassesInTheSecondAttempt(t *testing.T) {
	t.Parallel()
	onEngines(t, passesInTheSecondAttempt)
}

func passesInTheSecondAttempt(t *testing.T, database string) {
	b := newBench(t, familyClocks["skills"], database)
	b.setup("limits off\norg acme\nkey k org=acme mode=test\nset acme questions 4\n")
	a := b.assessable(whom{})
	said := []string{b.want(b.assess(a, "generate"), http.StatusCreated).body}
	papers := []assess.Paper{b.paperOf(a.id)}
	said = append(said, b.want(b.submit(a, b.rightAnswers(a, 1)), http.StatusOK).body, b.want(b.questions(a), http.StatusOK).body)
	said = append(said, b.want(b.assess(a, "retakeassessment"), http.StatusCreated).body)
	papers = append(papers, b.paperOf(a.id))
	said = append(said, b.want(b.submit(a, b.rightAnswers(a, 4)), http.StatusOK).body)
	b.refused("after the pass", b.assess(a, "generate"), http.StatusForbidden, "ASSESSMENT_LOCKED")
	b.refused("after the pass", b.assess(a, "retakeassessment"), http.StatusForbidden, "ASSESSMENT_LOCKED")
	said = append(said, b.want(b.questions(a), http.StatusOK).body)
	if !strings.Contains(said[1], `"score":25,"passed":false,"attemptNumber":1`) || !strings.Contains(said[4], `"score":100,"passed":true,"attemptNumber":2`) {
		t.Errorf("got %s and %s, want 25 and 100", said[1], said[4])
	}
	var told []string
	mails := b.mailsTo("jane@example.com")
	for _, m := range mails {
		told = append(told, m.Subject+m.Text+m.HTML)
	}
	told = append(told, b.bodies()...)
	if initiated, completed := b.events(); initiated != 1 || completed != 2 || len(mails) != 2 || !mails[0].Test {
		t.Errorf("got %d and %d events and %d mails, want one, two, and two captured ones", initiated, completed, len(mails))
	}
	b.wantCounted("k", 1, 1)
	told = append(told, b.log.String())
	keepsSecrets(t, papers, said, told)
}

// rightAnswers answers so many questions as the test mode's answer says, and the others otherwise.
func (b *bench) rightAnswers(a asked, right int) string {
	b.Helper()
	var answer struct {
		Data struct {
			Answers []struct {
				QuestionID     string `json:"questionId"`
				SelectedAnswer int    `json:"selectedAnswer"`
			} `json:"answers"`
		}
	}
	got := b.want(b.call(a.key, http.MethodGet, "/avow/v1/test/assessments/"+a.id, ""), http.StatusOK)
	b.must(json.Unmarshal([]byte(got.body), &answer))
	for i := range answer.Data.Answers {
		if i >= right {
			answer.Data.Answers[i].SelectedAnswer = (answer.Data.Answers[i].SelectedAnswer + 1) % assess.Options
		}
	}
	list, err := json.Marshal(answer.Data.Answers)
	b.must(err)
	return fmt.Sprintf(`{"recordVerificationId":%q,"answers":%s}`, a.id, list)
}

// keepsSecrets looks for what tells a right answer in what callers were answered, and for anything of the questions in what went elsewhere.
func keepsSecrets(t *testing.T, papers []assess.Paper, said, told []string) {
	t.Helper()
	for _, p := range papers {
		secrets := []string{hex.EncodeToString(p.Seed[:]), base64.StdEncoding.EncodeToString(p.Seed[:]), p.Evidence, `"right"`, `"why"`, `"seed"`, `"selectedAnswer"`}
		for _, q := range p.Questions {
			secrets = append(secrets, q.Why, string(q.Key))
		}
		questions := slices.Clone(secrets)
		for _, q := range p.Questions {
			questions = append(questions, q.ID, q.Text)
		}
		for _, text := range said {
			expectNone(t, text, secrets)
		}
		for _, text := range told {
			expectNone(t, text, questions)
		}
	}
}

func expectNone(t *testing.T, text string, secrets []string) {
	t.Helper()
	for _, secret := range secrets {
		if encoded, err := json.Marshal(secret); err != nil || strings.Contains(text, secret) || strings.Contains(text, strings.Trim(string(encoded), `"`)) && secret[0] != '"' {
			t.Errorf("got %q (%v) in %s, want it nowhere", secret, err, text)
		}
	}
}

// TestForeignAssessmentsAreUnknown shows every call the ids of another organisation and of the other mode, with questions out: the answer is that for an id that nobody has.
func TestForeignAssessmentsAreUnknown(t *testing.T) {
	t.Parallel()
	onEngines(t, foreignAssessmentsAreUnknown)
}

func foreignAssessmentsAreUnknown(t *testing.T, database string) {
	b := newBench(t, familyClocks["skills"], database)
	b.setup("limits off\norg acme\norg globex\nkey k org=acme mode=live\nkey t org=acme mode=test\nkey g org=globex mode=test\nset acme questions 2\nset globex questions 2\n")
	as := func(a asked, key string) asked { a.key = key; return a }
	calls := map[string]func(a asked) outcome{
		"generate":  func(a asked) outcome { return b.assess(a, "generate") },
		"questions": b.questions,
		"submit": func(a asked) outcome {
			return b.submit(a, fmt.Sprintf(`{"recordVerificationId":%q,"answers":[{}]}`, a.id))
		},
		"retake":     func(a asked) outcome { return b.assess(a, "retakeassessment") },
		"by session": func(a asked) outcome { return b.bySession(a.key, "/api/v1/assessment/generate", "", a) },
		"right answers": func(a asked) outcome {
			return b.call(a.key, http.MethodGet, "/avow/v1/test/assessments/"+a.id, "")
		},
	}
	nobody := asked{session: "7b6f0c9a-6a1e-4a2b-9d5c-1f2e3d4c5b6a", id: "ver_test_0000000000000000000000"}
	owners := map[string]asked{}
	for _, key := range []string{"k", "t", "g"} {
		owners[key] = b.assessable(whom{key: key})
		b.want(b.assess(owners[key], "generate"), http.StatusCreated)
	}
	for owner, a := range owners {
		before := b.shapeOf(a)
		for key := range owners {
			for name, call := range calls {
				unknown := plain(call(as(nobody, key)))
				if got := plain(call(as(a, key))); key != owner && got != unknown {
					t.Errorf("%s of %s by %s: got %+v, want %+v as for an unknown id", name, owner, key, got, unknown)
				} else if key == owner && got == unknown && (name != "right answers" || key != "k") {
					t.Errorf("%s of %s: got %+v, want something for its owner", name, owner, got)
				}
			}
		}
		if after := b.shapeOf(a); after != before {
			t.Errorf("%s: got %s, want %s: nothing of it was to change", owner, after, before)
		}
	}
}
