package app_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"avow/internal/assess"
	"avow/internal/skill"
)

// looksAt looks at the student's page, which must be there and say something.
func (b *bench) looksAt(session string, says ...string) string {
	b.Helper()
	page := b.want(b.call("", http.MethodGet, "/assess?sessionToken="+session, ""), http.StatusOK).body
	for _, text := range says {
		if !strings.Contains(page, text) {
			b.Fatalf("got the page\n%s\nwant %q in it", page, text)
		}
	}
	return page
}

// pageForm is what a button of the student's page sends.
func (b *bench) pageForm(session, step string, answers map[string]int) *http.Request {
	b.Helper()
	values := url.Values{"sessionToken": {session}, "step": {step}}
	for id, place := range answers {
		values.Set("answer."+id, strconv.Itoa(place))
	}
	r := b.post("/assess", values.Encode())
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

// presses presses a button, which must lead back to the page.
func (b *bench) presses(session, step string, answers map[string]int) {
	b.Helper()
	b.send(b.pageForm(session, step, answers))
	if got := b.answer.Header.Get("Location"); b.answer.StatusCode != http.StatusSeeOther || got != "/assess?sessionToken="+session {
		b.Fatalf("%s: got %d to %q %s, want 303 to the page", step, b.answer.StatusCode, got, b.body)
	}
}

// standing is the assessment as the store has it.
func (b *bench) standing(a asked) assess.Assessment {
	b.Helper()
	state, err := b.app.Store.ViewVerification(context.Background(), skill.Subject{Verification: a.id})
	b.must(err)
	return state.Assessment
}

// answersTo answers the paper that is out, so many questions right.
func (b *bench) answersTo(a asked, correct int) map[string]int {
	b.Helper()
	answers := map[string]int{}
	for i, q := range b.standing(a).Paper.Questions {
		answers[q.ID] = q.Right
		if i >= correct {
			answers[q.ID] = (q.Right + 1) % assess.Options
		}
	}
	return answers
}

// opensAssessment goes through the steps up to the questions.
func (b *bench) opensAssessment(key string) asked {
	b.Helper()
	a := b.reviewable(whom{key: key, reviewer: "-", skills: []string{"go", "sql"}})
	b.want(b.call(key, http.MethodPost, "/api/v1/step2/verification-method", fmt.Sprintf(`{"recordVerificationId":%q,"verificationMethod":"assessment"}`, a.id)), http.StatusOK)
	return a
}

// TestAssessmentByThePage takes an assessment by the page alone, where an organisation takes no session's token in the key's place anywhere else.
func TestAssessmentByThePage(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, database string) {
		b := newBench(t, familyClocks["skills"], database)
		b.setup("serve\norg acme\nset acme session_token_as_key off\nset acme questions 8\nset acme pass_mark 70\nkey k org=acme mode=live\n")
		a := b.opensAssessment("k")
		b.looksAt(a.session, "8 questions", "70&nbsp;%", "Begin</button>")
		b.presses(a.session, "begin", nil)
		first := b.standing(a).Paper
		b.looksAt(a.session, "Question 8 of 8")
		b.presses(a.session, "begin", nil) // a second click
		if again := b.standing(a); again.Paper.Seed != first.Seed || len(again.Drawn) != 1 {
			t.Errorf("got %d papers, want the first one alone", len(again.Drawn))
		}
		b.presses(a.session, "submit", b.answersTo(a, 4))
		b.looksAt(a.session, "Not passed this time", "50&nbsp;%")
		b.presses(a.session, "retake", nil)
		b.presses(a.session, "retake", nil) // a second click
		if got := b.standing(a); len(got.Drawn) != 2 || got.Paper.Number != 2 {
			t.Errorf("got %d papers, want two", len(got.Drawn))
		}
		right := b.answersTo(a, 8)
		stale := map[string]int{first.Questions[0].ID: 0}
		b.presses(a.session, "submit", stale) // the back button, then the old form
		if got := b.standing(a); len(got.Attempts) != 1 {
			t.Errorf("got %d attempts, want the one", len(got.Attempts))
		}
		for _, got := range b.together(16, func(int) *http.Request { return b.pageForm(a.session, "submit", right) }) {
			if got.status != http.StatusOK || !strings.Contains(got.body, "You have passed") {
				t.Errorf("got %d %s, want the result, where the redirection leads", got.status, got.body)
			}
		}
		if got := b.standing(a); len(got.Attempts) != 2 || !got.Locked() {
			t.Errorf("got %d attempts, locked %t, want two and locked", len(got.Attempts), got.Locked())
		}
		b.send(b.post("/api/v1/assessment/retakeassessment", "", "x-api-key", a.session))
		b.refused("by the API", outcome{b.answer.StatusCode, string(b.body)}, http.StatusUnauthorized, "UNAUTHORIZED")
		if log := b.log.String(); strings.Contains(log, a.session) {
			t.Errorf("got the session's token in the log, want it nowhere:\n%s", log)
		}
	})
}

// TestAssessmentPageEndsWithItsKey has a student press a button after the key was revoked that opened the session, and after the session's end.
func TestAssessmentPageEndsWithItsKey(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, database string) {
		b := newBench(t, familyClocks["skills"], database)
		b.setup("serve\norg acme\nkey k org=acme mode=live\nkey l org=acme mode=live\n")
		revoked, expired := b.opensAssessment("k"), b.opensAssessment("l")
		b.setup("revoke key k\n")
		b.pressesInVain(revoked)
		b.clock.advance(40 * 24 * time.Hour)
		b.pressesInVain(expired)
	})
}

// pressesInVain fails when a student still gets questions.
func (b *bench) pressesInVain(a asked) {
	b.Helper()
	b.send(b.pageForm(a.session, "begin", nil))
	if paper := b.standing(a).Paper; b.answer.StatusCode != http.StatusNotFound || paper != nil {
		b.Errorf("got %d and paper %v, want 404 and none", b.answer.StatusCode, paper)
	}
}

// TestAssessmentPageTellsNoSecret looks for right answers, explanations and seeds in everything that a student is shown.
func TestAssessmentPageTellsNoSecret(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, database string) {
		b := newBench(t, familyClocks["skills"], database)
		b.setup("serve\norg acme\nkey k org=acme mode=live\n")
		a := b.opensAssessment("k")
		told := b.looksAt(a.session)
		b.presses(a.session, "begin", nil)
		told += b.looksAt(a.session)
		paper := b.standing(a).Paper
		b.presses(a.session, "submit", b.answersTo(a, 0))
		told += b.looksAt(a.session) + b.log.String()
		for _, q := range paper.Questions {
			for _, secret := range []string{q.Why, string(q.Key)} {
				if strings.Contains(told, secret) {
					t.Errorf("got %q in what the student sees, want it kept", secret)
				}
			}
		}
	})
}
