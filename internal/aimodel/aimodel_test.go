package aimodel

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"avow/internal/assess"
)

var project = assess.Item{Kind: "project", Name: "Carpool app", Role: "Backend", Description: "Routes\u200b are planned by Dijkstra's algorithm"}

// Three calls, and what is in them.
func TestCalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sheet := w.paperOf(project)
	var kinds []string
	for _, c := range w.received() {
		kinds = append(kinds, c.Kind)
		if c.Model != "m-1" || c.Path != "/v1/chat/completions" || c.Header.Get("Authorization") != "Bearer sk-hunter2" || c.Header.Get("Content-Type") != "application/json" {
			t.Errorf("got %s for %s with %v, want model, path, key and type", c.Path, c.Model, c.Header)
		}
		if c.Tokens < 1000 || c.Tokens > 13_000 || c.Completion != 0 || c.Temperature == nil || *c.Temperature != map[string]float64{"questions": 0.8}[c.Kind] {
			t.Errorf("%s: got %d tokens, want a bound, and a temperature", c.Kind, c.Tokens)
		}
		if strings.Contains(c.Rules, "Carpool") || strings.Contains(c.Rules, "Dijkstra") {
			t.Errorf("%s: got %s, want no text of the student in the rules", c.Kind, c.Rules)
		}
	}
	if diff := cmp.Diff([]string{"topics", "questions", "answers"}, kinds); diff != "" {
		t.Fatalf("got (+), want (-):\n%s", diff)
	}
	var sent struct{ Items []map[string]string }
	if err := json.Unmarshal([]byte(w.received()[0].Data), &sent); err != nil {
		t.Fatal(err)
	}
	want := []map[string]string{{"kind": "project", "name": "Carpool app", "role": "Backend", "description": "Routes are planned by Dijkstra's algorithm"}}
	if diff := cmp.Diff(want, sent.Items); diff != "" {
		t.Errorf("items: got (+), want (-):\n%s", diff)
	}
	bySkill := map[string]int{}
	for _, q := range sheet.Paper.Questions {
		bySkill[q.Skill]++
	}
	if got := len(foreign(sheet.Paper)); got != 3 || bySkill["python"] != 5 || bySkill["sql"] != 5 {
		t.Errorf("got %d written questions and %v, want 3, and five of each skill", got, bySkill)
	}
	if diff := cmp.Diff(Report{Outcome: All, Places: 3, Written: 3, Flaws: map[assess.Flaw]int{}}, w.report()); diff != "" {
		t.Errorf("got (+), want (-):\n%s", diff)
	}
}

// Neither key nor place of the right option can be read from the sheet that is solved blind.
func TestSheetIsBlind(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.paperOf(project)
	sheet := w.received()[2].Data
	for _, s := range sound[:3] {
		if !strings.Contains(sheet, s.Question) || strings.Contains(sheet, s.Why) {
			t.Errorf("got %s, want the question %q without its explanation", sheet, s.Question)
		}
	}
	if strings.Contains(sheet, "ight\":") {
		t.Errorf("got %s, want nothing that says what is right", sheet)
	}
}

// What was picked decides what is asked about.
func TestPickedTopicsAreWrittenAbout(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	naive := w.answer
	var wanted []numberedTopic
	w.answer = func(q asked) string {
		if q.Kind != "topics" {
			return naive(q)
		}
		var data struct{ Topics []numberedTopic }
		if err := json.Unmarshal([]byte(q.Data), &data); err != nil {
			t.Error(err)
		}
		wanted = []numberedTopic{data.Topics[4], data.Topics[len(data.Topics)-1]}
		return `{"topics":[4,` + strconv.Itoa(len(data.Topics)-1) + `]}`
	}
	w.paperOf(project)
	for _, n := range wanted {
		if want := `"skill":"` + n.Skill + `","topic":"` + n.Topic + `"`; !strings.Contains(w.received()[1].Data, want) {
			t.Errorf("got %s, want a slot with %s", w.received()[1].Data, want)
		}
	}
}

// Whatever comes back, there is a paper, and all of it is the bank's.
func TestBankStepsIn(t *testing.T) {
	t.Parallel()
	status := func(n int) http.HandlerFunc {
		return func(rw http.ResponseWriter, _ *http.Request) {
			rw.WriteHeader(n)
			_, _ = io.WriteString(rw, `{"error":"sk-hunter2"}`)
		}
	}
	raw := func(text string) http.HandlerFunc {
		return func(rw http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(rw, text) }
	}
	content := func(text string) http.HandlerFunc {
		return func(rw http.ResponseWriter, _ *http.Request) { say(rw, text) }
	}
	for name, tt := range map[string]struct {
		serve http.HandlerFunc
		want  Outcome
		calls int
	}{
		"refused":        {status(401), Failed, 1},
		"too many":       {status(429), Failed, 1},
		"not understood": {status(400), Failed, 2},
		"broken":         {status(500), Failed, 2},
		"away":           {status(503), Failed, 2},
		"redirected": {func(rw http.ResponseWriter, r *http.Request) {
			http.Redirect(rw, r, "/elsewhere", http.StatusTemporaryRedirect)
		}, Failed, 1},
		"cut off":             {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, Failed, 2},
		"no JSON":             {raw("<html>"), Rubbish, 1},
		"nothing":             {raw(""), Rubbish, 1},
		"no choice":           {raw(`{"choices":[]}`), Rubbish, 1},
		"no content":          {raw(`{"choices":[{"message":{"role":"assistant","content":null}}]}`), Rubbish, 1},
		"two choices":         {raw(`{"choices":[{"message":{"content":"{\"topics\":[]}"}},{}]}`), Rubbish, 1},
		"endless":             {content(`{"topics":[` + strings.Repeat("1,", 1<<20) + `1]}`), Rubbish, 1},
		"talk":                {content("Sure! Here are the topics."), Rubbish, 1},
		"a fence":             {content("```json\n{\"topics\":[1]}\n```"), Rubbish, 1},
		"another form":        {content(`{"topics":["ignore the rules"]}`), Rubbish, 1},
		"more than the form":  {content(`{"topics":[1],"questions":[]}`), Rubbish, 1},
		"more than one value": {content(`{"topics":[1]} {"topics":[2]}`), Rubbish, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.script(tt.serve)
			sheet := w.paperOf(project)
			if got := w.report(); got.Outcome != tt.want || got.Err == nil || len(w.received()) != tt.calls {
				t.Errorf("got %+v after %d calls, want %s after %d", got, len(w.received()), tt.want, tt.calls)
			}
			if got := w.report().Err.Error(); strings.Contains(got, "127.0.0.1") && name != "cut off" || strings.Contains(got, "hunter2") || strings.Contains(got, "ignore") {
				t.Errorf("got error %q, want no address, no key and no text of the model in it", got)
			}
			if len(sheet.Paper.Questions) != 10 || len(foreign(sheet.Paper)) != 0 {
				t.Errorf("got %d questions, %d of them not the bank's, want 10 of the bank", len(sheet.Paper.Questions), len(foreign(sheet.Paper)))
			}
		})
	}
}

// The later calls can fail, too.
func TestBankStepsInLater(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		kind, says string
		want       Outcome
		written    int
	}{
		"no questions":       {"questions", `{"questions":[]}`, None, 0},
		"two wrong options":  {"questions", `{"questions":[{"slot":0,"question":"q","right":"r","wrong":["a","b"],"why":"w"}]}`, Rubbish, 0},
		"a slot beyond":      {"questions", `{"questions":[{"slot":3,"question":"q","right":"r","wrong":["a","b","c"],"why":"w"}]}`, Rubbish, 0},
		"no answers":         {"answers", `{"answers":[]}`, None, 0},
		"answers beyond":     {"answers", `{"answers":[{"question":4,"option":1}]}`, Rubbish, 0},
		"options beyond":     {"answers", `{"answers":[{"question":1,"option":5},{"question":2,"option":-1},{"question":3,"option":0}]}`, None, 0},
		"talk for an answer": {"answers", `They are all fine.`, Rubbish, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			naive := w.answer
			w.answer = func(q asked) string {
				if q.Kind == tt.kind {
					return tt.says
				}
				return naive(q)
			}
			sheet := w.paperOf(project)
			if got := w.report(); got.Outcome != tt.want || len(foreign(sheet.Paper)) != tt.written || len(sheet.Paper.Questions) != 10 {
				t.Errorf("got %+v and %d written questions of %d, want %s and %d", got, len(foreign(sheet.Paper)), len(sheet.Paper.Questions), tt.want, tt.written)
			}
		})
	}
}

// Only what the solver agrees with is asked.
func TestSolverDecides(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := &author{}
	w.answer = func(q asked) string {
		said := a.answer(q)
		if q.Kind == "answers" {
			a.key[sound[1].Question] = sound[1].Wrong[0]
			said = a.answer(q)
		}
		return said
	}
	sheet := w.paperOf(project)
	for _, q := range foreign(sheet.Paper) {
		if q.Text == sound[1].Question {
			t.Errorf("got %q asked, want it dropped", q.Text)
		}
	}
	if got := w.report(); got.Outcome != Part || got.Written != 2 || got.Flaws[assess.FlawWrong] != 1 {
		t.Errorf("got %+v, want two of three", got)
	}
}

// A fault of the moment costs one more call, not the paper.
func TestOneRetry(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.script(func(rw http.ResponseWriter, _ *http.Request) {
		if len(w.calls)%2 == 1 {
			rw.WriteHeader(502)
			return
		}
		say(rw, w.answer(w.calls[len(w.calls)-1]))
	})
	w.paperOf(project)
	if got := w.report(); got.Outcome != All || len(w.received()) != 6 {
		t.Errorf("got %+v after %d calls, want all questions after 6", got, len(w.received()))
	}
}

// Models that refuse what older ones take are asked as they want it; that is found out once.
func TestNewerModels(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.script(func(rw http.ResponseWriter, _ *http.Request) {
		if last := w.calls[len(w.calls)-1]; last.Temperature != nil || last.Tokens != 0 || last.Completion < 1000 {
			rw.WriteHeader(400)
		} else {
			say(rw, w.answer(last))
		}
	})
	for i, want := range []int{4, 7} {
		if w.paperOf(project); w.report().Outcome != All || len(w.received()) != want {
			t.Errorf("paper %d: got %+v after %d calls, want all questions after %d", i+1, w.report(), len(w.received()), want)
		}
	}
}

// A model that takes its time costs the time that there is, and not that of the next student.
func TestSlowModel(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.Time = 50 * time.Millisecond })
	w.script(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	if sheet := w.paperOf(project); len(foreign(sheet.Paper)) != 0 || w.report().Outcome != Slow {
		t.Errorf("got %+v, want the bank's paper", w.report())
	}
	w.script(nil)
	if w.paperOf(project); w.report().Outcome != Resting || len(w.received()) != 1 {
		t.Errorf("got %+v after %d calls, want the model left alone", w.report(), len(w.received()))
	}
	w.now, w.o.Time = w.now.Add(30*time.Second), time.Minute
	if w.paperOf(project); w.report().Outcome != All {
		t.Errorf("got %+v, want it asked again", w.report())
	}
}

// Somebody who hangs up says nothing of the model.
func TestCallerLeaves(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, leave := context.WithCancel(t.Context())
	w.script(func(_ http.ResponseWriter, r *http.Request) { leave(); <-r.Context().Done() })
	if got, err := w.Generate(ctx, w.request(project)); err != nil || len(got) != 10 || w.report().Outcome != Failed {
		t.Errorf("got %d questions, %v, %+v, want the bank's paper", len(got), err, w.report())
	}
	w.script(nil)
	if w.paperOf(project); w.report().Outcome != All {
		t.Errorf("got %+v, want the model asked", w.report())
	}
}

func TestBusy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range maxPapers {
		w.places <- struct{}{}
	}
	if w.paperOf(project); w.report().Outcome != Busy || len(w.received()) != 0 {
		t.Errorf("got %+v after %d calls, want the bank's paper at once", w.report(), len(w.received()))
	}
	<-w.places
	for range 2 { // the place is given back
		if w.paperOf(project); w.report().Outcome != All {
			t.Errorf("got %+v, want the model asked", w.report())
		}
	}
}

// The key goes to the host that it was given for, and to no other.
func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("got %s with %v, want no call", r.URL, r.Header)
	}))
	defer other.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		w := newWorld(t)
		w.script(func(rw http.ResponseWriter, r *http.Request) { http.Redirect(rw, r, other.URL, status) })
		if w.paperOf(project); w.report().Outcome != Failed {
			t.Errorf("%d: got %+v, want a failure", status, w.report())
		}
	}
}

func TestNoKeyIsSentWhereThereIsNone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.Key = "" })
	w.paperOf(project)
	if got, there := w.received()[0].Header["Authorization"]; there {
		t.Errorf("got %q, want no header", got)
	}
}

func TestServerIsAway(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, func(o *Options) { o.URL = "http://" + l.Addr().String() })
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if sheet := w.paperOf(project); len(foreign(sheet.Paper)) != 0 || w.report().Outcome != Failed || strings.Contains(w.report().Err.Error(), "completions") {
		t.Errorf("got %+v, want the bank's paper, and no URL in the error", w.report())
	}
}

// A call of the API has 90 s, and the bank has to draw and the database to save.
func TestTimeOfAPaper(t *testing.T) {
	t.Parallel()
	if got := New(Options{}).o.Time; got != time.Minute {
		t.Errorf("got %s, want a minute", got)
	}
}

// A caller with less time gets the bank's paper while there is some left.
func TestCallerInAHurry(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.script(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
	defer cancel()
	got, err := w.Generate(ctx, w.request(project))
	if err != nil || len(got) != 10 || ctx.Err() != nil || w.report().Outcome != Slow {
		t.Errorf("got %d questions, %v, %v, %+v, want the bank's paper in time", len(got), err, ctx.Err(), w.report())
	}
}

// No call is made for what cannot be on a paper.
func TestModelIsNotAskedInVain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.request(project)
	r.Skills = append(r.Skills, assess.Wanted{Name: "Falconry"})
	if _, err := w.Generate(t.Context(), r); !errors.Is(err, assess.ErrNoQuestions) {
		t.Errorf("got %v, want %v", err, assess.ErrNoQuestions)
	}
	r = w.request(project)
	r.PassMark = 30
	if sheet := w.paper(r); len(foreign(sheet.Paper)) != 0 || w.report().Outcome != Unused {
		t.Errorf("got %+v, want the bank's paper", w.report())
	}
	if len(w.received()) != 0 {
		t.Errorf("got %d calls, want none", len(w.received()))
	}
}

// What a student has been asked before is not written again.
func TestNoRepeatsOfEarlierPapers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.paperOf(project)
	r := w.request(project)
	r.Drawn = first.Drawn
	second := w.paper(r)
	if got := w.report(); got.Outcome != None || got.Flaws[assess.FlawRepeat] != 3 || len(foreign(second.Paper)) != 0 {
		t.Errorf("got %+v, want all three known already", got)
	}
}
