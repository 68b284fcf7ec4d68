package pages

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"avow/internal/fault"
	"avow/internal/skill"
)

const (
	goodAsk = "/review?recordVerificationId=ver_live_1&reviewerToken=good"
	badAsk  = "/review?recordVerificationId=ver_live_1&reviewerToken=bad"
)

// fakeReviews knows one review, by the token good.
type fakeReviews struct {
	page    skill.ReviewPage
	looks   int
	answers []skill.EndorseInput
	err     error
}

func (f *fakeReviews) ReviewPage(_ context.Context, verification, token string) (skill.ReviewPage, error) {
	f.looks++
	if verification != "ver_live_1" || token != "good" {
		return skill.ReviewPage{}, skill.ErrReviewUnknown
	}
	return f.page, f.err
}

func (f *fakeReviews) Endorse(_ context.Context, _ string, in skill.EndorseInput) (skill.Endorsed, error) {
	f.answers = append(f.answers, in)
	return skill.Endorsed{Verified: 1}, f.err
}

func someReview() skill.ReviewPage {
	return skill.ReviewPage{
		VerifyPage: skill.VerifyPage{
			Verification: skill.Verification{ID: "ver_live_1", Name: "Jane <Doe>", EndorsementType: "peer"}, Email: "jane@example.com",
			Reviewer: skill.Reviewer{Name: "Robin", Company: "Northwind"},
			Sources:  []skill.ShownSource{{Kind: skill.Experience, Title: "Developer", Subtitle: "Northwind", Meta: "Jun 2022 – Present", Description: "Built the shop"}},
			Skills: []skill.Skill{
				{ID: `go"1`, Name: "Go", ProofURLs: []string{"https://proof.example/?a=1&b=2", "javascript:alert(1)", "data:text/html,x"}},
				{ID: "skill_2"},
			},
		},
		Brand: "Acme", Status: skill.ReviewPending, MayAnswer: true, ExpiresAt: testNow,
	}
}

func TestLookingAtAReviewChangesNothing(t *testing.T) {
	t.Parallel()
	s := newSite(nil)
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		expect(t, s.ask(method, goodAsk, ""), 200)
		expect(t, s.ask(method, goodAsk+"&decision=decline&reason=cannot_judge&answer.skill_2=confirmed", ""), 200)
	}
	if len(s.reviews.answers) != 0 {
		t.Errorf("got answers %v, want none", s.reviews.answers)
	}
}

func TestReviewShowsWhatIsAsked(t *testing.T) {
	t.Parallel()
	w := newSite(nil).ask("GET", goodAsk, "")
	expect(t, w, 200, "Jane &lt;Doe&gt; asks you", "Acme", "(jane@example.com)", "as a colleague", "Developer, Northwind", "Jun 2022 – Present", "Built the shop",
		`name="recordVerificationId" value="ver_live_1"`, `name="reviewerToken" value="good"`, `name="answer.go&#34;1" value="confirmed"`, `name="answer.skill_2" value="cannot_judge"`,
		`<a href="https://proof.example/?a=1&amp;b=2" target="_blank" rel="noreferrer noopener nofollow">`, "javascript:alert(1)</li>", "unknown_person", "No proof was given", "14 January 2024, 12:00 UTC")
	for _, unwanted := range []string{"<script", `href="javascript`, `href="data`, "ZgotmplZ", "trial run"} {
		if strings.Contains(w.Body.String(), unwanted) {
			t.Errorf("body: got\n%s\nwant no %q", w.Body, unwanted)
		}
	}
}

func TestReviewByTheOtherLinkOnlyShows(t *testing.T) {
	t.Parallel()
	s := newSite(nil)
	s.reviews.page.MayAnswer = false
	w := s.ask("GET", goodAsk, "")
	expect(t, w, 200, "Jane &lt;Doe&gt;", "Developer", "https://proof.example/", "Only Robin can answer")
	if strings.Contains(w.Body.String(), "<form") || strings.Contains(w.Body.String(), "good") {
		t.Errorf("body: got\n%s\nwant no form and no token", w.Body)
	}
}

func TestReviewOfATestSaysSo(t *testing.T) {
	t.Parallel()
	s := newSite(nil)
	s.reviews.page.Test = true
	expect(t, s.ask("GET", goodAsk, ""), 200, "This is a trial run")
}

// form is what the page's fields send.
func form(values ...string) string {
	all := url.Values{"recordVerificationId": {"ver_live_1"}, "reviewerToken": {"good"}}
	for i := 0; i < len(values); i += 2 {
		all.Set(values[i], values[i+1])
	}
	return all.Encode()
}

func TestReviewTakesAnAnswerForEverySkill(t *testing.T) {
	t.Parallel()
	s := newSite(nil)
	expect(t, s.ask("POST", "/review", form(`answer.go"1`, "confirmed", "answer.skill_2", "cannot_judge")), 200, "Thank you", "confirmed one skill")
	want := []skill.EndorseInput{{Whole: true, Answers: map[string]skill.Answer{`go"1`: skill.Confirmed, "skill_2": skill.CannotJudge}}}
	if d := cmp.Diff(want, s.reviews.answers, cmp.AllowUnexported()); d != "" {
		t.Errorf("answers (-want +got):\n%s", d)
	}
}

func TestReviewTakesADecline(t *testing.T) {
	t.Parallel()
	for _, reason := range skill.Declines {
		s := newSite(nil)
		expect(t, s.ask("POST", "/review", form("decision", "decline", "reason", string(reason))), 200, "Thank you", "You have declined")
		if d := cmp.Diff([]skill.EndorseInput{{Decline: reason}}, s.reviews.answers); d != "" {
			t.Errorf("answers (-want +got):\n%s", d)
		}
	}
}

func TestReviewThatIsNotWholeIsAskedAgain(t *testing.T) {
	t.Parallel()
	for _, sent := range []string{
		form(), form(`answer.go"1`, "confirmed"), form(`answer.go"1`, "confirmed", "answer.skill_2", "perhaps"), form("decision", "decline"), form("decision", "decline", "reason", "busy"),
	} {
		s := newSite(nil)
		w := s.ask("POST", "/review", sent)
		expect(t, w, 400, "Nothing was sent yet", "<form")
		if strings.Contains(sent, "go%221=confirmed") {
			expect(t, w, 400, `value="confirmed" required checked`)
		}
		if len(s.reviews.answers) != 0 {
			t.Errorf("%s: got answers %v, want none", sent, s.reviews.answers)
		}
	}
}

func TestReviewRefuses(t *testing.T) {
	t.Parallel()
	whole := form(`answer.go"1`, "confirmed", "answer.skill_2", "confirmed")
	for _, test := range map[string]struct {
		err    error
		status int
		says   string
	}{
		"unknown":   {skill.ErrReviewUnknown, 404, "does not work any more"},
		"expired":   {skill.ErrReviewExpired, 410, "does not work any more"},
		"self":      {skill.ErrSelfReview, 409, "does not work any more"},
		"completed": {skill.ErrCompleted, 409, "answered already"},
		"ours":      {errors.New("SECRET"), 500, "our fault"},
		"busy":      {fault.New(fault.Unavailable, "busy", "x"), 503, "try again"},
	} {
		for method, body := range map[string]string{"GET": "", "POST": whole} {
			s := newSite(nil)
			s.reviews.err = test.err
			expect(t, s.ask(method, goodAsk, body), test.status, test.says)
		}
	}
	expect(t, newSite(nil).ask("GET", "/review?reviewerToken=good", ""), 400)
	expect(t, newSite(nil).ask("POST", "/review", "reviewerToken=good&answer.skill_2=confirmed"), 400)
	expect(t, newSite(nil).ask("POST", goodAsk, "answer.skill_2=confirmed"), 400)
	s := newSite(nil)
	expect(t, s.ask("POST", "/review", whole, "Sec-Fetch-Site", "cross-site"), 403)
	expect(t, s.ask("POST", "/review", strings.Replace(whole, "good", "bad", 1)), 404)
	if len(s.reviews.answers) != 0 {
		t.Errorf("got answers %v, want none", s.reviews.answers)
	}
}

func TestReviewThatWasAnswered(t *testing.T) {
	t.Parallel()
	s := newSite(nil)
	s.reviews.page.Status = skill.ReviewCompleted
	expect(t, s.ask("GET", goodAsk, ""), 200, "answered already")
}
