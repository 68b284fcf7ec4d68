package app_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"time"

	"avow/internal/app"
)

// readiness is what /readyz tells an operator.
type readiness struct {
	Ready        bool
	Dependencies map[string]struct {
		Ready, Required bool
		Since           time.Time
	}
}

// readiness asks the admin listener's handler of the first process.
func (b *bench) readiness() (r readiness, status int) {
	b.Helper()
	return b.readinessOf(b.app)
}

func (b *bench) readinessOf(a *app.App) (r readiness, status int) {
	b.Helper()
	answer := httptest.NewRecorder()
	a.AdminHandler().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/readyz", nil))
	b.must(json.Unmarshal(answer.Body.Bytes(), &r))
	return r, answer.Code
}

// awaitCache waits for the Redis of an engine that has one and is to be there from the beginning.
func (b *bench) awaitCache() {
	b.Helper()
	if len(b.config.Redis.Addresses) > 0 && b.config.Redis.Addresses[0] != nowhere {
		b.awaitRedis(true)
	}
}

// awaitRedis asks until /readyz of every process says whether Redis answers.
func (b *bench) awaitRedis(answers bool) {
	b.Helper()
	poll, end := time.NewTicker(time.Millisecond), time.After(30*time.Second)
	defer poll.Stop()
	other := func(a *app.App) bool { r, _ := b.readinessOf(a); return r.Dependencies["redis"].Ready != answers }
	for {
		if !slices.ContainsFunc(b.apps, other) {
			return
		}
		select {
		case <-poll.C:
		case <-end:
			b.Fatalf("got Redis ready: %v for 30 s, want %v", !answers, answers)
		}
	}
}

// ticket is a verification that was opened over the wire.
type ticket struct{ SessionToken, RecordVerificationID string }

// openTicket opens a verification with two projects, ready for step 3.
func (b *bench) openTicket() ticket {
	b.Helper()
	b.send(b.post("/api/v1/verify", `{"studentId":"s","callbackWebhookUrl":"https://hooks.example.com/in","name":"Alex","email":"alex@example.com",
		"projects":[{"projectId":"p1","name":"<Shop> & more", "x": 1.50},{"name":"Station","projectId":"p2"}],"experience":[],"certificates":[]}`, "x-api-key", b.vars["k.api"]))
	var answer struct{ Data ticket }
	b.must(json.Unmarshal(b.body, &answer))
	b.send(b.post("/api/v1/step2/verification-method", `{"recordVerificationId":"`+answer.Data.RecordVerificationID+`","verificationMethod":"human"}`, "x-api-key", b.vars["k.api"]))
	return answer.Data
}

var executionTime = regexp.MustCompile(`"executionTime":"[^"]*"`)

// shown is all that a client sees of a session: what step 3 stores of it, and its data.
func (b *bench) shown(o ticket) string {
	b.Helper()
	b.send(b.post("/api/v1/step3/store-verification-items/store", `{"sessionToken":"`+o.SessionToken+`","projectIds":["p1","p2"]}`, "x-api-key", b.vars["k.api"]))
	text := string(b.body)
	r, err := http.NewRequest(http.MethodGet, b.base+"/api/v1/step3/store-verification-items/session/"+o.SessionToken, nil)
	b.must(err)
	b.send(r)
	if b.answer.StatusCode != http.StatusOK {
		b.Errorf("session data: got %d %s, want 200", b.answer.StatusCode, b.body)
	}
	return executionTime.ReplaceAllString(text+string(b.body), "")
}

// nowhere is an address at which nobody answers.
const nowhere = "127.0.0.1:1"

// TestServerWorksWithoutItsRedis has a Redis configured that never comes.
func TestServerWorksWithoutItsRedis(t *testing.T) {
	t.Parallel()
	database := "sqlite:" + filepath.Join(t.TempDir(), "avow.db")
	caches.Store(database, "redis://"+nowhere)
	b := newBench(t, familyClocks["skills"], database)
	b.setup("org acme\nkey k org=acme mode=live\n")
	o := b.openTicket()
	if first, second := b.shown(o), b.shown(o); first != second {
		t.Errorf("got %s, then %s, want the same", first, second)
	}
	r, status := b.readiness()
	redis := r.Dependencies["redis"]
	if status != http.StatusOK || !r.Ready || redis.Ready || redis.Required || !redis.Since.Equal(b.clock.Now()) || !r.Dependencies["database"].Required {
		t.Errorf("got %d %+v, want a ready server without its Redis", status, r)
	}
	b.must(b.app.Close())
	if r, status := b.readiness(); status != http.StatusServiceUnavailable || r.Ready || r.Dependencies["database"].Ready {
		t.Errorf("got %d %+v without a database, want it unready", status, r)
	}
}
