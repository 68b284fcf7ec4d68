package app

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"avow/internal/assess"
	"avow/internal/config"
)

func TestQuestionsComeFromTheBankWithoutAModel(t *testing.T) {
	t.Parallel()
	a := newTidy(t, config.Dev, time.Now)
	if got := a.generator(); got != assess.Generator(a.Questions) {
		t.Errorf("got %T, want the library", got)
	}
}

// A model that is configured is asked, with its key; what came of it is counted and logged without a word of the student.
func TestQuestionsAreAskedOfTheModel(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		body, _ := io.ReadAll(r.Body)
		if got := r.Header.Get("Authorization"); got != "Bearer hunter2" || r.URL.Path != "/v1/chat/completions" || !bytes.Contains(body, []byte(`"model":"m-1"`)) {
			t.Errorf("got %q at %s with %s, want key and model", got, r.URL.Path, body)
		}
		http.Error(w, "Carpool hunter2", http.StatusTeapot)
	}))
	defer server.Close()
	a, log := newTidy(t, config.Dev, time.Now), &bytes.Buffer{}
	a.o.Log = slog.New(slog.NewTextHandler(log, nil))
	a.o.Config.AIURL, a.o.Config.AIKey, a.o.Config.AIModel = server.URL+"/v1", "hunter2", "m-1"
	got, err := a.generator().Generate(t.Context(), assess.Request{Skills: []assess.Wanted{{ID: "go"}}, Items: []assess.Item{{Name: "Carpool"}}, Count: 10, PassMark: 60})
	if err != nil || len(got) != 10 || calls.Load() != 1 {
		t.Errorf("got %d questions after %d calls (%v), want 10 after one", len(got), calls.Load(), err)
	}
	if text := log.String(); !strings.Contains(text, "outcome=failed") || !strings.Contains(text, "answered 418") || strings.Contains(text, "Carpool") || strings.Contains(text, "hunter2") {
		t.Errorf("got log %s, want the outcome and nothing else", text)
	}
	answer := httptest.NewRecorder()
	a.AdminHandler().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if want := `avow_assessment_papers_total{outcome="failed"} 1`; !strings.Contains(answer.Body.String(), want) {
		t.Errorf("got metrics without %s", want)
	}
}
