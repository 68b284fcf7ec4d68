package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

// asked is a verification that was gone through over the wire up to its reviewer.
type asked struct {
	key, session, id, user string
}

// whom are the particulars that a test of the human path varies.
type whom struct {
	key      string   // a fixture's name; empty: k
	student  string   // e-mail; empty: jane@example.com
	reviewer string   // e-mail; empty: robin@northwind.example; "-": none
	endorse  string   // endorsement type
	project  string   // empty: p1
	skills   []string // empty: go and rust
}

func (w whom) or() whom {
	set := func(text *string, otherwise string) {
		if *text == "" {
			*text = otherwise
		}
	}
	set(&w.key, "k")
	set(&w.student, "jane@example.com")
	set(&w.reviewer, "robin@northwind.example")
	set(&w.project, "p1")
	if w.skills == nil {
		w.skills = []string{"go", "rust"}
	}
	return w
}

// call makes a call with a key and returns its answer.
func (b *bench) call(key, method, path, body string) outcome {
	b.Helper()
	r, err := http.NewRequest(method, b.base+path, strings.NewReader(body))
	b.must(err)
	r.Header.Set("x-api-key", b.vars[key+".api"])
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	b.send(r)
	return outcome{b.answer.StatusCode, string(b.body)}
}

// want fails unless the answer has the status.
func (b *bench) want(got outcome, status int) outcome {
	b.Helper()
	if got.status != status {
		b.Fatalf("got %d %s, want %d", got.status, got.body, status)
	}
	return got
}

// refused fails unless the answer has the status and code.
func (b *bench) refused(what string, got outcome, status int, code string) {
	b.Helper()
	if got.status != status || !strings.Contains(got.body, `"code":"`+code+`"`) {
		b.Errorf("%s: got %d %s, want %d %s", what, got.status, got.body, status, code)
	}
}

// opens opens a verification and goes through steps 1 and 2.
func (b *bench) opens(w whom) asked {
	b.Helper()
	w = w.or()
	got := b.want(b.call(w.key, http.MethodPost, "/api/v1/verify", fmt.Sprintf(`{"studentId":"s","callbackWebhookUrl":"https://client.example/hook","name":"Jane Doe",
		"email":%q,"projects":[{"projectId":"p1","name":"Shop"},{"projectId":"p2","name":"Station"}],"experience":[],"certificates":[]}`, w.student)), http.StatusCreated)
	var answer struct {
		Data struct{ SessionToken, RecordVerificationID, RecordUserID string }
	}
	b.must(json.Unmarshal([]byte(got.body), &answer))
	a := asked{w.key, answer.Data.SessionToken, answer.Data.RecordVerificationID, answer.Data.RecordUserID}
	b.want(b.storeClaims(a, w.skills...), http.StatusOK)
	method := `{"recordVerificationId":%q,"verificationMethod":"human"}`
	if w.endorse != "" {
		method = `{"recordVerificationId":%q,"verificationMethod":"human","endorsementType":"` + w.endorse + `"}`
	}
	b.want(b.call(w.key, http.MethodPost, "/api/v1/step2/verification-method", fmt.Sprintf(method, a.id)), http.StatusOK)
	return a
}

// reviewable opens a verification and goes through all steps up to the reviewer.
func (b *bench) reviewable(w whom) asked {
	b.Helper()
	w = w.or()
	a := b.opens(w)
	b.want(b.storeProject(a, w.project), http.StatusCreated)
	if w.reviewer != "-" {
		b.want(b.storeReviewer(a, w.reviewer), http.StatusOK)
	}
	return a
}

func (b *bench) storeClaims(a asked, skills ...string) outcome {
	b.Helper()
	return b.call(a.key, http.MethodPost, "/api/v1/step1/storeskills/store", claimsBody(a.id, skills...))
}

func claimsBody(id string, skills ...string) string {
	var claims []string
	for _, s := range skills {
		claims = append(claims, fmt.Sprintf(`{"skillId":%q,"name":"Skill"}`, s))
	}
	return fmt.Sprintf(`{"recordVerificationId":%q,"skills":[%s]}`, id, strings.Join(claims, ","))
}

func (b *bench) storeProject(a asked, project string) outcome {
	b.Helper()
	return b.call(a.key, http.MethodPost, "/api/v1/step3/store-verification-items/store", projectBody(a.session, project))
}

func projectBody(session, project string) string {
	return fmt.Sprintf(`{"sessionToken":%q,"projectIds":[%q]}`, session, project)
}

func (b *bench) storeReviewer(a asked, email string) outcome {
	b.Helper()
	return b.call(a.key, http.MethodPost, "/api/v1/storereviewerdetails/store", reviewerBody(a.id, email))
}

func reviewerBody(id, email string) string {
	return fmt.Sprintf(`{"recordVerificationId":%q,"name":"Robin","email":%q,"company":"Northwind"}`, id, email)
}

func (b *bench) changeEmail(a asked, email string) outcome {
	b.Helper()
	return b.call(a.key, http.MethodPost, "/api/v1/step3/store-verification-items/session/email", fmt.Sprintf(`{"sessionToken":%q,"email":%q}`, a.session, email))
}

func (b *bench) sendEmail(a asked) outcome {
	b.Helper()
	return b.call(a.key, http.MethodPost, "/api/v1/humanverification/send-email?recordVerificationId="+a.id, "")
}

// endorse answers with a token, without any key.
func (b *bench) endorse(token, body string) outcome {
	b.Helper()
	b.send(b.post(endorsePath(token), body))
	return outcome{b.answer.StatusCode, string(b.body)}
}

func endorsePath(token string) string {
	return "/api/v1/humanverification/verify?reviewerToken=" + url.QueryEscape(token)
}

var reviewLink = regexp.MustCompile(`https?://[^\s"]*/review\?recordVerificationId=([^&\s"]+)&reviewerToken=([0-9a-f-]+)`)

// sends sends to the reviewer and returns the token of the answer and the mailed one.
func (b *bench) sends(a asked, reviewer string) (link, token string) {
	b.Helper()
	got := b.want(b.sendEmail(a), http.StatusOK)
	link = reviewLink.FindStringSubmatch(got.body)[2]
	return link, b.mailedToken(a, reviewer)
}

// mailedToken takes the token out of the one new mail to a reviewer about a verification.
func (b *bench) mailedToken(a asked, reviewer string) string {
	b.Helper()
	for _, m := range b.freshMails(reviewer) {
		if link := reviewLink.FindStringSubmatch(m.Text); link[1] == a.id {
			b.seen[m.ID] = true
			return link[2]
		}
	}
	b.Fatalf("got no new mail to %s about %s, want one", reviewer, a.id)
	return ""
}

// statusOf is what anybody can read of a review.
func (b *bench) statusOf(a asked) string {
	b.Helper()
	got := b.call(a.key, http.MethodGet, "/api/v1/humanverification/status/"+a.id, "")
	var answer struct{ Status string }
	b.must(json.Unmarshal([]byte(got.body), &answer))
	return answer.Status
}

const reviewSetup = "limits off\norg acme\nkey k org=acme mode=live\n"

// TestOneAnswerCounts has many callers answer by one token at once, half of them by the page: one wins, and there is one webhook, one mail and one profile.
func TestOneAnswerCounts(t *testing.T) {
	t.Parallel()
	onEngines(t, oneAnswerCounts)
}

func oneAnswerCounts(t *testing.T, database string) {
	b := newBench(t, familyClocks["skills"], database)
	b.setup(reviewSetup)
	a := b.reviewable(whom{})
	_, token := b.sends(a, "robin@northwind.example")
	outcomes := b.together(callers, func(i int) *http.Request {
		if i%2 == 0 {
			return b.post(endorsePath(token), fmt.Sprintf(`{"skillIds":[%q]}`, []string{"go", "rust"}[i/2%2]))
		}
		form := url.Values{"recordVerificationId": {a.id}, "reviewerToken": {token}, "decision": {"decline"}, "reason": {"cannot_judge"}}
		r := b.post("/review", form.Encode())
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return r
	})
	won := 0
	for _, o := range outcomes {
		switch {
		case o.status == http.StatusOK:
			won++
		case o.status != http.StatusConflict:
			t.Errorf("got %d %s, want 200 or 409", o.status, o.body)
		}
	}
	hooks := b.hooksTo("https://client.example/hook")
	if won != 1 || len(hooks) != 2 || len(b.mailsTo("jane@example.com")) != 1 || b.statusOf(a) != "completed" {
		t.Errorf("got %d winners, %d webhooks and %d mails, want 1, 2 (initiated, completed) and 1", won, len(hooks), len(b.mailsTo("jane@example.com")))
	}
}

// TestReviewersStayUniqueAcrossSessions has many sessions of one person name one reviewer under different endorsement types for one skill: one type gets the reviewer.
func TestReviewersStayUniqueAcrossSessions(t *testing.T) {
	t.Parallel()
	onEngines(t, reviewersStayUnique)
}

func reviewersStayUnique(t *testing.T, database string) {
	b := newBench(t, familyClocks["skills"], database)
	b.setup(reviewSetup)
	types := []string{"reporting_manager", "tech_lead", "client", "founder_cxo", "peer"}
	var all []asked
	for i := range callers {
		all = append(all, b.reviewable(whom{reviewer: "-", endorse: types[i%len(types)], skills: []string{"go"}}))
	}
	outcomes := b.together(callers, func(i int) *http.Request {
		return b.post("/api/v1/storereviewerdetails/store", reviewerBody(all[i].id, "robin@northwind.example"), "x-api-key", b.vars["k.api"])
	})
	got := map[string]int{}
	for i, o := range outcomes {
		switch {
		case o.status == http.StatusOK:
			got[types[i%len(types)]]++
		case o.status != http.StatusConflict || !strings.Contains(o.body, "DUPLICATE_REVIEWER_EMAIL"):
			t.Errorf("got %d %s, want 200 or 409 DUPLICATE_REVIEWER_EMAIL", o.status, o.body)
		}
	}
	if len(got) != 1 {
		t.Errorf("got the reviewer under %v, want one type", got)
	}
}

// TestSourceHoldsTenSkillsUnderParallelSends has many sessions of one person, each with a skill of its own on one source, be sent at once: ten are.
func TestSourceHoldsTenSkillsUnderParallelSends(t *testing.T) {
	t.Parallel()
	onEngines(t, sourceHoldsTen)
}

func sourceHoldsTen(t *testing.T, database string) {
	b := newBench(t, familyClocks["skills"], database)
	b.setup(reviewSetup)
	var all []asked
	for i := range callers {
		all = append(all, b.reviewable(whom{skills: []string{fmt.Sprint("skill ", i)}}))
	}
	outcomes := b.together(callers, func(i int) *http.Request {
		return b.post("/api/v1/humanverification/send-email", "", "x-api-key", b.vars["k.api"], "x-session-token", all[i].session)
	})
	sent := 0
	for _, o := range outcomes {
		switch {
		case o.status == http.StatusOK:
			sent++
		case o.status != http.StatusConflict || !strings.Contains(o.body, "MAX_SKILLS_PER_SOURCE"):
			t.Errorf("got %d %s, want 200 or 409 MAX_SKILLS_PER_SOURCE", o.status, o.body)
		}
	}
	if sent != 10 {
		t.Errorf("got %d sent, want 10", sent)
	}
}

// TestParallelEndorsementsOfOneSkill has many sessions of one person be endorsed for the same skill, source and type at once. Each was sent before any was answered, so
// all may be; none may be sent afterwards.
func TestParallelEndorsementsOfOneSkill(t *testing.T) {
	t.Parallel()
	onEngines(t, parallelEndorsements)
}

func parallelEndorsements(t *testing.T, database string) {
	const sessions = 8
	b := newBench(t, familyClocks["skills"], database)
	b.setup(reviewSetup)
	var tokens []string
	for range sessions {
		_, token := b.sends(b.reviewable(whom{skills: []string{"go"}}), "robin@northwind.example")
		tokens = append(tokens, token)
	}
	late := b.reviewable(whom{skills: []string{"go"}})
	for _, o := range b.together(sessions, func(i int) *http.Request { return b.post(endorsePath(tokens[i]), `{"skillIds":["go"]}`) }) {
		if o.status != http.StatusOK {
			t.Errorf("got %d %s, want 200", o.status, o.body)
		}
	}
	b.refused("send afterwards", b.sendEmail(late), http.StatusConflict, "DUPLICATE_SKILLS_IN_BUNDLE")
}

// TestReviewTTL has a server with another life of reviewer links.
func TestReviewTTL(t *testing.T) {
	t.Parallel()
	b := newBench(t, familyClocks["skills"], engines["sqlite"](t))
	b.config.ReviewTTL = time.Hour
	b.setup(reviewSetup)
	a := b.reviewable(whom{})
	_, token := b.sends(a, robinMail)
	b.clock.advance(time.Hour - time.Second)
	if got := b.statusOf(a); got != "pending" {
		t.Errorf("got %s a second before the hour is over, want pending", got)
	}
	b.clock.advance(time.Second)
	b.refused("answer", b.endorse(token, `{"skillIds":["go"]}`), http.StatusGone, "REVIEWER_TOKEN_EXPIRED")
}
