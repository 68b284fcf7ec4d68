//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// openAssessment goes through the steps up to the questions and returns the student's link.
func openAssessment(t *testing.T, base, key string) (o opened, link string) {
	t.Helper()
	o = openSession(t, base, key, student{"001", "Alex Doe", "alex@example.com"})
	method := fmt.Sprintf(`{"recordVerificationId":%q,"verificationMethod":"assessment"}`, o.Data.RecordVerificationID)
	must(t, post(base+"/api/v1/step2/verification-method", method).key(key), http.StatusOK)
	items := fmt.Sprintf(`{"sessionToken":%q,"projectIds":[%q]}`, o.Data.SessionToken, offered.Projects[0])
	must(t, post(base+"/api/v1/step3/store-verification-items/store", items).key(key), http.StatusCreated)
	return o, base + "/assess?sessionToken=" + o.Data.SessionToken
}

// rightAnswers are the right options of the questions that are out, as test mode tells them.
type rightAnswers struct {
	Data struct {
		AttemptNumber int
		Answers       []struct {
			QuestionID     string
			SelectedAnswer int
		}
	}
}

// places are the options by question.
func (r rightAnswers) places() map[string]int {
	places := map[string]int{}
	for _, a := range r.Data.Answers {
		places[a.QuestionID] = a.SelectedAnswer
	}
	return places
}

func rightAnswersOf(t *testing.T, base, key, verification string) rightAnswers {
	t.Helper()
	return mustDecode[rightAnswers](t, must(t, get(base+"/avow/v1/test/assessments/"+verification).key(key), http.StatusOK).body)
}

// choose clicks options, by question.
func (b *tab) choose(t *testing.T, places map[string]int) {
	t.Helper()
	for question, place := range places {
		b.do(t, "choose", chromedp.Click(chromedp.CSS(fmt.Sprintf(`input[name="answer.%s"][value="%d"]`, question, place)), chromedp.NodeVisible))
	}
}

// count is how many elements a page has of a kind.
func (b *tab) count(t *testing.T, selector string) int {
	t.Helper()
	return read(t, b, selector, chromedp.Evaluate[int](fmt.Sprintf(`document.querySelectorAll(%q).length`, selector)))
}

// scanned looks at a page as programs do that follow links before their users. It fails when that changes what there is to see.
func scanned(t *testing.T, link string) {
	t.Helper()
	before := must(t, get(link), http.StatusOK).body
	for _, header := range [][2]string{{"User-Agent", "MailScanner/1.0"}, {"Sec-Purpose", "prefetch;prerender"}, {"Purpose", "prefetch"}} {
		must(t, get(link).with(header[0], header[1]), http.StatusOK)
		must(t, call{method: http.MethodHead, url: link}.with(header[0], header[1]), http.StatusOK)
	}
	want(t, "page after programs have looked", must(t, get(link), http.StatusOK).body, before)
}

// TestAssessmentPageInABrowser takes an assessment without a script: begins, forgets an answer, fails, tries again and passes. Looking changes nothing at any stage.
func TestAssessmentPageInABrowser(t *testing.T) {
	t.Parallel()
	p := startDev(t, t.TempDir())
	base, key := p.ready.URL, p.ready.Demo.APIKey
	o, link := openAssessment(t, base, key)
	id := o.Data.RecordVerificationID
	b := openTab(t, base)
	if _, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatalf("switch scripts off: %v", err)
	}
	scanned(t, link)
	must(t, get(base+"/avow/v1/test/assessments/"+id).key(key), http.StatusNotFound)
	want(t, "title", b.open(t, link), "Questions about your skills")
	b.styled(t)
	b.press(t, "Begin")

	first := rightAnswersOf(t, base, key, id)
	scanned(t, link)
	wrong := first.places()
	for question := range wrong {
		wrong[question] = (wrong[question] + 1) % 4
	}
	forgotten := first.Data.Answers[3].QuestionID
	place := wrong[forgotten]
	delete(wrong, forgotten)
	b.choose(t, wrong)
	b.press(t, "Send my answers")
	want(t, "questions with an answer that was kept", b.count(t, "input:checked"), len(wrong))
	want(t, "questions marked as missing", b.count(t, "fieldset.missing"), 1)
	want(t, "the one that is missing", b.count(t, fmt.Sprintf(`fieldset.missing input[name="answer.%s"]`, forgotten)), 4)
	b.choose(t, map[string]int{forgotten: place})
	b.press(t, "Send my answers")
	want(t, "heading after wrong answers", b.text(t, "h1"), "Not passed this time")
	scanned(t, link)

	b.press(t, "Try again with other questions")
	second := rightAnswersOf(t, base, key, id)
	want(t, "attempt", second.Data.AttemptNumber, 2)
	b.choose(t, second.places())
	b.press(t, "Send my answers")
	want(t, "heading after right answers", b.text(t, "h1"), "You have passed")
	scanned(t, link)
	b.do(t, "go back", chromedp.NavigateBack(), chromedp.WaitVisible(chromedp.CSS("h1")))
	want(t, "heading of the page before", b.text(t, "h1"), "You have passed")
	b.quiet(t, "400 (Bad Request)") // the browser notes the status of the page with the missing answer
}
