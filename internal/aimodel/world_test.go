package aimodel

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"avow/internal/assess"
)

// noImports is a database without imported questions.
type noImports struct{}

func (noImports) ImportedQuestions(context.Context, int64) (int64, []assess.File, error) {
	return 0, nil, nil
}

func (noImports) ImportQuestions(context.Context, assess.Change) error { return nil }

// asked is what came in of a call.
type asked struct {
	Kind        string // topics, questions or answers
	Rules, Data string
	Model       string
	Temperature *float64
	Tokens      int // max_tokens
	Completion  int // max_completion_tokens, which newer models want
	Header      http.Header
	Path        string
}

func readAsked(t *testing.T, r *http.Request) asked {
	t.Helper()
	var body struct {
		Model       string
		Temperature *float64
		MaxTokens   int `json:"max_tokens"`
		Completion  int `json:"max_completion_tokens"`
		Messages    []message
		Format      struct {
			Type   string
			Schema struct {
				Name   string
				Strict bool
			} `json:"json_schema"`
		} `json:"response_format"`
	}
	raw, err := io.ReadAll(r.Body)
	if err == nil {
		err = json.Unmarshal(raw, &body)
	}
	if err != nil || len(body.Messages) != 2 || body.Messages[0].Role != "system" || body.Messages[1].Role != "user" || body.Format.Type != "json_schema" || !body.Format.Schema.Strict {
		t.Errorf("got %s (%v), want one system and one user message and a strict form", raw, err)
		return asked{}
	}
	return asked{body.Format.Schema.Name, body.Messages[0].Content, body.Messages[1].Content, body.Model, body.Temperature, body.MaxTokens, body.Completion, r.Header, r.URL.Path}
}

// world is a generator, and the scripted server of its model.
type world struct {
	*testing.T
	*Generator
	mu      sync.Mutex
	calls   []asked
	reports []Report
	now     time.Time
	answer  func(asked) string // of the model; what it says in its message
	serve   http.HandlerFunc   // instead, where it is set
	server  *httptest.Server
}

// newWorld makes one whose model is naive, with options to change.
func newWorld(t *testing.T, change ...func(*Options)) *world {
	t.Helper()
	w := &world{T: t, now: time.Unix(1_800_000_000, 0), answer: (&author{}).answer}
	w.server = httptest.NewServer(http.HandlerFunc(w.handle))
	t.Cleanup(w.server.Close)
	o := Options{
		URL: w.server.URL + "/v1", Key: "sk-hunter2", Model: "m-1", Library: assess.NewLibrary(noImports{}),
		Now: func() time.Time { return w.now }, Observe: func(r Report) { w.reports = append(w.reports, r) },
	}
	for _, c := range change {
		c(&o)
	}
	w.Generator = New(o)
	return w
}

func (w *world) handle(rw http.ResponseWriter, r *http.Request) {
	a := readAsked(w.T, r)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls = append(w.calls, a)
	if w.serve != nil {
		w.serve(rw, r)
		return
	}
	say(rw, w.answer(a))
}

// received are the calls that came in so far.
func (w *world) received() []asked {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.calls)
}

// script has the server do something else than to answer as the model does; nil: no more.
func (w *world) script(serve http.HandlerFunc) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.serve = serve
}

// say answers as the API does.
func say(rw http.ResponseWriter, content string) {
	_ = json.NewEncoder(rw).Encode(object{"id": "x", "choices": []object{{"index": 0, "finish_reason": "stop", "message": message{"assistant", content}}}})
}

// paperOf generates a paper of ten questions about two skills.
func (w *world) paperOf(items ...assess.Item) assess.Assessment {
	w.Helper()
	return w.paper(w.request(items...))
}

func (w *world) request(items ...assess.Item) assess.Request {
	r := assess.Request{Skills: []assess.Wanted{{ID: "python"}, {Name: "SQL"}}, Items: items, Count: 10, PassMark: 60}
	copy(r.Seed[:], w.Name())
	return r
}

func (w *world) paper(r assess.Request) assess.Assessment {
	w.Helper()
	questions, err := w.Generate(w.Context(), r)
	if err != nil {
		w.Fatalf("got %v, want a paper", err)
	}
	return assess.Assessment{}.HandOut(questions, "", r.Seed, assess.Rules{Questions: r.Count, PassMark: r.PassMark}, w.now)
}

func (w *world) report() Report {
	w.Helper()
	if len(w.reports) == 0 {
		w.Fatal("got no report, want one")
	}
	return w.reports[len(w.reports)-1]
}

// foreign are the questions of a paper that do not stand in the bank.
func foreign(p *assess.Paper) (found []assess.Asked) {
	bank := map[assess.Key]bool{}
	for _, s := range assess.Builtin().Skills {
		for _, q := range s.Questions {
			bank[q.Key()] = true
		}
	}
	for _, q := range p.Questions {
		if !bank[q.Key] {
			found = append(found, q)
		}
	}
	return found
}

// sound are questions that nothing is wrong with.
var sound = []writtenQuestion{
	{0, "A loop removes entries from the sequence that it walks over. What should be expected of the walk?", "some entries are passed over", []string{"the loop starts from its end", "it ends at the first removal", "nothing else than without it"}, "Places move down behind the removed entry."},
	{1, "Two readers want the same file while a third one writes to it. Who has to wait for a shared lock?", "both readers, for the writer", []string{"nobody, as reading is safe", "the writer, for both of them", "the reader that came last"}, "A shared lock waits for an exclusive one."},
	{2, "How is a figure found fastest in a very large sorted table?", "by halving what stays each time", []string{"by going through it from the start", "by going through it from its far end", "by sorting the table once more"}, "Each step halves the rest, so twenty steps serve a million."},
	{3, "Which cost of a cache is most easily forgotten when one is added to a service?", "that copies can be out of date", []string{"that the first reading is slow", "that it takes room in memory", "that reading is twice as long"}, "Whoever changes the original has to let the copies know."},
	{4, "What does it say about a test when it stays green although its subject was taken out?", "that it never looks at the subject", []string{"that the subject has been correct", "that its machine has been too slow", "that tests should run in parallel"}, "A test must fail when what it names is broken."},
	{5, "When is a long name for a variable better than a short one in the same function?", "when it is used far from its start", []string{"when it is used only one line on", "when the function has no comments", "when the file is a very short one"}, "The further away, the more a name has to say."},
}

// author is a scripted model: what it writes is sound, changed in the way of an attack where it obeys one.
type author struct {
	attack *attack
	obeys  func(asked) bool // whether it does what the attack wants of it in a call
	key    map[string]string
}

func (a *author) answer(q asked) string {
	obeys := a.attack != nil && a.obeys(q)
	switch q.Kind {
	case "topics":
		if obeys {
			return a.topics(q)
		}
		return `{"topics":[0,1]}`
	case "questions":
		return a.write(q, obeys)
	}
	return a.solve(q)
}

// topics is what an obedient model says where it is asked for topics: what the text wants, or else the questions that it is about.
func (a *author) topics(q asked) string {
	if a.attack.Pick != "" {
		return a.attack.Pick
	}
	return a.write(asked{Data: `{"slots":[{"slot":0,"skill":"Python"},{"slot":1,"skill":"SQL"}]}`}, true)
}

func (a *author) write(q asked, obeys bool) string {
	if obeys && a.attack.Raw != "" {
		return a.attack.Raw
	}
	var data struct {
		Slots []struct {
			Slot  int
			Skill string
		}
	}
	if err := json.Unmarshal([]byte(q.Data), &data); err != nil {
		return err.Error()
	}
	a.key = map[string]string{}
	var all []writtenQuestion
	for _, s := range data.Slots {
		w := sound[s.Slot%len(sound)]
		w.Slot = s.Slot
		if obeys {
			w = a.attack.apply(w, s.Skill)
		}
		a.key[w.Question] = w.Right
		all = append(all, w)
	}
	return encoded(object{"questions": all})
}

// solve agrees with what was written, unless the model is an honest one and the key was false.
func (a *author) solve(q asked) string {
	var data struct{ Questions []sheetQuestion }
	if err := json.Unmarshal([]byte(q.Data), &data); err != nil {
		return err.Error()
	}
	var answers []object
	for _, s := range data.Questions {
		option := 0
		for _, o := range s.Options {
			if o.Text == a.key[s.Text] && (a.attack == nil || a.attack.Solver != "honest" || soundKey(o.Text)) {
				option = o.Option
			}
		}
		answers = append(answers, object{"question": s.Question, "option": option})
	}
	return encoded(object{"answers": answers})
}

func soundKey(option string) bool {
	for _, q := range sound {
		if q.Right == option {
			return true
		}
	}
	return false
}

func encoded(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(err)
	}
	return string(text)
}

// attack is one of the corpus: what a student wrote, what a model does that obeys, and how the student means to gain by it.
type attack struct {
	Name, Technique string
	Item            struct{ Name, Role, Description string }
	Fill            int // characters of description before its tail
	Tail            string
	Needle          string // words of the text by which a model knows that it was told
	Student         struct {
		Option string // the right option holds it
		Look   string // the right option looks like it
		Place  *int   // the right option stands there
	}
	Pick   string            // answer to the call for topics
	Raw    string            // answer to the call for questions
	Bank   bool              // questions of the bank are written
	Twist  map[string]string // else sound ones, changed
	Solver string            // honest: solves by knowledge, not by the key
	Never  []string          // must not stand in a paper
	// Stopped says what stops it when the model is the student's accomplice: a flaw, or the share of the bank and what else bounds what it can bring.
	Stopped string
}

func (a *attack) item() assess.Item {
	i := assess.Item{Kind: "project", Name: a.Item.Name, Role: a.Item.Role, Description: a.Item.Description}
	if a.Fill > 0 {
		i.Description = strings.Repeat(i.Description, a.Fill/len(i.Description)) + a.Tail
	}
	return i
}

// apply changes a sound question as the text wants it.
func (a *attack) apply(w writtenQuestion, skill string) writtenQuestion {
	if a.Bank {
		s, _ := assess.Builtin().Find(skill)
		q := s.Questions[w.Slot]
		w.Question, w.Right, w.Why, w.Wrong = q.Text, q.Options[q.Right], q.Why, nil
		for i, o := range q.Options {
			if i != q.Right {
				w.Wrong = append(w.Wrong, o)
			}
		}
		return w
	}
	fill := strings.NewReplacer("{question}", w.Question, "{right}", w.Right, "{why}", w.Why, "{wrong0}", w.Wrong[0])
	twisted := writtenQuestion{Slot: w.Slot, Question: w.Question, Right: w.Right, Why: w.Why, Wrong: append([]string{}, w.Wrong...)}
	for part, to := range map[string]*string{"question": &twisted.Question, "right": &twisted.Right, "why": &twisted.Why, "wrong0": &twisted.Wrong[0]} {
		if form, ok := a.Twist[part]; ok {
			*to = fill.Replace(form)
		}
	}
	return twisted
}
