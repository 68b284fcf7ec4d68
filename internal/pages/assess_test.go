package pages

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"avow/internal/access"
	"avow/internal/assess"
	"avow/internal/fault"
	"avow/internal/limit"
	"avow/internal/skill"
	"avow/internal/web"
)

const goodPass = "/assess?sessionToken=good"

// fakeAssessing answers with page and err, and notes what it is asked to change.
type fakeAssessing struct {
	page    skill.AssessmentPage
	err     error // of changes
	looked  error
	changes []string
	answers []assess.Answer
	until   time.Time // when the drawing of questions is given up
}

func (f *fakeAssessing) AssessmentPage(_ context.Context, token string) (skill.AssessmentPage, error) {
	if token != "good" {
		return skill.AssessmentPage{}, skill.ErrSessionUnknown
	}
	return f.page, f.looked
}

func (f *fakeAssessing) change(what, apiKey string, c skill.Carriers) error {
	if apiKey != "good" || !c.Hosted || len(c.Tokens)+len(c.IDs) > 0 {
		return errors.New("got another token or carrier, want the page's own")
	}
	f.changes = append(f.changes, what)
	return f.err
}

func (f *fakeAssessing) GenerateAssessment(ctx context.Context, apiKey string, c skill.Carriers) (skill.Handed, error) {
	f.until, _ = ctx.Deadline()
	return skill.Handed{}, f.change("generate", apiKey, c)
}

func (f *fakeAssessing) RetakeAssessment(_ context.Context, apiKey string, c skill.Carriers) (skill.Handed, error) {
	return skill.Handed{}, f.change("retake", apiKey, c)
}

func (f *fakeAssessing) SubmitAssessment(_ context.Context, apiKey string, c skill.Carriers, answers []assess.Answer) (skill.Scored, error) {
	f.answers = answers
	return skill.Scored{}, f.change("submit", apiKey, c)
}

// somePaper has three questions; what is right and why must never be seen.
func somePaper() *assess.Paper {
	p := assess.Paper{Number: 1, PassMark: 70}
	for i, text := range []string{"What does `<b>` do?", "What does this print?\n\n```go\nfmt.Println(\"<script>\")\n```", "Third?"} {
		p.Questions = append(p.Questions, assess.Asked{
			ID: "id-" + strconv.Itoa(i+1), Key: "KEY", Text: text, Options: [4]string{"`one` & more", "two", "three", "four"}, Right: i, Why: "WHY", Difficulty: "DIFFICULTY", Skill: "SKILL",
		})
	}
	return &p
}

func untouched() skill.AssessmentPage {
	return skill.AssessmentPage{
		Brand: "Acme & Co", Skills: []string{"Go <1.26>", "skill_2"}, Rules: assess.Rules{Questions: 10, PassMark: 60},
	}
}

// stages are all that a student may find.
func stages() map[string]skill.AssessmentPage {
	open, failed, waiting, done, void := untouched(), untouched(), untouched(), untouched(), untouched()
	open.Open = somePaper()
	failed.Last = &assess.Attempt{Correct: 5, Total: 10, Score: 50, PassMark: 60}
	waiting.Last, waiting.RetakeAt = failed.Last, testNow
	again := failed
	again.Open = somePaper()
	done.Last, done.Locked = &assess.Attempt{Correct: 7, Total: 10, Score: 70, PassMark: 60, Passed: true}, true
	void.RetakeAt = testNow
	return map[string]skill.AssessmentPage{"untouched": untouched(), "open": open, "failed": failed, "waiting": waiting, "again": again, "passed": done, "void": void}
}

func assessing(p skill.AssessmentPage) *site {
	s := newSite(nil)
	s.assessing.page = p
	return s
}

// pressed is what a button sends.
func pressed(step string, answers ...string) string {
	all := url.Values{"sessionToken": {"good"}, "step": {step}}
	for i := 0; i < len(answers); i += 2 {
		all.Set(answers[i], answers[i+1])
	}
	return all.Encode()
}

var allAnswers = []string{"answer.id-3", "3", "answer.id-1", "0", "answer.id-2", "2"}

func TestLookingAtAnAssessmentChangesNothing(t *testing.T) {
	t.Parallel()
	for name, p := range stages() {
		s := assessing(p)
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			for _, step := range []string{"begin", "submit", "retake"} {
				expect(t, s.ask(method, goodPass+"&"+pressed(step, allAnswers...), "", "Sec-Purpose", "prefetch"), 200)
			}
		}
		if len(s.assessing.changes) != 0 {
			t.Errorf("%s: got %v, want nothing changed", name, s.assessing.changes)
		}
	}
}

// Each stage has one button, or none.
func TestAssessmentIsShownAsItStands(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct {
		button string
		says   []string
	}{
		"untouched": {"begin", []string{"Acme &amp; Co", "<li>Go &lt;1.26&gt;</li>", "<li>skill_2</li>", "are 10 questions", "60&nbsp;% of right answers", "Begin</button>"}},
		"open":      {"submit", []string{"Question 1 of 3", "Question 3 of 3", "3 questions about", "with 70&nbsp;%", "Send my answers</button>"}},
		"failed":    {"retake", []string{"Not passed this time", "5 of 10 questions right", "<strong>50&nbsp;%</strong>; 60&nbsp;% are needed", "as soon as you like"}},
		"waiting":   {"", []string{"Not passed this time", "<strong>14 January 2024, 12:01 UTC</strong>"}},
		"again":     {"submit", []string{"Question 1 of 3"}},
		"passed":    {"", []string{"You have passed", "7 of 10", "<strong>70&nbsp;%</strong>", "<li>Go &lt;1.26&gt;</li>", "verified now"}},
		"void":      {"", []string{"have changed", "14 January 2024, 12:01 UTC"}},
	} {
		w := assessing(stages()[name]).ask("GET", goodPass, "")
		expect(t, w, 200, want.says...)
		body, buttons := w.Body.String(), 0
		if want.button != "" {
			buttons = 1
			expect(t, w, 200, `<form method="post" action="/assess">`, `name="sessionToken" value="good"`, `name="step" value="`+want.button+`"`)
		}
		if got := strings.Count(body, "<button"); got != buttons {
			t.Errorf("%s: got %d buttons, want %d", name, got, buttons)
		}
		for _, unwanted := range []string{"<script", "WHY", "KEY", "DIFFICULTY", "SKILL", "trial run", "checked", "alert", "?sessionToken", "http"} {
			if strings.Contains(body, unwanted) {
				t.Errorf("%s: got\n%s\nwant no %q", name, body, unwanted)
			}
		}
	}
}

// Each skill gets a question at least.
func TestManySkillsHaveManyQuestions(t *testing.T) {
	t.Parallel()
	p := untouched()
	p.Rules.Questions = 1
	expect(t, assessing(p).ask("GET", goodPass, ""), 200, "are 2 questions")
	p.Skills = p.Skills[:1]
	expect(t, assessing(p).ask("GET", goodPass, ""), 200, "is one question", "about this skill:")
}

func TestQuestionsAreShownWithTheirCode(t *testing.T) {
	t.Parallel()
	expect(t, assessing(stages()["open"]).ask("GET", goodPass, ""), 200,
		`<fieldset id="q1" class="question" aria-labelledby="n1 t1">`, `<legend id="n1">Question 1 of 3</legend>`, `<p>What does <code>&lt;b&gt;</code> do?</p>`,
		`<pre tabindex="0"><code>fmt.Println(&#34;&lt;script&gt;&#34;)</code></pre>`,
		`<label class="choice"><input type="radio" name="answer.id-1" value="0"> <span><code>one</code> &amp; more</span></label>`, `name="answer.id-3" value="3"> <span>four</span>`)
}

func TestAssessmentOfATestSaysSo(t *testing.T) {
	t.Parallel()
	for name, p := range stages() {
		p.Test = true
		if w := assessing(p).ask("GET", goodPass, ""); !strings.Contains(w.Body.String(), "trial run") {
			t.Errorf("%s: got\n%s\nwant it called a trial run", name, w.Body)
		}
	}
}

// A button that fits does its work; one that came too late does none. Both lead to what there is to see.
func TestButtonsOfAnAssessment(t *testing.T) {
	t.Parallel()
	works := map[string]map[string]string{
		"untouched": {"begin": "generate"}, "void": {"begin": "generate"}, "open": {"submit": "submit"}, "again": {"submit": "submit"}, "failed": {"retake": "retake"}, "waiting": {"retake": "retake"},
	}
	for name, p := range stages() {
		for _, step := range []string{"begin", "submit", "retake", "", "other"} {
			s := assessing(p)
			w := s.ask("POST", "/assess", pressed(step, allAnswers...))
			if got := w.Header().Get("Location"); w.Code != http.StatusSeeOther || got != goodPass {
				t.Errorf("%s, %s: got %d to %q, want 303 to %s", name, step, w.Code, got, goodPass)
			}
			if got, want := strings.Join(s.assessing.changes, " "), works[name][step]; got != want {
				t.Errorf("%s, %s: got the change %q, want %q", name, step, got, want)
			}
		}
		s := assessing(p)
		if s.ask("POST", "/assess", pressed("submit")); len(s.assessing.changes) != 0 {
			t.Errorf("%s, no answers: got %v, want no change", name, s.assessing.changes)
		}
	}
}

// The contract gives a generator 90 seconds (5.20).
func TestDrawingMayTakeLong(t *testing.T) {
	t.Parallel()
	s := newSite(nil)
	expect(t, s.ask("POST", "/assess", pressed("begin")), 303)
	if left := time.Until(s.assessing.until); left < 90*time.Second || left > 100*time.Second {
		t.Errorf("got %v for the questions, want 90 s and a little", left)
	}
}

func TestAnswersAreSubmitted(t *testing.T) {
	t.Parallel()
	s := assessing(stages()["open"])
	expect(t, s.ask("POST", "/assess", pressed("submit", allAnswers...)), 303)
	if d := cmp.Diff([]assess.Answer{{QuestionID: "id-1"}, {QuestionID: "id-2", Selected: 2}, {QuestionID: "id-3", Selected: 3}}, s.assessing.answers); d != "" {
		t.Errorf("answers (-want +got):\n%s", d)
	}
}

func TestMissingAnswersAreAskedForAgain(t *testing.T) {
	t.Parallel()
	s := assessing(stages()["open"])
	w := s.ask("POST", "/assess", pressed("submit", "answer.id-1", "2", "answer.id-3", "0"))
	expect(t, w, 400, `role="alert"`, "One question has no answer", `<a href="#q2">Question 2</a>`, `name="answer.id-1" value="2" checked>`, `name="answer.id-3" value="0" checked>`,
		`<fieldset id="q2" class="question missing"`, "Please choose an answer")
	for _, part := range []string{" checked", `class="bad"`, " missing\""} {
		if got, want := strings.Count(w.Body.String(), part), map[string]int{" checked": 2}[part]; got != max(want, 1) {
			t.Errorf("%s: got it %d times in\n%s\nwant %d", part, got, w.Body, max(want, 1))
		}
	}
	expect(t, s.ask("POST", "/assess", pressed("submit")), 400, "3 questions have no answer", `<a href="#q1">Question 1</a>`, `<a href="#q3">Question 3</a>`)
	for _, odd := range []string{"4", "-1", "x", "", "1.0", "0x1", "99999999999999999999"} {
		expect(t, s.ask("POST", "/assess", pressed("submit", "answer.id-1", odd, "answer.id-2", "1", "answer.id-3", "1")), 400, `<a href="#q1">Question 1</a>`)
	}
	if len(s.assessing.changes) != 0 {
		t.Errorf("got %v, want nothing submitted", s.assessing.changes)
	}
}

// Answers to questions that are not out any more are no answers to those that are.
func TestStaleAnswersAreNotSubmitted(t *testing.T) {
	t.Parallel()
	s := assessing(stages()["again"])
	for _, sent := range []string{pressed("submit", "answer.old", "1"), pressed("submit", append([]string{"answer.old", "1"}, allAnswers...)...)} {
		expect(t, s.ask("POST", "/assess", sent), 303)
	}
	if len(s.assessing.changes) != 0 {
		t.Errorf("got %v, want nothing submitted", s.assessing.changes)
	}
}

// Whoever was overtaken, by a second click most likely, is shown what there is.
func TestOvertakenButtons(t *testing.T) {
	t.Parallel()
	for _, err := range []error{assess.ErrLocked, assess.ErrNotDrawn, assess.ErrIncomplete, assess.ErrSubmitted, assess.ErrNoAttempt, assess.ErrTooSoon, skill.ErrCompleted} {
		for name, step := range map[string]string{"untouched": "begin", "open": "submit", "failed": "retake"} {
			s := assessing(stages()[name])
			s.assessing.err = err
			if w := s.ask("POST", "/assess", pressed(step, allAnswers...)); w.Code != http.StatusSeeOther {
				t.Errorf("%v on %s: got %d, want 303", err, step, w.Code)
			}
		}
	}
}

func TestAssessmentRefuses(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		err    error
		status int
		says   string
	}{
		"unknown":      {skill.ErrSessionUnknown, 404, "does not work any more"},
		"no such key":  {access.ErrKeyUnknown, 404, "does not work any more"},
		"human":        {skill.ErrMethodHuman, 409, "There are no questions here"},
		"unresolved":   {skill.ErrVerificationUnresolved, 409, "Not ready yet"},
		"no skills":    {skill.ErrNoSkills, 409, "Not ready yet"},
		"no items":     {skill.ErrNoData, 409, "Not ready yet"},
		"duplicate":    {skill.ErrSkillsDuplicate, 409, "cannot be assessed now"},
		"too many":     {skill.ErrSkillsOverLimit, 409, "cannot be assessed now"},
		"passed":       {skill.ErrAssessmentPassed, 409, "cannot be assessed now"},
		"passed again": {skill.ErrRetakePassed, 409, "cannot be assessed now"},
		"no questions": {skill.ErrGeneration, 500, "No questions could be made"},
		"ours":         {errors.New("SECRET"), 500, "our fault"},
		"busy":         {fault.New(fault.Unavailable, "busy", "x"), 503, "try again"},
		"limit":        {limit.ErrTooMany, 429, "wait a little"},
	} {
		looking, pressing := newSite(nil), newSite(nil)
		looking.assessing.looked, pressing.assessing.err = test.err, test.err
		for _, w := range []string{looking.ask("GET", goodPass, "").Body.String(), pressing.ask("POST", "/assess", pressed("begin")).Body.String()} {
			if !strings.Contains(w, test.says) || strings.Contains(w, "SECRET") || strings.Contains(w, "good") {
				t.Errorf("%s: got\n%s\nwant %q and no token", name, w, test.says)
			}
		}
		expect(t, looking.ask("GET", goodPass, ""), test.status)
		expect(t, pressing.ask("POST", "/assess", pressed("begin")), test.status)
	}
}

func TestAssessmentWithoutAToken(t *testing.T) {
	t.Parallel()
	s := newSite(nil)
	expect(t, s.ask("GET", "/assess", ""), 400, "does not work any more")
	expect(t, s.ask("GET", "/assess?sessionToken=bad", ""), 404, "does not work any more")
	expect(t, s.ask("POST", "/assess", "step=begin"), 400)
	expect(t, s.ask("POST", goodPass, "step=begin"), 400)
	expect(t, s.ask("POST", "/assess", strings.Replace(pressed("begin"), "good", "bad", 1)), 404)
	expect(t, s.ask("POST", "/assess", pressed("begin"), "Sec-Fetch-Site", "cross-site"), 403)
	expect(t, s.ask("POST", "/assess", pressed("begin")+"&x="+strings.Repeat("a", maxForm)), 413)
	if len(s.assessing.changes) != 0 {
		t.Errorf("got %v, want nothing changed", s.assessing.changes)
	}
}

// Answers on pages cost their network; looking costs nothing.
func TestAnswersDrawFromTheNetworksBudget(t *testing.T) {
	t.Parallel()
	keys, err := access.NewKeyring([][]byte{make([]byte, 32)})
	if err != nil {
		t.Fatal(err)
	}
	budgets := limit.New(limit.Options{Limiter: limit.NewMemory(100), Keys: keys, Now: func() time.Time { return testNow }})
	s := newSite(func(o *Options) { o.Budgets = budgets })
	draw := limit.Network.Of(web.NetworkOf(httptest.NewRequest("POST", "/assess", nil)))
	draw.Units = limit.Network.Quota - 2
	budgets.Charge(t.Context(), draw)
	for range 3 {
		expect(t, s.ask("GET", goodPass, ""), 200)
		expect(t, s.ask("GET", goodAsk, ""), 200)
	}
	expect(t, s.ask("POST", "/assess", pressed("begin")), 303)
	expect(t, s.ask("POST", "/review", form("decision", "decline", "reason", "cannot_judge")), 200)
	for target, body := range map[string]string{"/assess": pressed("begin"), "/review": form("decision", "decline", "reason", "cannot_judge")} {
		w := s.ask("POST", target, body)
		expect(t, w, 429, "Please wait a little")
		if w.Header().Get("Retry-After") == "" {
			t.Errorf("%s: got no Retry-After, want one", target)
		}
	}
	if len(s.assessing.changes) != 1 || len(s.reviews.answers) != 1 {
		t.Errorf("got %v and %v, want one of each", s.assessing.changes, s.reviews.answers)
	}
}
